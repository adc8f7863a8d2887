"""The demo's view: right at any width, plain without a terminal, honest at the end."""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console, RenderableType

from console.demo.view import DemoSnapshot, DemoView, FeedLine, plain_line, render, summary

AT = dt.datetime(2026, 3, 1, 19, 4, 5, tzinfo=dt.UTC)
WELCOME = FeedLine(AT, "decision", "c-0042 purchase ฿890.00 → welcome queued (email, th)")
REFUSED = FeedLine(AT, "decision", "c-0113 thank-returning not sent: no consent")
MAIL = FeedLine(AT, "mail", "c-0042 welcome sent: ยินดีต้อนรับคุณสมชาย")
MARCH = {
    "end": 42,
    "new": 9,
    "retained": 31,
    "reactivated": 2,
    "crr": 23.4042,
    "true_retention": 21.9858,
    "churn": 78.0,
}
FULL = DemoSnapshot(
    events=1183,
    applied=1178,
    duplicates=2,
    dead_letters=3,
    queued=60,
    sent=54,
    customers=312,
    this_month=MARCH | {"gross_minor": 18_234_050, "refunds_minor": 120_000},
    last_month=MARCH | {"crr": None, "net_minor": 47_914_000},
    recent=(WELCOME, REFUSED, MAIL),
    mail_folder=".regulars/demo/mail",
    broker="127.0.0.1:39092",
    elapsed=75.2,
    remaining=44.8,
)
RESULT = {"events": 183, "applied": 178, "duplicates": 2, "dead_letters": 3, "messages": 54, "lost": 0}


def drawn(what: RenderableType, width: int = 100, height: int = 30) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(what)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()


def has_control(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" for c in text)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("height", [24, 40])
def test_the_screen_fits_the_terminal_and_cuts_nothing_off(width: int, height: int) -> None:
    lines = drawn(render(FULL), width, height)
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)
    text = "\n".join(lines)
    assert "…" not in text
    for part in (
        "1,183",
        "1,178",
        "welcome queued (email, th)",
        "no consent",
        ".regulars/demo/mail",
        "฿181,1",
        "23.4 %",
    ):
        assert part in text
    for command in (
        "regulars retention",
        "regulars rules list",
        "regulars dead-letters list",
        "regulars customers show c-0042",
    ):
        assert command in text


@pytest.mark.parametrize("width", [60, 100])
def test_the_screen_keeps_its_height_while_the_feed_fills(width: int) -> None:
    heights = {len(drawn(render(replace(FULL, recent=(WELCOME,) * n)), width)) for n in (0, 1, 3, 50)}
    assert len(heights) == 1


def test_the_newest_lines_stay_when_there_is_no_room_for_all() -> None:
    recent = tuple(FeedLine(AT, "event", f"number {n:02d}") for n in range(50))
    text = "\n".join(drawn(render(replace(FULL, recent=recent)), 60, 24))
    assert "number 49" in text
    assert "number 00" not in text
    assert text.index("number 48") < text.index("number 49")


def test_a_long_reason_goes_on_below_itself_in_a_narrow_terminal() -> None:
    words = "birthday → queued for c-0007 and goes out at nine because of quiet hours"
    lines = drawn(render(replace(FULL, recent=(FeedLine(AT, "decision", words),))), 60, 30)
    first = next(i for i, line in enumerate(lines) if line.startswith("rule"))
    assert lines[first + 1].startswith("       ")
    assert " ".join(f"{lines[first][7:]}{lines[first + 1][7:]}".split()) == words


def test_the_time_of_a_line_shows_where_there_is_room() -> None:
    assert any(line.startswith("19:04:05  rule") for line in drawn(render(FULL), 100))
    assert not any("19:04:05" in line for line in drawn(render(FULL), 60))


def test_an_unknown_measure_is_a_dash_and_not_zero() -> None:
    rows = [line for line in drawn(render(replace(FULL, this_month=None))) if "month" in line]
    assert rows[0].split()[-8:] == ["–"] * 8
    assert "–" in rows[1]
    assert "22.0 %" in rows[1]


