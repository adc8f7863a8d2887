"""What was expected beside what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.engine.outcome import QUEUED, REQUESTED
from rules.simulation.entries import HAPPENED, NOT_FIRED, Entry
from rules.testing.cases import Case, Expected, Never

_OPEN = (QUEUED, REQUESTED)
"""Of these something else is heard later."""
Mark = Literal["as expected", "missing", "extra", "never"]


class Row(Struct, frozen=True):
    """One line: something expected, something that happened, or both where they are the same.

    `missing`: it was expected and did not happen; `reason` is what the engine says to that, an entry of the timeline,
    and `instead` what happened at another time or in another way; each None where there is none. `extra`: it happened
    and was not expected. `never`: the line `never` of the test forbids it.
    """

    mark: Mark
    expected: Expected | None = None
    entry: Entry | None = None
    reason: Entry | None = None
    instead: Entry | None = None
    never: Never | None = None

    @property
    def ok(self) -> bool:
        """Whether this is how it should be."""
        return self.mark == "as expected"

    @property
    def at(self) -> int:
        """When it happened, or should have."""
        if self.entry is not None:
            return self.entry.at
        return self.expected.on.start if self.expected is not None else 0


def compare(case: Case, timeline: Sequence[Entry]) -> list[Row]:
    """Rows in the order of time: all that is expected, all else that happened of rules of which the test is complete,
    and what must never happen."""
    happened = [entry for entry in timeline if entry.what in HAPPENED]
    rows: list[Row] = []
    customers = {one.customer for one in case.expect or ()} | {entry.customer for entry in happened}
    for customer in sorted(customers):
        expect = [one for one in case.expect or () if one.customer == customer]
        there = [one for one in happened if one.customer == customer and one.rule in case.complete_for]
        rows += _of_customer(expect, there, timeline)
    shown = [row.entry for row in rows]
    rows += [Row("as expected", entry=entry) for entry in happened if not any(entry is one for one in shown)]
    rows = [_judged(row, case.never) for row in rows]
    return sorted((row for row in rows if row.expected or not row.ok), key=lambda row: row.at)


def _judged(row: Row, never: Sequence[Never]) -> Row:
    """The row, marked when `never` forbids it."""
    forbidden = next((one for one in never if row.entry is not None and _forbids(one, row.entry)), None)
    return row if forbidden is None else replace(row, mark="never", never=forbidden)


def _forbids(never: Never, entry: Entry) -> bool:
    return (
        entry.rule == never.rule
        and never.customer in ("", entry.customer)
        and never.after <= entry.at < never.before
        and (not never.send or (entry.kind, entry.name) == ("send", never.send))
    )


def _of_customer(expect: Sequence[Expected], happened: Sequence[Entry], timeline: Sequence[Entry]) -> list[Row]:
    """Both in order: the most pairs that come in the same order are as expected, the rest is missing or extra."""
    happened = sorted(happened, key=lambda entry: (entry.at, _place(entry, expect)))
    pairs = _pairs(expect, happened)
    left = [entry for n, entry in enumerate(happened) if n not in pairs.values()]
    rows = [Row("extra", entry=entry) for entry in left]
    for n, one in enumerate(expect):
        if n in pairs:
            rows.append(Row("as expected", one, happened[pairs[n]]))
        else:
            instead = next((entry for entry in left if _alike(one, entry)), None)
            rows.append(Row("missing", one, reason=_reason(one, timeline), instead=instead))
    return rows


def _place(entry: Entry, expect: Sequence[Expected]) -> int:
    """Of what happens at one instant nobody can say the order: it comes as it is expected."""
    return next((n for n, one in enumerate(expect) if _fits(one, entry)), len(expect))


def _pairs(expect: Sequence[Expected], happened: Sequence[Entry]) -> dict[int, int]:
    """Place in `expect` → place in `happened`: a longest common subsequence."""
    rows, columns = len(expect), len(happened)
    most = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            fits = _fits(expect[i], happened[j])
            most[i][j] = 1 + most[i + 1][j + 1] if fits else max(most[i + 1][j], most[i][j + 1])
    pairs: dict[int, int] = {}
    i = j = 0
    while i < rows and j < columns:
        if _fits(expect[i], happened[j]):
            pairs[i] = j
            i, j = i + 1, j + 1
        elif most[i + 1][j] >= most[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _fits(expected: Expected, entry: Entry) -> bool:
    return (
        _alike(expected, entry)
        and expected.on.holds(entry.at)
        and expected.channel in ("", entry.channel)
        and expected.offer in ("", entry.offer)
    )


def _alike(expected: Expected, entry: Entry) -> bool:
    """The same thing, whenever and however it happened."""
    return (entry.rule, entry.kind, entry.name) == (expected.rule, expected.kind, expected.what)


def _reason(expected: Expected, timeline: Sequence[Entry]) -> Entry | None:
    """What the engine said of it: what is nearest in time, of the same step if anything is."""
    settled = {entry.key for entry in timeline if entry.key and entry.what not in _OPEN}
    said = [
        entry
        for entry in timeline
        if (entry.customer, entry.rule) == (expected.customer, expected.rule)
        and entry.what not in HAPPENED
        and not (entry.what in _OPEN and entry.key in settled)
    ]
    return min(said, key=lambda entry: _far(expected, entry), default=None)


def _far(expected: Expected, entry: Entry) -> tuple[bool, bool, bool, int]:
    """How far an entry is from what is expected; the least is what was said of that step at that moment."""
    other = entry.kind != "" and (entry.kind != expected.kind or _unlike(expected.what, entry.name))
    there = expected.on.holds(entry.at) and not other
    return not there, other, entry.what == NOT_FIRED, abs(entry.at - expected.on.start)


def _unlike(what: str, name: str) -> bool:
    start, _, end = name.partition("{variant}")
    return what != name and not ("{variant}" in name and what.startswith(start) and what.endswith(end))
