"""The only reader of the wording folder: files -> catalogue, and every mistake in them at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from templates.brand import read_brand
from templates.catalogue import CHANNELS, Brand, Catalogue, Key, Wording, canonical
from templates.check import coverage
from templates.errors import BadTemplates, TemplateProblem
from templates.frontmatter import read_wording
from templates.slots import first_slot_character

LAYOUT = Path("layouts") / "base.html.j2"
MAX_FILE = 64 * 1024
"""Most bytes of one file."""


def load(folder: Path) -> Catalogue:
    """The catalogue of `folder`; raises BadTemplates with every problem of every file."""
    catalogue, problems = scan(folder)
    if problems or catalogue is None:
        raise BadTemplates(problems)
    return catalogue


def scan(folder: Path) -> tuple[Catalogue | None, list[TemplateProblem]]:
    """What is good in `folder`, and what is not, sorted. None when nothing can be rendered at all."""
    problems: list[TemplateProblem] = []
    brand_text = _text(folder / "brand.yaml", problems)
    layout = _text(folder / LAYOUT, problems)
    brand = read_brand(str(folder / "brand.yaml"), brand_text, problems) if brand_text is not None else None
    wordings = _wordings(folder / "messages", brand, problems)
    if brand is None or layout is None:
        return None, sorted(problems)
    catalogue = Catalogue(brand, layout, str(folder / LAYOUT), wordings)
    return catalogue, sorted([*problems, *coverage(catalogue)])


def _wordings(folder: Path, brand: Brand | None, problems: list[TemplateProblem]) -> dict[Key, Wording]:
    found: dict[Key, Wording] = {}
    for path in _files(folder, problems):
        key = _key(path, brand, problems)
        text = _text(path, problems)
        if key and text is not None and (wording := read_wording(key, str(path), text, problems)):
            found[key] = wording
    return found


def _files(folder: Path, problems: list[TemplateProblem]) -> Iterable[Path]:
    files = sorted(folder.glob("*/*.md"))
    if not files:
        problems.append(
            _problem(folder, "there are no messages here; write messages/<name>/email.<locale>.md", "empty")
        )
    return files


def _key(path: Path, brand: Brand | None, problems: list[TemplateProblem]) -> Key | None:
    channel, _, locale = path.name.removesuffix(".md").partition(".")
    if channel not in CHANNELS:
        said = f"no channel {channel!r} is known; a file is named <channel>.<locale>.md, such as email.th.md"
        problems.append(_problem(path, said, "unknown-channel"))
        return None
    if not locale or locale != canonical(locale):
        problems.append(
            _problem(path, "the file's name needs a locale, such as email.th.md or email.en-GB.md", "no-locale")
        )
        return None
    if brand and locale not in brand.locales:
        problems.append(_problem(path, f"brand.yaml does not list the locale {locale}", "unknown-locale"))
        return None
    return path.parent.name, channel, locale


def _text(path: Path, problems: list[TemplateProblem]) -> str | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        problems.append(_problem(path, f"this file cannot be read: {error.strerror}", "unreadable"))
        return None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.append(TemplateProblem(str(path), line, 1, "this is not UTF-8; save the file as UTF-8", "not-utf8"))
        return None
    if len(data) > MAX_FILE:
        problems.append(_problem(path, f"the file is larger than {MAX_FILE // 1024} KiB", "too-large"))
        return None
    return text if _is_public(path, text, problems) else None


def _is_public(path: Path, text: str, problems: list[TemplateProblem]) -> bool:
    at = first_slot_character(text)
    if at >= 0:
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        said = "this character is for private use; take it out"
        problems.append(TemplateProblem(str(path), line, column, said, "private-character"))
    return at < 0


def _problem(path: Path, message: str, code: str) -> TemplateProblem:
    return TemplateProblem(str(path), 1, 1, message, code)
