"""A seeded shop: an endless stream of records, good ones, repeated ones, spoiled ones."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.chaos import poison

REPEATED, REUSED, MISROUTED, POISONED = 0.03, 0.005, 0.01, 0.01
"""Shares of the stream."""
JUST_NOW = 0.15
"""Share of the others that happen now, not in the last hour: what counts from them is yet to come."""
GUESTS = 0.04
"""Share of the stream that is somebody who says what brings them into a rule, and then nothing more."""
LATE = (2, 300)
"""Some events are told of days after they happened: they count and fire no rule. Never near the limit of 36 h."""


@dataclass(frozen=True)
class Emit:
    """A record to produce. `partition` None = where the key says; `poison` names the reason of its burial.

    `late`: it is buried on `events`, not at its own place. `again`: an exact repetition.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None
    poison: str | None = None
    late: bool = False
    again: bool = False


def spoiled(bad: poison.Poison) -> Emit:
    """A record to produce out of a poison."""
    return Emit(bad.topic, bad.key, bad.value, bad.headers, poison=bad.reason, late=bad.late)


class Customer:
    """What the shop remembers of one."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.orders: list[str] = []


class Load:
    """The stream. `partitions` of topic `events`, to send some records to a wrong one; `poisoned` a share."""

    def __init__(
        self, seed: int, partitions: int, customers: int = 300, poisoned: float = POISONED, prefix: str = "c"
    ) -> None:
        self.chance = random.Random(seed)
        self.partitions = partitions
        self.most = customers
        self.poisoned = poisoned
        self.prefix = prefix
        """What a customer's id begins with."""
        self.customers: list[Customer] = []
        self.number = 0
        self.sent: deque[Emit] = deque(maxlen=400)
        """Records with an identity of their own, to be repeated."""
        self._then: deque[Emit] = deque()
        """What a guest says next."""

    def next(self, now: dt.datetime) -> Emit:
        """The next record; depends on the seed, on how many there were, and on `now`, the time of what is new."""
        self.number += 1
        if self._then:
            return self._then.popleft()
        if self.chance.random() < GUESTS:
            return self._guest(now)
        draw = self.chance.random()
        if draw < self.poisoned:
            return spoiled(poison.any_poison(self.chance, self._customer().id, self.number, _text(now)))
        draw -= self.poisoned
        if self.sent and draw < REPEATED:
            return replace(self.chance.choice(self.sent), again=True)
        draw -= REPEATED
        if self.sent and draw < REUSED:
            return self._other_content(self.chance.choice(self.sent))
        return self._good(now, misrouted=draw - REUSED < MISROUTED)

    def line(self, source: str, now: dt.datetime) -> dict[str, Any]:
        """A line of a file of history: an event of the last five years, but of the last two days."""
        self.number += 1
        customer = self._customer()
        kind, data = self._event(customer)
        time = now - dt.timedelta(days=self.chance.uniform(2, 1800))
        head = {"specversion": "1.0", "id": f"e-{self.number}", "source": source, "type": kind}
        return {**head, "subject": customer.id, "time": _text(time), "data": data}

    def _good(self, now: dt.datetime, misrouted: bool) -> Emit:
        customer = self._customer()
        time = now if self.chance.random() < JUST_NOW else now - dt.timedelta(seconds=self.chance.uniform(1, 3600))
        if self.chance.random() < 0.3:
            time = now - dt.timedelta(days=self.chance.uniform(*LATE))
        if not misrouted and self.chance.random() < 0.45:
            return self._bare(customer, time)
        kind, data = self._event(customer)
        emit = self._cloud_event(customer, kind, data, time)
        if misrouted:
            emit = replace(emit, partition=self.chance.randrange(self.partitions))
        elif not emit.headers:
            self.sent.append(emit)
        return emit

    def _guest(self, now: dt.datetime) -> Emit:
        """Who can be written to, and then is in some rule: all that follows is the clock's to bring about."""
        guest = Customer(f"{self.prefix}-guest-{self.number}")
        kind = self.chance.choice(("survey", "fulfilment"))
        data = {"score": 9} if kind == "survey" else self._fulfilment(guest)
        said = self._cloud_event(guest, "profile", {"email": f"{guest.id}@example.com"}, now)
        self.number += 1
        self._then.append(self._cloud_event(guest, kind, data, now))
        return said

    def _bare(self, customer: Customer, time: dt.datetime) -> Emit:
        topic = self.chance.choices(("purchases", "returns", "birthdays"), (8, 2, 1))[0]
        data = {"purchases": self._purchase, "returns": self._return, "birthdays": self._birthday}[topic](customer)
        key: bytes | None = customer.id.encode()
        if self.chance.random() < 0.2:
            key, data["customer"] = None, customer.id
        if self.chance.random() < 0.5:
            data["time"] = _text(time)
            if self.chance.random() < 0.6:
                data["id"] = f"b-{self.number}"
        emit = Emit(topic, key, json.dumps(data).encode())
        if "id" in data and key is not None:
            self.sent.append(emit)
        return emit

    def _cloud_event(self, customer: Customer, kind: str, data: dict[str, Any], time: dt.datetime) -> Emit:
        event = {
            "specversion": "1.0",
            "id": f"e-{self.number}",
            "source": self.chance.choice(("/shop", "/till")),
            "type": kind,
            "subject": customer.id,
            "time": _text(time),
        }
        key = customer.id.encode()
        if self.chance.random() < 0.1:
            headers = [("content-type", b"application/json")]
            headers += [(f"ce_{name}", value.encode()) for name, value in event.items()]
            return Emit("events", key, json.dumps(data).encode(), headers)
        return Emit("events", key, json.dumps({**event, "data": data}).encode())

    def _event(self, customer: Customer) -> tuple[str, dict[str, Any]]:
        makers: dict[str, tuple[int, Callable[[Customer], dict[str, Any]]]] = {
            "profile": (14, self._profile),
            "consent": (16, self._consent),
            "purchase": (30, self._purchase),
            "fulfilment": (10, self._fulfilment),
            "return": (6, self._return),
            "birthday": (4, self._birthday),
            "survey": (6, lambda _: {"score": self.chance.randint(0, 10)}),
            "review": (4, lambda _: {"rating": self.chance.randint(1, 5)}),
            "support": (3, lambda _: {"ticket_id": f"t-{self.number}", "state": "opened"}),
            "lead": (2, lambda _: {"campaign": "spring"}),
            "message": (1, lambda _: {"message_id": f"m-{self.number}", "state": self.chance.choice(_STATES)}),
        }
        kind = self.chance.choices(list(makers), [weight for weight, _ in makers.values()])[0]
        return kind, makers[kind][1](customer)

    def _purchase(self, customer: Customer) -> dict[str, Any]:
        amending = bool(customer.orders) and self.chance.random() < 0.12
        order = self.chance.choice(customer.orders) if amending else f"o-{self.number}"
        if not amending:
            customer.orders.append(order)
        data: dict[str, Any] = {"order_id": order, "total": self._total()}
        if self.chance.random() < 0.5:
            skus = self.chance.sample(("tea", "cup", "pot"), self.chance.randint(1, 3))
            data["items"] = [{"sku": sku, "qty": self.chance.randint(1, 3), "price": 1} for sku in skus]
        if self.chance.random() < 0.1:
            data["currency"] = "USD"
        return data

    def _return(self, customer: Customer) -> dict[str, Any]:
        data: dict[str, Any] = {"return_id": f"r-{self.chance.randint(0, 3)}", "total": self._total()}
        if customer.orders and self.chance.random() < 0.9:
            data["order_id"] = self.chance.choice(customer.orders)
        if self.chance.random() < 0.3:
            data["items"] = [{"sku": sku, "qty": 3} for sku in ("tea", "cup", "pot")]
        if self.chance.random() < 0.3:
            data["state"] = self.chance.choice(("requested", "received"))
        return data

    def _birthday(self, customer: Customer) -> dict[str, Any]:
        """A day of which, all year round, the nearest is the one of the same year."""
        return {} if self.chance.random() < 0.5 else {"date": "--07-02"}

    def _profile(self, customer: Customer) -> dict[str, Any]:
        data: dict[str, Any] = {"first_name": "Ann", "email": f"{customer.id}@example.com"}
        if self.chance.random() < 0.3:
            other = f"{customer.id}.{self.number}@example.com"
            data["email"] = self.chance.choice((None, other, other, "no address"))
        if self.chance.random() < 0.05:
            data["staff"] = self.chance.random() < 0.5
        return data

    def _consent(self, customer: Customer) -> dict[str, Any]:
        return {"channel": "email", "state": "granted" if self.chance.random() < 0.85 else "denied"}

    def _fulfilment(self, customer: Customer) -> dict[str, Any]:
        order = self.chance.choice(customer.orders) if customer.orders else f"o-{self.number}"
        return {"order_id": order, "state": self.chance.choice(("shipped", "delivered", "cancelled"))}

    def _total(self) -> int | float | str:
        """Exact in every form: the shortest text of a float of two decimals has two decimals."""
        cents = self.chance.randint(0, 99_999)
        return self.chance.choice((cents // 100, cents / 100, f"{cents // 100}.{cents % 100:02}"))

    def _customer(self) -> Customer:
        if len(self.customers) < self.most and self.chance.random() < 0.12:
            self.customers.append(Customer(f"{self.prefix}-{len(self.customers)}"))
        if not self.customers:
            self.customers.append(Customer(f"{self.prefix}-0"))
        return self.chance.choice(self.customers)

    def _other_content(self, emit: Emit) -> Emit:
        assert emit.value is not None
        content = json.loads(emit.value)
        (content["data"] if emit.topic == "events" else content)["note"] = f"n-{self.number}"
        return replace(emit, value=json.dumps(content).encode())


_STATES = ("delivered", "opened", "bounced", "complained", "unsubscribed")


def _text(time: dt.datetime) -> str:
    return time.isoformat(timespec="microseconds")
