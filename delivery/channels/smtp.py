"""E-mail by SMTP: a few connections, kept open and used again."""

from __future__ import annotations

import asyncio
from time import monotonic

from delivery.channels.address import Sender
from delivery.channels.base import Outgoing
from delivery.channels.mail import build, to_bytes
from delivery.channels.session import Letter, Server, Session
from delivery.errors import Ambiguous, Retryable, SendError

MAX_IDLE = 60.0
"""A connection unused for longer is opened anew, seconds; servers and firewalls forget them in minutes."""
QUIT_WITHIN = 2.0


class Smtp:
    """At most `connections` conversations at once, each used for one mail after another.

    One mail, with all it needs (a free connection, connecting, TLS, login, the conversation), ends within
    `timeout` seconds: in doubt if it was handed over whole, else to be tried again.
    """

    def __init__(self, server: Server, sender: Sender, timeout: float, connections: int) -> None:
        self._server = server
        self._sender = sender
        self._timeout = timeout
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[Session] = []

    async def send(self, outgoing: Outgoing) -> None:
        """Returns when the server answered 250. Raises Retryable, Final or Ambiguous."""
        mail, to = build(outgoing, self._sender)
        letter = Letter(str(self._sender.mailbox), str(to), to_bytes(mail, "\r\n"), utf8=not to.ascii)
        used: list[Session] = []
        try:
            async with asyncio.timeout(self._timeout), self._slots:
                await self._deliver(letter, used)
        except TimeoutError:
            in_doubt = bool(used) and used[-1].in_doubt
            raise (Ambiguous if in_doubt else Retryable)("timeout") from None

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        idle, self._idle = self._idle, []
        for session in idle:
            try:
                async with asyncio.timeout(QUIT_WITHIN):
                    await session.quit()
            except TimeoutError:
                session.abort()

    async def _deliver(self, letter: Letter, used: list[Session]) -> None:
        """On a kept connection if there is one. It may have died since: then nothing left, and a new one is tried."""
        kept = self._kept()
        if kept is not None:
            used.append(kept)
            try:
                return await self._converse(kept, letter)
            except Retryable:
                if kept.open:  # the server itself put the mail off
                    raise
        fresh = Session(self._server)
        used.append(fresh)
        return await self._converse(fresh, letter, connect=True)

    def _kept(self) -> Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.open and monotonic() - session.used_at < MAX_IDLE:
                return session
            session.abort()
        return None

    async def _converse(self, session: Session, letter: Letter, connect: bool = False) -> None:
        """One mail on this connection, which is kept if it is still good for another."""
        settled = False
        try:
            if connect:
                await session.connect()
            await session.transfer(letter)
            settled = True
        except SendError:
            settled = True
            raise
        finally:
            if settled and session.open:
                self._idle.append(session)
            else:
                session.abort()
