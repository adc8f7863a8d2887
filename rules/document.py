"""A YAML 1.2 file as nodes with places. Whatever is wrong with the YAML itself is told here, never raised."""

from __future__ import annotations

import re
from bisect import bisect_right

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from rules.nodes import compose, parsed
from rules.places import offsets
from rules.problems import Problem

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_COLON = (
    (re.compile("[^:]*?(\uff1a)"), 'this is the full-width colon; write ":" and a space'),
    (re.compile("[^:]*?:([^\\S ])"), 'this is not a plain space; write a plain one behind the ":"'),
    (re.compile(r"[^:]*?(:)[^\s]"), 'a space belongs behind the ":"'),
)
"""Why a line that looks like a key has no ":", in the order they are tried; the place is the group."""
_OTHER_PROGRAMS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"%PDF")
_INDENT = re.compile("^[ ]*([\u00a0\u2000-\u200b\u202f\u3000])", re.MULTILINE)
_THAI = re.compile("[\u0e01-\u0e5b]{3}")
_OPENED = {
    "while scanning a tag": 'no tags: put quotes round a value that begins with "!", or write "not"',
    "while scanning an anchor": 'a value cannot begin with "&"; put quotes round it',
    "while scanning an alias": 'a value cannot begin with "*"; put quotes round it',
    "found unexpected end of stream": "the quote that opens here is never closed",
}
"""What went wrong where something began, by what the YAML reader says."""
_WHY = {
    "mapping values are not allowed": (
        'a ":" followed by a space cannot stand here; check the indentation, or put quotes round the value'
    ),
    "found character '\\t'": "a tab stands here; use spaces",
    "found character '@'": "a value cannot begin with @; put quotes round it",
    "found character '`'": "a value cannot begin with `; put quotes round it",
    "found character '%'": "a value cannot begin with %; put quotes round it",
    "expected <block end>": "this line is indented differently from the ones it belongs to",
    "expected '<document start>'": "this line is indented differently from the first one",
    "sequence entries are not allowed": "a list begins on the line below its key; or put quotes round the value",
    "expected ',' or ']'": 'a list in brackets is not closed: "]" or "," is missing',
    "expected ',' or '}'": 'a mapping in braces is not closed: "}" or "," is missing',
}


