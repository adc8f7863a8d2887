"""The mail server of the chaos trials misbehaves as told, to the channel that the product delivers by."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from delivery.channels import channels
from delivery.channels.base import Channel, Outgoing
from delivery.errors import Ambiguous, Retryable, SendError
from tests.chaos.mailserver import DIE, HANG, REFUSE, RESET, WELL, MailServer

OUTGOING = Outgoing("k-1", "anna@example.org", "Anna", "Hello", "Hello", "<p>Hello</p>", "en", 0)
TIMEOUT = 0.5


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
async def channel(server: MailServer) -> AsyncIterator[Channel]:
    channel = channels(server.url, Path("unused"), "Regulars <shop@example.com>", TIMEOUT, 4)["email"]
    yield channel
    await channel.close()


async def test_a_mail_is_noted_under_its_key(server: MailServer, channel: Channel) -> None:
    await channel.send(OUTGOING)
    [mail] = server.mails
    assert (mail.key, mail.message_id, mail.recipient) == ("k-1", "<k-1@example.com>", "anna@example.org")
    assert mail.answered


@pytest.mark.parametrize(
    ("mood", "error", "taken"),
    [(HANG, Retryable, 0), (RESET, Retryable, 0), (REFUSE, Retryable, 0), (DIE, Ambiguous, 1)],
)
@pytest.mark.parametrize("connected", [False, True])
async def test_it_misbehaves_until_told_otherwise(
    server: MailServer, channel: Channel, mood: str, error: type[SendError], taken: int, connected: bool
) -> None:
    if connected:
        await channel.send(OUTGOING)
    server.become(mood)
    with pytest.raises(error):
        await channel.send(OUTGOING)
    assert [mail.answered for mail in server.mails] == [True] * connected + [False] * taken
    server.become(WELL)
    await channel.send(OUTGOING)
    assert server.mails[-1].answered


async def test_who_stood_still_past_his_time_still_reads_the_answer_that_came(
    server: MailServer, channel: Channel
) -> None:
    server.slow = 0.2
    async with asyncio.timeout(TIMEOUT):
        sending = asyncio.create_task(channel.send(OUTGOING))
        while not server.mails:  # noqa: ASYNC110 - in another thread
            await asyncio.sleep(0.001)
    time.sleep(2 * TIMEOUT)  # noqa: ASYNC251 - it is what is tried
    await sending
    assert [mail.answered for mail in server.mails] == [True]


async def test_a_mail_whose_answer_hangs_was_taken(server: MailServer, channel: Channel) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for line in (b"EHLO me", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>", b"DATA"):
        writer.write(line + b"\r\n")
    while b"354" not in await reader.readline():
        pass
    server.become(HANG)
    writer.write(b"X-Regulars-Key: k-2\r\n\r\n.\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readline(), TIMEOUT)
    assert [(mail.key, mail.answered) for mail in server.mails] == [("k-2", False)]
    server.become(WELL)
    assert (await reader.readline()).startswith(b"250")
    assert server.mails[0].answered
    writer.close()
