"""What is in the store against what must be. Shares no code with the product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.journeys import NAMES
from tests.chaos.launches import Launched
from tests.chaos.launches import compare as heard_of
from tests.chaos.mailbook import Mail, compare
from tests.chaos.oracle import Expected, Identity, Stamp
from tests.chaos.rulebook import ZONE
from tests.chaos.sets import Published, Returned, backwards, late
from tests.chaos.store import Held
from tests.chaos.sums import MEASURES, counters

COUNTS = ("events", "applied", "dead", "messages", "steps", "by_poke", "sets", "told", "mails", "twice", "doubts")
"""Figures that are no faults."""
SHOWN = 5
"""Examples of each kind of difference."""


@dataclass
class Verdict:
    """The figures of the table; every one but those that only count must be 0."""

    events: int = 0
    applied: int = 0
    dead: int = 0
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    unexpected: int = 0
    misordered: int = 0
    backwards: int = 0
    altered: int = 0
    dead_missing: int = 0
    dead_unexpected: int = 0
    dead_altered: int = 0
    keys_missing: int = 0
    keys_unexpected: int = 0
    words_missing: int = 0
    words_unexpected: int = 0
    decisions: int = 0
    steps: int = 0
    """Decisions of rules that go on by time; this and the next are no faults."""
    by_poke: int = 0
    """Decisions that came with a poke."""
    steps_missing: int = 0
    steps_unexpected: int = 0
    hasty: int = 0
    sets: int = 0
    """How often rules went live; no fault."""
    sets_unknown: int = 0
    sets_back: int = 0
    sets_late: int = 0
    told: int = 0
    """How many were told of launches, once for each; no fault."""
    told_missing: int = 0
    told_again: int = 0
    told_needlessly: int = 0
    counters: int = 0
    unrelayed: int = 0
    mails: int = 0
    """Mails that arrived; this and the next two are no faults."""
    twice: int = 0
    doubts: int = 0
    mails_missing: int = 0
    mails_unexpected: int = 0
    mails_uncounted: int = 0
    mails_needless: int = 0
    fates: int = 0
    results: int = 0
    slowest_mail: float = 0.0
    """Seconds from the event to the mark; no fault."""
    examples: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> dict[str, int]:
        """The figures that should be 0 and are not."""
        figures = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        for name in COUNTS:
            del figures[name]
        return {name: value for name, value in figures.items() if value}

    def note(self, kind: str, what: Collection[Any]) -> int:
        """Keep some examples; how many there are."""
        self.examples += [f"{kind}: {each}" for each in list(what)[:SHOWN]]
        return len(what)


def judge(
    expected: Expected, held: Held, relayed: Collection[tuple[str, int, int]] | None, words: Collection[str] = ()
) -> Verdict:
    """Compare. `relayed` holds the places that topic `dead-letters` speaks of; None = nobody relays. `words`: the ids
    of what the staff was told."""
    verdict = Verdict(events=expected.events, applied=sum(map(len, held.log.values())), dead=len(held.dead))
    verdict.messages = len(held.keys)
    _events(expected, held, verdict)
    _letters(expected, held, verdict)
    if relayed is not None:
        verdict.unrelayed = verdict.note("not on dead-letters", held.dead.keys() - set(relayed))
    verdict.keys_missing = verdict.note("message missing", expected.keys.keys() - set(held.keys))
    verdict.keys_unexpected = verdict.note("message nobody expects", set(held.keys) - expected.keys.keys())
    verdict.words_missing = verdict.note("the staff was not told", expected.words - set(words))
    verdict.words_unexpected = verdict.note("the staff was told", set(words) - expected.words)
    _steps(expected, held, verdict)
    verdict.decisions = verdict.note("decided, expected and found", _differences(expected.decided, held.decided))
    verdict.counters = verdict.note("counter, expected and found", _differences(_sums(expected), _kept(held)))
    return verdict


def judge_sets(
    expected: Expected,
    held: Held,
    published: Published,
    returned: Sequence[Returned],
    used: Mapping[str, Sequence[tuple[str, int]]],
    verdict: Verdict,
) -> None:
    """Add what the rule sets are wrong about. `used`: by customer, see `sets.decided_by`."""
    verdict.sets = len(published.order)
    every = [each for log in used.values() for each in log]
    unknown = Counter(id for id, _ in every if id not in published.order)
    verdict.sets_unknown = verdict.note("decided by a set that was never published", unknown.items())
    partitions = {
        place: [held.stamps[id][1] for id in ids if id in held.stamps] for place, ids in expected.order.items()
    }
    back = [f"partition {place}" for place, ids in partitions.items() if backwards(published, ids)]
    back += [customer for customer, log in used.items() if backwards(published, [id for id, _ in log])]
    verdict.sets_back = verdict.note("decided by an earlier set again", back)
    verdict.sets_late = late(published, returned, every)


def judge_launches(
    launches: Sequence[Launched], expected: Expected, stamps: Mapping[Identity, Stamp], held: Held, verdict: Verdict
) -> None:
    """Add who was told of launches, and who was not."""
    heard = heard_of(launches, expected.applied, stamps, held.log)
    verdict.told = heard.told
    verdict.told_missing = verdict.note("not told of an article", heard.missing)
    verdict.told_again = verdict.note("told of an article again", heard.again)
    verdict.told_needlessly = verdict.note("told of an article and had not bought", heard.needless)


def judge_mail(
    expected: Expected, held: Held, mails: Sequence[Mail], deaths: int, parked: bool, verdict: Verdict
) -> None:
    """Add what became of the messages; see `mailbook.compare`."""
    post = compare(expected.owed, held.status, held.results, mails, deaths, parked)
    verdict.slowest_mail = held.slowest
    for name, value in vars(post).items():
        kind = name.replace("_", " ")
        setattr(verdict, name, value if isinstance(value, int) else verdict.note(kind, value))


def _events(expected: Expected, held: Held, verdict: Verdict) -> None:
    found = Counter((source, id) for log in held.log.values() for source, id, _, _ in log)
    wanted = {event.identity for events in expected.applied.values() for event in events}
    lost = wanted - found.keys()
    verdict.lost = verdict.note("lost", lost)
    verdict.lost += verdict.note("lost before topic events", expected.not_forwarded)
    verdict.altered = verdict.note("forwarded with other content", expected.forwarded_badly)
    verdict.backwards = verdict.note("time runs backwards for", held.backwards)
    doubled = {identity: count for identity, count in found.items() if count > 1}
    verdict.doubled = verdict.note("doubled", doubled.items())
    verdict.unexpected = verdict.note("nobody expects", found.keys() - wanted)
    for customer, events in expected.applied.items():
        log = list({(source, id): (source, id, kind, data) for source, id, kind, data in held.log.get(customer, ())})
        order = [event.identity for event in events if event.identity not in lost]
        if log != order:
            verdict.misordered += verdict.note("log out of order", [customer])
    contents = {(row[0], row[1]): (customer, *row[2:]) for customer, log in held.log.items() for row in log}
    verdict.altered += verdict.note(
        "applied with other content",
        [
            event.identity
            for events in expected.applied.values()
            for event in events
            if event.identity in contents and contents[event.identity] != (event.customer, event.type, event.data)
        ],
    )


def _steps(expected: Expected, held: Held, verdict: Verdict) -> None:
    """Each step of each way through a rule, at its time, once."""
    found = Counter({each: times for each, times in held.steps.items() if each[1] in NAMES})
    verdict.steps, verdict.by_poke = found.total(), held.by_poke
    verdict.steps_missing = verdict.note("step missing", list((expected.steps - found).elements()))
    verdict.steps_unexpected = verdict.note("step nobody expects, or again", list((found - expected.steps).elements()))
    verdict.hasty = verdict.note("decided before it was written", expected.hasty)


def _letters(expected: Expected, held: Held, verdict: Verdict) -> None:
    verdict.dead_missing = verdict.note(
        "not buried as", [each for each in expected.dead.items() if each not in held.dead.items()]
    )
    verdict.dead_unexpected = verdict.note(
        "buried as", [each for each in held.dead.items() if each not in expected.dead.items()]
    )
    verdict.dead_altered = verdict.note(
        "buried with other bytes",
        [place for place, said in expected.letters.items() if held.letters.get(place, said) != said],
    )


def _sums(expected: Expected) -> Mapping[tuple[str, ...], int]:
    sums: Counter[tuple[str, ...]] = Counter(counters(expected.applied, ZONE))
    for (rule, outcome, reason), times in expected.decided.items():
        sums["decided", f"{rule}/{outcome}/{reason}"] += times
    for (rule, reason), times in expected.not_fired.items():
        sums["not_fired", f"{rule}/{reason}"] += times
    return sums


def _kept(held: Held) -> Mapping[tuple[str, ...], int]:
    """The store's counters; those of the rules in one sum, for their months are those of the run."""
    sums: Counter[tuple[str, ...]] = Counter()
    for (measure, period, dims), value in held.sums.items():
        if measure in MEASURES:
            sums[measure, period, dims] += value
        elif measure in ("decided", "not_fired"):
            sums[measure, dims] += value
    return sums


def _differences(wanted: Mapping[Any, int], found: Mapping[Any, int]) -> list[tuple[Any, int, int]]:
    pairs = [(key, wanted.get(key, 0), found.get(key, 0)) for key in sorted(wanted.keys() | found.keys())]
    return [each for each in pairs if each[1] != each[2]]
