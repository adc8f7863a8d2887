"""The shop at work: what it sends while the demo runs, months pressed into minutes, with a little trouble."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, count, cycle, islice
from random import Random
from typing import Any, NamedTuple

import msgspec

from console.demo.orders import make_purchase, make_return
from console.demo.past import Past, Placed, birthday, cloud_event, order_id, rfc3339
from console.demo.people import Person, make_person
from console.demo.rhythm import birthdays

Clock = Callable[[], dt.datetime]

_FIRST_TROUBLE = 20
_TROUBLE_EVERY = (60, 120)
"""Records between two troubles, lowest and highest: about one record in a hundred."""
_SETTLE = 10
"""An order is not returned while it is among the newest ten: its purchase may still be on the way."""
_NETWORKS = ("Instagram", "Facebook", "TikTok")
_OPEN_TICKETS = 3
"""Questions that wait for an answer at a time."""


class LiveEvent(msgspec.Struct, frozen=True):
    """A record to produce after waiting `delay` seconds; `key` is the customer id in UTF-8."""

    delay: float
    topic: str
    key: bytes
    value: bytes


class _Record(NamedTuple):
    topic: str
    key: str
    value: bytes
    has_id: bool = False


class Live:
    """Iterates over `LiveEvent` without end; `clock` says what time it is when a record carries its time."""

    def __init__(self, rng: Random, past: Past, now: dt.datetime, rate: float, clock: Clock) -> None:
        self._rng = rng
        self._now = now
        self._rate = rate
        self._clock = clock
        self._people = list(past.people)
        self._orders = count(past.last_order + 1)
        self._ids = count(1)
        self._asked = count(1)
        current = {person.id: person for person in past.people}
        self._returnable = [Placed(current[p.id], order) for p, order in past.kept[-60:]]
        self._celebrants = _by_next_birthday(past.people, now)
        self._lately: deque[str] = deque(maxlen=30)
        self._tickets: deque[tuple[str, Person]] = deque()
        self._repeatable: deque[_Record] = deque(maxlen=20)
        self._troubles = cycle((self._repeat, self._truncated, self._repeat, self._mistyped))

    def __iter__(self) -> Iterator[LiveEvent]:
        wait = _FIRST_TROUBLE
        for record in chain(self._opening(), self._days()):
            yield self._timed(record)
            if record.has_id:
                self._repeatable.append(record)
            wait -= 1
            if wait <= 0:
                wait = self._rng.randint(*_TROUBLE_EVERY)
                yield self._timed(next(self._troubles)())

    def _timed(self, record: _Record) -> LiveEvent:
        """Records come at random, `rate` a second on average, never after a long silence."""
        delay = min(self._rng.expovariate(self._rate), 4 / self._rate)
        return LiveEvent(round(delay, 3), record.topic, record.key.encode(), record.value)

    def _opening(self) -> Iterator[_Record]:
        """One of each, for people who may be written to: every rule of the demo has its say at once."""
        yield from self._newcomer(reachable=True)
        buyers = [person for person, _ in self._returnable if person.reachable]
        yield from self._purchase(buyers[0] if buyers else self._someone())
        yield from self._birthday(reachable=True)
        yield from self._return(reachable=True)
        yield from self._share(reachable=True)

    def _days(self) -> Iterator[_Record]:
        actions = (self._visit, self._newcomer, self._return, self._birthday, self._share, self._ask)
        while True:
            yield from self._rng.choices(actions, (68, 13, 9, 6, 2, 2))[0]()

    def _visit(self) -> Iterator[_Record]:
        return self._purchase(self._someone())

    def _newcomer(self, reachable: bool = False) -> Iterator[_Record]:
        """Someone signs up, says yes, no or nothing to e-mail, and buys for the first time."""
        number = len(self._people) + 1
        person = make_person(self._rng, number, self._now.year)
        while reachable and not person.reachable:
            person = make_person(self._rng, number, self._now.year)
        self._people.append(person)
        yield self._event("profile", person, person.profile())
        if person.consent is not None:
            data = {"channel": "email", "state": person.consent, "source": "sign-up"}
            yield self._event("consent", person, data)
        yield from self._purchase(person)

    def _purchase(self, person: Person) -> Iterator[_Record]:
        order = make_purchase(self._rng, person, order_id(next(self._orders)))
        self._returnable.append(Placed(person, order))
        self._lately.append(person.id)
        yield self._bare("purchases", person, order)

    def _return(self, reachable: bool = False) -> Iterator[_Record]:
        """A recent order comes back, each at most once."""
        settled = self._returnable[: max(1, len(self._returnable) - _SETTLE)]
        liked = [placed for placed in settled if placed.person.reachable and placed.person.id not in self._lately]
        if not settled:
            return
        placed = self._rng.choice((liked if reachable else []) or settled)
        self._returnable.remove(placed)
        person, order = placed
        yield self._bare("returns", person, make_return(self._rng, person, order, f"r-{order['order_id'][2:]}"))

    def _birthday(self, reachable: bool = False) -> Iterator[_Record]:
        """The next one in the calendar; a year of birthdays passes in minutes, and nobody has two."""
        waiting = [p for p in self._celebrants if p.reachable and p.id not in self._lately] if reachable else []
        person = next(iter(waiting or self._celebrants), None)
        if person is not None:
            self._celebrants.remove(person)
            yield self._bare("birthdays", person, birthday(person))

    def _share(self, reachable: bool = False) -> Iterator[_Record]:
        """Someone shows their tea to their friends."""
        liked = [person for person in self._people if person.reachable and person.id not in self._lately]
        person = self._rng.choice(liked) if reachable and liked else self._someone()
        yield self._event("social_share", person, {"network": self._rng.choice(_NETWORKS)})

    def _ask(self) -> Iterator[_Record]:
        """Someone has a question; when enough are open, the oldest is answered instead."""
        if len(self._tickets) < _OPEN_TICKETS:
            ticket, person = f"t-{next(self._asked)}", self._someone()
            self._tickets.append((ticket, person))
            yield self._event("support", person, {"ticket_id": ticket, "state": "opened"})
        else:
            ticket, person = self._tickets.popleft()
            yield self._event("support", person, {"ticket_id": ticket, "state": "closed"})

    def _someone(self) -> Person:
        """Who buys next: frequent buyers more often, those who had drifted away seldom, nobody twice in a row."""
        weights = [(0.2 if p.kind == "lapser" else 1.0) / p.cadence for p in self._people]
        drawn = self._rng.choices(self._people, weights, k=8)
        return next((person for person in drawn if person.id not in self._lately), drawn[0])

    def _event(self, type_: str, person: Person, data: dict[str, Any]) -> _Record:
        event = cloud_event(self._id(), self._clock(), type_, person.id, data)
        return _Record("events", person.id, msgspec.json.encode(event), has_id=True)

    def _bare(self, topic: str, person: Person, data: dict[str, Any]) -> _Record:
        """Most shops send the bare facts; some also say which event it is and when it happened."""
        has_id = self._rng.random() < 0.2
        head = {"id": self._id(), "time": rfc3339(self._clock())} if has_id else {}
        return _Record(topic, person.id, msgspec.json.encode(head | data), has_id)

    def _id(self) -> str:
        return f"live-{self._now:%Y%m%d%H%M%S}-{next(self._ids):06d}"

    def _repeat(self) -> _Record:
        """The very same record once more, as after a producer's timeout."""
        return self._rng.choice(self._repeatable) if self._repeatable else self._truncated()

    def _truncated(self) -> _Record:
        """A record cut off in the middle."""
        topic, key, value, _ = self._unsent()
        return _Record(topic, key, value[: self._rng.randrange(len(value) // 3, len(value) - 1)])

    def _mistyped(self) -> _Record:
        """A record with words where an amount belongs."""
        topic, key, value, _ = self._unsent()
        return _Record(topic, key, msgspec.json.encode(msgspec.json.decode(value) | {"total": "on the house"}))

    def _unsent(self) -> _Record:
        person = self._someone()
        order = make_purchase(self._rng, person, order_id(next(self._orders)))
        return _Record("purchases", person.id, msgspec.json.encode(order))


def _by_next_birthday(people: list[Person], now: dt.datetime) -> list[Person]:
    """Those whose birth date is known, the next to celebrate first."""
    coming = [(morning, person) for person in people for morning in islice(birthdays(person, now), 1)]
    return [person for _, person in sorted(coming, key=lambda pair: pair[0])]
