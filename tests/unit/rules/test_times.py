"""Lengths of time, times of day and days as a marketer writes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml.nodes import Node

from rules.document import Document
from rules.language.tree import MICROS
from rules.times import clock, clock_meant, clock_shown, minute_of, shift, shown, span, span_meant


def value(content: str) -> tuple[Document, Node]:
    document = Document("x.yaml", f"key: {content}\n".encode())
    assert document.root is not None
    return document, document.root.value[0][1]


def read(reader: Callable[..., int | None], content: str, *more: str) -> tuple[int | None, list[str]]:
    document, node = value(content)
    return reader(document, node, *more), [one.code for one in document.problems]


@given(st.integers(1, 3_650), st.sampled_from("smhd"))
def test_a_length_of_time_is_read_to_the_microsecond(count: int, unit: str) -> None:
    assert read(span, f"{count}{unit}", "d", "7d") == (count * MICROS[unit], [])


@pytest.mark.parametrize("written", ["3651d", "99999h", "7", "7.5d", "-7d", "0d", "07d", "7D", "7d ago", "7 d", "P7D"])
def test_what_is_no_length_of_time_is_told(written: str) -> None:
    found, problems = read(span, written, "d", "7d")
    assert problems == ["bad-duration"]
    assert found is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("7", "7d"),
        ("7 days", "7d"),
        ("7D", "7d"),
        ("two weeks", "2w"),
        ("an hour", "1h"),
        ("1.5d", "36h"),
        ("0,5 h", "30m"),
        ("1 day and 12 hours", "36h"),
        ("1h30m", "90m"),
        ("๗ d", "7d"),
        ("７d", "7d"),
    ],
)
def test_what_was_meant_is_said(written: str, meant: str) -> None:
    assert span_meant(written, "d") == f'; did you mean "{meant}"?'


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("a month", "months and years differ"),
        ("2 years", "months and years differ"),
        ("1mo", "months and years differ"),
        ("-7d", "forward only"),
        ("−7d", "forward only"),
        ("0", "cannot be nothing"),
        ("0 days", "cannot be nothing"),
    ],
)
def test_what_cannot_be_is_explained(written: str, advice: str) -> None:
    assert advice in span_meant(written, "d")


@pytest.mark.parametrize("written", ["soon", "7x", "7%", "7d 3x", "", "d"])
def test_nothing_is_guessed_of_what_is_no_time(written: str) -> None:
    assert span_meant(written, "d") == ""


@given(st.integers(1, 10**7))
def test_what_is_shown_of_whole_seconds_reads_back(seconds: int) -> None:
    micros = seconds * MICROS["s"]
    written = shown(micros)
    assert int(written[:-1]) * MICROS[written[-1]] == micros


@given(st.integers(0, 24 * 60 - 1))
def test_every_minute_of_the_day_is_read_with_quotes_and_without(minute: int) -> None:
    written = clock_shown(minute)
    assert read(clock, written) == read(clock, f'"{written}"') == (minute, [])


@pytest.mark.parametrize(
    "written", ["24:00", "10:60", "9:00", "10", "10.30", "1000", "10:00:00", "-1:00", "10:00 Asia/Bangkok", "๑๐:๐๐"]
)
def test_what_is_no_time_of_day_is_told(written: str) -> None:
    assert read(clock, f'"{written}"') == (None, ["bad-time"])
    assert minute_of(written) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("9:00", "09:00"),
        ("9", "09:00"),
        ("9 am", "09:00"),
        ("12am", "00:00"),
        ("12 pm", "12:00"),
        ("3:30 p.m.", "15:30"),
        ("18h", "18:00"),
        ("18h30", "18:30"),
        ("๑๐:๐๐ น.", "10:00"),
        ("10：00", "10:00"),
        ("24:00", "00:00"),
    ],
)
def test_the_time_that_was_meant_is_said(written: str, meant: str) -> None:
    assert clock_meant(written) == f'; did you mean "{meant}"?'


@pytest.mark.parametrize("written", ["25:00", "10:75", "noon", "10:00 Asia/Bangkok", ""])
def test_no_time_is_guessed_where_there_is_none(written: str) -> None:
    assert clock_meant(written) == ""


@given(st.integers(-365, 365))
def test_days_before_and_after_are_read(days: int) -> None:
    assert read(shift, f"{days}d") == (days, [])


@pytest.mark.parametrize("written", ["7", "-7", "-12h", "366d", "-53w", "7 days", "−7d", "--7d", "d", "1.5d"])
def test_what_is_not_whole_days_within_a_year_is_told(written: str) -> None:
    assert read(shift, written) == (None, ["bad-duration"])