class Document:
    """The text of one file, its root mapping (None when there is none) and the problems found so far.

    `example`, the first line of such a file, says that it is a list: then `items` is what stands in it, in its place.
    """

    def __init__(self, path: str, content: bytes, example: str = "") -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.text = ""
        self.root: MappingNode | None = None
        self.items: SequenceNode | None = None
        self._example = example
        self._starts = [0]
        if self._decode(content):
            self._starts += [found.end() for found in _BREAK.finditer(self.text)]
            self._compose()

    # Telling what is wrong.

    def report(self, start: int, end: int, message: str, code: str) -> None:
        """A problem with the text from index `start` to `end`; only its first line is underlined."""
        line = bisect_right(self._starts, start) - 1
        begin = self._starts[line]
        source = _BREAK.split(self.text[begin:], maxsplit=1)[0]
        length = max(1, min(end - start, len(source) - (start - begin)))
        self.problems.append(Problem(self.path, line + 1, start - begin + 1, length, message, code, source))

    def report_node(self, node: Node, message: str, code: str) -> None:
        """A problem with a whole node; with one that is not there, at what comes before it."""
        start, end = node.start_mark.index, node.end_mark.index
        if start == end:
            end = max(len(self.text[:start].rstrip()), 1)
            start = end - 1
        self.report(start, end, message, code)

    def report_inside(self, node: ScalarNode, offset: int, length: int, message: str, code: str) -> None:
        """A problem with `length` characters from `offset` of a scalar's value, wherever they stand in the file."""
        places = offsets(self.text, node.start_mark.index, node.style, node.value)
        if not places:
            return self.report_node(node, message, code)
        start = places[min(offset, len(places) - 1)]
        last = places[min(max(offset + length - 1, offset), len(places) - 1)]
        return self.report(start, last + 1, message, code)

    # Reading.

    def _decode(self, content: bytes) -> bool:
        if len(content) > MAX_BYTES:
            self.report(0, 1, f"the file is larger than {MAX_BYTES // 1024} KiB", "too-large")
        elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.report(0, 1, "the file is UTF-16; save it as UTF-8", "not-utf8")
        elif content.startswith(_OTHER_PROGRAMS):
            message = "this is a document of another program, not a text; save it as plain text in UTF-8"
            self.report(0, 1, message, "not-a-text")
        elif 3 * (content[::2].count(0) + content[1::2].count(0)) > len(content):
            self.report(0, 1, "the file seems to be UTF-16; save it as UTF-8", "not-utf8")
        elif content.startswith(b"\xef\xbb\xbf"):
            self.report(0, 1, "the file begins with a byte order mark; save it as UTF-8 without one", "byte-order-mark")
        else:
            return self._utf8(content)
        return False

    def _utf8(self, content: bytes) -> bool:
        try:
            self.text = content.decode()
        except UnicodeDecodeError as error:
            thai = _thai(content, error.start)
            self.text = thai or content.decode(errors="replace")
            self._starts += [found.end() for found in _BREAK.finditer(self.text)]
            place = len(content[: error.start].decode())
            read = "Thai in the encoding Windows-874 (TIS-620)" if thai else "not UTF-8"
            self.report(place, place + 1, f"this is {read}; save the file as UTF-8", "not-utf8")
            return False
        return True

    def _compose(self) -> None:
        if indent := _INDENT.search(self.text):
            message = "a character that only looks like a space cannot indent; use plain spaces"
            self.report(indent.start(1), indent.end(1), message, "indentation")
            return
        root = self._composed()
        if self.problems:
            return
        if root is None:
            what = "has nothing but comments" if self.text.strip() else "is empty"
            self.report(0, 1, f"the file {what}: write something into it, or delete it", "empty-file")
        elif self._example:
            self._list(root)
        elif not isinstance(root, MappingNode):
            self.report_node(root, "a file is made of lines such as `name: Come back`", "wrong-type")
        else:
            self.root = root

    def _list(self, root: Node) -> None:
        if isinstance(root, SequenceNode):
            self.items = root
        else:
            self.report_node(root, f"the file is a list: begin each of its parts like `{self._example}`", "wrong-type")

    def _composed(self) -> Node | None:
        try:
            depth = 0
            events: list[Event] = []
            for event in parsed(self.text):
                depth += _deeper(event)
                if depth > MAX_DEPTH:
                    self.report(event.start_mark.index, event.end_mark.index, "nested too deeply", "too-deep")
                    return None
                self._refuse(event)
                events.append(event)
                if isinstance(event, DocumentStartEvent) and event.explicit and len(events) > 2:
                    message = "a file holds one thing: remove the line ---"
                    self.report(event.start_mark.index, event.end_mark.index, message, "yaml")
                    return None
            return None if self.problems else compose(events)
        except YAMLError as error:
            self._unreadable(error)
            return None

    def _refuse(self, event: Event) -> None:
        """What YAML allows and a rule file does not: it would read as something else than it shows."""
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, DocumentStartEvent) and (event.version or event.tags):
            place = self.text.find("%")
            self.report(place, place + 1, "a file has no % directives; remove the line", "directive")
        elif isinstance(event, AliasEvent):
            self.report(start, end, "no aliases: write the value out, or put quotes round it", "alias")
        elif isinstance(event, NodeEvent) and event.anchor:
            self.report(start, end, "no anchors: write the value out, or put quotes round it", "anchor")
        elif isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent) and event.tag:
            self.report(start, end, 'no tags: put quotes round a value that begins with "!", or write "not"', "tag")

    def _unreadable(self, error: YAMLError) -> None:
        if isinstance(error, ReaderError):
            place = int(error.position)
            message = f"the character U+{ord(self.text[place]):04X} cannot stand in a file; remove it"
            return self.report(place, place + 1, message, "bad-character")
        if not isinstance(error, MarkedYAMLError):
            return self.report(0, 1, "this is not YAML", "yaml")
        context, said = error.context_mark, f"{error.context or ''} {error.problem or ''}"
        for begins, why in _OPENED.items():
            if begins in said and context is not None:
                return self.report(context.index, context.index + 1, why, "yaml")
        if "could not find expected ':'" in said and context is not None:
            return self._no_colon(context.index)
        mark = error.problem_mark or context
        place = min(mark.index, max(len(self.text) - 1, 0)) if mark else 0
        begin = self._starts[bisect_right(self._starts, place) - 1]
        indent = self.text[begin : place + 1]
        if "\t" in indent and not indent.strip():
            tab = begin + indent.index("\t")
            return self.report(tab, tab + 1, "a tab cannot indent; use spaces", "tab")
        if "mapping values" in said and re.fullmatch(r" +[\w-]+:", indent):
            message = "this line begins further in than the one above it, so it reads as a part of that"
            return self.report(begin, place, f"{message}; begin both in the same column", "yaml")
        if "expected <block end>" in said and indent[:-1].strip():
            return self.report(place, place + 1, _behind(indent[:-1].rstrip()[-1]), "yaml")
        return self.report(place, place + 1, _why(said), "yaml")

    def _no_colon(self, start: int) -> None:
        """What begins at `start` should be a key and is not."""
        line = _BREAK.split(self.text[start:], maxsplit=1)[0]
        for slip, why in _COLON:
            if found := slip.match(line):
                return self.report(start + found.start(1), start + found.end(1), why, "yaml")
        why = 'there is no ":" behind this key, or the line is not indented like the text it belongs to'
        return self.report(start, start + len(line.rstrip()), why, "yaml")


def _deeper(event: Event) -> int:
    if isinstance(event, MappingStartEvent | SequenceStartEvent):
        return 1
    return -1 if isinstance(event, MappingEndEvent | SequenceEndEvent) else 0


def _thai(content: bytes, start: int) -> str:
    """`content` as Thai of before Unicode, if it is some; what comes before `start` is sound."""
    try:
        read = content.decode("cp874") if content[:start].isascii() else ""
    except UnicodeDecodeError:
        return ""
    return read if _THAI.search(read) else ""


def _behind(last: str) -> str:
    """Why nothing can stand behind `last`, which ends a value."""
    if last in "'\"":
        other = '"' if last == "'" else "'"
        return f"the value ends at the quote before this; put {other} round the whole of it"
    if last in "]}":
        return f"the value ends at the {last} before this; put quotes round the whole of it"
    return "this does not belong here; put quotes round the whole value"


def _why(said: str) -> str:
    for begins, why in _WHY.items():
        if begins in said:
            return why
    return f"this is not YAML: {said.strip()}"
