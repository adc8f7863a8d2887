"""All there is to tell of a backtest, ready for text, page and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from msgspec import Struct

from console.backtest.events import Taken
from console.backtest.samples import Sample
from console.cli.customer import REASONS
from console.cli.wording import what
from retention import periods
from retention.money import decimals
from rules.backtest.examples import Side
from rules.backtest.figures import Figures
from rules.backtest.limits import Verdict
from rules.backtest.play import Played
from rules.simulation.entries import Entry

GRANTS = (
    "Stocks, budgets and pools of codes are full at the beginning, and granted in the order of the log; "
    "an event happens at its own time, and every message that leaves arrives. Codes of offers are made up."
)
"""What a backtest cannot know."""
_ALWAYS = 3
"""Figures of all rules together that are told although they are 0."""
_DENIED = {
    "gone": "the shop does not have it",
    "stock": "none was left",
    "pool": "no code was left",
    "budget": "the budget was spent",
    "pace": "the budget of the day was spent",
}


class Told(Struct, frozen=True):
    """What was played, from where, and what of it is said."""

    played: Played
    taken: Taken
    samples: tuple[Sample, ...]
    verdicts: tuple[Verdict, ...]
    today: str
    candidate: str
    """The folders, as they were named; the second is empty where there is none."""

    @property
    def currency(self) -> str:
        """Of all amounts."""
        return self.played.today.rules.policy.shop.currency

    @property
    def ok(self) -> bool:
        """Whether no limit is broken."""
        return not any(one.broken for one in self.verdicts)

    def moment(self, at: int) -> str:
        """A point in time in the shop's zone: 2026-03-01 10:00."""
        return f"{periods.local(at, self.played.today.rules.policy.shop.zone):%Y-%m-%d %H:%M}"

    def day(self, at: int) -> str:
        """Its day."""
        return self.moment(at)[:10]


class Row(Struct, frozen=True):
    """One figure of both sides; `candidate` is None where there is none. `money`: in the shop's currency."""

    label: str
    today: Decimal
    candidate: Decimal | None
    money: bool = False
    more: str = ""
    """The label in other words."""

    @property
    def change(self) -> Decimal:
        """By how much the candidate is more."""
        return Decimal(0) if self.candidate is None else self.candidate - self.today


class RuleRows(Struct, frozen=True):
    """All figures of one rule that are not 0 on both sides; `where`: only on one side, or a status that changed."""

    rule: str
    name: str
    where: str
    rows: tuple[Row, ...]
    different: bool


def totals(told: Told) -> list[Row]:
    """All rules together: the few figures that say most."""
    today = told.played.today.all
    candidate = told.played.candidate.all if told.played.candidate else None
    scale = -decimals(told.currency)

    def row(label: str, value: Callable[[Figures], Decimal | int], money: bool = False) -> Row:
        return Row(label, Decimal(value(today)), None if candidate is None else Decimal(value(candidate)), money)

    rows = [
        row("messages sent", lambda one: one.sent),
        row("customers reached", lambda one: one.customers),
        row("most to one customer in 7 days", lambda one: one.peak.messages),
        row("suppressed by a guard", lambda one: one.suppressed.total()),
        row("held out, to compare", lambda one: one.held_out.total()),
        row("offers granted", lambda one: one.offers.total()),
        row("gifts granted", lambda one: one.gifts.total()),
        row(f"spent on gifts, {told.currency}", lambda one: Decimal(one.spend).scaleb(scale), money=True),
        row(f"cost of messages, {told.currency}", lambda one: one.cost, money=True),
    ]
    return [one for number, one in enumerate(rows) if number < _ALWAYS or one.today or one.candidate]


def by_rule(told: Told) -> list[RuleRows]:
    """The rules that differ first, those with the most messages more or less before the others; else as they decide."""
    today, candidate = told.played.today, told.played.candidate
    known = dict.fromkeys([*today.rules.by_id, *(candidate.rules.by_id if candidate else ())])
    found = [_rule(told, rule) for rule in known]
    order = {rule: number for number, rule in enumerate(known)}
    return sorted(found, key=lambda one: (not one.different, -_moved(one), order[one.rule]))


def _moved(rows: RuleRows) -> Decimal:
    return sum((abs(row.change) for row in rows.rows if row.label.startswith("sent by")), Decimal(0))


