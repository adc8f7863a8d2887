"""What the demo's view is told: one value, taken now and then while everything runs."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from msgspec import Struct

Kind = Literal["event", "decision", "mail", "many", "dead-letter"]
"""`many`: what is about many customers at once."""


class FeedLine(Struct, frozen=True):
    """One thing that happened, in a sentence; `time` (aware) is shown as it stands, in its own zone."""

    time: dt.datetime
    kind: Kind
    text: str


class DemoSnapshot(Struct, frozen=True, kw_only=True):
    """The demo at one moment.

    `events` counts records produced from outside. `recent` is oldest first. `this_month` and `last_month`
    are entries of `periods` of `regulars retention --json`, amounts in minor units of `currency`.
    `elapsed` and `remaining` are seconds; without `remaining` the demo runs until it is stopped.
    `example` is a customer worth a look.
    """

    events: int = 0
    applied: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    queued: int = 0
    sent: int = 0
    customers: int = 0
    this_month: dict[str, Any] | None = None
    last_month: dict[str, Any] | None = None
    currency: str = "THB"
    recent: tuple[FeedLine, ...] = ()
    mail_folder: str = ""
    broker: str = ""
    elapsed: float = 0.0
    remaining: float | None = None
    example: str = "c-0042"


def clock_face(seconds: float) -> str:
    """Minutes and seconds, `1:05`."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def tidy(text: str) -> str:
    """`text` on one line and without anything a terminal would obey: it may come from a broken record."""
    return "".join(c if c.isprintable() else " " for c in text)
