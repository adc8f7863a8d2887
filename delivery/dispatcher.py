"""The dispatcher: claims due messages, looks once more, renders, sends, and says what became of each."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random as _random
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from time import monotonic

from msgspec import Struct
from msgspec.structs import replace

from delivery.backoff import Backoff
from delivery.channels.base import Channel, Outgoing
from delivery.check import Held, Refusal
from delivery.editions import Edition, Editions
from delivery.errors import Ambiguous, Retryable, SendError
from delivery.prepare import Prepared
from delivery.unmoved import Unmoved
from storage.messages import Claimed, Doubt, Messages
from storage.store import Store

Clock = Callable[[], int]
"""Now, in microseconds since 1970 UTC."""

RECOVER_EVERY = 5.0
WAKE_AGAIN = 5.0
"""Seconds within which every dispatcher goes by a rule set that is live, and has dealt with what it claimed before."""
MARKED_WITHIN = 30.0
"""Seconds that a busy store may take for a mark."""

log = logging.getLogger("regulars.delivery")


class Config(Struct, frozen=True):
    """How hard to work, from the settings. Seconds."""

    send_timeout: float = 30.0
    grace: float = 5.0
    """How much longer than that a channel may take, which has its own timeout, before it is given up."""
    attempts: int = 6
    concurrency: int = 8
    ambiguous: Doubt = "resend"
    poll: float = 0.5
    backoff: Backoff = Backoff()
    mark_again: tuple[float, ...] = (0.2, 1.0, 5.0)
    """Waits before a mark is tried again; the last again and again while the store is away: we alone know."""

    @property
    def lease(self) -> float:
        """How long a claim that does not move holds: past the longest sending and a slow mark.

        It is also how long a crash holds up the messages at hand and those behind them, so no longer than that.
        """
        return self.send_timeout + self.grace + MARKED_WITHIN


class Dispatcher:
    """Any number of dispatchers may share a store. Each has its own channels, one event loop, `concurrency` slots.

    A message that hangs takes one slot until its timeout; the others go on. The store and the renderer are
    called in threads. What is live is looked at before each claim, so once a poll at least.
    """

    def __init__(
        self,
        store: Store,
        editions: Editions,
        channels: Mapping[str, Channel],
        clock: Clock,
        config: Config,
        random: Callable[[], float] = _random.random,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._messages = Messages(store)
        self._editions = editions
        self._channels = channels
        self._clock = clock
        self._config = config
        self._random = random
        self._stopping = False
        self._steady = steady
        self._unmoved = Unmoved(config.lease)
        self._ours: set[str] = set()
        self._recover_at = 0.0
        self._live: Edition | None = None
        self._wake_at: list[float] = []

    async def run_once(self) -> int:
        """Take up what a crash left behind, then deal with at most `concurrency` due messages; how many it took."""
        await asyncio.to_thread(self._recover)
        claimed = await asyncio.to_thread(self._claim, self._config.concurrency)
        await asyncio.gather(*map(self._deal_with, claimed))
        return len(claimed)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is being sent, give back the rest and close the channels.

        A store that does not answer is waited for. Ends within the send timeout and a little.
        """
        busy: set[asyncio.Task[None]] = set()
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                claimed = await self._next(len(busy))
                self._stopping = stop.is_set()
                busy |= {asyncio.create_task(self._deal_with(one)) for one in claimed}
                await asyncio.wait({*busy, stopped}, timeout=self._config.poll, return_when=asyncio.FIRST_COMPLETED)
                busy = {task for task in busy if not task.done()}
            self._stopping = True
            if busy:
                await asyncio.wait(busy, timeout=self._config.send_timeout + 2 * self._config.grace)
        finally:
            for task in (stopped, *busy):
                task.cancel()
            await asyncio.gather(stopped, *busy, return_exceptions=True)
            await self.close()
            self._stopping = False

    async def close(self) -> None:
        """Close the channels; only for who uses `run_once`."""
        await asyncio.gather(*(channel.close() for channel in self._channels.values()), return_exceptions=True)

    @cached_property
    def _prepared(self) -> Prepared:
        """Made when first needed: the coupons' secret is in the store, which may be away."""
        return Prepared(self._editions, self._channels, self._store.coupon_key())

    async def _next(self, busy: int) -> list[Claimed]:
        free = self._config.concurrency - busy
        try:
            if monotonic() >= self._recover_at:
                await asyncio.to_thread(self._recover)
                self._recover_at = monotonic() + RECOVER_EVERY
            return await asyncio.to_thread(self._claim, free)
        except Exception as error:
            log.error("delivery cannot read its queue: %s", type(error).__name__)
            return []

    def _claim(self, limit: int) -> list[Claimed]:
        self._look()
        return self._messages.claim(limit, self._clock()) if limit else []

    def _look(self) -> Edition:
        """What is live now. When that has changed, what waited for a rule or an offer need not wait any longer.

        And once more a little later: others may have put something off meanwhile, by what was live before.
        """
        live = self._editions.live()
        if live is not self._live:
            self._live = live
            self._wake_at = [self._steady(), self._steady() + WAKE_AGAIN]
        if self._wake_at and self._steady() >= self._wake_at[0]:
            self._messages.wake(self._clock())
            del self._wake_at[0]
        return live

    def _recover(self) -> None:
        """Whatever its age, what we have in hand ourselves is not abandoned."""
        unmoved = self._unmoved.look(self._messages.in_flight(), self._steady())
        abandoned = [one for one in unmoved if one.key not in self._ours]
        found = self._messages.recover(abandoned, self._clock(), self._config.ambiguous, self._config.attempts)
        if found.resent or found.parked:
            log.warning("messages of unknown fate: %d sent again, %d set aside", found.resent, found.parked)

    async def _deal_with(self, message: Claimed) -> None:
        """One message to its next status. Should we not live to see it, its lease brings it back."""
        self._ours.add(message.key)
        try:
            settle = await self._try(message)
            if settle is not None:
                await self._tell(message, settle)
        finally:
            self._ours.discard(message.key)

    async def _try(self, message: Claimed) -> Callable[[], bool] | None:
        """Send it if it may leave; what is to be written down then, if anything."""
        try:
            outgoing = await asyncio.to_thread(self._prepare, message)
        except Exception as error:  # whether `sending` was committed or not: nothing left, and we alone know
            log.error("template %s: not begun: %s", message.template, type(error).__name__)
            return partial(self._give_back, message)
        if outgoing is None:
            return None
        begun = replace(message, attempts=message.attempts + 1)
        return partial(self._settle, begun, await self._send(begun, outgoing))

    def _prepare(self, message: Claimed) -> Outgoing | None:
        """The finished message, with `sending` committed; None when it must not leave or is not ours any more."""
        if self._stopping:
            self._messages.release(message)
            return None
        now = self._clock()
        live = self._live or self._editions.live()
        made = self._prepared(message, self._messages.recipient(message.customer), now, live)
        if isinstance(made, Refusal):
            log.info("template %s by %s: %s, %s", message.template, message.channel, made.status, made.code)
            self._messages.finish(message, made.status, made.code, now)
            return None
        if isinstance(made, Held):
            self._hold(message, made)
            return None
        return made if self._messages.begin_sending(message) else None

    def _hold(self, message: Claimed, held: Held) -> None:
        """Queue it again for later, but not past the moment at which it expires: who waits for it may know then."""
        log.info("template %s by %s: waits, %s", message.template, message.channel, held.code)
        until = held.until if message.expires_at is None else min(held.until, message.expires_at + 1)
        self._messages.retry(message, until, held.code)

    async def _send(self, message: Claimed, outgoing: Outgoing) -> SendError | None:
        """None: it left. A channel that breaks its contract leaves us not knowing."""
        try:
            async with asyncio.timeout(self._config.send_timeout + self._config.grace):
                await self._channels[message.channel].send(outgoing)
        except SendError as error:
            return error
        except TimeoutError:
            return Ambiguous("timeout")
        except Exception as error:
            log.error("channel %s broke: %s", message.channel, type(error).__name__)
            return Ambiguous("channel")
        return None

    async def _tell(self, message: Claimed, settle: Callable[[], bool]) -> None:
        """Say what became of it, for as long as that takes: a mark that is given up is a message in doubt."""
        waits = self._config.mark_again
        for wait in itertools.chain(waits, itertools.repeat(waits[-1])):
            try:
                if not await asyncio.to_thread(settle):
                    log.warning("template %s: its claim was lost meanwhile", message.template)
                return
            except Exception as trouble:
                log.warning("template %s: not marked yet: %s", message.template, type(trouble).__name__)
            await asyncio.sleep(wait)

    def _give_back(self, message: Claimed) -> bool:
        again = self._clock() + self._config.backoff.delay(message.attempts + 1, self._random())
        return self._messages.retry(message, again, "not-begun")

    def _settle(self, message: Claimed, error: SendError | None) -> bool:
        now, tries = self._clock(), message.attempts
        if error is None:
            return self._messages.mark_sent(message, now)
        log.warning("template %s by %s, try %d: %s", message.template, message.channel, tries, error)
        again = now + self._config.backoff.delay(tries, self._random())
        match error:
            case Ambiguous():
                return self._messages.doubt(message, now, self._config.ambiguous, self._config.attempts, again)
            case Retryable() if tries < self._config.attempts:
                return self._messages.retry(message, again, str(error))
            case _:
                return self._messages.finish(message, "failed", str(error), now)
