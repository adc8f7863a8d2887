"""A real mail server on loopback that misbehaves as told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


def read(envelope: Envelope) -> EmailMessage:
    """The mail as a mail program sees it."""
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


class Post:
    """What the mail server does: takes everything, unless a script says otherwise.

    A script holds, for each next command: a reply, seconds to wait, `hang`, `cut` (the connection), or None.
    """

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.asked = asyncio.Event()
        self.peers: list[Any] = []
        self.encrypted: list[bool] = []
        self.users: list[str] = []
        self.on_mail: list[Any] = []
        self.on_rcpt: list[Any] = []
        self.on_data: list[Any] = []

    async def _scripted(self, script: list[Any], server: SMTP) -> str | None:
        step = script.pop(0) if script else None
        if step == "hang":
            await asyncio.Event().wait()
        if step == "cut":
            cut(server)
            await asyncio.Event().wait()
        if isinstance(step, float):
            await asyncio.sleep(step)
            return None
        return step if isinstance(step, str) else None

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := await self._scripted(self.on_mail, server):
            return refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refused := await self._scripted(self.on_rcpt, server):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.asked.set()
        self.peers.append(session.peer)
        self.encrypted.append(session.ssl is not None)
        if refused := await self._scripted(self.on_data, server):
            return refused
        self.mails.append(envelope)
        return "250 OK"

    @property
    def keys(self) -> list[str]:
        """The stable keys of the mails it took, in order."""
        return [str(read(one)["X-Regulars-Key"]) for one in self.mails]


def cut(server: SMTP) -> None:
    """End a connection without a word."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


@asynccontextmanager
async def served(post: Post, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """A mail server that obeys `post`; yields its port."""
    made: list[SMTP] = []

    def protocol() -> SMTP:
        made.append(SMTP(post, hostname="mail.test", enable_SMTPUTF8=options.pop("utf8", True), **options))
        return made[-1]

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in made:
            cut(one)
        await asyncio.sleep(0.01)
