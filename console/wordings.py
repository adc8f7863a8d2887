"""The messages of the wording room, as the rules need to know them: the two rooms do not know each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from rules.problems import Problem
from rules.wordings import Wordings, Written
from templates.brand import read_brand
from templates.catalogue import Catalogue, Key, Wording
from templates.check import check
from templates.errors import BadTemplates, TemplateProblem
from templates.examiner import Examiner, needs_offer
from templates.load import BRAND, MESSAGES, Contents, messages_in, read, scan_files

Place = tuple[str, str]
"""Message and channel."""


def read_wordings(folder: Path) -> Wordings:
    """The messages of a wording folder, also those whose files are not right: that is told of who sends them."""
    return wordings_from(read(folder), folder)


def wordings_from(contents: Contents, folder: Path) -> Wordings:
    """The messages in the files of a wording folder, which were read."""
    catalogue, problems = scan_files(contents, folder)
    files = [_key(Path(name)) for name in messages_in(contents) if name.count(".") > 1]
    locales = catalogue.brand.locales if catalogue else _locales(contents, folder)
    by_place: dict[Place, list[TemplateProblem]] = {}
    shared: list[TemplateProblem] = []
    for problem in problems:
        path = Path(problem.path)
        if path.parent.parent == folder / MESSAGES:
            if problem.code != "missing-locale":  # the rules tell it themselves, at the step that sends
                by_place.setdefault(_key(path)[:2], []).append(problem)
        elif path != folder / MESSAGES:  # no messages at all: the rules tell of each that they look for
            shared.append(problem)
    texts = _Texts(contents, folder)
    return _made(catalogue, files, locales, by_place, shared, texts)


def wordings_of(catalogue: Catalogue) -> Wordings:
    """The messages of a catalogue in which every file is right."""
    return _made(catalogue, catalogue.wordings, catalogue.brand.locales, {}, [], _Texts({}, Path()))


def all_problems(contents: Contents, folder: Path) -> list[Problem]:
    """Whatever is wrong with these files, as `templates check` tells it, also of messages that no rule sends."""
    catalogue, problems = scan_files(contents, folder)
    if catalogue is not None:
        problems = [*problems, *check(catalogue)]
    return [_Texts(contents, folder).problem(one) for one in problems]


class _Texts:
    """The lines of the files, to show where something is wrong."""

    def __init__(self, contents: Contents, folder: Path) -> None:
        self._contents = {str(folder / name): content for name, content in contents.items()}

    def problem(self, told: TemplateProblem) -> Problem:
        """A problem of the wording room as one of the rules'."""
        path, line = Path(told.path).as_posix(), self._line(told.path, told.line)
        return Problem(path, told.line, told.column, 1, told.message, told.code, line)

    def _line(self, path: str, number: int) -> str:
        """Line `number` of a file, empty when there is none."""
        content = self._contents.get(path, b"")
        lines = [] if isinstance(content, OSError) else content.decode("utf-8-sig", "replace").split("\n")
        return lines[number - 1].rstrip("\r") if number <= len(lines) else ""


def _made(
    catalogue: Catalogue | None,
    files: Iterable[Key],
    locales: Iterable[str],
    by_place: Mapping[Place, Sequence[TemplateProblem]],
    shared: list[TemplateProblem],
    texts: _Texts,
) -> Wordings:
    examiner = None
    try:
        examiner = Examiner(catalogue) if catalogue is not None else None
    except BadTemplates as error:
        shared += error.problems

    @cache
    def faults(message: str, channel: str, event: str) -> Sequence[Problem]:
        found = list(by_place.get((message, channel), ()))
        found += examiner.problems(message, channel, event) if examiner is not None else ()
        return [texts.problem(problem) for problem in found]

    written: dict[Place, list[str]] = {}
    for name, channel, locale in files:
        written.setdefault((name, channel), []).append(locale)
    messages: dict[str, dict[str, Written]] = {}
    for (name, channel), there in written.items():
        wordings = [catalogue.wordings.get((name, channel, locale)) for locale in there] if catalogue else []
        missing = tuple(locale for locale in locales if locale not in there)
        messages.setdefault(name, {})[channel] = _written(missing, [one for one in wordings if one is not None])
    return Wordings(messages, tuple(map(texts.problem, shared)), faults)


def _written(missing: tuple[str, ...], wordings: Sequence[Wording]) -> Written:
    events = frozenset(event for wording in wordings for event in wording.events) if wordings else None
    return Written(missing, events, any(map(needs_offer, wordings)))


def _key(file: Path) -> Key:
    """messages/welcome/email.th.md → welcome, email, th."""
    channel, _, locale = file.name.removesuffix(".md").partition(".")
    return file.parent.name, channel, locale


def _locales(contents: Contents, folder: Path) -> tuple[str, ...]:
    """Those of a brand that is right, where other things are not."""
    content = contents.get(BRAND, b"")
    try:
        read = read_brand(str(folder / BRAND), content.decode(), []) if isinstance(content, bytes) else None
    except UnicodeDecodeError:
        return ()
    return read.locales if read else ()
