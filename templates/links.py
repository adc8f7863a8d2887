"""Where a link may lead: http, https or mailto, put together so that a value cannot change the host."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from templates.errors import Refused
from templates.slots import VALUE, split

WEB = re.compile(r"https?://[^/?#\\@\s]+([/?#][^\\\s]*)?", re.IGNORECASE)
MAIL = re.compile(r"mailto:[^\\\s@]+@[^\\\s@]+", re.IGNORECASE)
PAST_HOST = re.compile(r"https?://[^/?#\\@\s]+[/?#]|mailto:", re.IGNORECASE)
"""What must stand before a value in the middle of an address: beyond this it cannot change the host."""

_SAFE = "/:=&?~#+!$,;@()*[]%"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def resolve(target: str, values: Sequence[str]) -> str:
    """The address that `target` (wording with value slots) leads to, percent-encoded.

    A value that begins the target must itself be an http, https or mailto address; any other value is
    encoded whole and must stand behind the host. Refused when the result is nothing of the kind.
    """
    try:
        return checked(_assembled(target, values))
    except Refused as error:
        written = max((part for part, _ in split(target)), key=len, default="")
        raise Refused(error.code, str(error), near=written) from None


def _assembled(target: str, values: Sequence[str]) -> str:
    address = ""
    for part, slot in split(target):
        if slot is None:
            address += _encode(part)
        elif not address:
            address = checked(values[slot - VALUE])
        elif PAST_HOST.match(address):
            address += quote(values[slot - VALUE], safe="@" if address.lower() == "mailto:" else "")
        else:
            raise Refused("bad-link", "a value inside a link must come after the host and a slash")
    return address


def checked(address: str) -> str:
    """`address` percent-encoded, if it is an http, https or mailto address; else Refused."""
    if not address.isprintable() or not (WEB.fullmatch(address) or MAIL.fullmatch(address)):
        raise Refused("bad-link", "a link must lead to an http://, https:// or mailto: address")
    return _encode(address)


def _encode(text: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe=_SAFE)
