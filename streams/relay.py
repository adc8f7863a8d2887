"""Rows → topics: results of sending, what rules produce, dead letters. At least once; who reads knows ids."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from storage import outbox
from storage.errors import Unreachable
from storage.outbox import Letter, Outgoing
from storage.store import Store
from streams.broker import DEAD_LETTERS, EVENTS, Broker
from streams.errors import StreamError
from streams.turns import rest, turns

log = logging.getLogger(__name__)

MOST = 500
LARGEST = 512 * 1024
"""Bytes of a dead letter's value that is relayed. One that came compressed may be too large for the broker bare."""
LARGEST_KEY = 16 * 1024
"""The same of its key: a sound one has 200 characters."""
IDLE = 0.2
RETRY = 2.0
"""Seconds to wait: when there was nothing, and after an error."""
REFUSED = 30.0
"""Seconds until a topic is tried again that could not be created or written."""
LEASE = 3_000_000
"""Microseconds for which a relay keeps the others from doing the same work; a round may take longer."""


class Relay:
    """Produces what the store holds for the broker, oldest first. Of several one works; two that do do no harm.

    `create` makes a topic that rules name, should it be missing. One that the broker refuses holds up nothing but
    itself: what is for it waits, and the log says why.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        clock: Callable[[], int],
        create: Callable[[str], Awaitable[None]],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.broker = broker
        self._clock = clock
        self._create = create
        self._steady = steady
        self._created = {EVENTS}
        self._refused: dict[str, float] = {}
        """Topic → when to try it again, by the steady clock."""
        self._me = secrets.token_hex(8)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Relay until `stop`."""
        await turns(self.broker, self._stopping, self._turn)

    def stop(self) -> None:
        """Finish the turn at hand."""
        self._stopping.set()

    async def _turn(self, producer: AIOKafkaProducer) -> None:
        try:
            if not await asyncio.to_thread(self._ours) or await self.relay(producer) == 0:
                await rest(self._stopping, RETRY if self._refused else IDLE)
        except (KafkaError, Unreachable) as error:
            log.warning("the relay could not hand on (%s); trying again", type(error).__name__)
            await rest(self._stopping, RETRY)

    async def relay(self, producer: AIOKafkaProducer) -> int:
        """One round: how many rows reached the broker."""
        rows, letters = await asyncio.to_thread(self._waiting)
        by_topic: dict[str, list[Outgoing]] = {}
        for row in rows:
            by_topic.setdefault(row.topic, []).append(row)
        done = await self._hand_on(producer, by_topic.pop(EVENTS, []))
        for topic, some in by_topic.items():  # apart, as below
            done += await self._try(producer, topic, some)
        if letters:  # apart, so that trouble with these holds up no result of a message
            sending = [
                await producer.send(DEAD_LETTERS, key=_key(letter), value=_value(letter), headers=_headers(letter))
                for letter in letters
            ]
            await asyncio.gather(*sending)
            await asyncio.to_thread(self._relayed, letters)
        return done + len(letters)

    async def _hand_on(self, producer: AIOKafkaProducer, rows: Sequence[Outgoing]) -> int:
        if rows:
            sending = [await producer.send(row.topic, key=row.key, value=row.value) for row in rows]
            await asyncio.gather(*sending)
            await asyncio.to_thread(self._sent, rows)
        return len(rows)

    async def _try(self, producer: AIOKafkaProducer, topic: str, rows: Sequence[Outgoing]) -> int:
        """Hand on what rules produce to a topic, which is created first if need be."""
        try:
            if topic not in self._created:
                await self._create(topic)
            done = await self._hand_on(producer, rows)
        except (KafkaError, StreamError) as error:
            why = str(error) if isinstance(error, StreamError) else type(error).__name__
            log.error(
                "%d or more records for topic %s wait: %s; create it, or give us the right to", len(rows), topic, why
            )
            self._created.discard(topic)
            self._refused[topic] = self._steady() + REFUSED
            return 0
        self._created.add(topic)
        return done

    def _ours(self) -> bool:
        """Whether something waits, and no other relay is at it; one that died is waited for, for `LEASE`."""
        with self.store.read() as connection:
            if not outbox.anything(connection):
                return False
        now = self._clock()
        with self.store.write() as connection:
            return outbox.lead(connection, self._me, now, now + LEASE)

    def _waiting(self) -> tuple[list[Outgoing], list[Letter]]:
        now = self._steady()
        self._refused = {topic: until for topic, until in self._refused.items() if until > now}
        with self.store.read() as connection:
            return outbox.waiting(connection, MOST, self._refused), outbox.letters(connection, MOST)

    def _sent(self, rows: Sequence[Outgoing]) -> None:
        with self.store.write() as connection:
            outbox.sent(connection, rows)

    def _relayed(self, letters: Sequence[Letter]) -> None:
        with self.store.write() as connection:
            outbox.relayed(connection, letters)


def _key(letter: Letter) -> bytes | None:
    return None if letter.key is not None and len(letter.key) > LARGEST_KEY else letter.key


def _value(letter: Letter) -> bytes | None:
    """The original value, if the topic is sure to take it; the store keeps it anyway."""
    value = None if letter.value is not None and len(letter.value) > LARGEST else letter.value
    return b"" if value is None and _key(letter) is None else value  # aiokafka refuses to send nothing at all


def _headers(letter: Letter) -> list[tuple[str, bytes]]:
    place = f"{letter.incarnation}/{letter.topic}/{letter.partition}/{letter.offset}"
    headers = [("reason", letter.reason.encode()), ("field", letter.field.encode()), ("place", place.encode())]
    for part, most in ((letter.key, LARGEST_KEY), (letter.value, LARGEST)):
        if part is not None and len(part) > most:
            headers.append(("left-out", f"{len(part)} bytes; see regulars dead-letters show {place}".encode()))
    return headers
