"""A message as an e-mail (RFC 5322): plain text and HTML, under headers that no value can break out of."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import EmailPolicy, Policy
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

from delivery.channels.address import Mailbox, Sender, parse
from delivery.channels.base import Outgoing
from delivery.errors import Final
from retention.decode import moment

MAX_NAME = 64
"""Most characters of a display name; the rest is cut."""
MAX_KEY = 120
"""A longer key, once percent-encoded, is named by its digest in `Message-ID` and file names."""

_SPECIALS = re.compile(r'[()<>\[\]:;@\\,."]')
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_JOINERS = "\u200c\u200d"
_LINE = 78


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header that is never folded or encoded: a plain search for a key finds it, and a long address still works."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _policy(utf8: bool) -> EmailPolicy[EmailMessage]:
    registry = HeaderRegistry()
    for name in ("x-regulars-key", "list-unsubscribe"):
        registry.map_to_type(name, _Verbatim)
    # 7bit: everything goes through any server and stays byte for byte what was signed
    return EmailPolicy(header_factory=registry, cte_type="7bit", linesep="\r\n", utf8=utf8)


_ASCII, _UTF8 = _policy(False), _policy(True)


def build(outgoing: Outgoing, sender: Sender) -> tuple[EmailMessage, Mailbox]:
    """The mail, and the mailbox it goes to. Raises Final `bad-address` or `bad-unsubscribe`."""
    to = parse(outgoing.address)
    mail = EmailMessage(policy=_ASCII if to.ascii else _UTF8)
    mail["Message-ID"] = f"<{stable_name(outgoing.key)}@{sender.mailbox.domain}>"
    mail["X-Regulars-Key"] = quote(outgoing.key, safe="!#$&'()*+,/:;=?@[]~")
    mail["Date"] = format_datetime(moment(outgoing.at))
    mail["From"] = _address(sender.name, sender.mailbox)
    mail["To"] = _address(outgoing.name, to)
    mail["Subject"] = _one_line(outgoing.subject)
    mail["Auto-Submitted"] = "auto-generated"
    if outgoing.unsubscribe:
        _offer_to_leave(mail, outgoing.unsubscribe)
    mail.set_content(_sound(outgoing.text))
    mail.add_alternative(_sound(outgoing.html), subtype="html")
    mail["Content-Language"] = _one_line(outgoing.locale)  # last: making parts moves such headers into a part
    return mail, to


def to_bytes(mail: EmailMessage, linesep: str) -> bytes:
    """The mail on the wire (CRLF) or in a file (LF)."""
    return mail.as_bytes(policy=mail.policy.clone(linesep=linesep))


def stable_name(key: str) -> str:
    """`key` as one word of `A-Za-z0-9_.~-` and `%`, the same for the same key, another for another."""
    name = quote(key, safe="")
    dots = not all(name.split("."))  # a Message-ID has no empty part; a file name no leading dot
    return f"sha256-{hashlib.sha256(key.encode()).hexdigest()}" if dots or len(name) > MAX_KEY else name


def _address(name: str, mailbox: Mailbox) -> Address:
    """Name and address. The standard library forgets the quotes of a name when it has to fold the line or to
    encode it, and a comma in the name would then begin another address: such names go without specials."""
    plain = _one_line(name)[:MAX_NAME].strip()
    address = Address(plain, mailbox.local, mailbox.domain)
    if plain.isascii() and len(f"From: {address}") <= _LINE:
        return address
    return Address(_one_line(_SPECIALS.sub(" ", plain)), mailbox.local, mailbox.domain)


def _one_line(text: str) -> str:
    """Text without controls, line ends and invisible marks; joiners stay, for scripts that write with them."""
    kept = (one if one in _JOINERS or unicodedata.category(one)[0] != "C" else " " for one in text)
    return " ".join("".join(kept).split())


def _sound(text: str) -> str:
    """Text that is UTF-8 and has no control characters but line ends and tabs."""
    return _CONTROLS.sub(" ", text.encode("utf-8", "replace").decode())


def _offer_to_leave(mail: EmailMessage, url: str) -> None:
    """RFC 8058: one click ends it, when the address is https."""
    if not url.isascii() or not url.isprintable() or set(url) & set("<> ") or not urlsplit(url).netloc:
        raise Final("bad-unsubscribe")
    mail["List-Unsubscribe"] = f"<{url}>"
    if url.startswith("https:"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
