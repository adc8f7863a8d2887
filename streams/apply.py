"""One partition's records into the store, in one transaction: the heart of Regulars. Knows no broker."""

from __future__ import annotations

import hashlib
import logging
import random
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct, field

from retention.counters import Deltas
from retention.decode import decode
from retention.errors import BadEvent
from retention.events import CATALOGUE, POKE, PRODUCT, Event
from retention.fold import backdate, fold
from retention.orders import Order, row_key
from retention.state import Customer
from rules.engine.decide import decide, elapse, pending
from rules.engine.older import Library, no_library
from rules.engine.timers import next_due
from rules.ruleset import RuleSet
from storage.batch import Batch, DeadLetter, Loaded
from storage.catalogue import Article
from storage.errors import Contended, Halted, StoreError
from storage.intake import next_health, too_many_bad
from storage.prune import KEPT
from storage.writer import Held, Writer
from streams.effects import Effects
from streams.partitions import partition_of
from streams.recall import Recall
from streams.record import Record, dead_letter
from streams.sources.article import kept

log = logging.getLogger(__name__)

DAY = 86_400_000_000
TRIES = 8
PAUSE = 0.01
"""Another writer on the same customers: how often we try again, and the longest first pause, seconds (it doubles)."""
OLDER = 50
"""Older rule sets kept at hand from batch to batch."""
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
    articles: int = 0
    """Of the catalogue, which a file of history told of; no events, and not counted as such."""
    misrouted: list[Record] = field(default_factory=list)
    """Records that belong to another partition: to be produced there, unchanged, before the commit."""

    def __iadd__(self, other: Outcome) -> Outcome:
        self.applied += other.applied
        self.duplicates += other.duplicates
        self.dead += other.dead
        self.messages += other.messages
        self.articles += other.articles
        self.misrouted += other.misrouted
        return self


class Applier:
    """Applies records to the store through one writer; one thread at a time.

    It begins with `rules`. From the batch on that finds another set live in the store it decides by that one, out of
    the `library`; where that cannot be read it goes on with the one it has.
    """

    def __init__(
        self,
        writer: Writer,
        rules: RuleSet,
        intake: Intake,
        clock: Callable[[], int],
        library: Library = no_library,
    ) -> None:
        self.writer = writer
        self.intake = intake
        self._library = library
        self._unreadable = ""
        """The live set, when it is one that cannot be read."""
        self.older: dict[str, RuleSet | None] = {}
        """Older sets at hand, under which journeys go on; None: it cannot be had."""
        self.partitions = 0
        """Of topic `events`, so that a record in the wrong one is seen; 0 = any partition will do."""
        self._clock = clock
        self._digest = hashlib.blake2b(digest_size=16, key=writer.store.digest_key())
        self._use(rules)

    def _use(self, rules: RuleSet) -> None:
        self.rules = rules
        self.zone = rules.policy.shop.zone

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
        """Rule sets are read between transactions: inside one, everybody else would wait for it."""
        if len(self.older) > OLDER:
            self.older.clear()
        while True:
            try:
                return self._once(held, records, broken)
            except _OtherLive as found:
                self._follow(found.id)
            except _Needed as needed:
                self.older[needed.id] = self._library(needed.id)

    def _follow(self, id: str) -> None:
        """From now on decide by this set, unless it cannot be read."""
        if (found := self._library(id)) is not None:
            log.info("rule set %s decides from here on", id)
            self._use(found)
        else:
            log.error("rule set %s cannot be read here; %s goes on deciding", id, self.rules.hash)
            self._unreadable = id

    def is_other(self, live: str) -> bool:
        """Whether another set is live than the one in use, and is to be taken. An import decides nothing."""
        return not self.intake.history and live not in (self.rules.hash, self._unreadable)

    def _once(self, held: Held, records: Sequence[Record], broken: bool) -> Outcome:
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


class _OtherLive(Exception):
    """Another rule set is live: this transaction is given up, and done again under that one."""

    def __init__(self, id: str) -> None:
        self.id = id


class _Needed(Exception):
    """A journey goes on under an older rule set that is not at hand: the same."""

    def __init__(self, id: str) -> None:
        self.id = id


