"""`regulars send`: lines of a file to topic `events`, articles to `products`; in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from retention.events import PRODUCT
from streams.broker import EVENTS, PRODUCTS, Broker
from streams.history import head_of, read_lines

WINDOW = 2_000
"""Records on their way before we wait for their acknowledgements."""


class Sent(Struct):
    """What became of a file: events acknowledged, and the numbers of lines that name no customer."""

    sent: int = 0
    refused: list[int] = field(default_factory=list)


async def send_file(broker: Broker, path: Path, told: Callable[[int], None]) -> Sent:
    """Send every line whose subject can be read; `told` hears the bytes of the file done."""
    result = Sent()
    producer = broker.producer()
    await producer.start()
    waiting: list[asyncio.Future[object]] = []
    try:
        for number, position, line in read_lines(path):
            head = head_of(line)
            if head is None:
                result.refused.append(number)
                continue
            topic, value = (EVENTS, line) if head.type != PRODUCT else (PRODUCTS, bytes(head.data))
            waiting.append(await producer.send(topic, key=head.subject.encode(), value=value))
            if len(waiting) >= WINDOW:
                result.sent += len(await asyncio.gather(*waiting))
                waiting.clear()
                told(position)
        result.sent += len(await asyncio.gather(*waiting))
    finally:
        await producer.stop()
    return result
