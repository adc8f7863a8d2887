"""A message for one customer: wording + context -> subject, preheader, HTML and plain text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import product
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError

from templates.catalogue import Catalogue, Key, Piece, Wording, canonical
from templates.errors import BadTemplates, Refused, RenderError, TemplateProblem
from templates.language import MessageEnvironment, Program, compile_piece, environment
from templates.links import resolve
from templates.markdown import pages
from templates.page import Page
from templates.places import located, somewhere
from templates.slots import LINK, PREHEADER, SUBJECT, UNSUBSCRIBE, VALUE, Sink, split
from templates.values import Format, Percent, format_for

MAX_HTML = 1_000_000
"""Most characters of one finished HTML part."""
MAX_LINE = 250
"""Most characters of a subject or preheader; the rest is cut."""
KEPT_PAGES = 128

_WRONG = (TemplateError, Refused, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished message. `subject` and `preheader` are one line of plain text each; `locale` is the wording's."""

    subject: str
    preheader: str
    html: str
    text: str
    locale: str


@dataclass(frozen=True, slots=True)
class Script:
    """A wording, compiled."""

    wording: Wording
    subject: Program
    preheader: Program
    body: Program

    @property
    def programs(self) -> tuple[Program, Program, Program]:
        """All its pieces, in the file's order."""
        return self.subject, self.preheader, self.body


@dataclass(frozen=True, slots=True)
class _Skeleton:
    """A page without its values: parts of HTML and text between slots, and where its links lead."""

    html: tuple[tuple[str, int | None], ...]
    text: tuple[tuple[str, int | None], ...]
    targets: tuple[str, ...]


class Renderer:
    """Every message of a catalogue, compiled once. Keeps no values: pages are remembered with slots in them."""

    def __init__(self, catalogue: Catalogue, scripts: Mapping[Key, Script] | None = None) -> None:
        """`scripts`: the wordings, where they are compiled already; more may come, and no others can be rendered.

        Raises BadTemplates with every piece of wording that does not compile, and when the layout does not.
        """
        self.catalogue = catalogue
        self._scripts = _sound(catalogue) if scripts is None else scripts
        self._page = Page(catalogue.layout, catalogue.layout_path, catalogue.brand)
        self._skeleton = lru_cache(maxsize=KEPT_PAGES)(self._build)

    def render(self, name: str, channel: str, locale: str | None, context: Mapping[str, Any]) -> Rendered:
        """Message `name` in `locale`, or the nearest there is (th-TH, th, the default).

        `context`: customer, event and rule (mappings), offer (a mapping; None or absent: it has none), time_zone
        (IANA; the shop's when absent or unknown) and unsubscribe_url (optional); what is unknown of a customer or
        event is None, not absent.
        Raises RenderError, which names file and line, and no values.
        """
        script = self._find(name, channel, locale)
        try:
            return self._render(script, self._context(script.wording, locale, context))
        except Refused as error:
            raise RenderError(somewhere(error, script.wording)) from None

    def _render(self, script: Script, context: dict[str, Any]) -> Rendered:
        wording = script.wording
        subject = _one_line(_run(wording, script.subject, context, Sink()))
        preheader = _one_line(_run(wording, script.preheader, context, Sink()))
        unsubscribe = context["unsubscribe_url"]
        sink = Sink((subject, preheader, unsubscribe or ""))
        body = _run(wording, script.body, context, sink)
        skeleton = self._skeleton(body, wording.locale, bool(unsubscribe))
        links = [resolve(target, sink.values) for target in skeleton.targets]
        html = _fill(skeleton.html, [escape(value) for value in sink.values], [escape(link) for link in links])
        if len(html) > MAX_HTML:
            raise Refused("too-large", f"the page is longer than {MAX_HTML:,} characters")
        return Rendered(subject, preheader, html, _fill(skeleton.text, sink.values, links), wording.locale)

    def script(self, key: Key) -> Script:
        """The compiled wording of exactly this name, channel and locale."""
        return self._scripts[key]

    def _find(self, name: str, channel: str, locale: str | None) -> Script:
        found = self.catalogue.find(name, channel, locale)
        if found is None:
            path = f"messages/{name}/{channel}.{self.catalogue.brand.default_locale}.md"
            raise RenderError(TemplateProblem(path, 1, 1, "there is no such message", "no-message"))
        return self._scripts[found.name, found.channel, found.locale]

    def _context(self, wording: Wording, locale: str | None, context: Mapping[str, Any]) -> dict[str, Any]:
        brand = self.catalogue.brand
        asked = canonical(locale or wording.locale)
        same = asked.partition("-")[0] == wording.locale.partition("-")[0]
        zone = context.get("time_zone") or brand.time_zone
        form = _format(asked if same else wording.locale, zone, wording.locale, brand.time_zone)
        return {
            **context,
            "offer": _in_words(context.get("offer"), form),
            "shop": brand.in_locale(wording.locale),
            "time_zone": zone,
            "unsubscribe_url": context.get("unsubscribe_url"),
            "_format": form,
        }

    def _build(self, wording: str, locale: str, unsubscribe: bool) -> _Skeleton:
        made = pages(wording)
        targets = (*made.targets, chr(VALUE + UNSUBSCRIBE)) if unsubscribe else made.targets
        slot = chr(LINK + len(targets) - 1) if unsubscribe else ""
        html = self._page.html(made.html, locale, chr(VALUE + SUBJECT), chr(VALUE + PREHEADER), slot)
        text = self._page.text(made.text, locale, slot)
        return _Skeleton(tuple(split(html)), tuple(split(text)), targets)


