"""The composition root: settings in, everything wired out. The one place that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

from console import publishing
from console.file_watch import FileWatch
from console.settings import Settings
from delivery.backoff import Backoff
from delivery.channels import channels
from delivery.dispatcher import Config, Dispatcher
from delivery.editions import InStore
from retention.shop import Shop
from rules.ruleset import RuleSet
from storage.clock import StoreClock, Unhurried
from storage.errors import Unreachable
from storage.library import Library
from storage.live import Live
from storage.lock import holder
from storage.store import Store
from storage.writer import Writer
from streams import broker as brokers
from streams import headers
from streams.apply import Applier, Intake, Outcome
from streams.broker import EVENTS, INTAKE, Broker
from streams.clock import Clock
from streams.embedded import find
from streams.fan_out import FanOuts
from streams.housekeeper import Housekeeper
from streams.planner import Planner
from streams.reader import Reader
from streams.relay import Relay
from streams.sources.forward import Forwarder
from streams.watch import Watch

log = logging.getLogger(__name__)

ROLES = ("sources", "reader", "delivery", "relay", "clock")
GRACE = 20.0
"""Seconds beyond the send timeout that a stopping process may take before it is ended the hard way (a crashed Faust
worker can hang, faust-streaming #684)."""


def clock() -> int:
    """Now by this machine, in microseconds since 1970 UTC; workers go by the store's, see `StoreClock`."""
    return time.time_ns() // 1_000


def open_store(settings: Settings) -> Store:
    """The store, its tables brought to this version. Raises StoreError."""
    store = Store(settings.store)
    store.migrate()
    return store


def find_broker(settings: Settings) -> Broker:
    """The broker the other commands talk to. Raises BrokerUnreachable, StreamError."""
    return find(settings.home) if settings.broker == "embedded" else brokers.parse(settings.broker)


def excused(store: Store) -> bool:
    """Whether the workers stand still for a good reason: an import holds the store, or it is away."""
    try:
        with store.read() as connection:
            return holder(connection) is not None
    except Unreachable:
        return True


class Worker:
    """The processes of Regulars, as many as asked for, in one event loop."""

    def __init__(
        self,
        settings: Settings,
        roles: tuple[str, ...],
        broker: Broker,
        tell: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.settings = settings
        self.roles = roles
        self.broker = broker
        self._tell = tell
        self._clock: Callable[[], int] = clock
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._guard: threading.Timer | None = None

    def stop(self) -> None:
        """Finish what is at hand, then return from `run`."""
        self._stop.set()

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`, or until a part fails: then its error is raised."""
        headers.tolerate()
        settings = self.settings
        store = await asyncio.to_thread(open_store, settings)
        self._clock = shared = await asyncio.to_thread(StoreClock, store)
        library = Library(store)
        watch = FileWatch(settings, store, shared)
        async with contextlib.AsyncExitStack() as parts:  # left in the reverse order: who reads stops first
            parts.callback(self._call_off_guard)
            parts.callback(store.close)
            rules = await asyncio.to_thread(self._first, store, library, watch)
            live = Live(library, rules)
            broker = await brokers.connect(
                self.broker, settings.partitions, settings.replication, settings.topic_retention_days
            )
            await parts.enter_async_context(self._part(shared.run(), shared.stop))
            await parts.enter_async_context(self._part(live.run(), live.stop))
            if settings.watching:
                await parts.enter_async_context(self._part(watch.run(), watch.stop))
            if "delivery" in self.roles:
                work = self._delivery(store, await asyncio.to_thread(InStore, store, library, rules))
                await parts.enter_async_context(self._part(work, self.stop))
            if "relay" in self.roles:
                relay = Relay(store, broker, shared, partial(self._create, broker))
                await parts.enter_async_context(self._part(relay.run(), relay.stop))
                old = await asyncio.to_thread(Unhurried, store, shared)
                housekeeper = Housekeeper(store, settings.dedupe_horizon_days, old, log_days=settings.log_days)
                await parts.enter_async_context(self._part(housekeeper.run(), housekeeper.stop))
            if "clock" in self.roles:
                waking = Clock(store, broker, shared)
                await parts.enter_async_context(self._part(waking.run(), waking.stop))
                planner = Planner(store, lambda: live.rules, shared)
                await parts.enter_async_context(self._part(planner.run(), planner.stop))
                many = FanOuts(store, broker, lambda: live.rules, shared)
                await parts.enter_async_context(self._part(many.run(), many.stop))
            topics = (*(INTAKE if "sources" in self.roles else ()), *([EVENTS] if "reader" in self.roles else ()))
            if topics:
                lag = Watch(lambda: brokers.positions(broker), lambda: excused(store), topics)
                await parts.enter_async_context(self._part(lag.run(), lag.stop))
                await parts.enter_async_context(self._streams(store, library, live, broker))
            gc.collect()
            gc.freeze()
            ready()
            await self._until_stopped()

    def _first(self, store: Store, library: Library, watch: FileWatch) -> RuleSet:
        """What decides when we begin. Beside files with mistakes too: those that are published go on."""
        settings = self.settings
        rules = publishing.first(settings, store, library, publishing.act(settings, self._clock(), "first start"))
        if not settings.watching:
            publishing.say_when_files_differ(settings, store)
            return rules
        watch.begin()
        return library.live() or rules

    async def _until_stopped(self) -> None:
        stopped = asyncio.create_task(self._wait_for_stop())
        await asyncio.wait({stopped, self._failed}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        self._guard = _end_process_after(self.settings.send_timeout + GRACE)
        if self._failed.done():
            self._failed.result()

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)
            self._failed.exception()  # looked at: the event loop need not warn

    def _call_off_guard(self) -> None:
        if self._guard is not None:
            self._guard.cancel()

    @contextlib.asynccontextmanager
    async def _part(self, work: Coroutine[Any, Any, None], stop: Callable[[], None]) -> AsyncIterator[None]:
        """`work` runs inside; at the end it is asked to stop and waited for. What it raises ends the process."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._done)
        try:
            yield
        finally:
            stop()
            await asyncio.gather(task, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    async def _create(self, broker: Broker, topic: str) -> None:
        settings = self.settings
        await brokers.create(broker, topic, settings.partitions, settings.replication, settings.topic_retention_days)

    async def _delivery(self, store: Store, editions: InStore) -> None:
        settings = self.settings
        ways = channels(
            settings.smtp, settings.maildir, settings.mail_from, settings.send_timeout, settings.send_concurrency
        )
        config = Config(
            send_timeout=settings.send_timeout,
            attempts=settings.send_attempts,
            concurrency=settings.send_concurrency,
            ambiguous=settings.ambiguous,
            backoff=Backoff(settings.send_retry, most=settings.send_retry_most),
        )
        await Dispatcher(store, editions, ways, self._clock, config).run(self._stop)

    @contextlib.asynccontextmanager
    async def _streams(self, store: Store, library: Library, live: Live, broker: Broker) -> AsyncIterator[None]:
        """The reader first: as a service of the Faust app it would wait for the app's own group join."""
        async with contextlib.AsyncExitStack() as parts:
            if "reader" in self.roles:
                reader = self._reader(parts, store, library, live.rules, broker)
                await parts.enter_async_context(self._part(reader.run(), reader.stop))
            if "sources" in self.roles:
                from streams import app as faust_app  # commands that run no agents need not wait for Faust

                forwarder = await self._forwarder(parts, store, live, broker)
                folder = self.settings.home / "faust"
                folder.mkdir(parents=True, exist_ok=True)
                app = faust_app.build(broker, forwarder, self.settings.batch_size, folder, self._fail)
                parts.push_async_callback(app.stop)
                await app.start()
            yield

    def _reader(
        self, parts: contextlib.AsyncExitStack, store: Store, library: Library, rules: RuleSet, broker: Broker
    ) -> Reader:
        settings = self.settings
        intake = Intake(broker.incarnation, settings.dedupe_horizon_days, settings.dead_letter_share)
        writer = Writer(store)
        parts.push_async_callback(asyncio.to_thread, writer.close)
        applier = Applier(writer, rules, intake, self._clock, library)
        return Reader(broker, applier, settings.batch_size, self._tell)

    async def _forwarder(self, parts: contextlib.AsyncExitStack, store: Store, live: Live, broker: Broker) -> Forwarder:
        producer = broker.producer()
        parts.push_async_callback(producer.stop)
        await producer.start()
        shop = partial(_shop, live)
        return Forwarder(producer, store, shop, broker.incarnation, self.settings.dead_letter_share, self._clock)


def _shop(live: Live) -> Shop:
    return live.rules.policy.shop


def _end_process_after(seconds: float) -> threading.Timer:
    """End the process the hard way unless called off: nothing may hang that a supervisor waits for."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
    return timer
