"""`regulars send`: lines of a file to topic `events`, in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from streams.broker import EVENTS, Broker
from streams.history import read_lines, subject_of

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
            subject = subject_of(line)
            if subject is None:
                result.refused.append(number)
                continue
            waiting.append(await producer.send(EVENTS, key=subject.encode(), value=line))
            if len(waiting) >= WINDOW:
                result.sent += len(await asyncio.gather(*waiting))
                waiting.clear()
                told(position)
        result.sent += len(await asyncio.gather(*waiting))
    finally:
        await producer.stop()
    return result
