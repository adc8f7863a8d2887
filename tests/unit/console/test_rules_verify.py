"""`regulars rules verify`: the store against its own log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import text
from typer.testing import CliRunner, Result

from console.cli.rules import app
from tests.unit.console.test_why import AGREED, Told, rule, told
from tests.unit.streams.kit import event, reachable


def verify(shop: Told, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["verify", *arguments], env=shop.settings)


def document(shop: Told, *arguments: str) -> Any:
    return json.loads(verify(shop, "--json", *arguments).stdout)


def test_a_store_that_holds_what_its_log_says_is_good(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as shop:
        shop.take(reachable(), AGREED, event("1"), event("2", "ben"))
        result = verify(shop)
        assert (result.exit_code, result.stdout) == (
            0,
            "2 customers replayed: every decision, message and request is what the log comes to\n",
        )
        assert document(shop, "--customers", "1") == {"customers": 1, "not_compared": {}, "differences": []}


def test_what_differs_is_told_by_its_name_and_never_by_its_value(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as shop:
        shop.take(reachable(), AGREED, event("1"))
        with shop.shop.store.write() as connection:
            connection.execute(text("UPDATE decision SET outcome = 'suppressed', reason = 'cap'"))
            statement = text("UPDATE event SET data = :data WHERE type = 'profile'")
            connection.execute(statement, {"data": b'{"email":"bob@example.com"}'})
        result = verify(shop)
        assert result.exit_code == 1
        assert result.stdout.splitlines() == [
            "anna: decision 3/1: outcome, reason",
            "anna: customer anna: profile",
            "1 customer replayed: 2 differences",
        ]
        found = document(shop)["differences"]
        assert found[0] == {"customer": "anna", "table": "decision", "which": "3/1", "fields": ["outcome", "reason"]}
        assert "@" not in json.dumps(found)


def test_a_row_that_is_missing_is_told(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as shop:
        shop.take(reachable(), AGREED, event("1"))
        with shop.shop.store.write() as connection:
            connection.execute(text("DELETE FROM message"))
        assert verify(shop).stdout.splitlines()[0].endswith("(only in the log)")


def test_tills_are_not_compared(tmp_path: Path) -> None:
    with told(tmp_path, rule(), policy="walk_in: 1\n") as shop:
        shop.take(event("1"), event("2"))
        assert document(shop) == {"customers": 0, "not_compared": {"walk-in": 1}, "differences": []}


def test_what_was_decided_under_rules_that_are_not_kept_is_not_compared(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as shop:
        shop.take(reachable(), event("1"))
        (tmp_path / "rules/campaigns/hello.yaml").write_text(rule(when="event.total > 5"))
        result = verify(shop)
        assert (result.exit_code, result.stdout.splitlines()[1]) == (
            0,
            "1 customer not compared: decided under rules that are not kept",
        )
