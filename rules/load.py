"""The files of a rules folder to a rule set. Nothing else in this room reads files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rules.document import Document
from rules.from_files import CAMPAIGNS, EVENTS, OPTIONAL, POLICY, RULES, Loaded, rules_from, shown
from rules.problems import Problem
from rules.read_events import Own, read_events
from rules.ruleset import RuleSet
from rules.testing.cases import Case
from rules.testing.read import EXAMPLE, read_tests
from rules.wordings import Wordings

TESTS = "tests"


@dataclass(frozen=True, slots=True)
class Files:
    """What a rules folder holds: name inside the folder → bytes, without the tests; what is wrong with the folder."""

    contents: dict[str, bytes]
    problems: tuple[Problem, ...] = ()
    unread: frozenset[str] = frozenset()
    """Files that are there, and cannot be read."""
    folder: Path = RULES


def load(folder: Path, wordings: Wordings | None = None) -> Loaded:
    """The rules of `folder`: `policy.yaml`, `campaigns/*.yaml`, and those of the files `OPTIONAL` that there are.

    Without `wordings` messages are not looked up. A defect of a file is a problem in the answer, never an error raised.
    """
    return loaded(read(folder), wordings)


def loaded(files: Files, wordings: Wordings | None = None) -> Loaded:
    """The rules of files that were read."""
    return rules_from(files.contents, wordings, files.folder, files.problems, files.unread)


def read(folder: Path) -> Files:
    """The bytes of every file that rules come from; what cannot be read is a problem."""
    problems: list[Problem] = []
    names = [POLICY, *(name for name in OPTIONAL if (folder / name).exists())]
    campaigns = folder / CAMPAIGNS
    if not campaigns.is_dir():
        _tell(problems, campaigns, "there is no folder of this name; one rule a file belongs in it", "missing-folder")
    belongs = f"a rule is a file {CAMPAIGNS}/<id>.yaml"
    names += [f"{CAMPAIGNS}/{path.name}" for path in _yaml(campaigns, belongs, problems)]
    found = {name: _read(folder / name, problems) for name in sorted(names)}
    contents = {name: content for name, content in found.items() if content is not None}
    return Files(contents, tuple(problems), frozenset(found) - frozenset(contents), folder)


def own_events(folder: Path) -> tuple[Own | None, tuple[Problem, ...]]:
    """What `events.yaml` of `folder` declares, by itself, and every problem of it; nothing when there is none."""
    if not (folder / EVENTS).exists():
        return Own(), ()
    problems: list[Problem] = []
    content = _read(folder / EVENTS, problems)
    if content is None:
        return None, tuple(problems)
    document = Document(shown(folder / EVENTS), content)
    own = read_events(document)
    return own, tuple(sorted(document.problems))


def _yaml(folder: Path, belongs: str, problems: list[Problem]) -> list[Path]:
    """The files `*.yaml` of a folder, sorted; one that is named or placed otherwise is a problem."""
    found = []
    for path in sorted(found for found in folder.rglob("*") if found.suffix.lower() in (".yaml", ".yml")):
        if path.name.startswith("."):
            continue
        if path.parent != folder or path.suffix != ".yaml":
            _tell(problems, path, f"{belongs}; rename or move this one", "file-name")
        else:
            found.append(path)
    return found


def _read(path: Path, problems: list[Problem]) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        _tell(problems, path, "the file is missing", "missing-file")
    except OSError as error:
        _tell(problems, path, f"the file cannot be read: {error.strerror}", "unreadable-file")
    return None


def _tell(problems: list[Problem], path: Path, message: str, code: str) -> None:
    problems.append(Problem(shown(path), 1, 1, 1, message, code))


@dataclass(frozen=True, slots=True)
class LoadedTests:
    """The tests of a folder, and every problem of their files, sorted by place; no tests where there are problems."""

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]


def load_tests(folder: Path, ruleset: RuleSet | None) -> LoadedTests:
    """The tests of the rules in `folder`: `tests/*.yaml`, if there are any.

    They are no part of the rule set: a mistake in them stops nobody's work. `ruleset` None: the rules have mistakes.
    """
    problems: list[Problem] = []
    cases: list[Case] = []
    for path in _yaml(folder / TESTS, f"tests of rules are files {TESTS}/<name>.yaml", problems):
        content = _read(path, problems)
        if content is not None:
            document = Document(shown(path), content, EXAMPLE)
            cases += read_tests(document, ruleset)
            problems += document.problems
    return LoadedTests(() if problems else tuple(cases), tuple(sorted(problems)))
