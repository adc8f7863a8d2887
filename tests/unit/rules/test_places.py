"""Positions in a value, found again in the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rules.places import offsets

WORDS = "customer.orders >= 2 and 'a\"b' == event.x"


@pytest.mark.parametrize(
    "text",
    [
        "k: one two",
        "k:   one\n   two\n\n   three",
        "k: 'it''s  one\n  two'",
        'k: "one \\"two\\" \\x41\\u0042\\U00000043 \\\n   three\\n four"',
        "k: >\n  one\n  two\n\n  three\n",
        "k: >-  # why\n\n  one\n    two\n  three",
        "k: |+\n   one\n   two\n\n",
        "k: |2\n    one\n  two\n",
        "k: >\r\n  one\r\n  two\r\n",
        "k: ราคา >= ๒\n  และ",
    ],
)
def test_every_character_that_is_not_space_is_found_where_it_stands(text: str) -> None:
    node = YAML(typ="safe", pure=True).compose(text).value[0][1]
    places = offsets(text, node.start_mark.index, node.style, node.value)
    assert len(places) == len(node.value)
    assert places == sorted(places)
    for letter, place in zip(node.value, places, strict=True):
        assert letter.isspace() or text[place] in (letter, "\\")


@given(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=8), st.data())
def test_a_plain_condition_broken_anywhere_keeps_its_places(words: list[str], data: st.DataObject) -> None:
    text = "k: x"
    for word in words:
        text += data.draw(st.sampled_from([" ", "  ", "\n  ", "\n    ", "\n\n  "])) + word
    node = YAML(typ="safe", pure=True).compose(text).value[0][1]
    places = offsets(text, node.start_mark.index, node.style, node.value)
    assert [text[place] for place in places if not text[place].isspace()] == list("x" + "".join(words))


def test_what_cannot_be_followed_gives_no_places() -> None:
    assert offsets("k: one", 3, None, "two") == []
    assert offsets("k: one", 3, None, "one and more") == []
