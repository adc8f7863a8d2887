"""What is read line by line is what ruamel reads, to the last place; of all else nothing is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from rules.document import MAX_DEPTH
from rules.nodes import compose
from rules.plain import read_plain

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted([*(ROOT / "rules").rglob("*.yaml"), *(Path(__file__).parent / "mistakes").rglob("*.yaml")])
FULL = """\
# A comment
id: win-back
name: ขอบคุณ, we miss you   # and one behind a value
active: {from: 2026-03-01, to: 2026-06-30}
variants: {}
when:
  - customer.orders >= 2 and event.source == "/shop"
  - 'it''s # no comment'
goal: {event: purchase, within: 14d, deep: [a, {b: "c"}, []]}
empty:
do:
- send: "win-back-{variant}"

  channel: [line, email]            # brackets
  at: "10:00"
- if: true
  then:
    - wait: 7d
    - lone words here
last: null"""


def facts(node: Any) -> Any:
    """All that a node says, as values that compare."""
    places = [(mark.index, mark.line, mark.column) for mark in (node.start_mark, node.end_mark)]
    if isinstance(node, ScalarNode):
        return node.tag, node.value, node.style, places
    if isinstance(node, MappingNode):
        return node.tag, node.flow_style, [(facts(key), facts(value)) for key, value in node.value], places
    return node.tag, node.flow_style, [facts(one) for one in node.value], places


def as_ruamel(text: str) -> Any:
    """The facts as ruamel has them; None when it refuses the text, or finds in it what a rule file may not have."""
    try:
        events = list(YAML(typ="safe", pure=True).parse(text))
        root = compose(events)
    except YAMLError:
        return None
    for event in events:
        named = isinstance(event, NodeEvent) and (event.anchor or getattr(event, "tag", None))
        if named or isinstance(event, AliasEvent) or (isinstance(event, DocumentStartEvent) and event.explicit):
            return None
    return facts(root) if isinstance(root, MappingNode | SequenceNode) else None


def agrees(text: str) -> bool:
    """Whether it was read; if so, as ruamel reads it."""
    root = read_plain(text, MAX_DEPTH)
    if root is not None:
        assert facts(root) == as_ruamel(text)
    return root is not None


def test_a_file_with_everything_that_is_plain_is_read() -> None:
    assert agrees(FULL)
    assert agrees(
        "# A list\n- name: a\n  given:\n    - {at: 2026-01-01T09:00+07:00, purchase: {total: 900}}\n- b\n- []"
    )


@pytest.mark.parametrize("file", [file for file in FILES if "mistakes" not in file.parts], ids=lambda file: file.stem)
def test_the_files_that_are_shipped_are_plain(file: Path) -> None:
    assert agrees(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_is_read_of_a_file_with_a_mistake_is_what_ruamel_reads(file: Path) -> None:
    agrees(file.read_bytes().decode(errors="replace"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "a",
        " - a",
        "- a\nb: c",
        " a: 1",
        "a: 1\n  b: 2",
        "a: 1\n- b",
        "a: b\n  c",
        "a: 'x'\n  y",
        "a:\n  - b\n  c: d",
        "a:\n  b\n",
        "a: >\n  b",
        "a: |\n  b",
        "a: &x 1",
        "a: *x",
        "a: !x 1",
        "a: 'b",
        'a: "\\n"',
        "a: b: c",
        "a: [b",
        "a: [b] c",
        "a: [b]#c",
        "a: [b: c]",
        "a: [b,\n  c]",
        "a: {b}",
        "a: {b: }",
        "a: {'b': c}",
        "a: [b,, c]",
        "a: b\t# c",
        "a: b\r\n",
        "a: @b",
        "a: %b",
        "a: - b",
        "a: ? b",
        "a: 'x'#y",
        "a : b",
        "'a': b",
        "? a: b",
        "---\na: b",
        "a: b\n...",
        "%YAML 1.2\n---\na: b",
        "a: b\n---\nc: d",
        "a:\n  -\n    b: c",
        "- - a",
        "a:\n  - - b",
        "\ufeffa: b",
        "a: b\x85c: d",
        "a: b\u2028c: d",
        "a: \x00",
    ],
)
def test_what_is_not_plain_is_left_alone(text: str) -> None:
    assert read_plain(text, MAX_DEPTH) is None


@pytest.mark.parametrize(
    ("text", "deep"),
    [("a: b", 1), ("a: [b]", 2), ("a: [{b: [c]}]", 4), ("a:\n- b: c", 3), ("a:\n  b:\n    - [c]", 4), ("a: []", 2)],
)
def test_nesting_is_counted_as_the_file_has_it(text: str, deep: int) -> None:
    assert read_plain(text, deep) is not None
    assert read_plain(text, deep - 1) is None


WORDS = st.sampled_from(
    [
        "a",
        "send",
        "10%",
        "-7d",
        "2026-03-01",
        "null",
        "true",
        "1",
        "0x1F",
        "~",
        "it's",
        "a#b",
        "a:b",
        "ก",
        "€",
        "x=y",
        "<<",
        "'q'",
        "'it''s'",
        '""',
        "''",
        "[a]",
        "[]",
        "{}",
        "[-1,b]",
        '"q: #"',
        "[a, b]",
        "{a: b, c: [d]}",
        "a b  c",
        "{x: text?, z: 'y'}",
        "[-1, 09:00]",
    ]
)
NOISE = st.sampled_from(
    [*"abn01 \n:-#,[]{}'\"&*!|>%@`?\\~<=.\t\r\xa0\u3000\u2028\ufeff", ": ", "- ", " #", "\n  ", ", ", "{a: "]
)
TYPED = st.lists(NOISE, max_size=6).map("".join)
LINES = st.builds(
    lambda indent, dash, key, value, note: " " * indent + dash + key + value + note,
    st.integers(0, 6),
    st.sampled_from(["", "", "- ", "-  ", "-"]),
    st.sampled_from(["", "a:", "a: ", "send:  ", "if:", "a :", "null: "]),
    st.one_of(st.just(""), WORDS, TYPED),
    st.sampled_from(["", "", "", " ", "  # note", "# no"]),
)


@given(st.lists(LINES, max_size=9).map("\n".join))
def test_lines_put_together_anyhow_read_as_ruamel_reads_them(text: str) -> None:
    agrees(text)


@given(st.integers(0, len(FULL)), st.integers(0, 12), TYPED)
def test_a_good_file_with_a_slip_in_it_reads_as_ruamel_reads_it(at: int, gone: int, typed: str) -> None:
    agrees(FULL[:at] + typed + FULL[at + gone :])


@pytest.mark.parametrize(
    "text",
    [
        "a:" + " " * 60_000 + "x: y",
        "a: " + "b " * 30_000 + ": c",
        "a: b" + " " * 60_000 + ": c",
        "a: " + "[" * 60_000,
        "a: [" + "b, " * 20_000,
        "a: '" + "''" * 30_000,
        "- " * 30_000,
        "a: " + "x:" * 30_000 + " ",
    ],
    ids=lambda text: text[:6],
)
def test_a_line_of_sixty_thousand_characters_is_given_up_before_the_test_is(text: str) -> None:
    assert read_plain(text, MAX_DEPTH) is None
