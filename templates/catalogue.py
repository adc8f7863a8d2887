"""What the folder holds, as values: the brand, the layout, and every message in every locale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CHANNELS = frozenset({"email"})

Key = tuple[str, str, str]
"""Message name, channel, locale."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of Jinja out of a file, with the line it begins at (from 1)."""

    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in one channel and locale, as its file has it."""

    name: str
    channel: str
    locale: str
    path: str
    text: str
    subject: Piece
    preheader: Piece
    body: Piece
    events: tuple[str, ...]
    sample: Mapping[str, Any]

    def line(self, number: int) -> str:
        """Line `number` of the file, empty when it has none."""
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Brand:
    """The shop as its messages name it. A field that differs by language is a mapping of locales."""

    fields: Mapping[str, str | int | Mapping[str, str | int]]
    colours: Mapping[str, str]
    default_locale: str
    locales: tuple[str, ...]
    time_zone: str

    def in_locale(self, locale: str) -> dict[str, str | int]:
        """Every field in `locale`, or in the nearest locale there is."""
        return {key: self._pick(value, locale) for key, value in self.fields.items()}

    def _pick(self, value: str | int | Mapping[str, str | int], locale: str) -> str | int:
        if not isinstance(value, Mapping):
            return value
        return next(value[one] for one in fallbacks(locale, self.default_locale) if one in value)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything a renderer needs; pure values, made by `templates.load.load`."""

    brand: Brand
    layout: str
    layout_path: str
    wordings: Mapping[Key, Wording]

    def names(self) -> dict[str, set[str]]:
        """Message name -> the channels it is written for."""
        found: dict[str, set[str]] = {}
        for name, channel, _ in self.wordings:
            found.setdefault(name, set()).add(channel)
        return found

    def locales(self, name: str, channel: str) -> set[str]:
        """The locales `name` is written in for `channel`; empty when there is no such message."""
        return {key[2] for key in self.wordings if key[:2] == (name, channel)}

    def find(self, name: str, channel: str, locale: str | None) -> Wording | None:
        """The wording nearest to `locale`: th-TH, then th, then the default locale."""
        for one in fallbacks(locale, self.brand.default_locale):
            if found := self.wordings.get((name, channel, one)):
                return found
        return None


def fallbacks(locale: str | None, default: str) -> Iterator[str]:
    """`locale` and its shorter forms, then `default` and its own: th-TH, th, en."""
    for tag in (canonical(locale or ""), default):
        while tag:
            yield tag
            tag = tag.rpartition("-")[0]


def canonical(locale: str) -> str:
    """`locale` as files spell it: `th_th` -> `th-TH`, `zh-hant-tw` -> `zh-Hant-TW`."""
    head, *rest = locale.strip().replace("_", "-").split("-")
    shape = {2: str.upper, 4: str.title}
    return "-".join([head.lower(), *(shape.get(len(part), str.lower)(part) for part in rest)])
