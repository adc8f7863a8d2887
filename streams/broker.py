"""Where the broker is, and the topics Regulars needs on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from msgspec import Struct, field

from streams.errors import BrokerUnreachable, StreamError

log = logging.getLogger(__name__)

EVENTS = "events"
DEAD_LETTERS = "dead-letters"
SOURCES = {"purchases": "purchase", "returns": "return", "birthdays": "birthday"}
"""The shop's plain topics → the event type of their records."""
PRODUCTS = "products"
"""The shop's catalogue."""
INTAKE = (*SOURCES, PRODUCTS)
"""What the agents read."""
TOPICS = (EVENTS, *INTAKE, DEAD_LETTERS)
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
"""How a user and a password may be shown to the broker."""

READERS = "regulars"
FORWARDERS = "regulars-sources"
"""Consumer groups: of the readers of `events`, and of Faust's agents on the shop's own topics."""


class Broker(Struct, frozen=True):
    """One broker, or cluster. `incarnation` names its log: offsets mean nothing across two of them."""

    bootstrap: str
    embedded: bool = False
    incarnation: str = ""
    security: dict[str, Any] = field(default_factory=dict)
    """Arguments for aiokafka's clients: protocol, mechanism, credentials, TLS context."""

    @property
    def session_timeout_ms(self) -> int:
        """The embedded broker makes a group's first join wait half of this."""
        return 3_000 if self.embedded else 10_000

    @property
    def heartbeat_ms(self) -> int:
        """A rebalance waits until every member has heard of it, which is with his next heartbeat."""
        return self.session_timeout_ms // 10

    def producer(self) -> AIOKafkaProducer:
        """A producer that acknowledges only what every in-sync replica has; idempotent where the broker can."""
        return AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            enable_idempotence=not self.embedded,
            linger_ms=5,
            max_batch_size=256 * 1024,
            max_request_size=2 * 1024 * 1024,
            **self.security,
        )


def parse(url: str) -> Broker:
    """`kafka://[user:password@]host:9092[,host:9092 …][?security=ssl|sasl_ssl|sasl_plaintext&mechanism=…&cafile=…]`."""
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    if parts.scheme != "kafka" or not hosts:
        raise StreamError("REGULARS_BROKER must be `embedded` or kafka://host:9092[,host:9092 …]")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return Broker(hosts, security=_security(credentials, options))


def _security(credentials: str, options: dict[str, str]) -> dict[str, Any]:
    unknown = set(options) - {"security", "mechanism", "cafile"}
    if unknown:
        raise StreamError(f"REGULARS_BROKER: unknown option {sorted(unknown)[0]}; known: security, mechanism, cafile")
    protocol = options.get("security", "sasl_ssl" if credentials else "plaintext").upper()
    if protocol not in ("PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"):
        raise StreamError("REGULARS_BROKER: security is one of plaintext, ssl, sasl_ssl, sasl_plaintext")
    if credentials and not protocol.startswith("SASL"):
        raise StreamError("REGULARS_BROKER: credentials need security=sasl_ssl or sasl_plaintext")
    security: dict[str, Any] = {} if protocol == "PLAINTEXT" else {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        security["ssl_context"] = _tls(options.get("cafile"))
    if protocol.startswith("SASL"):
        security |= _sasl(credentials, protocol, options.get("mechanism", MECHANISMS[0]).upper())
    return security


def _tls(cafile: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cafile)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or "it holds no certificate"
        raise StreamError(f"REGULARS_BROKER: cafile {cafile} cannot be read: {reason}") from None


def _sasl(credentials: str, protocol: str, mechanism: str) -> dict[str, str]:
    if not credentials:
        raise StreamError(f"REGULARS_BROKER: security={protocol.lower()} needs kafka://user:password@host:9092")
    if mechanism not in MECHANISMS:
        raise StreamError(f"REGULARS_BROKER: mechanism is one of {', '.join(MECHANISMS)}")
    user, _, password = credentials.partition(":")
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": unquote(user),
        "sasl_plain_password": unquote(password),
    }


async def connect(broker: Broker, partitions: int, replication: int, retention_days: int) -> Broker:
    """Create the topics that are missing; the broker with its incarnation. Raises BrokerUnreachable, StreamError."""
    async with _administered(broker) as admin:
        await _create(admin, broker, TOPICS, partitions, replication, retention_days)
        incarnation = broker.incarnation or (await admin.describe_cluster())["cluster_id"]
    return Broker(broker.bootstrap, broker.embedded, incarnation, broker.security)


async def create(broker: Broker, topic: str, partitions: int, replication: int, retention_days: int) -> None:
    """Create this topic if it is missing. Raises BrokerUnreachable, StreamError."""
    async with _administered(broker) as admin:
        await _create(admin, broker, (topic,), partitions, replication, retention_days)


