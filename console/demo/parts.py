"""The parts of the demo's screen, each for a given width in columns; below `WIDE` they stack."""

from __future__ import annotations

import os
import shutil
import sys
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from console.demo.snapshot import DemoSnapshot, FeedLine, clock_face, tidy
from retention.money import decimals

HOME = ".regulars/demo"
STORE = f"sqlite:///{HOME}/regulars.db"
"""Where the demo keeps what it makes: never in the shop's own store."""

WIDE = 88
"""Columns from which everything has room side by side."""

_TAGS = {
    "event": ("event", "dim"),
    "decision": ("rule", "cyan"),
    "mail": ("mail", "green"),
    "many": ("many", "magenta"),
    "dead-letter": ("error", "yellow"),
}


def header(snapshot: DemoSnapshot, width: int) -> RenderableType:
    """What this is, how long it has run, when it ends."""
    left = f"{clock_face(snapshot.remaining)} left" if snapshot.remaining is not None else "Ctrl+C ends it"
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    title = Text.assemble(
        ("Regulars", "bold"), (f"  a simulated tea shop{' in Bangkok' if width >= WIDE else ''}", "dim")
    )
    line.add_row(title, Text(f"{clock_face(snapshot.elapsed)} · {left}", style="dim"))
    return Group(line, Rule(style="dim", characters="─"))


def counters(snapshot: DemoSnapshot, width: int) -> RenderableType:
    """What came in and what became of it: seven cells side by side, or two lines where it is narrow."""
    cells = [
        ("events in", snapshot.events, ""),
        ("applied", snapshot.applied, ""),
        ("duplicates", snapshot.duplicates, ""),
        ("dead letters", snapshot.dead_letters, "yellow"),
        ("mails queued", snapshot.queued, ""),
        ("mails sent", snapshot.sent, "green"),
        ("customers", snapshot.customers, ""),
    ]
    labels = [Text(label, style="dim") for label, _, _ in cells]
    numbers = [Text(f"{n:,}", style=f"bold {colour if n else ''}".strip()) for _, n, colour in cells]
    if width >= WIDE:
        grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
        for _ in cells:
            grid.add_column(ratio=1, no_wrap=True)
        grid.add_row(*numbers)
        grid.add_row(*labels)
        return grid
    pairs = [Text.assemble(label, " ", number) for label, number in zip(labels, numbers, strict=True)]
    between = Text.assemble((" · ", "dim"))
    return Group(between.join(pairs[:4]), between.join(pairs[4:]))


def feed_row(line: FeedLine, width: int) -> Table:
    """One line of the feed; a long one goes on below itself. Where it is narrow the time makes room."""
    tag, colour = _TAGS[line.kind]
    row = Table.grid(expand=True, padding=(0, 2, 0, 0))
    if width >= WIDE:
        row.add_column(width=8, style="dim", no_wrap=True)
    row.add_column(width=5, style=colour, no_wrap=True)
    row.add_column(ratio=1, overflow="fold")
    text = Text(tidy(line.text), style="dim" if line.kind == "event" else "")
    cells = (tag, text)
    if width >= WIDE:
        row.add_row(f"{line.time:%H:%M:%S}", *cells)
    else:
        row.add_row(*cells)
    return row


def retention(snapshot: DemoSnapshot, width: int) -> RenderableType:
    """This month beside the last one. The current month is not over, so the line says so."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("retention", no_wrap=True)
    wide = width >= WIDE
    names = ("buyers", "new", "retained", "won back", "CRR", "true retention", "churn", "net revenue")
    shown = [name for name in names if wide or name not in {"retained", "won back", "churn"}]
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    for label, measures in (("this month so far", snapshot.this_month), ("last month", snapshot.last_month)):
        values = _measures(measures or {}, snapshot.currency)
        table.add_row(label if wide else label.removesuffix(" so far"), *(values[name] for name in shown))
    return table


def _measures(m: dict[str, Any], currency: str) -> dict[str, str]:
    net = m.get("net_minor", m.get("gross_minor", 0) - m.get("refunds_minor", 0)) if m else None
    return {
        "buyers": _count(m.get("end")),
        "new": _count(m.get("new")),
        "retained": _count(m.get("retained")),
        "won back": _count(m.get("reactivated")),
        "CRR": _percent(m.get("crr")),
        "true retention": _percent(m.get("true_retention")),
        "churn": _percent(m.get("churn")),
        "net revenue": "–" if net is None else money(net, currency),
    }


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def money(minor: int, currency: str) -> str:
    """`minor` units as whole units of `currency` with its sign: ฿182,340."""
    amount = Decimal(minor).scaleb(-decimals(currency))
    return format_currency(amount, currency, "¤#,##0", locale="th", currency_digits=False)


def footer(snapshot: DemoSnapshot) -> RenderableType:
    """Where the mails lie, and what to try in another terminal."""
    known = [(name, place) for name, place in (("Mails", snapshot.mail_folder), ("Broker", snapshot.broker)) if place]
    places = _pairs(known, "dim", "")
    return Group(places, Text("In another terminal:", style="dim"), Padding(hints(snapshot.example), (0, 0, 0, 2)))


def hints(example: str) -> RenderableType:
    """Commands for another terminal, each with what it tells; the first one points them at the demo's own store."""
    regulars = _program()
    here = Text(f"export REGULARS_HOME={HOME} REGULARS_STORE={STORE}", style="cyan", overflow="fold")
    commands = [
        (f"{regulars} retention", "who came back, by month"),
        (f"{regulars} rules list", "rules and launches"),
        (f"{regulars} dead-letters list", "what was refused, and why"),
        (f"{regulars} customers show {tidy(example)}", "one customer's story"),
    ]
    return Group(here, _pairs(commands, "cyan", "dim"))


def _program() -> str:
    """How this program was called: `make demo` calls the one in `.venv`, which is on nobody's path."""
    called = sys.argv[0] if sys.argv else "regulars"
    if shutil.which("regulars") == called or not called.endswith("regulars"):
        return "regulars"
    return os.path.relpath(called)


def _pairs(rows: list[tuple[str, str]], left: str, right: str) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=left, no_wrap=True)
    grid.add_column(style=right, overflow="fold")
    for name, value in rows:
        grid.add_row(name, Text(tidy(value)))
    return grid