def test_money_is_shown_in_the_shops_currency() -> None:
    yen = replace(FULL, currency="JPY", this_month=MARCH | {"net_minor": 181_140})
    assert any("181,140" in line and "฿" not in line for line in drawn(render(yen)) if "this month" in line)


def test_before_the_first_event_the_screen_says_that_it_waits() -> None:
    assert any("Waiting for the first event" in line for line in drawn(render(DemoSnapshot()), 60, 24))


def test_a_demo_without_an_end_says_how_to_end_it() -> None:
    assert "Ctrl+C ends it" in drawn(render(replace(FULL, remaining=None)), 60, 24)[0]
    assert "1:15 · 0:45 left" in drawn(render(FULL), 60, 24)[0]


def test_what_a_broken_record_says_never_reaches_the_terminal_as_a_command() -> None:
    evil = replace(FULL, recent=(FeedLine(AT, "dead-letter", "c-1 \x1b[2J[bold]x\nnew line\u202e"),))
    lines = drawn(render(evil), 100)
    assert not any(has_control(line) or "\u202e" in line for line in lines)
    assert any("[bold]x new line" in line for line in lines)
    assert not has_control(plain_line(evil))


def test_the_plain_line_is_one_line_with_every_number() -> None:
    assert plain_line(FULL) == (
        "1:15  1183 events: 1178 applied, 2 duplicates, 3 dead letters; mails: 60 queued, 54 sent; 312 customers; "
        "last: c-0042 welcome sent: ยินดีต้อนรับคุณสมชาย"
    )
    assert plain_line(DemoSnapshot(events=1)).startswith("0:00  1 event: 0 applied, 0 duplicates")


def test_the_summary_says_that_nothing_was_lost() -> None:
    text = "\n".join(drawn(summary(RESULT), 60))
    assert "Nothing was lost." in text
    assert "183" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lost": 2, "applied": 176}, "2 events lost. That must never happen"),
        ({"applied": 177}, "do not add up: 182 accounted for, 183 sent"),
    ],
)
def test_the_summary_does_not_gloss_over_a_loss(change: dict[str, int], words: str) -> None:
    text = " ".join("\n".join(drawn(summary(RESULT | change), 60)).split())
    assert words in text
    assert "Nothing was lost" not in text


def shown(console: Console, seconds: list[float]) -> str:
    with DemoView(console, every=5) as view:
        for elapsed in seconds:
            view.show(replace(FULL, elapsed=elapsed))
    file: Any = console.file
    text = file.getvalue()
    assert isinstance(text, str)
    return text


def test_without_a_terminal_a_plain_line_comes_every_few_seconds() -> None:
    text = shown(Console(file=io.StringIO(), width=80, force_terminal=False), [0.0, 1.0, 2.0, 5.1, 6.0, 11.0])
    assert [line[:4] for line in text.splitlines()] == ["0:00", "0:05", "0:11"]
    assert not has_control(text.replace("\n", ""))


def test_without_a_terminal_what_is_about_many_is_told_once_and_at_once() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    news = FeedLine(AT, "many", "Spring Oolong is launched: 41 customers are told")
    with DemoView(console, every=5) as view:
        for elapsed in (0.0, 1.0, 2.0):
            view.show(replace(FULL, elapsed=elapsed, recent=(*FULL.recent, news) if elapsed else FULL.recent))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line for line in lines if "Spring" in line] == ["0:01  Spring Oolong is launched: 41 customers are told"]


def test_on_a_terminal_the_screen_is_redrawn_in_place_and_the_cursor_comes_back() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, _environ={"TERM": "xterm"})
    text = shown(console, [0.0, 1.0])
    assert "0:01 · 0:45 left" in text
    assert "\x1b[1A" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, _environ={"TERM": "dumb"})
    assert "\x1b" not in shown(console, [0.0, 1.0])
