"""Is every message fit to send? Everything that can be known before a customer is involved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from templates.catalogue import Catalogue, Wording
from templates.errors import BadTemplates, RenderError, TemplateProblem
from templates.language import ROOTS, Use, uses
from templates.offers import offering
from templates.render import Renderer, Script, compile_all
from templates.samples import Sample, samples

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HTML = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(\s[^<>]*)?/?>|<!--")


def check(catalogue: Catalogue) -> list[TemplateProblem]:
    """Every problem of every message in every locale, sorted: syntax, names, and rendering with samples."""
    scripts, problems = compile_all(catalogue)
    try:
        renderer = Renderer(catalogue, scripts)
    except BadTemplates as error:
        return sorted([*problems, *error.problems])
    for script in scripts.values():
        problems += examine(renderer, script)
    return sorted(set(problems))


def examine(renderer: Renderer, script: Script) -> Iterator[TemplateProblem]:
    """Every problem of one wording that compiles: names, HTML, and rendering with the samples of its events."""
    names = list(_check_names(renderer.catalogue, script))
    yield from names
    yield from _check_html(script.wording)
    told = {problem.line for problem in names}
    for problem in _check_rendering(renderer, script.wording):
        if problem.code != "missing-value" or problem.line not in told:  # a name nobody knows has no value either
            yield problem


def coverage(catalogue: Catalogue) -> Iterator[TemplateProblem]:
    """Messages that are not written in a locale of the shop, or that say different things in two files."""
    for name, channels in catalogue.names().items():
        for channel in channels:
            yield from _missing_locales(catalogue, name, channel)


def samples_of(wording: Wording, locale: str | None = None) -> list[Sample]:
    """The contexts that `wording` must render with, for all its events; without an offer if it asks for one."""
    language = locale or wording.locale
    found = [one for event in wording.events for one in samples(event, language, wording.sample)]
    return list(offering(found, language, _asks_for_offer(wording)))


def _asks_for_offer(wording: Wording) -> bool:
    """Whether it says `{% if offer %}`: then it may be sent without."""
    pieces = (wording.subject, wording.preheader, wording.body) if "offer" in wording.text else ()
    return any(use.root == "offer" and use.field is None for piece in pieces for use in uses(piece.source))


def _missing_locales(catalogue: Catalogue, name: str, channel: str) -> Iterator[TemplateProblem]:
    written = catalogue.locales(name, channel)
    first = catalogue.wordings[name, channel, min(written)]
    for locale in catalogue.brand.locales:
        if locale not in written:
            said = f"the message {name} is not written in {locale}; add {channel}.{locale}.md beside this file"
            yield TemplateProblem(first.path, 1, 1, said, "missing-locale")
    for locale in sorted(written):
        other = catalogue.wordings[name, channel, locale]
        if set(other.events) != set(first.events):
            said = f"`event:` differs from the one in {first.path}; one message answers the same events everywhere"
            yield TemplateProblem(other.path, 1, 1, said, "event-differs")


def _check_names(catalogue: Catalogue, script: Script) -> Iterator[TemplateProblem]:
    known = _known_fields(catalogue, script.wording)
    for use in (use for program in script.programs for use in program.uses):
        if use.root not in ROOTS:
            yield _unknown(script.wording, replace(use, field=None), use.root, sorted(ROOTS))
        elif use.field is not None and use.field not in known.get(use.root, ()):
            yield _unknown(script.wording, use, use.field, sorted(known.get(use.root, ())))


def _known_fields(catalogue: Catalogue, wording: Wording) -> dict[str, set[str]]:
    known = {"shop": set(catalogue.brand.fields)}
    for sample in samples_of(wording):
        for root in ("customer", "event", "rule", "offer"):
            known.setdefault(root, set()).update(sample.context[root] or ())
    return known


def _unknown(wording: Wording, use: Use, name: str, known: list[str]) -> TemplateProblem:
    full = use.root if use.field is None else f"{use.root}.{use.field}"
    near = get_close_matches(name, known, 1)
    prefix = "" if use.field is None else f"{use.root}."
    hint = f'did you mean "{prefix}{near[0]}"?' if near else f"known are {', '.join(known)}"
    column = max(wording.line(use.line).find(full), 0) + 1
    return TemplateProblem(wording.path, use.line, column, f'unknown name "{full}"; {hint}', "unknown-name")


def _check_html(wording: Wording) -> Iterator[TemplateProblem]:
    blanked = _JINJA.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), wording.body.source)
    for found in _HTML.finditer(blanked):
        line = wording.body.line + blanked.count("\n", 0, found.start())
        column = found.start() - blanked.rfind("\n", 0, found.start())
        said = "HTML is shown to the customer as it stands; write Markdown: **bold**, [words](https://…)"
        yield TemplateProblem(wording.path, line, column, said, "html")


def _check_rendering(renderer: Renderer, wording: Wording) -> Iterator[TemplateProblem]:
    told: set[TemplateProblem] = set()
    for sample in samples_of(wording):
        try:
            renderer.render(wording.name, wording.channel, wording.locale, sample.context)
        except RenderError as error:
            if error.problem not in told:  # once, with the first sample that shows it
                told.add(error.problem)
                yield replace(error.problem, message=f"{error.problem.message} (sample: {sample.label})")
