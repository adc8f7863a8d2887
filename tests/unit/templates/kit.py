"""What the tests of the wording room share: a small folder of wording, and a reader of the HTML it gives."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from templates.load import load
from templates.render import Rendered, Renderer
from templates.samples import context

STARTER = Path(__file__).parents[3] / "templates"
"""The shop's own wording, as shipped."""


def folder(tmp_path: Path, body: str, subject: str = "Subject", event: str = "purchase") -> Path:
    """A wording folder with one message `note`, in both locales."""
    for kept in ("brand.yaml", "layouts/base.html.j2"):
        target = tmp_path / kept
        target.parent.mkdir(exist_ok=True)
        target.write_text((STARTER / kept).read_text("utf-8"), "utf-8")
    for locale in ("en", "th"):
        write(tmp_path, f"note/email.{locale}.md", wording(body, subject, event))
    return tmp_path


def wording(body: str, subject: str = "Subject", event: str = "purchase") -> str:
    """The text of a message file."""
    quoted = subject.replace("'", "''")
    return f"---\nsubject: '{quoted}'\npreheader: 'Preheader'\nevent: {event}\n---\n{body}"


def write(root: Path, name: str, text: str) -> Path:
    """Write messages/`name` below `root`."""
    path = root / "messages" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def renderer(tmp_path: Path, body: str, subject: str = "Subject") -> Renderer:
    """A renderer of a folder whose message `note` has this body and subject."""
    return Renderer(load(folder(tmp_path, body, subject)))


def note(made: Renderer, locale: str = "en", **values: Any) -> Rendered:
    """Message `note` for a purchase; `values` replace or add fields of the customer."""
    full = context("purchase", locale, {"order_id": "o-1"})
    return made.render("note", "email", locale, {**full, "customer": {**full["customer"], **values}})


class Reading(HTMLParser):
    """The tags with their attributes, and the text, of a page's body."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def links(self) -> list[str | None]:
        return [dict(attrs).get("href") for tag, attrs in self.tags if tag == "a"]
