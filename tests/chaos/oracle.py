"""What the store must hold, from what lies on the topics and the documents alone. Shares no code with the product.

One customer's records lie in one partition of `events`, so that the order of the topic is the order of deciding.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiokafka.partitioner import murmur2

from tests.chaos.journeys import FOREVER, Noted, Ways, key_of
from tests.chaos.mailbook import Owed
from tests.chaos.rulebook import LATENESS, TRANSACTIONAL, Person, decide
from tests.chaos.sets import FIRST
from tests.chaos.topics import SOURCES, Raw

HORIZON = timedelta(days=400)
HASTE = timedelta(seconds=1)
"""By how much the broker's clock and the store's may differ on one machine."""
Place = tuple[str, int, int]
Identity = tuple[str, str]
"""(source, id)."""


@dataclass(frozen=True)
class Told:
    """An event as it lies on the topic. `seen` is when the record was written."""

    source: str
    id: str
    type: str
    customer: str
    time: datetime
    seen: datetime
    data: dict[str, Any]

    @property
    def identity(self) -> Identity:
        """What makes it the same event."""
        return self.source, self.id

    @property
    def content(self) -> tuple[Any, ...]:
        """What an identity always comes with."""
        return self.type, self.customer, self.data


@dataclass(frozen=True)
class Stamp:
    """When the log says that an event was decided, and by which edition of the rules."""

    at: datetime
    edition: str


@dataclass
class Expected:
    """What must be in the store, once each."""

    applied: dict[str, list[Told]] = field(default_factory=dict)
    """Customer → events in the order of the log."""
    dead: dict[Place, str] = field(default_factory=dict)
    """Place → reason."""
    letters: dict[Place, tuple[bytes | None, bytes | None]] = field(default_factory=dict)
    """The same places → key and value of what lies there."""
    decided: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(rule, outcome, reason) → how often."""
    not_fired: Counter[tuple[str, str]] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    """Keys of messages; never one twice."""
    owed: dict[str, Owed] = field(default_factory=dict)
    """The same by key: what may become of each."""
    words: set[str] = field(default_factory=set)
    """Ids of the words to the staff."""
    steps: Counter[Noted] = field(default_factory=Counter)
    """What the rules that go on by time come to, step by step; never one twice."""
    order: dict[int, list[Identity]] = field(default_factory=dict)
    """Partition of `events` → what is applied of it, in its order."""
    hasty: list[Identity] = field(default_factory=list)
    """Events that the log says were decided before they were written."""
    not_forwarded: list[Place] = field(default_factory=list)
    """Good records of a bare topic, or of a wrong partition, that are not where they belong: lost on the way."""
    forwarded_badly: list[Place] = field(default_factory=list)
    """Records of the bare topics that are on `events` with other content."""
    repeated: int = 0
    """Records on `events` that are an exact repetition of an earlier one: harmless."""
    events: int = 0
    """Records on `events`, and lines of history."""


def expect(
    records: Sequence[Raw],
    poison: Mapping[Place, str],
    incarnation: str,
    partitions: int,
    now: datetime,
    history: Iterable[Told] = (),
    stamps: Mapping[Identity, Stamp] | None = None,
) -> Expected:
    """The whole expectation. `poison` is the producer's word about which records are spoiled, and how.

    `history`: events of customers of their own that were imported, in their order; they fire no rule. `stamps`: with
    the rules that go on by time; when the log says that each event was decided, and by which edition of the rules. What
    the clock produces is no event of the shop's.
    """
    expected = Expected(dead=dict(poison))
    first: dict[Identity, Told] = {}
    strays: dict[Identity, Place] = {}
    records = [record for record in records if not _poke(record)]
    for record in records:
        if record.topic == "events":
            expected.events += 1
            _event(record, poison, partitions, now, first, strays, expected)
    places = {(record.topic, record.partition, record.offset): (record.key, record.value) for record in records}
    expected.letters = {place: places[place] for place in expected.dead}
    expected.not_forwarded += [place for identity, place in strays.items() if identity not in first]
    _check_forwarding(records, poison, incarnation, first, expected)
    for customer, events in expected.applied.items():
        _tell(customer, events, expected, stamps)
    for event in history:
        expected.events += 1
        expected.applied.setdefault(event.customer, []).append(event)
    return expected


def _poke(record: Raw) -> bool:
    return record.topic == "events" and b'"source":"regulars:clock"' in (record.value or b"")


def _tell(customer: str, events: Iterable[Told], expected: Expected, stamps: Mapping[Identity, Stamp] | None) -> None:
    """One customer's events through the rules, and what each does to the messages that may still wait."""
    person = Person()
    ways = Ways(customer, person)
    owed = dict[str, Owed]()
    for event in events:
        stamp = stamps.get(event.identity, Stamp(event.seen, FIRST)) if stamps is not None else None
        if stamp is not None:
            _pass_time(ways, stamp.at, owed, expected)
        orders = len(person.orders)
        for decision in decide(person, event.type, event.data, event.time, event.seen):
            if key := _decided(decision, customer, event, expected):
                owed[key] = Owed(customer, decision[0] not in TRANSACTIONAL)
        if stamp is not None:
            _fire(ways, event, stamp, len(person.orders) > orders)
            expected.hasty += [event.identity] if stamp.at < event.seen - HASTE else []
            _owe(ways, owed)
        _look(person, owed.values())
    if stamps is not None:
        _pass_time(ways, FOREVER, owed, expected)
        _note(ways, expected)
    for key in ways.called_off:
        owed[key].fates |= {"cancelled", "expired"}
    expected.owed |= owed


