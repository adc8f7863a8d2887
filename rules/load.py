"""The files of a rules folder to a rule set. Nothing else in this room reads files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from msgspec import structs

from rules.around import Around, Segments
from rules.document import Document
from rules.language import build
from rules.policy import Policy
from rules.problems import Problem
from rules.read_events import Own, read_events
from rules.read_offers import Giving, read_offers
from rules.read_policy import read_policy
from rules.read_rule import read_rule
from rules.read_segments import read_segments
from rules.ruleset import Rule, RuleSet, rule_set
from rules.testing.cases import Case
from rules.testing.read import EXAMPLE, read_tests
from rules.wordings import Wordings

POLICY = "policy.yaml"
SEGMENTS = "segments.yaml"
OFFERS = "offers.yaml"
EVENTS = "events.yaml"
CAMPAIGNS = "campaigns"
TESTS = "tests"
OPTIONAL = (SEGMENTS, OFFERS, EVENTS)
"""A folder may be without them."""

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rule set, or None and every problem of every file, sorted by place."""

    ruleset: RuleSet | None
    problems: tuple[Problem, ...]


def load(folder: Path, wordings: Wordings | None = None) -> Loaded:
    """The rules of `folder`: `policy.yaml`, `campaigns/*.yaml`, and those of the files `OPTIONAL` that there are.

    Without `wordings` messages are not looked up. A defect of a file is a problem in the answer, never an error raised.
    """
    problems: list[Problem] = list(wordings.problems) if wordings is not None else []
    contents = _contents(folder, problems)
    documents = {name: Document(_shown(folder / name), content) for name, content in contents.items()}
    policy = read_policy(documents[POLICY]) if POLICY in documents else None
    giving = _read_giving(folder, documents, policy or Policy())
    around = _around(folder, documents, policy or Policy(), giving, wordings)
    rules = _rules(documents, around)
    for document in documents.values():
        problems += document.problems
    if problems or giving is None:
        return Loaded(None, tuple(sorted(set(problems))))
    schema = around.customers()
    named = {name: build([test], schema) for name, test in (around.segments or {}).items() if test is not None}
    hash_ = _hash(contents)
    return Loaded(rule_set(rules, around.policy, hash_, named, giving.sound_offers, giving.sound_gifts), ())


def own_events(folder: Path) -> tuple[Own | None, tuple[Problem, ...]]:
    """What `events.yaml` of `folder` declares, by itself, and every problem of it; nothing when there is none."""
    if not (folder / EVENTS).exists():
        return Own(), ()
    problems: list[Problem] = []
    content = _read(folder / EVENTS, problems)
    if content is None:
        return None, tuple(problems)
    document = Document(_shown(folder / EVENTS), content)
    own = read_events(document)
    return own, tuple(sorted(document.problems))


def _around(
    folder: Path, documents: dict[str, Document], policy: Policy, giving: Giving | None, wordings: Wordings | None
) -> Around:
    """What rules may name; the policy's shop knows of its own events."""
    none: Segments = {}
    own = _optional(folder, documents, EVENTS, read_events, Own())
    shop = structs.replace(policy.shop, events={} if own is None else own.events)
    declared = None if own is None else own.declared

    def read(document: Document) -> Segments | None:
        """Of attributes that nobody knows nothing can be said."""
        return None if declared is None else read_segments(document, shop, declared)

    return Around(
        structs.replace(policy, shop=shop),
        wordings,
        segments=_optional(folder, documents, SEGMENTS, read, none),
        declared=declared,
        offers=None if giving is None else giving.offers,
        gifts=None if giving is None else giving.gifts,
    )


def _read_giving(folder: Path, documents: dict[str, Document], policy: Policy) -> Giving | None:
    currency = policy.shop.currency
    return _optional(folder, documents, OFFERS, lambda document: read_offers(document, currency), Giving())


def _optional(
    folder: Path, documents: dict[str, Document], name: str, read: Callable[[Document], Read | None], nothing: Read
) -> Read | None:
    """What a file says that may be missing; None when it is there and nobody can say what it holds."""
    if name in documents:
        return read(documents[name])
    return None if (folder / name).exists() else nothing


def _rules(documents: dict[str, Document], around: Around) -> list[Rule]:
    rules = []
    for name, document in documents.items():
        if name.startswith(CAMPAIGNS):
            rules.append(read_rule(document, _shown(Path(Path(name).stem)), around))
    return [rule for rule in rules if rule is not None]


def _contents(folder: Path, problems: list[Problem]) -> dict[str, bytes]:
    """Name inside the folder → bytes, in sorted order; what cannot be read is a problem."""
    names = [POLICY, *(name for name in OPTIONAL if (folder / name).exists())]
    campaigns = folder / CAMPAIGNS
    if not campaigns.is_dir():
        _tell(problems, campaigns, "there is no folder of this name; one rule a file belongs in it", "missing-folder")
    belongs = f"a rule is a file {CAMPAIGNS}/<id>.yaml"
    names += [f"{CAMPAIGNS}/{path.name}" for path in _yaml(campaigns, belongs, problems)]
    found = {name: _read(folder / name, problems) for name in sorted(names)}
    return {name: content for name, content in found.items() if content is not None}


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
    problems.append(Problem(_shown(path), 1, 1, 1, message, code))


def _shown(path: Path) -> str:
    """The path as text that can always be printed: a name that is not UTF-8 gets question marks."""
    return path.as_posix().encode(errors="replace").decode()


def _hash(contents: dict[str, bytes]) -> str:
    """Names the state of the files: any byte of any of them changes it."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


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
            document = Document(_shown(path), content, EXAMPLE)
            cases += read_tests(document, ruleset)
            problems += document.problems
    return LoadedTests(() if problems else tuple(cases), tuple(sorted(problems)))
