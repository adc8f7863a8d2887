"""The oracle notices rule sets that decide when they must not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.sets import LEEWAY, Published, Returned, backwards, decided_by, late, published
from tests.chaos.store import Store

SETS = Published(["a", "b", "c", "a"], {"a": "first", "b": "other", "c": "first"})


def test_the_audit_tells_what_went_live_and_its_edition(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    details = [{"ruleset": "a", "note": "first start"}, {"ruleset": "b", "note": "1 other"}, {"partitions": 2}]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE audit (id INTEGER PRIMARY KEY, detail TEXT)")
        connection.execute("CREATE TABLE event (customer TEXT, seq INTEGER, at INTEGER, ruleset TEXT)")
        connection.executemany("INSERT INTO audit (detail) VALUES (?)", [(json.dumps(each),) for each in details])
        connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?)", [("c", 2, 9, "b"), ("c", 1, 5, "a"), ("h", 1, 1, "")]
        )
        connection.commit()
    found = published(Store(f"sqlite:///{path}"))
    assert found.order == ["a", "b"]
    assert [found.edition(id) for id in ("a", "b", "unknown")] == ["first", "other", "first"]
    assert decided_by(Store(f"sqlite:///{path}")) == {"c": [("a", 5), ("b", 9)]}


@pytest.mark.parametrize("used", ["", "a", "aab", "aaacca", "abca", "bca", "aba"])
def test_what_goes_forward_is_not_backwards(used: str) -> None:
    assert not backwards(SETS, used)


@pytest.mark.parametrize("used", ["cb", "bab", "acb", "abac"])
def test_an_earlier_set_after_a_later_one_is_noticed(used: str) -> None:
    assert backwards(SETS, used)


def test_who_decides_by_an_earlier_set_than_was_live_is_late() -> None:
    returned = [Returned("b", 10_000_000), Returned("c", 20_000_000)]
    begun = 10_000_000 + LEEWAY
    assert late(SETS, returned, [("b", begun + 1), ("c", begun + 1), ("a", begun + 1)]) == 0
    only = Published(["a", "b", "c"], {})
    assert late(only, returned, [("a", begun), ("a", 1)]) == 0
    assert late(only, returned, [("a", begun + 1), ("b", 30_000_000)]) == 2
