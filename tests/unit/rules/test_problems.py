"""How a problem looks."""

from __future__ import annotations

from rules.problems import Problem, render, render_all


def problem(source: str, column: int, length: int, line: int = 7) -> Problem:
    return Problem("r.yaml", line, column, length, "wrong", "code", source)


def test_the_underlining_stands_below_letters_of_any_width() -> None:
    assert render(problem("name: ที่นี่ x", 14, 1)).split("\n")[3] == "   |" + " " * 10 + "^"
    assert render(problem("name: 日本 x", 7, 2)).split("\n")[3] == "   |       ^~~~"


def test_the_margin_is_as_wide_as_the_line_number() -> None:
    assert render(problem("a: b", 4, 1, line=120)).split("\n")[1:] == ["     |", " 120 | a: b", "     |    ^"]


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render(problem("a: \x1b[31mred", 4, 1))


def test_without_a_line_to_show_only_the_head_is_printed() -> None:
    assert render(problem("", 1, 1)) == "r.yaml:7:1: wrong [code]"


def test_problems_are_shown_in_the_order_of_their_places() -> None:
    later, sooner = problem("", 1, 1, line=10), problem("", 1, 1, line=9)
    assert render_all([later, sooner]) == f"{render(sooner)}\n\n{render(later)}"