class _Task:
    """One transaction's work. Lives for one call; its dictionaries are the batch's working set."""

    def __init__(self, applier: Applier, held: Held, now: int) -> None:
        self.applier = applier
        self.intake = applier.intake
        self.held = held
        self.now = now
        self.outcome = Outcome()
        self.arrived: list[tuple[Record, Event, bytes, bytes]] = []
        self.pokes = 0
        """How many of those are the clock's."""
        self.articles: list[Article] = []
        """What a file of history tells of the catalogue."""
        self.dead: list[DeadLetter] = []
        self.deltas: Deltas = {}
        self.applied: list[Event] = []
        self.effects = Effects(applier.zone)
        self.changed: dict[str, Loaded] = {}
        self.planned: dict[str, tuple[int | None, str, int]] = {}
        """Who was poked in vain → (when to look again, customer, version)."""
        self.touched: dict[tuple[str, str], Order] = {}

    def look_at(self, record: Record, broken: bool) -> None:
        """Decode and check one record, before the transaction."""
        try:
            shop, history = self.applier.rules.policy.shop, self.intake.history
            event = decode(record.key, record.value, record.headers, shop, self.now, articles=history)
            if self._misrouted(record):
                self.outcome.misrouted.append(record)
                return
            if broken:
                raise BadEvent("failed")
            self._check(event)
        except BadEvent as error:
            self._bury(record, error)
            return
        except Exception:
            if not broken:
                raise
            self._bury(record, BadEvent("failed"))
            return
        if self._is_article(event):
            self.articles.append(kept(event.data, event.raw, event.time, record.offset, event.time))
            return
        if event.type == POKE:  # one that comes again finds nothing due: it needs no memory of the first
            self.arrived.append((record, event, b"", b""))
            self.pokes += 1
            return
        self.arrived.append((record, event, self.applier.identity(event), self.applier.content(event)))

    def _check(self, event: Event) -> None:
        """Raises BadEvent for what no file of history may hold, or is too old for the topic."""
        if not self.intake.history:
            if event.time < self.now - self.intake.horizon * DAY:
                raise BadEvent("before-horizon", "time")
        elif event.type == POKE:
            raise BadEvent("internal-type", "type")
        elif self._is_article(event) and event.customer != event.data.sku:
            raise BadEvent("key-mismatch", "subject", "The subject of an article is its sku.")

    def _is_article(self, event: Event) -> bool:
        """Whether it is of the catalogue, in a file of history; not what a customer was told of a launch."""
        return self.intake.history and event.type == PRODUCT and event.source != CATALOGUE

    def run(self, batch: Batch) -> Outcome:
        """Everything inside the transaction, after the fence."""
        if batch.ruleset is not None and self.applier.is_other(batch.ruleset):
            raise _OtherLive(batch.ruleset)
        fresh = self._receive(batch)
        customers = batch.customers({event.customer for event in fresh})
        orders = self._orders(batch, fresh)
        recall = Recall(batch)
        recall.prepare(customers, self.now)
        for event in fresh:
            loaded = customers[event.customer]
            if self._stamped(event, loaded, recall):
                self._fold(batch, event, loaded.state, orders, recall)
        self._save(batch, customers)
        self._health(batch)
        self.outcome.applied, self.outcome.articles = len(self.applied), len(self.articles)
        self.outcome.messages = len(self.effects.messages)
        return self.outcome

    def _receive(self, batch: Batch) -> list[Event]:
        known = batch.received({identity for _, _, identity, _ in self.arrived})
        fresh: list[Event] = []
        new: dict[bytes, bytes] = {}
        for record, event, identity, content in self.arrived:
            if event.type == POKE:
                fresh.append(event)
                continue
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

    def _stamped(self, event: Event, loaded: Loaded, recall: Recall) -> bool:
        """Stamp the event and let the customer's time go on up to it; False for a poke that finds nothing to do."""
        customer = loaded.state
        event.at = stamp(self.now, customer.at)
        event.seq = customer.seq + 1
        if not self.intake.history and not self._elapsed(event, loaded, recall):
            return False
        customer.at, customer.seq = event.at, event.seq
        self.changed[event.customer] = loaded
        self.applied.append(event)
        return True

    def _elapsed(self, event: Event, loaded: Loaded, recall: Recall) -> bool:
        """Do what time alone does up to the event. Imports let no time pass: the next event does.

        False for a poke of which nothing came. The log does not know of it, so nothing of it stays but when to look
        again; what was due was in vain, and the next event finds the same.
        """
        rules, customer, before = self.applier.rules, loaded.state, loaded.state.elapsed
        poked = event.type == POKE
        if not poked and not pending(rules, customer, event.at):
            customer.elapsed = event.at
            return True
        going = customer.journeys and any(0 < journey.due <= event.at for journey in customer.journeys)
        decided = elapse(rules, event, customer, recall.of(event.customer), self._older_set)
        if poked and not (going or decided.decisions):
            self.planned[event.customer] = (next_due(rules, customer), event.customer, loaded.version)
            customer.elapsed = before
            return False
        self.effects.take(event, customer, decided)
        return True

    def _older_set(self, id: str) -> RuleSet | None:
        if id not in self.applier.older:
            raise _Needed(id)
        return self.applier.older[id]

    def _fold(
        self, batch: Batch, event: Event, customer: Customer, orders: dict[tuple[str, str], Order], recall: Recall
    ) -> None:
        if event.type == POKE:
            return
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
        if self.intake.history:
            backdate(customer, event, new)
            return
        self.effects.take(event, customer, decide(self.applier.rules, event, customer, new, self._older_set))
        if customer.journeys:
            recall.add(event)

    def _save(self, batch: Batch, customers: Mapping[str, Loaded]) -> None:
        for loaded in self.changed.values():
            loaded.next_due = next_due(self.applier.rules, loaded.state)
        batch.save_customers(self.changed)
        batch.plan(
            due for id, due in self.planned.items() if id not in self.changed and due[0] != customers[id].next_due
        )
        batch.save_orders(self.touched)
        batch.log(self.applied, "" if self.intake.history else self.applier.rules.hash)
        self.effects.save(batch, self.deltas, self.now)
        batch.count(self.deltas)
        batch.keep(self.articles)
        batch.bury(self.dead, self.now)

    def _health(self, batch: Batch) -> None:
        """Neither the lines of an import nor our own pokes say anything about the topic's recent past."""
        if self.intake.history:
            return
        looked_at = len(self.arrived) - self.pokes + sum(letter.reason != "id-reused" for letter in self.dead)
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
