"""The rules as `regulars rules list` shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rules.ruleset import Rule
from rules.steps import Send

COLUMNS: dict[str, Callable[[Rule], str]] = {
    "priority": lambda rule: str(rule.priority),
    "id": lambda rule: rule.id,
    "status": lambda rule: rule.status.value,
    "on": lambda rule: rule.fired_by,
    "class": lambda rule: rule.class_.value,
    "name": lambda rule: rule.name,
}
"""Title → cell. The priority stands first: it is what the rules are sorted by."""
NARROWER: tuple[tuple[str, ...], ...] = (("priority", "id", "status", "on", "name"), ("id", "status", "on", "name"))
"""What is left where not all of it has room, and where there is less than that."""
NAMED = 20
"""Columns of the screen that a name needs at least; it goes on in the next line."""


def table(rules: Collection[Rule], screen: Console) -> Table:
    """All rules, with as many columns as have room on the screen."""
    for titles in (COLUMNS, *NARROWER):
        made = _table(rules, titles)
        if screen.measure(made, options=screen.options.update_width(1_000)).minimum <= screen.width:
            return made
    return _table(rules, NARROWER[-1], breaks=("id", "name"))


def _table(rules: Iterable[Rule], titles: Collection[str], breaks: Collection[str] = ("name",)) -> Table:
    """`breaks`: columns that go on in the next line where they must."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        justify: Literal["left", "right"] = "right" if title == "priority" else "left"
        least = NAMED if title == "name" else None
        made.add_column(title, no_wrap=title not in breaks, overflow="fold", justify=justify, min_width=least)
    for rule in rules:
        made.add_row(*(Text(COLUMNS[title](rule)) for title in titles))
    return made


def row(rule: Rule) -> dict[str, object]:
    """A rule as `--json` has it."""
    sends = [{"template": step.template, "channels": list(step.channels)} for step in rule.do if isinstance(step, Send)]
    return {
        "id": rule.id,
        "name": rule.name,
        "status": rule.status.value,
        "on": rule.fired_by,
        "class": rule.class_.value,
        "priority": rule.priority,
        "sends": sends,
    }
