"""A simulated tea shop in Bangkok: its past for the import, its present for the topics.

Everything follows from `seed` and `now`; only the times inside live records come from the clock handed in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec

from console.demo.catalogue import CATALOGUE, NEW
from console.demo.live import Clock, Live, LiveEvent
from console.demo.past import Past
from console.demo.rhythm import BANGKOK

__all__ = ["LiveEvent", "SimulatedShop"]

_LAUNCH_HOUR = 9
"""When the day of an article's launch begins, as the policy of the rules has it by default."""
_LAUNCH_AFTER = 8.0
"""Seconds of the demo until an article is launched."""


def _wall_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class SimulatedShop:
    """`customers` people who bought in the year and a half before `now` (aware), and those who come after.

    Raises ValueError when `now` is naive or `customers` is below 1.
    """

    def __init__(self, seed: int, now: dt.datetime, customers: int = 300) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        if customers < 1:
            raise ValueError("a shop has at least one customer")
        self._seed = seed
        self._now = now
        self._past = Past(_dice(seed, "past"), now, customers)

    def history(self) -> Iterator[dict[str, Any]]:
        """Structured CloudEvents of source `/shop`, all before `now`, in time order, amounts in whole baht."""
        return iter(self._past.events)

    def live(self, rate: float = 3.0, clock: Clock = _wall_clock) -> Iterator[LiveEvent]:
        """Records for the topics, without end, `rate` a second on average; the same ones at every call.

        A record is made when it is asked for: `clock` gives the time of those that carry one.
        Raises ValueError when `rate` is not positive.
        """
        if rate <= 0:
            raise ValueError("rate must be above 0 records a second")
        return iter(Live(_dice(self._seed, "live"), self._past, self._now, rate, clock))

    def catalogue(self) -> Iterator[LiveEvent]:
        """Records for topic `products`: what is on the shelf, and a moment later an article that is launched."""
        for article in CATALOGUE:
            yield _told(article.data(), 0.0)
        yield _told(NEW.data(launched=_last_morning(self._now).isoformat()), _LAUNCH_AFTER)


def _told(data: dict[str, Any], delay: float) -> LiveEvent:
    return LiveEvent(delay, "products", data["sku"].encode(), msgspec.json.encode(data))


def _last_morning(now: dt.datetime) -> dt.date:
    """The latest day on whose morning something could be launched."""
    return (now.astimezone(BANGKOK) - dt.timedelta(hours=_LAUNCH_HOUR)).date()


def _dice(seed: int, part: str) -> Random:
    """Chance for one part of the shop, independent of how much the other part used."""
    return Random(f"{seed}:{part}")  # noqa: S311  a simulation wants repeatable numbers, not secret ones
