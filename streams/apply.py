"""One partition's records into the store, in one transaction: the heart of Regulars. Knows no broker."""

from __future__ import annotations

import hashlib
import logging
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct, field

from retention.counters import Deltas, add
from retention.decode import decode
from retention.errors import BadEvent
from retention.events import Event
from retention.fold import fold
from retention.orders import Order, row_key
from retention.periods import local, month_of, name
from rules.engine.decide import decide
from rules.engine.outcome import Decided
from rules.ruleset import RuleSet
from storage.batch import Batch, DeadLetter, Loaded, NewDecision, NewMessage
from storage.errors import Contended, Halted, StoreError
from storage.intake import next_health, too_many_bad
from storage.messages import Context
from storage.prune import KEPT
from storage.writer import Held, Writer
from streams.partitions import partition_of
from streams.record import Record, dead_letter

log = logging.getLogger(__name__)

DAY = 86_400_000_000
TRIES = 8
PAUSE = 0.01
"""Another writer on the same customers: how often we try again, and the longest first pause, seconds (it doubles)."""
FAR_AHEAD = 2 * 3_600_000_000
"""A customer's `at` that many microseconds ahead of the clock was stamped by one that was wrong and is right again."""


class Intake(Struct, frozen=True):
    """How records are taken in; `horizon` in days."""

    incarnation: str
    horizon: int = 400
    bad_share: float = 0.5
    history: bool = False
    """An import: any age is welcome, nothing fires, nothing halts."""


class Outcome(Struct):
    """What became of one call's records."""

    applied: int = 0
    duplicates: int = 0
    dead: int = 0
    messages: int = 0
    misrouted: list[Record] = field(default_factory=list)
    """Records that belong to another partition: to be produced there, unchanged, before the commit."""

    def __iadd__(self, other: Outcome) -> Outcome:
        self.applied += other.applied
        self.duplicates += other.duplicates
        self.dead += other.dead
        self.messages += other.messages
        self.misrouted += other.misrouted
        return self


class Applier:
    """Applies records to the store through one writer; one thread at a time."""

    def __init__(self, writer: Writer, rules: RuleSet, intake: Intake, clock: Callable[[], int]) -> None:
        self.writer = writer
        self.rules = rules
        self.intake = intake
        self.partitions = 0
        """Of topic `events`, so that a record in the wrong one is seen; 0 = any partition will do."""
        self._clock = clock
        self._digest = hashlib.blake2b(digest_size=16, key=writer.store.digest_key())
        self.zone = rules.policy.shop.zone
        self.titles = {rule.id: rule.name for rule in rules.rules}

    def apply(self, held: Held, records: Sequence[Record]) -> Outcome:
        """Apply one partition's records in order, commit, and say what became of them.

        A record that makes the transaction raise is found by halving and buried as `failed`; the rest goes
        on. Raises Fenced, Halted, Unreachable; then nothing of the records still to come is in the store.
        """
        try:
            return self._contend(held, records, broken=False)
        except (StoreError, MemoryError):  # not a record's fault
            raise
        except Exception as error:
            place = f"{held.topic}/{held.id} {records[0].offset}–{records[-1].offset}"
            log.error("applying %s raised %s; looking for the record\n%s", place, type(error).__name__, _frames(error))
        if len(records) == 1:
            return self._contend(held, records, broken=True)
        middle = len(records) // 2
        outcome = self.apply(held, records[:middle])
        outcome += self.apply(held, records[middle:])
        return outcome

    def _contend(self, held: Held, records: Sequence[Record], broken: bool) -> Outcome:
        for turn in range(TRIES):
            try:
                return self._transaction(held, records, broken)
            except Contended:
                log.info("another writer was faster on %s/%d; trying the batch again", held.topic, held.id)
                time.sleep(random.uniform(0, PAUSE * 2**turn))  # noqa: S311 - so that not both lose again
        return self._transaction(held, records, broken)

    def _transaction(self, held: Held, records: Sequence[Record], broken: bool) -> Outcome:
        now = self._clock()
        task = _Task(self, held, now)
        for record in records:
            task.look_at(record, broken)
        try:
            position = None if self.intake.history else records[-1].offset + 1
            with self.writer.batch(held, position, now) as batch:
                return task.run(batch)
        except _TooManyBad as stop:
            self.writer.halt(held, str(stop))
            raise Halted(str(stop)) from None

    def home_of(self, record: Record) -> int:
        """The partition a record's key belongs to."""
        assert record.key is not None
        return partition_of(record.key, self.partitions)

    def identity(self, event: Event) -> bytes:
        """Keyed digest of (source, id)."""
        digest = self._digest.copy()  # half the time of a new one with the key
        digest.update(f"{event.source}\x1f{event.id}".encode())
        return digest.digest()

    def content(self, event: Event) -> bytes:
        """Keyed digest of what an identity must always come with. Not the time: a retry may carry a new one."""
        digest = self._digest.copy()
        digest.update(f"{event.type}\x1f{event.customer}\x1f".encode() + event.raw)
        return digest.digest()


