"""The Faust app: agents that take in the shop's own topics. The reader runs beside it, in the same event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from typing import Any

import faust
from faust.types.auth import AUTH_PROTOCOLS_SASL

from streams.broker import FORWARDERS, INTAKE, Broker
from streams.partitions import LOOK_AGAIN_MS
from streams.record import Record
from streams.sources.forward import Forwarder
from streams.sources.offsets import Offsets

log = logging.getLogger(__name__)

WITHIN = 0.05
"""Seconds an agent waits to fill a batch; long ones make Faust's shutdown hang (faust-streaming #162)."""


def build(
    broker: Broker,
    forwarder: Forwarder,
    batch: int,
    folder: Path,
    fail: Callable[[BaseException], None],
    look_again_ms: int = LOOK_AGAIN_MS,
) -> Any:
    """The app with an agent a source topic.

    Whatever escapes an agent goes to `fail`, which is to end the process: Faust would
    acknowledge what the agent held and go on without it. Faust makes `folder`, and leaves it empty.
    """
    app = faust.App(
        FORWARDERS,
        broker=f"kafka://{broker.bootstrap.replace(',', ';kafka://')}",
        broker_credentials=_credentials(broker),
        broker_session_timeout=broker.session_timeout_ms / 1000,
        broker_heartbeat_interval=broker.heartbeat_ms / 1000,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=look_again_ms,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        stream_buffer_maxsize=4096,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
        datadir=folder,
        loop=asyncio.get_running_loop(),
    )
    offsets = Offsets(app)
    for topic in INTAKE:
        _agent(app, topic, forwarder, offsets, batch, fail)
    return app


def _agent(
    app: Any, topic: str, forwarder: Forwarder, offsets: Offsets, batch: int, fail: Callable[[BaseException], None]
) -> None:
    async def forward(stream: Any) -> None:
        async for events in _batches(stream, batch):
            try:
                await forwarder.forward([_record(event.message) for event in events])
                await offsets.acknowledge([event.message for event in events])
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                fail(error)
                await asyncio.Event().wait()  # acknowledge nothing more; the process is ending
            for event in events:
                await stream.ack(event)

    channel = app.topic(topic, key_serializer="raw", value_serializer="raw", acks=False)
    app.agent(channel, name=f"streams.sources.{topic}", concurrency=1)(forward)


def _batches(stream: Any, most: int) -> AsyncIterable[Any]:
    """The one form of Faust's batches that loses nothing (see docs/decisions/faust.md)."""
    batches: AsyncIterable[Any] = stream.noack_take(most, within=WITHIN)
    return batches


def _record(message: Any) -> Record:
    headers = message.headers or ()
    pairs = tuple(headers.items()) if isinstance(headers, dict) else tuple(headers)
    stamp = round(message.timestamp * 1000)
    return Record(message.topic, message.partition, message.offset, stamp, message.key, message.value, pairs)


def _credentials(broker: Broker) -> Any:
    security = broker.security
    protocol = security.get("security_protocol")
    if protocol is None:
        return None
    if protocol == "SSL":
        return faust.SSLCredentials(security["ssl_context"])
    assert protocol in {str(known.value) for known in AUTH_PROTOCOLS_SASL}
    return faust.SASLCredentials(
        username=security["sasl_plain_username"],
        password=security["sasl_plain_password"],
        ssl_context=security.get("ssl_context"),
        mechanism=security["sasl_mechanism"],
    )
