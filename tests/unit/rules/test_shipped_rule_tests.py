"""The tests of the rules that are shipped: all pass, and every rule has some."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.load import load, load_tests
from rules.testing.cases import Case
from rules.testing.compare import Row
from rules.testing.play import play

RULES = Path(__file__).parents[3] / "rules"
SHIPPED = load(RULES).ruleset
CASES = load_tests(RULES, SHIPPED).cases


def wrong(rows: tuple[Row, ...]) -> list[Row]:
    return [row for row in rows if not row.ok]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_shipped_test_passes(case: Case) -> None:
    assert SHIPPED is not None
    verdict = play(case, SHIPPED)
    assert wrong(verdict.rows) == []
    assert [one for one in verdict.measured if not one.ok] == []


def test_the_page_of_the_plays_names_every_rule_and_every_message() -> None:
    page = (RULES.parent / "docs" / "how-to" / "playbook.md").read_text(encoding="utf-8")
    messages = {folder.name for folder in (RULES.parent / "templates" / "messages").iterdir()}
    assert SHIPPED is not None
    assert [name for name in sorted({*SHIPPED.by_id, *messages}) if f"`{name}`" not in page] == []


def test_their_files_have_no_mistakes_and_every_rule_has_two_tests_at_least() -> None:
    assert SHIPPED is not None
    assert load_tests(RULES, SHIPPED).problems == ()
    tested = {rule.id: sum(rule.id in case.named for case in CASES) for rule in SHIPPED.rules}
    assert {rule for rule, tests in tested.items() if tests < 2} == set()
