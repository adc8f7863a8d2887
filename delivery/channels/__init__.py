"""The ways to reach people, made from settings."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from delivery.channels.address import parse_sender
from delivery.channels.base import Channel, Outgoing
from delivery.channels.files import Maildir
from delivery.channels.session import Server
from delivery.channels.smtp import Smtp
from delivery.errors import BadSettings

__all__ = ["Channel", "Outgoing", "channels"]

_SHAPE = "expected smtp://user:password@host:587 or smtps://user:password@host:465"
_PORTS = {"smtp": 25, "smtps": 465}
_SUBMISSION = 587


def channels(smtp_url: str, maildir: Path, mail_from: str, timeout: float, connections: int) -> dict[str, Channel]:
    """Channel name → channel. Without `smtp_url`, e-mail becomes files in `maildir`.

    `timeout` bounds the sending of one message, seconds. Nothing is connected yet. Raises BadSettings.
    """
    sender = parse_sender(mail_from)
    if not smtp_url:
        return {"email": Maildir(maildir, sender)}
    return {"email": Smtp(server(smtp_url), sender, timeout, connections)}


def server(url: str) -> Server:
    """The mail server a URL names. Raises BadSettings, which repeats nothing of the URL.

    `smtps` is TLS from the start. `smtp` uses STARTTLS when it is offered, and insists on it where a password
    would otherwise cross a network in the clear.
    """
    parts = _split(url)
    host, user, password = parts.hostname or "", parts.username, parts.password
    implicit = parts.scheme == "smtps"
    port = parts.port or (_SUBMISSION if user and not implicit else _PORTS[parts.scheme])
    required = user is not None and not implicit and not _is_loopback(host)
    return Server(host, port, implicit, required, _plain(user), _plain(password))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadSettings(f"REGULARS_SMTP is not a URL; {_SHAPE}") from None
    if parts.scheme not in _PORTS:
        raise BadSettings(f"REGULARS_SMTP does not begin with smtp:// or smtps://; {_SHAPE}")
    if parts.path.strip("/") or parts.query or parts.fragment:  # before the port: it may be half of a password
        raise BadSettings(
            f"REGULARS_SMTP goes on after the host; {_SHAPE}. In a user or password write / as %2F, ? as %3F, # as %23"
        )
    if not parts.hostname or not url.isprintable() or " " in url:
        raise BadSettings(f"REGULARS_SMTP names no host; {_SHAPE}")
    if not _is_port(parts):
        raise BadSettings(f"REGULARS_SMTP has no port of 1 to 65535; {_SHAPE}")
    if (parts.username is None) != (parts.password is None) or parts.username == "":
        raise BadSettings(f"REGULARS_SMTP needs user and password, or neither; {_SHAPE}")
    return parts


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _plain(text: str | None) -> str | None:
    return None if text is None else unquote(text)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
