"""What a backslash means in a text: CEL's escapes, all of them."""

from __future__ import annotations

import re

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "?": "?",
    '"': '"',
    "'": "'",
    "`": "`",
}
_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})"
    r"|(?P<o>[0-3][0-7]{2})|(?P<wrong>.))",
    re.DOTALL,
)
ADVICE = (
    "after a backslash comes one of \\ \" ' ` ? a b f n r t v, or a character's number: \\x41, \\u0E01, \\U0001F381"
)


class BadEscape(Exception):
    """`length` characters from `offset` are no escape."""

    def __init__(self, offset: int, length: int) -> None:
        self.offset = offset
        self.length = length


def unescape(written: str) -> str:
    """The text that `written` (what stands between the quotes) means; BadEscape when it means none."""
    return _ESCAPE.sub(_one, written) if "\\" in written else written


def _one(found: re.Match[str]) -> str:
    if simple := found["simple"]:
        return _SIMPLE[simple]
    if found["wrong"] is not None:
        raise BadEscape(found.start(), 2)
    digits = found["x"] or found["u"] or found["U"]
    code = int(digits, 16) if digits else int(found["o"], 8)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise BadEscape(found.start(), found.end() - found.start())
    return chr(code)
