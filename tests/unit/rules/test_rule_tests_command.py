"""`regulars rules test`: what a marketer sees of tests that pass, that fail, and that have mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from console.cli.rules import app
from tests.unit.rules.golden import checked, shop

ON = "2026-03-02T10:05+07:00"
GIVEN = """\
  given:
    - {at: 2026-03-02T10:00+07:00, customer: anna, profile: {email: anna@example.com}}
    - {at: 2026-03-02T10:00+07:00, customer: anna, consent: {channel: email, state: granted}}
    - {at: 2026-03-02T10:05+07:00, customer: anna, purchase: {order_id: o-1, total: 890}}
  until: 2026-03-10
"""
GOOD = f"- name: thanked\n{GIVEN}  expect: [{{on: {ON}, customer: anna, rule: welcome, send: welcome}}]\n"
BAD = f"""\
- name: ยังไม่เคยซื้อ
{GIVEN}  expect:
    - {{on: 2026-03-02T10:06+07:00, customer: anna, rule: welcome, send: welcome}}
    - {{on: 2026-03-03, customer: anna, rule: loyal, send: welcome}}
  never:
    - {{rule: welcome, after: 2026-03-01}}
  counters:
    month: {{2026-03: {{orders: 2, new: 1}}}}
"""
SAID = """\
rules/tests/a.yaml
  passed   thanked
  FAILED   ยังไม่เคยซื้อ
           rules/tests/a.yaml:8

  never    2026-03-02 10:05  anna  welcome  welcome by email
             line 18 says that this never happens
  missing  2026-03-02 10:06  anna  welcome  welcome
             instead: 2026-03-02 10:05, welcome by email
  missing  2026-03-03        anna  loyal    welcome
             its condition did not hold (purchase); that was 2026-03-02 10:05
  counter  2026-03 orders is 1, 2 was expected (line 20)

Times are those of Asia/Bangkok.
2 tests: 1 passed, 1 failed
"""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write a shop's tests and run `rules test` on them; its files are told as seen from the shop's folder."""

    def told(tests: str | None, *args: str, **env: str) -> tuple[int, str]:
        shop(tmp_path)
        if tests is not None:
            (tmp_path / "rules/tests").mkdir(exist_ok=True)
            (tmp_path / "rules/tests/a.yaml").write_text(tests, encoding="utf-8")
        settings = {"REGULARS_RULES": str(tmp_path / "rules"), "REGULARS_TEMPLATES": str(tmp_path / "templates")}
        result = CliRunner().invoke(app, ["test", *args], env=settings | env)
        return result.exit_code, result.output.replace(f"{tmp_path.as_posix()}/", "")

    return told


def test_tests_that_pass_are_a_line_each(run: Run) -> None:
    said = "rules/tests/a.yaml\n  passed   thanked\n1 test: 1 passed, 0 failed\n"
    assert run(GOOD) == (0, said)


def test_of_one_that_fails_what_was_expected_stands_beside_what_happened(run: Run) -> None:
    assert run(GOOD + BAD) == (1, SAID)


def test_only_the_tests_that_are_asked_for(run: Run) -> None:
    assert run(GOOD + BAD, "-k", "THANK")[0] == 0
    code, said = run(GOOD + BAD, "-k", "birthday")
    assert (code, said) == (2, "no test in rules/tests has “birthday” in its name\n")


def test_a_shop_without_tests_is_told_how_to_write_one(run: Run) -> None:
    code, said = run(None)
    assert code == 0
    assert said.startswith("rules/tests: no tests yet")


def test_mistakes_are_told_as_rules_check_tells_them_and_nothing_is_played(run: Run, tmp_path: Path) -> None:
    code, said = run(GOOD.replace("until", "untill"))
    assert code == 1
    assert 'rules/tests/a.yaml:6:3: unknown key "untill"; did you mean "until"? [unknown-key]\n   |\n' in said
    assert said.endswith("\n1 problem\n")
    assert checked(tmp_path).text == said


def test_mistakes_in_the_rules_come_first(run: Run, tmp_path: Path) -> None:
    run(GOOD)
    (tmp_path / "rules/campaigns/welcome.yaml").write_text("id: welcome\n")
    result = CliRunner().invoke(app, ["test", str(tmp_path / "rules")])
    assert result.exit_code == 1
    assert 'the key "do" is missing' in result.output


def test_files_that_are_named_otherwise_are_not_passed_over(run: Run, tmp_path: Path) -> None:
    run(GOOD)
    (tmp_path / "rules/tests/b.yml").write_text(GOOD)
    result = CliRunner().invoke(app, ["test", str(tmp_path / "rules"), "--json"])
    assert result.exit_code == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["message"] == "tests of rules are files tests/<name>.yaml; rename or move this one"


def test_as_json_there_is_the_timeline_with_reasons(run: Run) -> None:
    code, said = run(GOOD + BAD, "--json")
    told = json.loads(said)
    assert (code, told["ok"], told["problems"]) == (1, False, [])
    good, bad = told["tests"]
    assert (good["name"], good["path"], good["line"], good["ok"]) == ("thanked", "rules/tests/a.yaml", 1, True)
    assert good["timeline"] == [
        {
            "mark": "as expected",
            "at": "2026-03-02T10:05:00+07:00",
            "customer": "anna",
            "rule": "welcome",
            "kind": "send",
            "what": "welcome",
            "channel": "email",
            "offer": "",
            "reasons": [],
        }
    ]
    assert [row["mark"] for row in bad["timeline"]] == ["never", "missing", "missing"]
    assert bad["counters"][0] == {"period": "2026-03", "measure": "orders", "expected": 2, "was": 1, "ok": False}


@pytest.mark.parametrize("width", [40, 60, 80])
def test_nothing_is_wider_than_the_terminal(run: Run, width: int) -> None:
    long = BAD.replace("customer: anna", "customer: a-customer-with-a-very-long-id-of-many-letters")
    _, said = run(GOOD + long, COLUMNS=str(width), TTY_COMPATIBLE="1", NO_COLOR="1")
    lines = [line for line in said.splitlines() if "tests/a.yaml" not in line]
    assert width - 12 < max(map(cell_len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert "welcome by email" in " ".join(said.split())
