"""Values stay out of the wording until the very end.

While Jinja writes a message, every `{{ … }}` leaves one private character, a *slot*, and keeps its text aside.
Markdown, the layout and the CSS inliner see only slots, which they treat as a letter. Last of all, in one
pass, each slot becomes its value: escaped in HTML, verbatim in plain text. Nothing reads the result again, so
a value cannot be markup, and a value made of slot characters is just text. Files may not hold those characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from templates.errors import Refused

LINK, VALUE = 0xF0000, 0x100000
"""First slot characters: planes 15 and 16, for private use. A link slot stands for a whole address."""

MAX_SLOTS = 0xFFF0
MAX_CHARACTERS = 262_144
"""Most that one message may write, values included; mail programs cut far earlier."""

_SLOT = re.compile("([\U000f0000-\U0010ffff])")
_ENTITY = re.compile("&#(?:([0-9]{1,9})|[xX]([0-9A-Fa-f]{1,8}))")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

SUBJECT, PREHEADER, UNSUBSCRIBE = range(3)
"""The slots that every message has; the values of its body follow."""


class Sink:
    """Collects what one rendering writes, and stops one that writes too much."""

    def __init__(self, first: tuple[str, ...] | None = None) -> None:
        """`first`: the values of the slots that exist already; None: put values straight into the text."""
        self.values: list[str] = list(first or ())
        self._slots = first is not None
        self._written = 0

    def put(self, text: str) -> str:
        """What stands in the wording for the value `text`."""
        text = _LONE_SURROGATE.sub("�", text)
        if not self._slots:
            return text
        self.grow(len(text))
        if len(self.values) >= MAX_SLOTS:
            raise Refused("too-large", "the message shows too many values")
        self.values.append(text)
        return chr(VALUE + len(self.values) - 1)

    def grow(self, size: int) -> None:
        """Count `size` more characters and, so that empty loops end too, one step."""
        self._written += size + 1
        if self._written > MAX_CHARACTERS:
            raise Refused("too-large", f"the message is longer than {MAX_CHARACTERS:,} characters")


def split(text: str) -> Iterator[tuple[str, int | None]]:
    """The parts of `text`: (wording, None) or ("", the slot's code point); empty wording is left out."""
    for part in _SLOT.split(text):
        if len(part) == 1 and ord(part) >= LINK:
            yield "", ord(part)
        elif part:
            yield part, None


def first_slot_character(text: str) -> int:
    """Where `text` holds a character reserved for slots, or an entity (&#x100000;) that means one; -1: nowhere."""
    if found := _SLOT.search(text):
        return found.start()
    entities = _ENTITY.finditer(text)
    return next((one.start() for one in entities if int(one[2] or one[1], 16 if one[2] else 10) >= LINK), -1)