def _rule(told: Told, rule: str) -> RuleRows:
    today, candidate = told.played.today, told.played.candidate
    mine = today.rules.by_id.get(rule)
    theirs = candidate.rules.by_id.get(rule) if candidate else None
    rows = _rows(told, today.each.get(rule, Figures()), candidate.each.get(rule, Figures()) if candidate else None)
    where = ""
    if candidate is not None and (mine is None or theirs is None):
        where = "only in the candidate" if mine is None else "not in the candidate"
    elif mine is not None and theirs is not None and mine.status is not theirs.status:
        where = f"{mine.status.value} today, {theirs.status.value} in the candidate"
    one = mine or theirs
    assert one is not None
    return RuleRows(rule, one.name, where, tuple(rows), any(row.change for row in rows))


def _rows(told: Told, today: Figures, candidate: Figures | None) -> list[Row]:
    scale = -decimals(told.currency)
    found = [*_counted(today, candidate)]
    found += [
        _one("points", today, candidate, lambda one: one.points),
        _one("customers reached", today, candidate, lambda one: one.customers),
        _one("most to one customer in 7 days", today, candidate, lambda one: one.peak.messages),
        _one("in shadow: would have been sent", today, candidate, lambda one: one.shadow),
        _one("still to leave at the end", today, candidate, lambda one: one.under_way),
        _one(f"spent on gifts, {told.currency}", today, candidate, lambda one: Decimal(one.spend).scaleb(scale), True),
        _one(f"cost of messages, {told.currency}", today, candidate, lambda one: one.cost, True),
    ]
    return [row for row in found if row.today or row.candidate]


def _counted(today: Figures, candidate: Figures | None) -> Iterator[Row]:
    for name, label in (
        ("messages", "sent by {}"),
        ("offers", "offer {}"),
        ("gifts", "gift {}"),
        ("done", "{}"),
        ("suppressed", "suppressed: {}"),
        ("held_out", "held out: {}"),
        ("unsent", "queued, not sent: {}"),
        ("denied", "not granted: {}"),
        ("waited", "waited: {}"),
        ("stopped", "stopped: {}"),
    ):
        mine: Counter[str] = getattr(today, name)
        theirs: Counter[str] = getattr(candidate, name) if candidate else Counter()
        for key in sorted({**mine, **theirs}, key=lambda one: (-max(mine[one], theirs[one]), one)):
            other = None if candidate is None else Decimal(theirs[key])
            words = _DENIED.get(key, "") if name == "denied" else REASONS.get(key, "")
            yield Row(label.format(key), Decimal(mine[key]), other, more=words)


def _one(
    label: str,
    today: Figures,
    candidate: Figures | None,
    value: Callable[[Figures], Decimal | int],
    money: bool = False,
) -> Row:
    return Row(label, Decimal(value(today)), None if candidate is None else Decimal(value(candidate)), money)


# Examples.


def lines(told: Told, side: Side) -> list[tuple[str, str]]:
    """(when, what) of all that one set of rules did to the customer of an example."""
    said = [(told.moment(one.at), words) for one in side.entries if (words := _said(told, one))]
    if side.more:
        said.append(("", f"… and {side.more:,} more"))
    return said or [("", "nothing")]


def _said(told: Told, entry: Entry) -> str:
    """One entry in words; empty for what the next one says better."""
    thing = what(entry) if entry.kind else "the rule"
    why = f": {REASONS.get(entry.reason, entry.reason)}" if entry.reason else ""
    later = f" until {told.moment(entry.due)}" if entry.due > entry.at else ""
    match entry.what:
        case "sent":
            return f"sent {thing}"
        case "granted":
            return thing if entry.kind in ("notify", "emit") else f"granted {thing}"
        case "done":
            return thing
        case "queued":
            return f"{thing} is put off{later}" if later else ""
        case "requested":
            return ""
        case "waiting":
            return f"waits{later}{why if entry.reason != 'wait' else ''}"
        case "held-out":
            return f"held out{why}"
        case "shadow":
            return f"{thing} would have been sent, were the rule live"
        case "stopped":
            return f"stopped{why}"
        case "denied":
            return f"{thing} not granted: {_DENIED.get(entry.reason, entry.reason)}"
        case outcome:
            return f"{thing} {outcome}{why}"
