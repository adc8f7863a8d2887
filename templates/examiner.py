"""Can a message answer an event? Asked of one message at a time, by who sends it."""

from __future__ import annotations

from dataclasses import replace

from jinja2 import TemplateSyntaxError

from templates.catalogue import Catalogue, Key, Wording
from templates.check import examine
from templates.errors import TemplateProblem
from templates.language import environment, uses
from templates.render import Renderer, Script, compile_wording


class Examiner:
    """Looks at the messages of a catalogue. Each wording is compiled once, when it is first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Raises BadTemplates when nothing can be rendered at all, for the layout is not right."""
        self._catalogue = catalogue
        self._env = environment()
        self._scripts: dict[Key, Script] = {}
        self._renderer = Renderer(catalogue, self._scripts)
        self._wrong: dict[Key, list[TemplateProblem]] = {}
        """What does not compile."""

    def problems(self, name: str, channel: str, event: str) -> list[TemplateProblem]:
        """What is wrong with message `name` in the locales it is written in, when it answers `event`; sorted."""
        found: set[TemplateProblem] = set()
        for locale in self._catalogue.locales(name, channel):
            found.update(self._of((name, channel, locale), event))
        return sorted(found)

    def _of(self, key: Key, event: str) -> list[TemplateProblem]:
        script = self._script(key)
        if script is None:
            return self._wrong[key]
        return list(examine(self._renderer, replace(script, wording=replace(script.wording, events=(event,)))))

    def _script(self, key: Key) -> Script | None:
        if key not in self._scripts and key not in self._wrong:
            problems: list[TemplateProblem] = []
            script = compile_wording(self._env, self._catalogue.wordings[key], problems)
            if script is None:
                self._wrong[key] = problems
            else:
                self._scripts[key] = script
        return self._scripts.get(key)


def needs_offer(wording: Wording) -> bool:
    """Whether it speaks of `offer` without asking `{% if offer %}` first; what is no Jinja speaks of nothing."""
    if "offer" not in wording.text:
        return False
    try:
        found = [use for piece in (wording.subject, wording.preheader, wording.body) for use in uses(piece.source)]
    except TemplateSyntaxError:
        return False
    fields = {use.field for use in found if use.root == "offer"}
    return bool(fields) and None not in fields
