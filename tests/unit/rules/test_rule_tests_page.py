"""The page on tests of rules names every key there is, and its example passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.document import Document
from rules.load import load
from rules.testing import read, read_expected, read_given
from rules.testing.play import play

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/rule-tests.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0].strip("`"): part for part in PAGE.split("\n## ")}


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("A test", read.KEYS),
        ("given", read_given.ABOUT),
        ("expect", read_expected.EXPECT_KEYS),
        ("never", read_expected.NEVER_KEYS),
    ],
)
def test_every_key_is_told_in_its_section_and_no_other(section: str, keys: tuple[str, ...]) -> None:
    told = {
        key for row in re.findall(r"^\| (`.*?`) \|", SECTIONS[section], re.M) for key in re.findall(r"`(.+?)`", row)
    }
    assert told == set(keys)


def test_the_example_passes_with_the_shipped_rules() -> None:
    example = re.search(r"```yaml\n(- name.*?)```", PAGE, re.S)
    rules = load(ROOT / "rules").ruleset
    assert example is not None
    assert rules is not None
    document = Document("rules/tests/example.yaml", example[1].encode(), read.EXAMPLE)
    (case,) = read.read_tests(document, rules)
    assert document.problems == []
    assert play(case, rules).ok
