"""Rows → topics: results of sending, dead letters. At least once; the inbox takes care of the rest."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from storage import outbox
from storage.errors import Unreachable
from storage.outbox import Letter, Outgoing
from storage.store import Store
from streams.broker import DEAD_LETTERS, Broker

log = logging.getLogger(__name__)

MOST = 500
LARGEST = 512 * 1024
"""Bytes of a dead letter's value that is relayed. One that came compressed may be too large for the broker bare."""
LARGEST_KEY = 16 * 1024
"""The same of its key: a sound one has 200 characters."""
IDLE = 0.2
RETRY = 2.0
"""Seconds to wait: when there was nothing, and after an error."""
LEASE = 3_000_000
"""Microseconds for which a relay keeps the others from doing the same work; a round may take longer."""


class Relay:
    """Produces what the store holds for the broker, oldest first. Of several one works; two that do do no harm."""

    def __init__(self, store: Store, broker: Broker, clock: Callable[[], int]) -> None:
        self.store = store
        self.broker = broker
        self._clock = clock
        self._me = secrets.token_hex(8)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Relay until `stop`."""
        producer = self.broker.producer()
        await producer.start()
        try:
            while not self._stopping.is_set():
                await self._turn(producer)
        finally:
            await producer.stop()

    def stop(self) -> None:
        """Finish the turn at hand."""
        self._stopping.set()

    async def _turn(self, producer: AIOKafkaProducer) -> None:
        try:
            if not await asyncio.to_thread(self._ours) or await self.relay(producer) == 0:
                await self._sleep(IDLE)
        except (KafkaError, Unreachable) as error:
            log.warning("the relay could not hand on (%s); trying again", type(error).__name__)
            await self._sleep(RETRY)

    async def relay(self, producer: AIOKafkaProducer) -> int:
        """One round: how many rows reached the broker."""
        rows, letters = await asyncio.to_thread(self._waiting)
        if rows:
            sending = [await producer.send(row.topic, key=row.key, value=row.value) for row in rows]
            await asyncio.gather(*sending)
            await asyncio.to_thread(self._sent, rows)
        if letters:  # apart, so that trouble with these holds up no result of a message
            sending = [
                await producer.send(DEAD_LETTERS, key=_key(letter), value=_value(letter), headers=_headers(letter))
                for letter in letters
            ]
            await asyncio.gather(*sending)
            await asyncio.to_thread(self._relayed, letters)
        return len(rows) + len(letters)

    def _ours(self) -> bool:
        """Whether something waits, and no other relay is at it; one that died is waited for, for `LEASE`."""
        with self.store.read() as connection:
            if not outbox.anything(connection):
                return False
        now = self._clock()
        with self.store.write() as connection:
            return outbox.lead(connection, self._me, now, now + LEASE)

    def _waiting(self) -> tuple[list[Outgoing], list[Letter]]:
        with self.store.read() as connection:
            return outbox.waiting(connection, MOST), outbox.letters(connection, MOST)

    def _sent(self, rows: Sequence[Outgoing]) -> None:
        with self.store.write() as connection:
            outbox.sent(connection, rows)

    def _relayed(self, letters: Sequence[Letter]) -> None:
        with self.store.write() as connection:
            outbox.relayed(connection, letters)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


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
