"""docs/reference/rules.md, from the descriptions. `python -m rules.formats.reference` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from rules.formats import FORMATS
from rules.formats.describe import Format, Key, Section
from rules.formats.schema import file_of

_HEAD = """\
# Rule files

Every key of every file in `rules/`. How to use them: [for the marketer](../how-to/marketer.md). What stands behind
`when:` is on a page of its own: [conditions](conditions.md). This page is made from the descriptions that the schemas
for editors are made from: `.venv/bin/python -m rules.formats.reference` prints it.

The files are YAML 1.2, in UTF-8, without anchors, aliases and tags. A key that is not needed may be left out. `…` in a
key stands for each of the names before it, or for a name of your own.

## In an editor

An editor with a YAML language server, such as Visual Studio Code with the extension *YAML*, checks a file while you
type, completes keys, and shows what they mean, when the first line of the file names its schema:

| file | first line |
|---|---|
"""
_TAIL = """
The schemas lie beside the files; for a folder of your own `regulars rules schema` prints them. They know less than
`regulars rules check`: nothing of conditions and messages, nor of what the other files hold.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD.rstrip("\n"), *_schemas(), _TAIL, *(_format(one) for one in FORMATS.values())])


def _schemas() -> Iterator[str]:
    for one in FORMATS.values():
        up = "../" * (one.file.count("/") - 1)
        yield f"| `{one.file}` | `# yaml-language-server: $schema={up}{file_of(one.kind)}` |"


def _format(one: Format) -> str:
    shown = f"## {one.title}\n\n`{one.file}`. {one.says}\n\n```yaml\n{one.example}```\n"
    elsewhere = [section.keys for section in one.sections]
    own = [key for key in one.shape.keys if not any(key in keys for keys in elsewhere)]
    table = [_table(_rows(own, elsewhere))] if own else []
    return "\n".join([shown, *table, *(_section(section) for section in one.sections)])


def _section(section: Section) -> str:
    says = f"{section.says}\n\n" if section.says else ""
    return f"### {section.title}\n\n{says}{_table(_rows(section.keys, []))}"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    head = ("key", "needed", "value", "by default", "meaning", "example")
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _rows(keys: Iterable[Key], elsewhere: Sequence[tuple[Key, ...]], prefix: str = "") -> Iterator[tuple[str, ...]]:
    """A row a key, and one for each key inside it that has no table `elsewhere`."""
    for key in keys:
        meaning = f"{key.says} Only {key.where}." if key.where else key.says
        needed = "yes" if key.needed else ""
        yield f"`{prefix}{key.name}`", needed, key.shape.told, key.default, meaning, f"`{key.example}`"
        dots, shape = (".…", key.shape.inner) if key.shape.inner else ("", key.shape)
        if shape.keys not in elsewhere:
            yield from _rows(shape.keys, elsewhere, f"{prefix}{key.name}{dots}.")


if __name__ == "__main__":
    sys.stdout.write(page())