class _TooManyBad(Exception):
    pass


class _Task:
    """One transaction's work. Lives for one call; its dictionaries are the batch's working set."""

    def __init__(self, applier: Applier, held: Held, now: int) -> None:
        self.applier = applier
        self.intake = applier.intake
        self.held = held
        self.now = now
        self.outcome = Outcome()
        self.arrived: list[tuple[Record, Event, bytes, bytes]] = []
        self.dead: list[DeadLetter] = []
        self.deltas: Deltas = {}
        self.tally: Counter[tuple[str, int, str]] = Counter()
        """(measure, `at`, of what) → times: what the rules made of the batch, counted before it is named."""
        self.applied: list[Event] = []
        self.decisions: list[NewDecision] = []
        self.messages: list[NewMessage] = []
        self.touched: dict[tuple[str, str], Order] = {}

    def look_at(self, record: Record, broken: bool) -> None:
        """Decode and check one record, before the transaction."""
        try:
            event = decode(record.key, record.value, record.headers, self.applier.rules.policy.shop, self.now)
            if self._misrouted(record):
                self.outcome.misrouted.append(record)
                return
            if broken:
                raise BadEvent("failed")
            if not self.intake.history and event.time < self.now - self.intake.horizon * DAY:
                raise BadEvent("before-horizon", "time")
        except BadEvent as error:
            self._bury(record, error)
            return
        except Exception:
            if not broken:
                raise
            self._bury(record, BadEvent("failed"))
            return
        self.arrived.append((record, event, self.applier.identity(event), self.applier.content(event)))

    def run(self, batch: Batch) -> Outcome:
        """Everything inside the transaction, after the fence."""
        fresh = self._receive(batch)
        customers = batch.customers({event.customer for event in fresh})
        orders = self._orders(batch, fresh)
        for event in fresh:
            self._one(batch, event, customers[event.customer], orders)
        self._save(batch, customers)
        self._health(batch)
        self.outcome.applied = len(fresh)
        self.outcome.messages = len(self.messages)
        return self.outcome

    def _receive(self, batch: Batch) -> list[Event]:
        known = batch.received({identity for _, _, identity, _ in self.arrived})
        fresh: list[Event] = []
        new: dict[bytes, bytes] = {}
        for record, event, identity, content in self.arrived:
            seen = known.get(identity) or new.get(identity)
            if seen is None:
                new[identity] = content
                fresh.append(event)
            elif seen == content:
                self.outcome.duplicates += 1
            else:
                self._bury(record, BadEvent("id-reused", "id"))
        batch.receive(new, KEPT if self.intake.history else self.now)
        return fresh

    def _orders(self, batch: Batch, events: Iterable[Event]) -> dict[tuple[str, str], Order]:
        return batch.orders({(event.customer, key) for event in events if (key := row_key(event)) is not None})

    def _one(self, batch: Batch, event: Event, loaded: Loaded, orders: dict[tuple[str, str], Order]) -> None:
        customer = loaded.state
        customer.at = event.at = stamp(self.now, customer.at)
        customer.seq += 1
        event.seq = customer.seq
        key = row_key(event)
        order = None
        if key is not None:
            place = (event.customer, key)
            order = orders.get(place)
            if order is None:
                order = orders[place] = Order()
            self.touched[place] = order
        walk_in = self.applier.rules.policy.shop.walk_in
        mine = partial(_of, batch, orders, event.customer)
        new = fold(customer, order, event, self.applier.zone, self.deltas, mine, walk_in)
        self.applied.append(event)
        if not self.intake.history:
            self._decided(event, loaded, decide(self.applier.rules, event, customer, new))

    def _decided(self, event: Event, loaded: Loaded, decided: Decided) -> None:
        for rule, guard in decided.not_fired:
            self.tally["not_fired", event.at, f"{rule}/{guard}"] += 1
        for decision in decided.decisions:
            message = decision.message
            self.tally["decided", event.at, f"{decision.rule}/{decision.outcome}/{decision.reason}"] += 1
            self.decisions.append(
                NewDecision(
                    event.customer,
                    event.seq,
                    decision.rule,
                    decision.step,
                    event.at,
                    decision.outcome,
                    decision.reason,
                    message.key if message is not None else None,
                )
            )
            if message is not None:
                self.messages.append(
                    NewMessage(
                        key=message.key,
                        customer=event.customer,
                        rule=message.rule,
                        step=message.step,
                        template=message.template,
                        channel=message.channel,
                        class_=message.class_,
                        created_at=event.at,
                        due_at=min(event.at, event.time),  # at once, also by a clock that is behind ours
                        expires_at=None,
                        context=self._context(event, loaded, message.rule).encode(),
                    )
                )

    def _context(self, event: Event, loaded: Loaded, rule: str) -> Context:
        state = loaded.state
        title = self.applier.titles[rule]
        return Context(event.type, event.time, event.raw, event.amount, state.orders, state.orders_ever, title)

    def _save(self, batch: Batch, customers: Mapping[str, Loaded]) -> None:
        for (measure, at, what), times in self.tally.items():
            add(self.deltas, measure, name(month_of(local(at, self.applier.zone)), "month"), times, what)
        batch.save_customers(customers)
        batch.save_orders(self.touched)
        batch.log(self.applied, "" if self.intake.history else self.applier.rules.hash)
        batch.count(self.deltas)
        batch.decide(self.decisions)
        batch.queue(self.messages)
        batch.bury(self.dead, self.now)

    def _health(self, batch: Batch) -> None:
        """The lines of an import say nothing about the topic's recent past."""
        if self.intake.history:
            return
        looked_at = len(self.arrived) + sum(letter.reason != "id-reused" for letter in self.dead)
        seen, bad = batch.seen + looked_at, batch.bad + len(self.dead)
        why = too_many_bad(self.held.topic, self.held.id, seen, bad, self.intake.bad_share)
        if why is not None:
            raise _TooManyBad(why)
        batch.health(*next_health(seen, bad))

    def _bury(self, record: Record, error: BadEvent) -> None:
        self.outcome.dead += 1
        self.dead.append(dead_letter(record, self.intake.incarnation, error))

    def _misrouted(self, record: Record) -> bool:
        if not self.applier.partitions or record.key is None:
            return False
        return partition_of(record.key, self.applier.partitions) != record.partition


def stamp(now: int, last: int) -> int:
    """`at` of an event after one of the same customer at `last`: never before that, should the clock step back.

    After a clock that was far ahead it begins anew: else the customer would be too late for every rule until then.
    """
    return now if last - now > FAR_AHEAD else max(now, last)


def _frames(error: Exception) -> str:
    """Where it was raised; not the message, which may hold a customer's data."""
    return "".join(traceback.format_tb(error.__traceback__))


def _of(batch: Batch, orders: Mapping[tuple[str, str], Order], customer: str) -> Iterator[Order]:
    """A customer's orders as this batch has left them. Read only when the staff flag changes, never all at once."""
    mine = {key: order for (owner, key), order in orders.items() if owner == customer}
    for key, order in batch.orders_of(customer):
        yield mine.pop(key, order)
    yield from mine.values()
