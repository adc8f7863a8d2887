"""A backtest as text, 80 columns at most, the difference first."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from textwrap import wrap

from rich.cells import cell_len

from console.backtest.samples import Sample, Shown
from console.backtest.told import GRANTS, Row, RuleRows, Told, by_rule, lines, totals
from console.cli.output import harmless, several
from rules.backtest.limits import Verdict, change

WIDTH = 80
_COLUMN = 11
_FIGURES = 3
MOST_SAMPLES = 5
"""Examples that are shown; the page and the JSON have them all."""


def text(told: Told) -> Iterator[str]:
    """Lines, without colour."""
    yield from _wrapped(_title(told))
    yield ""
    yield from _table(told, totals(told))
    rules = by_rule(told)
    if told.played.candidate is None:
        for one in (one for one in rules if one.rows):
            yield from _rule(told, one, one.rows)
        yield from _listed("Nothing came of: {}.", [one.rule for one in rules if not one.rows])
    else:
        yield from _differences(told, rules)
    yield from _examples(told)
    yield ""
    yield from _wrapped(f"{GRANTS}")
    if told.verdicts:
        yield ""
        for verdict in told.verdicts:
            yield from _wrapped(sentence(verdict), "  ")


def _title(told: Told) -> str:
    return f"{compared(told)}\n{spanned(told)}"


def compared(told: Told) -> str:
    """Which folders."""
    return f"{told.candidate}, compared with {told.today}" if told.candidate else told.today


def spanned(told: Told) -> str:
    """Which history."""
    span = told.played.span
    zone = told.played.today.rules.policy.shop.time_zone
    said = f"{told.day(span.start)} to {told.day(span.end)} ({zone}): {several(span.events, 'event')}"
    said += f" of {several(span.customers, 'customer')}"
    return f"{said}; {span.before:,} from before are remembered, and no rule heard of them" if span.before else said


def _table(told: Told, rows: list[Row] | tuple[Row, ...], head: bool = True) -> Iterator[str]:
    both = told.played.candidate is not None
    if head and both:
        yield _line("", ["today", "candidate", "change"])
    for row in rows:
        yield from _figures(row)


def _figures(row: Row) -> Iterator[str]:
    cells = [number(row.today, row.money)]
    if row.candidate is not None:
        cells += [number(row.candidate, row.money), moved(row)]
    *before, last = wrap(row.label, WIDTH - len(cells) * _COLUMN - 2, break_on_hyphens=False) or [""]
    yield from (f"  {line}".rstrip() for line in before)
    yield _line(f"  {last}", cells)


def _line(label: str, cells: list[str]) -> str:
    width = WIDTH - len(cells) * _COLUMN
    filled = harmless(label) + " " * max(0, width - cell_len(harmless(label)))
    return (filled + "".join(f"{cell:>{_COLUMN}}" for cell in cells)).rstrip()


def number(value: Decimal, money: bool) -> str:
    """1,234, or 1,234.50 of money."""
    return f"{value:,.2f}" if money else f"{int(value):,}"


def moved(row: Row) -> str:
    """+12, -3.50, or nothing where nothing changed."""
    if not row.change:
        return "–"
    return f"{row.change:+,.2f}" if row.money else f"{int(row.change):+,}"


def percent(row: Row) -> str:
    """+8.3%, nothing where nothing changed, or `new` where there was none."""
    if not row.change or row.candidate is None:
        return ""
    part = change(row.today, row.candidate)
    return "new" if part is None else f"{part:+.1f}%"


# Rules.


def _differences(told: Told, rules: list[RuleRows]) -> Iterator[str]:
    different = [one for one in rules if one.different]
    same = [one.rule for one in rules if not one.different]
    if not different:
        yield ""
        yield from _wrapped("No rule comes to other figures on this history.")
        return
    for one in different:
        yield from _rule(told, one, tuple(row for row in one.rows if row.change))
    yield from _listed("Not different: {}.", same)


def _listed(said: str, names: list[str]) -> Iterator[str]:
    if names:
        yield ""
        yield from _wrapped(said.format(", ".join(names)))


def _rule(told: Told, one: RuleRows, rows: tuple[Row, ...]) -> Iterator[str]:
    yield ""
    where = f" ({one.where})" if one.where else ""
    yield from _wrapped(f"{one.rule}: {one.name}{where}")
    if rows:
        yield from _table(told, rows, head=False)
    else:
        yield "  nothing"


# Examples.


def _examples(told: Told) -> Iterator[str]:
    shown = _spread(told.samples)
    if not shown:
        return
    yield ""
    yield "Examples" if told.played.candidate is None else "Examples of the difference"
    for sample in shown:
        yield from _wrapped(f"{sample.example.rule}, customer {sample.example.customer}", "  ")
        for name, side, message in zip(("today", "candidate"), sample.example.sides, sample.shown, strict=False):
            said = [f"{when}  {words}".strip() for when, words in lines(told, side)]
            yield from _beside(name if told.candidate else "", said + _subject(message))
    if len(shown) < len(told.samples):
        yield from _wrapped(f"… and {len(told.samples) - len(shown):,} more, in the page (--html) and the JSON", "  ")


def _spread(samples: tuple[Sample, ...]) -> list[Sample]:
    """The first of each rule before the second of any."""
    seen: dict[str, int] = {}
    turns = []
    for sample in samples:
        turn = seen[sample.example.rule] = seen.get(sample.example.rule, 0) + 1
        turns.append((turn, sample))
    return [sample for _, sample in sorted(turns, key=lambda one: one[0])][:MOST_SAMPLES]


def _subject(message: Shown | None) -> list[str]:
    if message is None:
        return []
    return [f"the message cannot be made: {message.wrong}" if message.wrong else f"“{message.subject}”"]


def _beside(name: str, said: list[str]) -> Iterator[str]:
    for number, line in enumerate(one for each in said for one in _wrapped(each, " " * 15, WIDTH)):
        yield f"    {name:<11}{line[15:]}" if number == 0 else line


# Limits.


def sentence(verdict: Verdict) -> str:
    """ok or FAILED, the limit and the figures."""
    word = "FAILED" if verdict.broken else "ok"
    said = f"{word}: {verdict.limit.text}: {_plain(verdict.value)}"
    if verdict.was is None:
        return said
    if verdict.was == verdict.value:
        return f"{said}, as today"
    part = "from nothing" if verdict.change is None else f"{verdict.change:+.1f}%"
    return f"{said}, today {_plain(verdict.was)} ({part})"


def _plain(value: Decimal) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,.2f}"


def _wrapped(said: str, indent: str = "", width: int = WIDTH) -> Iterator[str]:
    for line in harmless(said).split("\n"):
        yield from wrap(line, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
