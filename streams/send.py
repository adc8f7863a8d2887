"""`regulars send`: lines of a file to topic `events`, articles to `products`; in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct, field

from retention.events import PRODUCT
from streams.broker import EVENTS, PRODUCTS, Broker
from streams.history import Head, head_of, read_lines

WINDOW = 2_000
"""Records on their way before we wait for their acknowledgements."""


class Sent(Struct):
    """What became of a file: events and articles acknowledged, and the numbers of lines that name neither customer nor
    article."""

    sent: int = 0
    articles: int = 0
    refused: list[int] = field(default_factory=list)


async def send_file(broker: Broker, path: Path, told: Callable[[int], None]) -> Sent:
    """Send every line whose subject can be read; `told` hears the bytes of the file done."""
    result = Sent()
    producer = broker.producer()
    await producer.start()
    waiting: list[asyncio.Future[object]] = []
    topics: Counter[str] = Counter()
    try:
        for number, position, line in read_lines(path):
            head = head_of(line)
            if head is None:
                result.refused.append(number)
                continue
            topic, value = (EVENTS, line) if head.type != PRODUCT else (PRODUCTS, _bare(head))
            waiting.append(await producer.send(topic, key=head.subject.encode(), value=value))
            topics[topic] += 1
            if len(waiting) >= WINDOW:
                await asyncio.gather(*waiting)
                waiting.clear()
                told(position)
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
    result.sent, result.articles = topics[EVENTS], topics[PRODUCTS]
    return result


def _bare(head: Head) -> bytes:
    """An article as its topic has it: the data, and beside it the time that the line says. Else what is no object."""
    try:
        data = msgspec.json.decode(head.data, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return bytes(head.data)
    return msgspec.json.encode({"time": head.time} | data)
