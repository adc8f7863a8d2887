"""One connection to a mail server, and the one question that matters when it breaks: can the mail have left?"""

from __future__ import annotations

import asyncio
import re
import ssl
from time import monotonic

import aiosmtplib
from aiosmtplib import SMTPResponse, SMTPResponseException
from msgspec import Struct

from delivery.errors import Ambiguous, Final, Retryable, SendError

START_INPUT = 354
LAST_LOOK = 0.05
"""Seconds for an answer that the network has brought already."""
_LEADING_PERIOD = re.compile(rb"(?m)^\.")


class Server(Struct, frozen=True):
    """A mail server. `implicit`: TLS from the first byte; else STARTTLS when offered, always if `required`."""

    host: str
    port: int
    implicit: bool = False
    required: bool = False
    user: str | None = None
    password: str | None = None


class Letter(Struct, frozen=True):
    """The envelope and what is in it: a whole mail with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes
    utf8: bool = False


class Session:
    """A conversation that carries many mails, one after another."""

    def __init__(self, server: Server) -> None:
        self._client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.implicit,
            start_tls=False if server.implicit else (True if server.required else None),
            timeout=None,  # the channel has one deadline for all of it
        )
        self._in_doubt = False
        self._begun = False
        self.used_at = monotonic()

    @property
    def in_doubt(self) -> bool:
        """Whether a whole mail was handed over and its answer not read."""
        return self._in_doubt

    @property
    def open(self) -> bool:
        """Whether another mail may be tried on it."""
        return self._client.is_connected and not self._in_doubt

    async def connect(self) -> None:
        """Greeting, TLS and login. A failure is the server's or the settings', never the mail's: Retryable."""
        try:
            await self._client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise Retryable("auth", error.code) from error
        except SMTPResponseException as error:
            raise Retryable("greeting", error.code) from error
        except (OSError, UnicodeError) as error:
            raise Retryable("tls" if _is_about_tls(error) else "unreachable") from error
        except aiosmtplib.SMTPException as error:  # no STARTTLS, no AUTH, where one is needed
            raise Retryable("handshake") from error

    async def transfer(self, letter: Letter) -> None:
        """One mail. Returns when the server answered for it; raises Retryable, Final or Ambiguous."""
        if self._begun:
            await self._reset()
        self._begun = True
        try:
            await self._envelope(letter)
            await self._content(_stuffed(letter.content))
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._judge(error) from error
        self._begun = False
        self.used_at = monotonic()

    async def _reset(self) -> None:
        """Forget the envelope of a mail that was refused; not sooner, so that a refusal is never late."""
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError) as error:
            self.abort()
            raise Retryable("connection-lost") from error

    async def _envelope(self, letter: Letter) -> None:
        client, encoding = self._client, "utf-8" if letter.utf8 else "ascii"
        options = [f"SIZE={len(letter.content)}"] if client.supports_extension("size") else []
        if letter.utf8:
            if not client.supports_extension("smtputf8"):
                raise Final("needs-smtputf8")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        await client.mail(letter.sender, options=options, encoding=encoding)
        await client.rcpt(letter.recipient, encoding=encoding)
        reply = await client.execute_command(b"DATA")
        if reply.code != START_INPUT:
            raise SMTPResponseException(reply.code, "")

    async def _content(self, content: bytes) -> None:
        """From the first byte written until the answer is read, nobody knows."""
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("lost before the content")
        protocol.write(content)
        self._in_doubt = True
        answer = asyncio.ensure_future(protocol.read_response())
        try:
            reply = await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not await _has_come(answer):
                self._in_doubt = not self._held_back()
                raise
            reply = answer.result()
        if not 200 <= reply.code < 300:
            raise SMTPResponseException(reply.code, "")
        self._in_doubt = False

    def _held_back(self) -> bool:
        """Whether the end of the content is still in our own buffer: then the server cannot have accepted it."""
        transport = self._client.transport
        return isinstance(transport, asyncio.WriteTransport) and transport.get_write_buffer_size() > 0

    def _judge(self, error: Exception) -> SendError:
        code = error.code if isinstance(error, SMTPResponseException) else 0
        if 400 <= code < 600:  # an answer, and a clear one: it did not leave
            self._in_doubt = False
        if 400 <= code < 500:
            return Retryable("deferred", code)
        if 500 <= code < 600:
            return Final(_refusal(error), code)
        return Ambiguous("connection-lost") if self._in_doubt else Retryable("connection-lost")

    async def quit(self) -> None:
        """A polite end."""
        try:
            await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            self.abort()

    def abort(self) -> None:
        """Cut the connection at once; what still waits in our buffer is not sent."""
        transport = self._client.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self._client.close()


async def _has_come(answer: asyncio.Future[SMTPResponse]) -> bool:
    """Whether the answer is there though time is up: who stood still finds both when he goes on, the clock first."""
    try:
        await asyncio.wait({answer}, timeout=LAST_LOOK)
        return answer.done()
    finally:
        answer.cancel()


def _is_about_tls(error: Exception) -> bool:
    return isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)


def _refusal(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return "refused"
    return "sender-refused" if isinstance(error, aiosmtplib.SMTPSenderRefused) else "rejected"


def _stuffed(content: bytes) -> bytes:
    """RFC 5321 4.5.2: a line of the mail that begins with a period gets another; a lone period ends the mail."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return _LEADING_PERIOD.sub(b"..", ended) + b".\r\n"
