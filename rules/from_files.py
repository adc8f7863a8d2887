"""The bytes of the marketers' files to a rule set; pure. `rules.load` reads them from a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
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
from rules.wordings import Wordings

POLICY = "policy.yaml"
SEGMENTS = "segments.yaml"
OFFERS = "offers.yaml"
EVENTS = "events.yaml"
CAMPAIGNS = "campaigns"
OPTIONAL = (SEGMENTS, OFFERS, EVENTS)
"""A folder may be without them."""
RULES = Path("rules")
"""What problems call the folder when nothing else is said."""

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rule set, or None and every problem of every file, sorted by place."""

    ruleset: RuleSet | None
    problems: tuple[Problem, ...]


def rules_from(
    contents: Mapping[str, bytes],
    wordings: Wordings | None = None,
    folder: Path = RULES,
    told: Iterable[Problem] = (),
    unread: Collection[str] = (),
) -> Loaded:
    """The rule set of these files, by their names inside `folder`: `policy.yaml`, `campaigns/<id>.yaml`, `OPTIONAL`.

    Without `wordings` messages are not looked up. `told`: what is wrong with the folder itself; `unread`: files that
    are there, and nobody can say what they hold. A defect of a file is a problem in the answer, never an error raised.
    """
    problems: list[Problem] = [*(wordings.problems if wordings is not None else ()), *told]
    if POLICY not in contents and POLICY not in unread:
        problems.append(Problem(shown(folder / POLICY), 1, 1, 1, "the file is missing", "missing-file"))
    documents = {name: Document(shown(folder / name), contents[name]) for name in sorted(contents)}
    policy = read_policy(documents[POLICY]) if POLICY in documents else None
    giving = _read_giving(documents, unread, policy or Policy())
    around = _around(documents, unread, policy or Policy(), giving, wordings)
    rules = _rules(documents, around)
    for document in documents.values():
        problems += document.problems
    if problems or giving is None:
        return Loaded(None, tuple(sorted(set(problems))))
    schema = around.customers()
    named = {name: build([test], schema) for name, test in (around.segments or {}).items() if test is not None}
    hash_ = hash_of(contents)
    return Loaded(rule_set(rules, around.policy, hash_, named, giving.sound_offers, giving.sound_gifts), ())


def hash_of(contents: Mapping[str, bytes]) -> str:
    """Names the state of the files: any byte of any of them changes it. 16 hex digits."""
    digest = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode(), contents[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def shown(path: Path) -> str:
    """The path as text that can always be printed: a name that is not UTF-8 gets question marks."""
    return path.as_posix().encode(errors="replace").decode()


def _around(
    documents: Mapping[str, Document],
    unread: Collection[str],
    policy: Policy,
    giving: Giving | None,
    wordings: Wordings | None,
) -> Around:
    """What rules may name; the policy's shop knows of its own events."""
    none: Segments = {}
    own = _optional(documents, unread, EVENTS, read_events, Own())
    shop = structs.replace(policy.shop, events={} if own is None else own.events)
    declared = None if own is None else own.declared

    def read(document: Document) -> Segments | None:
        """Of attributes that nobody knows nothing can be said."""
        return None if declared is None else read_segments(document, shop, declared)

    return Around(
        structs.replace(policy, shop=shop),
        wordings,
        segments=_optional(documents, unread, SEGMENTS, read, none),
        declared=declared,
        offers=None if giving is None else giving.offers,
        gifts=None if giving is None else giving.gifts,
    )


def _read_giving(documents: Mapping[str, Document], unread: Collection[str], policy: Policy) -> Giving | None:
    currency = policy.shop.currency
    return _optional(documents, unread, OFFERS, lambda document: read_offers(document, currency), Giving())


def _optional(
    documents: Mapping[str, Document],
    unread: Collection[str],
    name: str,
    read: Callable[[Document], Read | None],
    nothing: Read,
) -> Read | None:
    """What a file says that may be missing; None when it is there and nobody can say what it holds."""
    if name in documents:
        return read(documents[name])
    return None if name in unread else nothing


def _rules(documents: Mapping[str, Document], around: Around) -> list[Rule]:
    rules = []
    for name, document in documents.items():
        if name.startswith(f"{CAMPAIGNS}/"):
            rules.append(read_rule(document, shown(Path(PurePosixPath(name).stem)), around))
    return [rule for rule in rules if rule is not None]