@contextlib.asynccontextmanager
async def _administered(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = await admin_of(broker)
    try:
        yield admin
    except KafkaError as error:
        raise BrokerUnreachable(f"the broker at {broker.bootstrap} refused: {type(error).__name__}") from error
    finally:
        await admin.close()


async def _create(
    admin: AIOKafkaAdminClient,
    broker: Broker,
    names: Sequence[str],
    partitions: int,
    replication: int,
    retention_days: int,
) -> None:
    """Create those that are missing.

    A record of a new topic counts as acknowledged when all of its copies but one have it: any node may be lost.
    What we produce ourselves is stamped by Kafka: it refuses records of a clock that is an hour ahead, and its
    retention would take away at once what one that is far behind has stamped.
    """
    existing = set(await admin.list_topics())
    wanted = {"retention.ms": str(retention_days * 86_400_000)}
    ours = {}
    if not broker.embedded:
        wanted["min.insync.replicas"] = str(max(1, replication - 1))
        ours["message.timestamp.type"] = "LogAppendTime"
    topics = [
        NewTopic(name, partitions, replication, topic_configs=wanted if name in INTAKE else wanted | ours)
        for name in names
        if name not in existing
    ]
    if topics:
        _check(await admin.create_topics(topics))
        log.info("created topics %s", ", ".join(topic.name for topic in topics))


async def admin_of(broker: Broker) -> AIOKafkaAdminClient:
    """A started admin client, to be closed. Raises BrokerUnreachable."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap, request_timeout_ms=15_000, **broker.security)
    try:
        await asyncio.wait_for(admin.start(), 20)
    except (KafkaError, OSError, TimeoutError) as error:
        await admin.close()
        raise BrokerUnreachable(
            f"the broker at {broker.bootstrap} does not answer; is it up, and is REGULARS_BROKER right?"
        ) from error
    return admin


def _check(response: Any) -> None:
    for entry in response.topic_errors:
        error = for_code(entry[1])
        if error.errno and error is not TopicAlreadyExistsError:
            raise StreamError(f"topic {entry[0]} could not be created: {error.__name__}")


class TopicPosition(Struct, frozen=True):
    """One partition: first offset it holds, the next one to come, and how far its readers are (None = never read)."""

    topic: str
    partition: int
    begin: int
    end: int
    committed: int | None
    lag: int | None


async def positions(broker: Broker) -> list[TopicPosition]:
    """Every partition of our topics that exists, with its readers' lag. Raises BrokerUnreachable."""
    existing = await partitions(broker)
    found: list[TopicPosition] = []
    for group, topics in ((READERS, (EVENTS,)), (FORWARDERS, INTAKE), (None, (DEAD_LETTERS,))):
        found += await _positions(broker, group, [each for each in existing if each.topic in topics])
    return found


async def partitions(broker: Broker) -> list[TopicPartition]:
    """Every partition of our topics that exists. Raises BrokerUnreachable."""
    admin = await admin_of(broker)
    try:
        existing = set(await admin.list_topics())
        topics = [topic for topic in TOPICS if topic in existing]
        described = await admin.describe_topics(topics) if topics else []
        return sorted(
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        )
    finally:
        await admin.close()


async def _positions(broker: Broker, group: str | None, existing: Sequence[TopicPartition]) -> list[TopicPosition]:
    if not existing:  # a consumer without a group and without work ends in CancelledError (aiokafka 0.14)
        return []
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap, group_id=group, enable_auto_commit=False, **broker.security
    )
    await consumer.start()
    try:
        consumer.assign(existing)
        begins, stop = await consumer.beginning_offsets(existing), await ends(consumer, existing)
        found = []
        for each in existing:
            committed = await consumer.committed(each) if group is not None else None
            lag = None if group is None else stop[each] - max(committed or 0, begins[each])
            found.append(TopicPosition(each.topic, each.partition, begins[each], stop[each], committed, lag))
        return found
    finally:
        await consumer.stop()


async def ends(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The next offset of each of these assigned partitions; moves the consumer.

    The embedded broker's answer is one past the *first* record of its last batch (seen with Tansu 0.6), so
    the last batch is fetched: the high watermark that comes with it is right.
    """
    said: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    unsure = [each for each in partitions if said[each] > 0]
    for each in unsure:
        consumer.seek(each, said[each] - 1)
    for _ in range(50):
        if all(consumer.highwater(each) is not None for each in unsure):
            break
        await consumer.getmany(timeout_ms=200)
    return {each: max(said[each], consumer.highwater(each) or 0) for each in partitions}