def _pass_time(ways: Ways, until: datetime, owed: dict[str, Owed], expected: Expected) -> None:
    """What comes due before the next event; the customer is still as the last one left them."""
    ways.pass_time(until)
    _look(ways.person, _owe(ways, owed))


def _owe(ways: Ways, owed: dict[str, Owed]) -> list[Owed]:
    """The messages of the ways that are not owed yet."""
    new = {key: Owed(ways.customer, marketing=False) for key in ways.sent if key not in owed}
    owed |= new
    return list(new.values())


def _look(person: Person, owed: Iterable[Owed]) -> None:
    for each in owed:
        each.fates.add(person.fate(each.marketing))
        each.addresses.add(person.address)


def _fire(ways: Ways, event: Told, stamp: Stamp, ordered: bool) -> None:
    if event.type == "message":
        ways.hear(event.data["message_id"], event.data["state"])
        return
    if event.type != "product":
        ways.spoke(event.time)
    if ordered:
        ways.bought()
    late = stamp.at - event.time > LATENESS
    ways.fire(stamp.edition, event.type, "\x1f".join(event.identity), late)


def _note(ways: Ways, expected: Expected) -> None:
    expected.steps.update(ways.noted)
    expected.decided.update((rule, outcome, reason) for _, rule, _, _, outcome, reason, _ in ways.noted)
    expected.not_fired.update((rule, "condition") for rule in ways.unmet)
    expected.keys.update(ways.sent)
    expected.words.update(ways.words)


def _event(
    record: Raw,
    poison: Mapping[Place, str],
    partitions: int,
    now: datetime,
    first: dict[Identity, Told],
    strays: dict[Identity, Place],
    expected: Expected,
) -> None:
    place = (record.topic, record.partition, record.offset)
    if place in poison:
        return
    event = _told(record)
    assert record.key is not None
    if (murmur2(record.key) & 0x7FFFFFFF) % partitions != record.partition:
        strays[event.identity] = place  # it must come again where it belongs
        return
    if event.time < now - HORIZON:
        expected.dead[place] = "before-horizon"
        return
    known = first.setdefault(event.identity, event)
    if known is event:
        expected.applied.setdefault(event.customer, []).append(event)
        expected.order.setdefault(record.partition, []).append(event.identity)
    elif known.content == event.content:
        expected.repeated += 1
    else:
        expected.dead[place] = "id-reused"


def _told(record: Raw) -> Told:
    assert record.value is not None
    if "ce_specversion" in record.headers:
        event = {name.removeprefix("ce_"): value.decode() for name, value in record.headers.items()}
        data = _json(record.value)
    else:
        event = _json(record.value)
        data = event["data"]
    time = datetime.fromisoformat(event["time"])
    return Told(event["source"], event["id"], event["type"], event["subject"], time, _instant(record), data)


def _json(value: bytes) -> Any:
    return json.loads(value, parse_float=Decimal, parse_int=Decimal)


def _instant(record: Raw) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=record.timestamp)


def _check_forwarding(
    records: Iterable[Raw],
    poison: Mapping[Place, str],
    incarnation: str,
    first: Mapping[Identity, Told],
    expected: Expected,
) -> None:
    """Every good record of a bare topic is on `events` under the identity the contract gives it."""
    reused: dict[Identity, list[dict[str, Any]]] = {}
    for record in records:
        if record.topic == "events" and (record.topic, record.partition, record.offset) not in poison:
            event = _told(record)
            reused.setdefault(event.identity, []).append(event.data)
    for record in records:
        place = (record.topic, record.partition, record.offset)
        if record.topic not in SOURCES or place in poison:
            continue
        assert record.value is not None
        data = _json(record.value)
        identity = (f"/topics/{record.topic}", data["id"]) if "id" in data else _of_place(record, incarnation)
        if identity not in reused:
            expected.not_forwarded.append(place)
        elif data not in reused[identity] or not _same_head(record, data, first.get(identity)):
            expected.forwarded_badly.append(place)


def _of_place(record: Raw, incarnation: str) -> Identity:
    return f"/topics/{record.topic}/{incarnation}", f"{record.partition}-{record.offset}"


def _same_head(record: Raw, data: dict[str, Any], event: Told | None) -> bool:
    if event is None:  # buried on `events`, for its age
        return True
    customer = record.key.decode() if record.key else data["customer"]
    time = datetime.fromisoformat(data["time"]) if "time" in data else _instant(record)
    return (event.type, event.customer, event.time) == (SOURCES[record.topic], customer, time)


def _decided(decision: tuple[str, str, str, str], customer: str, event: Told, expected: Expected) -> str:
    """Counts it; the key of its message, or nothing."""
    rule, outcome, reason, entry = decision
    if outcome == "not fired":
        expected.not_fired[rule, reason] += 1
        return ""
    expected.decided[rule, outcome, reason] += 1
    about = entry or f"{event.source}\x1f{event.id}"
    if outcome != "queued":
        return ""
    key = key_of(rule, customer, about, 0)
    expected.keys[key] += 1
    return key
