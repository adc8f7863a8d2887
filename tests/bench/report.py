"""The bench's result: one table, or one JSON document."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.backtest import Played
from tests.bench.conditions import AIM, Speed
from tests.bench.contest import Timed
from tests.bench.engine import AIM as ENGINE_AIM
from tests.bench.engine import Engine
from tests.bench.poison import Poison

WHAT = {
    "read": "aiokafka read alone",
    "limit": "the bare limit: aiokafka + bare store",
    "obvious": "the obvious program",
    "regulars": "Regulars, end to end, rules on",
    "apply": "Regulars, apply alone",
}
WIDTH = 118
"""Columns where there is no terminal to ask."""
OTHER = "-other"
"""Ends the name of a row measured on the store of `--store` or `--postgres`."""


class Row(msgspec.Struct, frozen=True):
    """One contestant's best run. `rate` in events/s, `wall` and `cpu` in microseconds an event."""

    what: str
    store: str
    events: int
    rate: float
    wall: float
    cpu: float
    parts: dict[str, float]

    @classmethod
    def best(cls, name: str, runs: Sequence[Timed]) -> Row:
        """The row of contestant `name`: other work on the machine only ever slows a run down."""
        timed = max(runs, key=lambda run: run.rate)
        wall, cpu = timed.seconds / timed.events * 1e6, timed.cpu / timed.events * 1e6
        what = WHAT[name.removesuffix(OTHER)]
        return cls(what, timed.store, timed.events, round(timed.rate), round(wall, 2), round(cpu, 2), timed.parts)


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    python: str
    sqlite: str
    cores: int
    system: str


class Report(msgspec.Struct, frozen=True):
    """All rows of one run, and what they come to beside each other."""

    machine: Machine
    events: int
    customers: int
    partitions: int
    repeat: int
    rows: dict[str, Row]
    ratios: dict[str, float]
    poison: Poison | None = None
    conditions: Speed | None = None
    engine: Engine | None = None
    backtest: Played | None = None

    @classmethod
    def of(
        cls,
        rows: dict[str, Row],
        machine: Machine,
        events: int,
        customers: int,
        partitions: int,
        repeat: int,
        poison: Poison | None = None,
        conditions: Speed | None = None,
        played: Engine | None = None,
        backtest: Played | None = None,
    ) -> Report:
        """The report with Regulars' ratios, where both sides were run."""
        ratios = {
            f"{mine} / {other}": round(rows[mine].rate / rows[other].rate, 3)
            for mine in ("regulars", f"regulars{OTHER}")
            for other in ("limit", "obvious")
            if mine in rows and other in rows
        }
        return cls(machine, events, customers, partitions, repeat, rows, ratios, poison, conditions, played, backtest)


def this_machine() -> Machine:
    """Facts a reader needs to compare figures."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Machine(python, sqlite3.sqlite_version, os.cpu_count() or 0, f"{platform.system()} {platform.machine()}")


def show(report: Report, as_json: bool) -> None:
    """Print it on standard output."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return
    console = Console(highlight=False)
    print_table(report, console if console.is_terminal else Console(highlight=False, width=WIDTH))


def print_table(report: Report, console: Console) -> None:
    """The table and what there is to say about it."""
    machine = report.machine
    console.print(f"{machine.python}, SQLite {machine.sqlite}, {machine.cores} cores, {machine.system}")
    if report.rows:
        console.print(
            f"{report.events:,} events of {report.customers:,} customers, {report.partitions} partitions, "
            "embedded broker"
        )
        console.print(_table(report))
        for line in _notes(report):
            console.print(line, style="dim")
    if report.conditions is not None:
        _print_speed(report.conditions, console)
    if report.engine is not None:
        _print_engine(report.engine, console)
    if report.backtest is not None:
        _print_backtest(report.backtest, console)
    if report.poison is not None:
        print_poison(report.poison, console)


def print_poison(poison: Poison, console: Console) -> None:
    """The slowest of the nasty corpus."""
    plain = poison.ordinary
    console.print(
        f"\nThe slowest of {poison.records} nasty records, each alone in its transaction, processor time "
        f"({plain.kind} takes {plain.ms:.1f} ms):"
    )
    for slow in poison.slowest:
        console.print(f"{slow.ms:8.1f} ms  {slow.kind}, {slow.bytes:,} bytes on {slow.topic}")


def _print_engine(one: Engine, console: Console) -> None:
    console.print(
        f"\nThe engine alone, {one.rules} rules: {one.rate:,} events/s on one core (aim {ENGINE_AIM:,}); "
        f"fold {one.fold:.1f} µs, rules and time {one.deciding:.1f} µs, {one.decisions:.1f} decisions an event"
    )


def _print_backtest(one: Played, console: Console) -> None:
    (today, candidate), (sent, would) = one.rules, one.messages
    console.print(
        f"\nBacktest, {today} rules beside {candidate}: {one.rate:,.0f} events/s, {one.cpu:,.0f} µs an event, of "
        f"{one.events:,} in a file; "
        f"{sent:,} and {would:,} messages; {one.peak:,.0f} MiB at most"
    )


def _print_speed(speed: Speed, console: Console) -> None:
    console.print(f"\nConditions: {speed.rate:,.0f} evaluations/s on one core (aim {AIM:,}); {speed.held:.0%} held")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("ns", justify="right", no_wrap=True)
    table.add_column("condition", overflow="fold")
    for text, cost in speed.nanoseconds.items():
        table.add_row(f"{cost:.0f}", Text(text))
    console.print(table)


def _table(report: Report) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("store", no_wrap=True)
    for title in ("events", "events/s", "wall µs", "cpu µs", "/ limit", "/ obvious"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, row in report.rows.items():
        beside = [_beside(report, row, other) for other in ("limit", "obvious")]
        style = "bold" if name.startswith("regulars") else ""
        figures = (f"{row.events:,}", f"{row.rate:,.0f}", f"{row.wall:.1f}", f"{row.cpu:.1f}")
        table.add_row(row.what, row.store or "–", *figures, *beside, style=style)
    return table


def _beside(report: Report, row: Row, other: str) -> str:
    reference = report.rows.get(other)
    if reference is None:
        return ""
    ratio = row.rate / reference.rate
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def _notes(report: Report) -> list[str]:
    notes = []
    for row in report.rows.values():
        if row.parts:
            parts = ", ".join(f"{name} {cost:.1f}" for name, cost in row.parts.items())
            notes.append(f"Of the {row.cpu:.1f} µs of {row.what} on {row.store}, measured by themselves: {parts}.")
            break
    obvious = report.rows.get("obvious")
    if obvious is not None and obvious.events < report.events // 2:
        notes.append(f"The obvious program is slow: its rate is that of {obvious.events:,} events.")
    notes.append("µs are for one event; cpu is of the contestant's process. The first events are never timed.")
    if report.repeat > 1:
        notes.append(f"Each row is the best of {report.repeat} runs.")
    return notes
