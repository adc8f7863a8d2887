"""A CloudEvent in structured mode, as we produce it to topic `events`."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from retention.decode import moment
from retention.events import Event


class _CloudEvent(Struct, frozen=True):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    data: msgspec.Raw


_encode = msgspec.json.Encoder().encode


def cloud_event(id: str, source: str, type: str, subject: str, time: str, data: bytes) -> bytes:
    """The bytes; the same arguments always give the same. `time` is RFC 3339, `data` JSON."""
    return _encode(_CloudEvent("1.0", id, source, type, subject, time, msgspec.Raw(data)))


def of(event: Event) -> bytes:
    """The bytes of an event of ours."""
    time = moment(event.time).isoformat()
    return cloud_event(event.id, event.source, event.type, event.customer, time, event.raw)
