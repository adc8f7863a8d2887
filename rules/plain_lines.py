"""The lines of a plain YAML text: which begin a list entry, which a key, and what stands behind it."""

from __future__ import annotations

import re

from msgspec import Struct

KEY = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}"
QUOTED = r"""(?P<double>"[^"\\\n]*")|(?P<single>'(?:[^'\n]|'')*')"""
_LINE = re.compile(
    rf"""
    [ ]*+
    (?P<dash>-[ ]++)?
    (?:(?P<key>{KEY}):(?=[ \n]|\Z)[ ]*+)?
    (?:{QUOTED}|(?P<flow>[\[{{][^\n]*)
       |(?P<plain>(?:[^\n\ \-?:,\[\]{{}}\#&*!|>'"%@`]|-(?!\s|\Z))   # begins with nothing that means something
                  (?:[^\n\ :]|:(?!\s|\Z))*
                  (?:[ ]++(?!\#)(?:[^\n\ :]|:(?!\s|\Z))+)*))?
    [ ]*+(?:(?:^|(?<=\ ))\#[^\n]*)?
    (?:\n|\Z)
    """,
    re.VERBOSE | re.MULTILINE,
)
VALUES = ("double", "single", "flow", "plain")
"""The groups of a line that hold its value."""


class NotPlain(Exception):
    """Something that is left to ruamel."""


class Mark(Struct, frozen=True, gc=False):
    """A place in the text; all three from 0, as in ruamel's marks."""

    index: int
    line: int
    column: int

    def to(self, index: int) -> Mark:
        """Another place on the same line."""
        return Mark(index, self.line, self.column + index - self.index)


class Entry(Struct, frozen=True):
    """What begins at `place`: a `dash`, a `key`, or a value behind a dash, which `kind` says; "" is the text's end."""

    kind: str
    place: Mark
    column: int
    line: re.Match[str] | None = None


def entries(text: str) -> list[Entry]:
    """Every entry of every line, and the end of the text. Raises NotPlain."""
    found: list[Entry] = []
    at = number = 0
    while at < len(text):
        line = _LINE.match(text, at)
        if line is None:
            raise NotPlain
        found += [_entry(line, kind, number) for kind in _kinds(line)]
        at = line.end()
        number += 1
    end = Mark(len(text), text.count("\n"), len(text) - text.rfind("\n") - 1)
    return [*found, Entry("", end, -1)]


def _kinds(line: re.Match[str]) -> list[str]:
    value = line.lastgroup if line.lastgroup in VALUES else None
    if line["key"] is not None:
        return ["dash", "key"] if line["dash"] is not None else ["key"]
    if (value is None) != (line["dash"] is None):
        raise NotPlain
    return ["dash", value] if value is not None else []


def _entry(line: re.Match[str], kind: str, number: int) -> Entry:
    index = line.start(kind)
    column = index - line.start()
    return Entry(kind, Mark(index, number, column), column, line)
