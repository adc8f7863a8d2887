"""A mail server with a thread of its own: notes every mail that it takes, and misbehaves on command."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Coroutine
from email import message_from_bytes
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.chaos.mailbook import Mail

PATIENCE = 10.0
"""Seconds an order to the thread may take."""
WELL = "well"
HANG = "hang"
"""Accepts connections and mails, and answers nothing."""
RESET = "reset"
"""Resets every connection; what was on its way is lost."""
REFUSE = "refuse"
"""Puts every mail off: 451."""
DIE = "die"
"""Takes the mail, and drops the connection where its 250 should be."""
MOODS = (WELL, HANG, RESET, REFUSE, DIE)
OFF = "451 4.3.0 not now"


class MailServer:
    """To be entered; its orders may come from any thread, and have taken effect when they return."""

    def __init__(self, slow: float = 0.0) -> None:
        self.mails: list[Mail] = []
        """In the order of their coming."""
        self.slow = slow
        """At most so many seconds pass before a mail is noted, and again before that is said."""
        self.port = 0
        self._mood = WELL
        self._chance = random.Random(0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-server", daemon=True)
        self._moved = asyncio.Event()
        self._connections: set[_Conversation] = set()
        self._listening: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """What REGULARS_SMTP says."""
        return f"smtp://127.0.0.1:{self.port}"

    def become(self, mood: str) -> None:
        """One of `MOODS`. What hung goes on."""
        assert mood in MOODS
        self._order(self._become(mood))

    def __enter__(self) -> Self:
        self._thread.start()
        self._order(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._order(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What aiosmtpd calls, in the thread.

    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """The sender's address."""
        if await self._moody(server) == REFUSE:
            return OFF
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """The recipient's."""
        if await self._moody(server) == REFUSE:
            return OFF
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_RSET(self, server: SMTP, _: Session, __: Envelope) -> str:
        """Between two mails."""
        await self._moody(server)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        """The whole mail has come."""
        if self._mood == REFUSE:
            return OFF
        if self._mood == RESET:
            return await _cut(server)
        await asyncio.sleep(self.slow * self._chance.random())
        mail = self._noted(envelope)
        await asyncio.sleep(self.slow * self._chance.random())
        if self._mood == DIE:
            return await _cut(server)
        await self._moody(server)
        mail.answered = server.transport is not None and not server.transport.is_closing()
        return "250 OK"

    async def greet(self, server: SMTP) -> None:
        """Before the first word."""
        await self._moody(server)

    def _noted(self, envelope: Envelope) -> Mail:
        assert isinstance(envelope.content, bytes)
        heads = message_from_bytes(envelope.content)
        [recipient] = envelope.rcpt_tos
        mail = Mail(str(heads["X-Regulars-Key"]), str(heads["Message-ID"]), recipient, time.time())
        self.mails.append(mail)
        return mail

    async def _moody(self, server: SMTP) -> str:
        while self._mood == HANG:
            await self._moved.wait()
        return await _cut(server) if self._mood == RESET else self._mood

    async def _become(self, mood: str) -> None:
        self._mood = mood
        self._moved.set()
        self._moved = asyncio.Event()
        if mood == RESET:
            self._abort_all()

    async def _listen(self) -> None:
        def conversation() -> _Conversation:
            return _Conversation(self, self._connections)

        self._listening = await self._loop.create_server(conversation, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._listening is not None
        self._listening.close()
        self._abort_all()
        while self._connections:  # noqa: ASYNC110 - at most some milliseconds
            await asyncio.sleep(0.01)

    def _abort_all(self) -> None:
        for connection in self._connections:
            if isinstance(connection.transport, asyncio.WriteTransport):
                connection.transport.abort()

    def _order(self, order: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(order, self._loop).result(PATIENCE)


class _Conversation(SMTP):
    """One connection."""

    def __init__(self, mail_server: MailServer, standing: set[_Conversation]) -> None:
        super().__init__(mail_server, hostname="mail.test", loop=asyncio.get_running_loop())
        self._mail_server, self._standing = mail_server, standing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._standing.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._standing.discard(self)

    async def _handle_client(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client left while we were silent
            await self._mail_server.greet(self)
            await super()._handle_client()


async def _cut(server: SMTP) -> str:
    """Drop the connection; what would have been said is never said."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    await asyncio.Event().wait()  # until the lost connection cancels us
    raise AssertionError
