"""E-mail addresses, taken strictly: what passes here can be put on a line of SMTP or of a header."""

from __future__ import annotations

import re
import unicodedata
from email.utils import parseaddr

from msgspec import Struct

from delivery.errors import BadSettings, Final

MAX_ADDRESS = 254
MAX_LOCAL = 64
"""Octets, by RFC 5321 4.5.3.1; the whole without its angle brackets."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


class Mailbox(Struct, frozen=True):
    """Where mail goes. `domain` is ASCII (IDNA); `local` may not be, and then needs a server with SMTPUTF8."""

    local: str
    domain: str

    @property
    def ascii(self) -> bool:
        """Whether every mail server understands it."""
        return self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


class Sender(Struct, frozen=True):
    """Who the mail is from."""

    name: str
    mailbox: Mailbox


def parse(address: str) -> Mailbox:
    """A bare address (`anna@example.com`, no name, no quotes, no comments). Raises Final `bad-address`."""
    local, at, domain = address.strip(" ").rpartition("@")
    local = unicodedata.normalize("NFC", local)
    clean = all(unicodedata.category(letter)[0] not in "CZ" for letter in local)
    if not at or not clean or not _LOCAL.fullmatch(local) or len(local.encode()) > MAX_LOCAL:
        raise Final("bad-address")
    mailbox = Mailbox(local, _domain(domain))
    if len(str(mailbox).encode()) > MAX_ADDRESS:
        raise Final("bad-address")
    return mailbox


def parse_sender(text: str) -> Sender:
    """`Regulars <shop@example.com>` from the settings. Raises BadSettings."""
    name, address = parseaddr(text) if text.isprintable() else ("", "")
    try:
        mailbox = parse(address)
    except Final:
        mailbox = None
    if mailbox is None or not mailbox.ascii:
        raise BadSettings("REGULARS_MAIL_FROM is not a sender; expected Name <shop@example.com>, in ASCII before the @")
    return Sender(name, mailbox)


def _domain(domain: str) -> str:
    labels = [_label(label) for label in _DOTS.split(domain)]
    if not all(map(_LABEL.fullmatch, labels)):
        raise Final("bad-address")
    return ".".join(labels)


def _label(label: str) -> str:
    """A label as DNS has it. IDNA 2008: ß and ς stay themselves; the standard library's 2003 makes them ss and σ."""
    plain = unicodedata.normalize("NFKC", label.lower())
    if plain.isascii():
        return plain
    try:
        return "xn--" + plain.encode("punycode").decode()
    except UnicodeError:
        raise Final("bad-address") from None