def compile_all(catalogue: Catalogue) -> tuple[dict[Key, Script], list[TemplateProblem]]:
    """Every wording that compiles, and what is wrong with the others."""
    env, scripts, problems = environment(), dict[Key, Script](), list[TemplateProblem]()
    for key, wording in catalogue.wordings.items():
        if script := compile_wording(env, wording, problems):
            scripts[key] = script
    return scripts, problems


def compile_wording(env: MessageEnvironment, wording: Wording, problems: list[TemplateProblem]) -> Script | None:
    """One wording, compiled; None after adding to `problems`."""

    def compiled(piece: Piece) -> Program | None:
        try:
            return compile_piece(env, piece.source, piece.line, wording.path)
        except TemplateSyntaxError as error:
            problems.append(located(error, wording, error.lineno))
            return None

    made = [compiled(piece) for piece in (wording.subject, wording.preheader, wording.body)]
    good = [program for program in made if program]
    return Script(wording, *good) if len(good) == len(made) else None


def _sound(catalogue: Catalogue) -> dict[Key, Script]:
    scripts, problems = compile_all(catalogue)
    if problems:
        raise BadTemplates(problems)
    return scripts


def _run(wording: Wording, program: Program, context: Mapping[str, Any], sink: Sink) -> str:
    try:
        return program.run(context, sink)
    except _WRONG as error:
        raise RenderError(located(error, wording, program.line_of(error))) from None


def _format(locale: str, zone: str, usual_locale: str, usual_zone: str) -> Format:
    """The customer's own format; what a profile has wrong must not cost them the message."""
    for one_locale, one_zone in product((locale, usual_locale), (zone, usual_zone)):
        with suppress(Refused):
            return format_for(one_locale, one_zone)
    raise Refused("unknown-locale", "nobody knows how dates are written in this message's locale")


def _in_words(offer: Mapping[str, Any] | None, form: Format) -> Mapping[str, Any] | None:
    """The offer with its percent as text, which needs no filter then."""
    if offer is None:
        return None
    return {key: form.percent(value) if isinstance(value, Percent) else value for key, value in offer.items()}


def _one_line(text: str) -> str:
    """`text` on one line, without control characters: nothing in it can begin another header."""
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    line = " ".join(plain.split())
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 1].rstrip() + "…"


def _fill(parts: Sequence[tuple[str, int | None]], values: Sequence[str], links: Sequence[str]) -> str:
    try:
        return "".join(
            part if slot is None else values[slot - VALUE] if slot >= VALUE else links[slot - LINK]
            for part, slot in parts
        )
    except IndexError:
        raise Refused("private-character", "the page holds a character for private use; take it out") from None
