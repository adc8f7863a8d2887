"""Arrays for PostgreSQL: every value comes back as it went in."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.many import array

TEXTS = ['"', "\\", '\\"', "{a,b}", "", " ", "NULL", "null", "a\nb\tc", "ชา", "\x1f", "'; --", "%s", "😀"]
BYTES = [b"", b"\x00", b"\\x00", bytes(range(256)), b'"{},']
INTS = [0, -1, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize(("type_", "values"), [("text", TEXTS), ("bytea", BYTES), ("bigint", INTS)])
@pytest.mark.parametrize("gap", [[], [None]], ids=["all there", "one missing"])
def test_an_array_comes_back_as_it_went_in(postgres_url: str, type_: str, values: list[Any], gap: list[None]) -> None:
    sent = values + gap + values
    with psycopg.connect(postgres_url) as connection:
        assert _back(connection, sent, type_) == sent


def test_any_text_that_postgresql_holds_comes_back_as_it_went_in(postgres_url: str) -> None:
    holdable = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    with psycopg.connect(postgres_url) as connection:

        @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
        @given(st.lists(st.none() | holdable, min_size=1))
        def comes_back(values: list[str | None]) -> None:
            assert _back(connection, values, "text") == values

        comes_back()


@pytest.mark.parametrize("values", [["\0"], ["a", "b\0c"], [None, "\0"]])
def test_text_that_postgresql_cannot_hold_is_refused(values: list[str | None]) -> None:
    with pytest.raises(ValueError, match=r"U\+0000"):
        array(values, "text")


def _back(connection: psycopg.Connection[Any], values: list[Any], type_: str) -> list[Any]:
    rows = connection.execute(f"SELECT * FROM unnest(%s::{type_}[])", [array(values, type_)]).fetchall()
    return [value for (value,) in rows]
