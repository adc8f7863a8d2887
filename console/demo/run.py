"""`regulars demo`: embedded broker, all processes, a simulated shop with a past, and an honest count at the end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from console import compose, publishing
from console.cli.output import out
from console.demo.parts import HOME, STORE
from console.demo.shop import LiveEvent, SimulatedShop
from console.demo.snapshot import DemoSnapshot, FeedLine
from console.demo.told import told, told_of_many
from console.demo.view import DemoView
from console.settings import Settings
from retention import measures, periods
from storage import fan_outs, queries
from storage.fan_outs import FanOut
from storage.queries import Happened
from storage.store import Store
from streams import audit as auditing
from streams import broker as brokers
from streams import history
from streams.apply import Outcome
from streams.broker import Broker
from streams.embedded import EmbeddedBroker

SEED = 20260301
REFRESH = 0.5
KEPT = 30
"""Lines of the feed."""
DRAIN = 30.0
"""Seconds the workers get to finish once the shop is closed."""


def settings() -> Settings:
    """The demo's own settings: its own folder, store, broker and mails, whatever the environment says."""
    home = Path(HOME)
    return Settings(broker="embedded", store=STORE, home=home, maildir=home / "mail", smtp="", partitions=4)


async def demo(config: Settings, seconds: float | None) -> dict[str, int]:
    """Run for `seconds`, or until Ctrl+C; the summary of design.md."""
    shutil.rmtree(config.home, ignore_errors=True)
    config.home.mkdir(parents=True)
    shop = SimulatedShop(SEED, dt.datetime.now(dt.UTC))
    store = compose.open_store(config)
    _import_past(config, store, shop)
    embedded = EmbeddedBroker(config.home)
    try:
        return await _Demo(config, store, embedded.start(), shop, seconds).run()
    finally:
        embedded.stop()
        store.close()


def _import_past(config: Settings, store: Store, shop: SimulatedShop) -> None:
    file = config.home / "history.jsonl"
    with file.open("w") as lines:
        lines.writelines(f"{json.dumps(event, ensure_ascii=False)}\n" for event in shop.history())
    _, rules = publishing.sound(config)
    outcome = history.import_file(store, rules, file, config.partitions, lambda _position, _outcome: None)
    out.print(f"The shop's past: {outcome.applied:,} events imported from {file}")


