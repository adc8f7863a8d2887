"""The hot path: topic `events` → store. Owns an aiokafka consumer; commits an offset only after the store has it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from storage.errors import Contended, Fenced, Halted, Importing, Unreachable
from storage.writer import Held
from streams.apply import Applier, Outcome
from streams.broker import EVENTS, READERS, Broker
from streams.commit import commit
from streams.errors import IntakeHalted
from streams.gaps import Gaps
from streams.partitions import LOOK_AGAIN_MS
from streams.record import Record

log = logging.getLogger(__name__)

Assignment = AbstractSet[TopicPartition]

POLL_MS = 200
RETRY_FIRST, RETRY_MOST = 0.1, 5.0
"""Seconds between tries while the store does not answer."""
PATIENCE = 10.0
"""Seconds a batch may wait inside the store, for somebody else's lock or a silent network, before we say so."""


class Reader(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads its share of `events` until stopped. One instance a process."""

    def __init__(
        self,
        broker: Broker,
        applier: Applier,
        batch: int,
        tell: Callable[[Outcome], None] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.broker = broker
        self.applier = applier
        self.batch = batch
        """Most records a transaction takes."""
        self.tell = tell
        """Hears of every committed batch."""
        self.patience = patience
        self.look_again_ms = LOOK_AGAIN_MS
        self._gaps = Gaps() if broker.embedded else None
        self._held: dict[TopicPartition, Held] = {}
        self._assigned: frozenset[int] = frozenset()
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, "apply")
        self._producer: AIOKafkaProducer | None = None

    async def run(self) -> None:
        """Read until `stop`. Raises IntakeHalted; whatever else it raises should end the process."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap,
            group_id=READERS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self.broker.session_timeout_ms,
            heartbeat_interval_ms=self.broker.heartbeat_ms,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_wait_ms=100,
            metadata_max_age_ms=self.look_again_ms,
            **self.broker.security,
        )
        self._producer = self.broker.producer()
        consumer.subscribe([EVENTS], listener=self)
        try:
            await self._producer.start()
            await consumer.start()
            while not self._stopping:
                await self._turn(consumer)
        finally:
            await consumer.stop()
            await self._producer.stop()
            await asyncio.to_thread(self._thread.shutdown)

    @property
    def partitions(self) -> frozenset[int]:
        """What the group gave us."""
        return self._assigned

    def stop(self) -> None:
        """Finish the batch at hand, then leave the group."""
        self._stopping = True

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """What we held is somebody else's now; a batch under way is fenced when they take it."""
        self._held.clear()
        self._assigned = frozenset()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Taken at the first batch, not here: a listener must not wait for the store."""
        self._held.clear()
        self._assigned = frozenset(each.partition for each in assigned)

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=self.batch)
        assignment = consumer.assignment()  # a new object with every rebalance, also when it names the same partitions
        for partition, messages in polled.items():
            records: Sequence[Record] = [_record(message) for message in messages]
            if self._gaps is not None:
                records = await self._gaps.until(consumer, assignment, records)
            if records:
                await self._apply(consumer, assignment, partition, records)

    async def _apply(
        self, consumer: AIOKafkaConsumer, assignment: Assignment, partition: TopicPartition, records: Sequence[Record]
    ) -> None:
        """Apply and commit, however long the store takes.

        Gives up only when the assignment is gone (whoever has the partition now starts at the committed
        offset, also if it is us) or when we stop. The poll has moved past these records, so leaving them
        for any other reason would lose them; and committing them after a rebalance might take an offset back.
        """
        wait = RETRY_FIRST
        while consumer.assignment() is assignment and not self._stopping:
            try:
                held = await self._take(partition)
                self.applier.partitions = len(consumer.partitions_for_topic(EVENTS) or ())
                outcome = await self._in_thread(self.applier.apply, held, records)
            except Fenced:
                log.warning("partition %s/%d was taken over; taking it back, as it is assigned to us", *partition)
                self._held.pop(partition, None)
            except Halted as error:
                raise IntakeHalted(error.why) from None
            except (Unreachable, Importing, Contended) as error:
                log.warning("the store cannot take a batch yet: %s", error)
                self._held.clear()
                await asyncio.sleep(wait)
                wait = min(wait * 2, RETRY_MOST)
            else:
                if not await self._forward(outcome.misrouted):
                    continue
                if self.tell is not None:
                    self.tell(outcome)
                await self._commit(consumer, assignment, {partition: records[-1].offset + 1})
                return

    async def _take(self, partition: TopicPartition) -> Held:
        held = self._held.get(partition)
        if held is None:
            held = await self._in_thread(self.applier.writer.take, partition.topic, partition.partition)
            self._held[partition] = held
        return held

    async def _forward(self, misrouted: Sequence[Record]) -> bool:
        """Produce records that belong elsewhere to their own partition, unchanged; False: not all, do it again."""
        try:
            await asyncio.gather(*[await self._produce(record) for record in misrouted])
        except KafkaError as error:
            log.warning("misrouted records wait (%s); trying again", type(error).__name__)
            await asyncio.sleep(RETRY_FIRST)
            return False
        return True

    async def _produce(self, record: Record) -> asyncio.Future[Any]:
        assert self._producer is not None
        home = self.applier.home_of(record)
        if home not in await self._producer.partitions_for(EVENTS):  # it may not have heard yet that the topic grew
            await self._producer.client.force_metadata_update()
            if home not in await self._producer.partitions_for(EVENTS):
                raise UnknownTopicOrPartitionError
        sent: asyncio.Future[Any] = await self._producer.send(
            EVENTS,
            value=record.value,
            key=record.key,
            headers=list(record.headers),
            timestamp_ms=record.timestamp,
            partition=home,
        )
        return sent

    async def _commit(
        self, consumer: AIOKafkaConsumer, assignment: Assignment, ends: dict[TopicPartition, int]
    ) -> None:
        """Commit while it is ours to commit; a stop waits for one try."""
        while consumer.assignment() is assignment and not await commit(consumer, ends) and not self._stopping:
            pass

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What comes of the work; while it takes longer than usual, twice as long each time, that is said."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
        waited, patience = 0.0, self.patience
        while not (await asyncio.wait({doing}, timeout=patience))[0]:
            waited += patience
            patience = waited
            log.warning("the store has not answered for %.0f s; a batch waits", waited)
        return doing.result()


def _record(message: Any) -> Record:
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp,
        message.key,
        message.value,
        message.headers,
    )
