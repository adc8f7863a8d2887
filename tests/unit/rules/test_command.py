"""`regulars rules check` and `regulars rules list`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli.rules import app

WORDING = Path(__file__).parents[3] / "templates"
MESSAGE = "---\nsubject: Hello\npreheader: Hello\nevent: [purchase, every]\n---\nHello\n"
RULE = "id: welcome\nname: Welcome\nstatus: live\non: purchase\ndo:\n  - send: welcome\n"


def shop(tmp: Path, rule: str = RULE) -> dict[str, str]:
    """The settings of a shop with one rule and one message."""
    (tmp / "rules/campaigns").mkdir(parents=True)
    (tmp / "rules/policy.yaml").write_text("currency: THB\ntime_zone: Asia/Bangkok\n")
    (tmp / "rules/campaigns/welcome.yaml").write_text(rule)
    for kept in ("brand.yaml", "layouts/base.html.j2"):
        (tmp / "templates" / kept).parent.mkdir(parents=True, exist_ok=True)
        (tmp / "templates" / kept).write_text((WORDING / kept).read_text("utf-8"), "utf-8")
    (tmp / "templates/messages/welcome").mkdir(parents=True)
    for locale in ("en", "th"):
        (tmp / f"templates/messages/welcome/email.{locale}.md").write_text(MESSAGE)
    return {"REGULARS_RULES": str(tmp / "rules"), "REGULARS_TEMPLATES": str(tmp / "templates")}


def run(settings: dict[str, str], *args: str) -> Result:
    return CliRunner().invoke(app, list(args), env=settings)


def table(settings: dict[str, str], width: int = 80) -> list[list[str]]:
    """The cells of `rules list` on a screen of this width."""
    printed = run(settings | {"COLUMNS": str(width)}, "list").stdout
    assert max(map(len, printed.splitlines())) <= width
    return [re.split(r" {2,}", line.strip()) for line in printed.splitlines()]


def test_rules_without_mistakes_are_one_calm_line(tmp_path: Path) -> None:
    result = run(shop(tmp_path), "check")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'rules'}: 1 rule, no problems\n")


def test_segments_are_counted(tmp_path: Path) -> None:
    settings = shop(tmp_path)
    (tmp_path / "rules/segments.yaml").write_text("loyal: customer.orders >= 3\nquiet: orders_in(90d) == 0\n")
    assert run(settings, "check").stdout == f"{tmp_path / 'rules'}: 1 rule, 2 segments, no problems\n"


def test_mistakes_are_printed_and_the_exit_code_is_1(tmp_path: Path) -> None:
    result = run(shop(tmp_path, RULE.replace("live", "life").replace("send: welcome", "send: welcom")), "check")
    assert result.exit_code == 1
    assert 'welcome.yaml:3:9: unknown status "life"; did you mean "live"? [unknown-status]\n   |\n' in result.stdout
    assert 'welcome.yaml:6:11: unknown message "welcom"; did you mean "welcome"?' in result.stdout
    assert result.stdout.endswith("\n2 problems\n")


def test_a_folder_can_be_named(tmp_path: Path) -> None:
    settings = shop(tmp_path / "good")
    shop(tmp_path / "bad", "[")
    assert run(settings, "check", str(tmp_path / "bad/rules")).exit_code == 1
    assert run(settings, "check").exit_code == 0


def test_problems_as_json_carry_their_places(tmp_path: Path) -> None:
    result = run(shop(tmp_path, RULE.replace("live", "life")), "check", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["ok"] is False
    (problem,) = told["problems"]
    assert (problem["line"], problem["column"], problem["length"], problem["code"]) == (3, 9, 4, "unknown-status")
    assert problem["source_line"] == "status: life"


def test_no_problems_as_json(tmp_path: Path) -> None:
    result = run(shop(tmp_path), "check", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"ok": True, "problems": []})


def test_the_list_shows_each_rule(tmp_path: Path) -> None:
    settings = shop(tmp_path)
    assert table(settings) == [
        ["priority", "id", "status", "on", "class", "name"],
        ["0", "welcome", "live", "purchase", "marketing", "Welcome"],
    ]
    listed = json.loads(run(settings, "list", "--json").stdout)
    (rule,) = listed["rules"]
    assert (rule["id"], rule["status"], rule["on"], rule["class"]) == ("welcome", "live", "purchase", "marketing")
    assert rule["sends"] == [{"template": "welcome", "channels": ["email"]}]


def test_the_list_says_of_a_rule_that_comes_round_how_often(tmp_path: Path) -> None:
    settings = shop(tmp_path, RULE.replace("on: purchase", "every: month\naudience: true"))
    assert table(settings)[1] == ["0", "welcome", "live", "every month", "marketing", "Welcome"]
    (rule,) = json.loads(run(settings, "list", "--json").stdout)["rules"]
    assert rule["on"] == "every month"


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (80, ["priority", "id", "status", "on", "class", "name"]),
        (60, ["priority", "id", "status", "on", "name"]),
        (50, ["id", "status", "on", "name"]),
    ],
)
def test_a_narrow_screen_has_fewer_columns_and_loses_no_letter(tmp_path: Path, width: int, titles: list[str]) -> None:
    name = "Thank you for coming back to us after such a long time"
    settings = shop(tmp_path, RULE.replace("name: Welcome", f"name: {name}"))
    lines = table(settings, width)
    assert lines[0] == titles
    assert "".join(line[-1] for line in lines[1:]).replace(" ", "") == name.replace(" ", "")


def test_the_longest_id_there_can_be_is_shown_whole(tmp_path: Path) -> None:
    settings, id_ = shop(tmp_path), "a" * 63
    (tmp_path / f"rules/campaigns/{id_}.yaml").write_text(RULE.replace("id: welcome", f"id: {id_}"))
    printed = run(settings | {"COLUMNS": "80"}, "list").stdout
    assert "".join(re.findall("a{2,}", printed)) == id_


def test_a_list_of_broken_rules_says_what_is_broken(tmp_path: Path) -> None:
    result = run(shop(tmp_path, "["), "list")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "[yaml]" in result.stderr


def test_a_message_that_a_rule_cannot_send_stops_the_rules(tmp_path: Path) -> None:
    settings = shop(tmp_path, RULE.replace("on: purchase", "on: survey"))
    result = run(settings, "check")
    assert result.exit_code == 1
    assert (
        'welcome.yaml:6:11: message "welcome" answers every and purchase, and this rule has `on: survey`'
        in result.stdout
    )
    assert result.stdout.endswith("\n1 problem\n")


def test_wording_that_no_rule_sends_is_left_to_templates_check(tmp_path: Path) -> None:
    settings = shop(tmp_path)
    (tmp_path / "templates/messages/other").mkdir()
    (tmp_path / "templates/messages/other/email.en.md").write_text("{{")
    assert run(settings, "check").exit_code == 0


def test_a_broken_layout_is_told_once_whatever_the_rules_send(tmp_path: Path) -> None:
    settings = shop(tmp_path)
    (tmp_path / "templates/layouts/base.html.j2").write_text("{% if %}")
    result = run(settings, "check")
    assert result.exit_code == 1
    assert result.stdout.count("[layout]") == 1
    assert result.stdout.endswith("\n1 problem\n")
