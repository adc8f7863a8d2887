"""The calm view of the demo: a screen on a terminal, a line now and then anywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from console.demo import parts
from console.demo.snapshot import DemoSnapshot, FeedLine, clock_face, tidy

__all__ = ["DemoSnapshot", "DemoView", "FeedLine", "plain_line", "render", "summary"]

_FEED_LINES = (3, 18)
"""Fewest and most lines of the feed, whatever the height of the terminal."""


def render(snapshot: DemoSnapshot) -> RenderableType:
    """The whole screen; it fits itself to the width and height it is drawn in (from 60 × 22)."""
    return _Screen(snapshot)


class _Screen:
    """Everything but the feed has its height; the feed takes what is left and keeps it, so nothing jumps."""

    def __init__(self, snapshot: DemoSnapshot) -> None:
        self._snapshot = snapshot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        snapshot, width, options = self._snapshot, options.max_width, options.update(height=None)
        head = Group(parts.header(snapshot, width), parts.counters(snapshot, width), "")
        tail = Group("", parts.retention(snapshot, width), "", parts.footer(snapshot))
        taken = sum(len(console.render_lines(part, options)) for part in (head, tail))
        yield head
        yield from _feed(snapshot.recent, options.size.height - taken - 1, console, options)
        yield tail


def _feed(recent: Sequence[FeedLine], room: int, console: Console, options: ConsoleOptions) -> RenderResult:
    """The newest of `recent` that fit in `room` lines, newest last, then blank lines."""
    least, most = _FEED_LINES
    room = min(max(room, least), most)
    lines: list[list[Segment]] = []
    for entry in reversed(recent):
        drawn = console.render_lines(parts.feed_row(entry, options.max_width), options)
        if len(lines) + len(drawn) > room:
            break
        lines = drawn + lines
    if not recent:
        lines = console.render_lines(Text("Waiting for the first event …", style="dim"), options)
    for line in lines + [[]] * (room - len(lines)):
        yield from line
        yield Segment.line()


def plain_line(snapshot: DemoSnapshot) -> str:
    """The same in one line of plain text, for pipes and logs; no control characters."""
    s = snapshot
    counts = (
        f"{clock_face(s.elapsed)}  {_several(s.events, 'event')}: {s.applied} applied, "
        f"{_several(s.duplicates, 'duplicate')}, {_several(s.dead_letters, 'dead letter')}; "
        f"mails: {s.queued} queued, {s.sent} sent; {_several(s.customers, 'customer')}"
    )
    return f"{counts}; last: {tidy(s.recent[-1].text)}" if s.recent else counts


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(result: Mapping[str, Any]) -> RenderableType:
    """The end of the demo, from what `regulars demo --json` writes; says plainly whether anything was lost."""
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0), pad_edge=False)
    table.add_column()
    table.add_column(justify="right", style="bold")
    for label, name in _SUMMARY:
        table.add_row(label, f"{result[name]:,}", style="bold red" if name == "lost" and result[name] else "")
    return Group(table, "", _verdict(result))


_SUMMARY = (
    ("Events the shop sent", "events"),
    ("  applied", "applied"),
    ("  duplicates, dropped", "duplicates"),
    ("  dead letters, kept for a look", "dead_letters"),
    ("  lost", "lost"),
    ("Messages sent", "messages"),
)


def _verdict(result: Mapping[str, Any]) -> Text:
    ends = [result[name] for name in ("applied", "duplicates", "dead_letters", "lost")]
    if result["lost"]:
        lost = _several(result["lost"], "event")
        return Text(f"{lost} lost. That must never happen; please report it with the log of this run.", "bold red")
    if sum(ends) != result["events"]:
        return Text(f"The numbers do not add up: {sum(ends):,} accounted for, {result['events']:,} sent.", "yellow")
    return Text("Every event is accounted for. Nothing was lost.", "green")


class DemoView:
    """Shows snapshots on `console`: a live screen on a terminal, else one plain line every `every` seconds, and what is
    about many customers as it comes.

    A context manager; the last screen stays when it ends. `every` counts by the snapshots' `elapsed`.
    """

    def __init__(self, console: Console, every: float = 5.0) -> None:
        self._console = console
        self._every = every
        self._due = 0.0
        self._said: set[FeedLine] = set()
        live = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(console=console, auto_refresh=False) if live else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._console.print()

    def show(self, snapshot: DemoSnapshot) -> None:
        """Draw `snapshot`, or print its line when one is due."""
        if self._live is not None:
            self._live.update(render(snapshot), refresh=True)
            return
        for line in snapshot.recent:
            if line.kind == "many" and line not in self._said:
                self._said.add(line)
                self._print(f"{clock_face(snapshot.elapsed)}  {tidy(line.text)}")
        if snapshot.elapsed >= self._due:
            self._due = snapshot.elapsed + self._every
            self._print(plain_line(snapshot))

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
