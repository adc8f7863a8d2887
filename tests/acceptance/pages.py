"""The pages of the docs as sessions: their fenced blocks, and what a comment before each says to do with it.

    <!-- run -->               the commands, in the page's folder; they must end with 0
    <!-- run: exit 1 -->       they must end with 1
    <!-- run: patiently -->    again and again until they print what the page says
    <!-- run: background -->   the last line goes on until the page ends; `restart` ends the one before first
    <!-- run: services … -->   only where Kafka and PostgreSQL are; a line that ends in & goes to the background
    <!-- make -->              the targets, looked at and not run
    <!-- file: NAME -->        not a command: the content of a file
    <!-- change: NAME WISH --> lines that change file NAME for the wish: see wishes.py

A block of `text` right after commands is what they print; `…` stands for anything, and spaces for any number of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from tests.acceptance.kit import ROOT

_FENCE = re.compile(r"(?:^<!-- (?P<said>[^\n]*) -->\n)?^```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$", re.M | re.S)


class Block(Struct, frozen=True):
    """One fenced block: its kind (bash, text, python …), what the comment before it says, its text and line."""

    kind: str
    said: str
    text: str
    page: str
    line: int
    expected: str = ""
    """What the commands print, as the page has it."""

    @property
    def verb(self) -> str:
        """run, make or file; empty when nothing is said."""
        return self.said.partition(":")[0]

    @property
    def words(self) -> list[str]:
        """What stands after the verb."""
        return self.said.partition(":")[2].split()

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page of ours that a person follows, by its path from the root."""
    found = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in found]


def blocks(page: str) -> list[Block]:
    """The page's blocks, in order; what commands print stands with them."""
    return list(_blocks(page, (ROOT / page).read_text()))


def _blocks(page: str, content: str) -> Iterator[Block]:
    waiting: Block | None = None
    end = 0
    for found in _FENCE.finditer(content):
        line = content.count("\n", 0, found.start()) + 1
        block = Block(found["kind"], found["said"] or "", found["text"], page, line)
        if waiting is not None and block.kind == "text" and not content[end : found.start()].strip():
            yield Block(waiting.kind, waiting.said, waiting.text, page, waiting.line, block.text)
            waiting = None
        else:
            if waiting is not None:
                yield waiting
            waiting = block
        end = found.end()
    if waiting is not None:
        yield waiting


def prints(expected: str, printed: str) -> bool:
    """Whether the page tells the truth about what was printed."""
    parts = [re.escape(_even(part)) for part in _even(expected).split("…")]
    return re.fullmatch(r"\s*" + ".*".join(parts) + r"\s*", _even(printed), re.S) is not None


def _even(text: str) -> str:
    return re.sub(r"[ \t]+", " ", re.sub(r"[ \t]+$", "", text.strip("\n"), flags=re.M))


def put(text: str, values: Mapping[str, str]) -> str:
    """`text` with the made-up addresses of the page replaced by real ones."""
    for made_up, real in values.items():
        text = text.replace(made_up, real)
    return text