class _Demo:
    """One run."""

    def __init__(
        self, config: Settings, store: Store, broker: Broker, shop: SimulatedShop, seconds: float | None
    ) -> None:
        self.config = config
        self.store = store
        self.broker = broker
        self.shop = shop
        self.seconds = seconds
        _, self.rules = publishing.sound(config)
        self.outcome = Outcome()
        self.produced = 0
        self.began = 0.0
        self.last = compose.clock()
        self.feed: list[FeedLine] = []
        self.example = "c-0042"
        self.told: dict[str, bool] = {}
        """What is about many customers at once, by its id, and whether the feed has it."""

    async def run(self) -> dict[str, int]:
        worker = compose.Worker(self.config, compose.ROLES, self.broker, tell=self._tell)
        ready, closing = asyncio.Event(), asyncio.Event()
        working = asyncio.create_task(worker.run(ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            waiting.cancel()
            working.result()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, closing.set)
        self.began = time.monotonic()
        live = asyncio.create_task(self._live(closing))
        shelf = asyncio.create_task(self._tell_of_articles(closing))
        with DemoView(out) as view:
            await self._watch(view, closing, live, working)
        await shelf
        worker.stop()
        await working
        return await self._count()

    def _tell(self, outcome: Outcome) -> None:
        self.outcome += outcome

    async def _live(self, closing: asyncio.Event) -> None:
        """The simulated storefront, until closing time; what it sent is acknowledged."""
        producer = self.broker.producer()
        await producer.start()
        try:
            for event in self.shop.live(clock=lambda: dt.datetime.now(dt.UTC)):
                await self._pause(closing, event)
                if closing.is_set():
                    return
                await producer.send_and_wait(event.topic, key=event.key, value=event.value)
                self.produced += 1
        finally:
            await producer.stop()

    async def _tell_of_articles(self, closing: asyncio.Event) -> None:
        """The storefront's catalogue; what an article is like is no event."""
        producer = self.broker.producer()
        await producer.start()
        try:
            for record in self.shop.catalogue():
                await self._pause(closing, record)
                if closing.is_set():
                    return
                await producer.send_and_wait(record.topic, key=record.key, value=record.value)
        finally:
            await producer.stop()

    async def _pause(self, closing: asyncio.Event, event: LiveEvent) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), event.delay)

    async def _watch(
        self, view: DemoView, closing: asyncio.Event, live: asyncio.Task[None], working: asyncio.Task[None]
    ) -> None:
        drained_by = float("inf")
        while not working.done():
            view.show(await asyncio.to_thread(self._snapshot))
            if self.seconds is not None and self._elapsed() >= self.seconds:
                closing.set()
            if live.done():
                live.result()
                drained_by = min(drained_by, time.monotonic() + DRAIN)
                if await self._idle() or time.monotonic() > drained_by:
                    return
            await asyncio.sleep(REFRESH)

    async def _idle(self) -> bool:
        """Nothing is left to read, to send or to relay."""
        positions = await brokers.positions(self.broker)
        return not any(each.lag for each in positions) and not await asyncio.to_thread(self._open)

    def _open(self) -> bool:
        with self.store.read() as connection:
            return queries.unfinished(connection, compose.clock())

    def _elapsed(self) -> float:
        return time.monotonic() - self.began

    def _snapshot(self) -> DemoSnapshot:
        with self.store.read() as connection:
            happened = queries.happened(connection, self.last, 200)
            totals = queries.totals(connection)
            applied = queries.applied_from_outside(connection)
            sums = queries.plain_sums(connection)
            many, waiting = fan_outs.latest(connection, KEPT), queries.wait_since_launches(connection)
        if happened:
            self.last = happened[-1].at
        new = [*(self._line(one) for one in happened), *self._of_many(many, waiting)]
        self.feed = [*self.feed, *new][-KEPT:]
        this, last = self._months(sums)
        elapsed = self._elapsed()
        return DemoSnapshot(
            events=self.produced,
            applied=applied,
            duplicates=self.outcome.duplicates,
            dead_letters=totals.dead_letters,
            queued=sum(totals.messages.values()),
            sent=totals.messages.get("sent", 0),
            customers=totals.customers,
            this_month=this,
            last_month=last,
            currency=self.rules.policy.shop.currency,
            recent=tuple(self.feed),
            mail_folder=str(self.config.maildir),
            broker=self.broker.bootstrap,
            elapsed=elapsed,
            remaining=None if self.seconds is None else max(0.0, self.seconds - elapsed),
            example=self.example,
        )

    def _months(self, sums: measures.Sums) -> tuple[dict[str, Any], dict[str, Any]]:
        now = periods.month_of(periods.local(compose.clock(), self.rules.policy.shop.zone))
        last, this = measures.report(sums, self.rules.policy.shop.currency, "month", now - 1, now).periods
        return msgspec.to_builtins(this), msgspec.to_builtins(last)

    def _line(self, one: Happened) -> FeedLine:
        when = dt.datetime.fromtimestamp(one.at / 1_000_000, dt.UTC).astimezone()
        if one.kind == "decision":
            self.example = one.customer
        return FeedLine(when, one.kind, told(one, self.rules.policy.shop.currency))  # type: ignore[arg-type]

    def _of_many(self, many: Sequence[FanOut], waiting: tuple[int, int]) -> Iterator[FeedLine]:
        """Each of them once, a look after the first customers were told: by then it is decided what comes of it."""
        for one in many:
            if one.reached and self.told.get(one.id) is False:
                zone = self.rules.policy.shop.zone
                yield FeedLine(dt.datetime.now().astimezone(), "many", told_of_many(one, waiting, zone))
            if one.reached:
                self.told[one.id] = one.id in self.told

    async def _count(self) -> dict[str, int]:
        """What became of every record, counted by a reader that shares no code with the worker."""
        with self.store.read() as connection:
            applied, buried = queries.identities(connection), queries.places(connection)
            messages = queries.totals(connection).messages.get("sent", 0)
        counted = await auditing.audit(self.broker, applied, buried)
        return {
            "events": counted.events,
            "applied": counted.applied,
            "duplicates": counted.duplicates,
            "dead_letters": counted.dead_letters,
            "messages": messages,
            "lost": counted.lost,
        }
