"""A shop around rule files: what they may name, and short ways to read them."""

from __future__ import annotations

from pathlib import Path

from retention.shop import Shop
from rules.around import Around
from rules.document import Document
from rules.language.kinds import Kind
from rules.language.schema import Declared
from rules.policy import Policy
from rules.read_rule import read_rule
from rules.read_segments import read_segments
from rules.ruleset import Rule
from rules.wordings import plainly

WHOLE = {path.stem: path.read_bytes() for path in sorted((Path(__file__).parent / "whole").glob("*.yaml"))}
"""Rule files without a mistake, which between them have every key and every step."""
SEGMENTS = b'loyal: customer.orders >= 3\nwarm:\n  - segment("loyal")\n  - has(customer.email)\n'
DECLARED = Declared(
    {"shoe_size": Kind.COUNT, "weight": Kind.NUMBER, "favourite": Kind.TEXT, "newsletter": Kind.BOOL},
    {
        "social_share": {"network": Kind.TEXT, "followers": Kind.COUNT},
        "event_rsvp": {"event": Kind.TEXT, "coming": Kind.BOOL},
    },
)
AROUND = Around(
    Policy(Shop(), quiet=(21 * 60, 9 * 60)),
    plainly(dict.fromkeys(("hello", "hello-warm", "hello-short"), ("email", "line"))),
    read_segments(Document("segments.yaml", SEGMENTS), Shop(), DECLARED),
    DECLARED,
    {"comeback-15", "welcome-10"},
    {"handwritten-note", "sample"},
)

HEAD = "id: hello\nname: Hello\nstatus: live\n"
DO = "do:\n  - send: hello\n"

Told = tuple[int, int, int, str, str]
"""Line, column, length, code, message."""


def read(content: str | bytes, around: Around = AROUND, name: str = "hello") -> tuple[Rule | None, Document]:
    """The rule in the file `name`.yaml, and the document with its problems."""
    document = Document(f"{name}.yaml", content if isinstance(content, bytes) else content.encode())
    return read_rule(document, name, around), document


def good(content: str | bytes, around: Around = AROUND, name: str = "hello") -> Rule:
    """The rule in a file without a mistake."""
    rule, document = read(content, around, name)
    assert document.problems == []
    assert rule is not None
    return rule


def told(content: str | bytes, around: Around = AROUND) -> list[Told]:
    """Every problem of a file that has some."""
    rule, document = read(content, around)
    assert rule is None
    return [(one.line, one.column, one.length, one.code, one.message) for one in sorted(document.problems)]
