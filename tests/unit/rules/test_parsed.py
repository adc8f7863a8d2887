"""ruamel's parser in C is used where it cannot differ from the one in Python: the two beside each other."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import DocumentStartEvent, Event

from rules.nodes import parsed

HERE = Path(__file__).parent
FOLDERS = (HERE / "mistakes", HERE / "whole", HERE.parents[2] / "rules")
SIGNS = "#:{}[]\"'&*!|>%@`-? \n,~\\ก\u00a0=a0.9\t"


def texts() -> list[str]:
    found = []
    for file in sorted(file for folder in FOLDERS for file in folder.rglob("*.yaml")):
        try:
            found.append(file.read_bytes().decode())
        except UnicodeDecodeError:
            continue
    return found


def told(events: Any) -> list[tuple[object, ...]] | str:
    """What the rest of the room looks at in events; or that they could not be had."""
    try:
        return [_told(event) for event in events]
    except YAMLError:
        return "not YAML"


def _told(event: Event) -> tuple[object, ...]:
    if isinstance(event, DocumentStartEvent):  # nobody looks at the place of one that is not written
        return "document", event.explicit
    more = (getattr(event, name, None) for name in ("value", "implicit", "anchor", "tag", "flow_style"))
    style = getattr(event, "style", None) or None
    return (type(event), event.start_mark.index, event.end_mark.index, style, *more)


def slow(text: str) -> list[tuple[object, ...]] | str:
    return told(YAML(typ="safe", pure=True).parse(text))


def edited(text: str, random: Random) -> str:
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice(["", *SIGNS]) + text[place + random.randint(0, 1) :]
    return text


def test_the_shipped_rules_are_read_by_the_parser_in_c() -> None:
    for file in sorted((HERE.parents[2] / "rules" / "campaigns").glob("*.yaml")):
        assert isinstance(parsed(file.read_text(encoding="utf-8")), list), file


@pytest.mark.parametrize("seed", range(4))
def test_whatever_it_reads_it_reads_alike(seed: int) -> None:
    random = Random(seed)
    known = [text for text in texts() if text and not text.startswith("\ufeff")]  # a mark that is refused before
    for text in [*known[seed::4], *(edited(random.choice(known), random) for _ in range(250))]:
        assert told(parsed(text)) == slow(text), text


def test_a_tab_an_anchor_a_tag_an_alias_and_an_empty_value_are_left_to_the_parser_in_python() -> None:
    for text in ("a:\t1", "a: &x 1", "a: !x 1", "a: &x 1\nb: *x", "a:\nb: 1", "--- a", "a: 1\n---\nb: 1"):
        assert not isinstance(parsed(text), list), text
