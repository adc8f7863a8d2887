"""The bench at a tiny size: every contestant runs and counts right. No time is looked at."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import pytest
from rich.console import Console

from console.compose import clock
from retention.decode import decode
from tests.bench.conditions import TYPICAL
from tests.bench.contest import Stopwatch, Timed
from tests.bench.events import make
from tests.bench.poison import Poison, Slow
from tests.bench.regulars import shipped_rules
from tests.bench.report import Report, Row, print_table, this_machine

ROOT = Path(__file__).parent.parent.parent.parent


def test_every_contestant_takes_every_event_and_the_json_has_all_rows() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.bench.run",
        "--events",
        "400",
        "--customers",
        "40",
        "--batch",
        "50",
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode(done.stdout, type=Report)
    assert list(report.rows) == ["read", "limit", "obvious", "regulars", "apply"]
    assert set(report.ratios) == {"regulars / limit", "regulars / obvious"}
    assert set(report.rows["apply"].parts) == {"decode", "fold", "decide"}
    assert report.conditions is not None
    assert set(report.conditions.nanoseconds) == set(TYPICAL)
    assert 0.2 < report.conditions.held < 0.8, "conditions that always or never hold measure little"
    assert report.backtest is not None
    assert report.backtest.events == 400
    assert report.backtest.messages[1] > report.backtest.messages[0] > 0, "the playbook writes more than what ships"
    assert report.poison is not None
    assert report.poison.records > 200
    assert len(report.poison.slowest) == 3
    assert all(0 < row.events < 400 for row in report.rows.values()), "warm-up events are not timed"


def test_the_events_are_good_different_and_the_same_for_the_same_seed() -> None:
    now = clock()
    sent = list(make(2_000, 300, now))
    shop = shipped_rules().policy.shop
    events = [decode(each.key, each.value, (), shop, now) for each in sent]
    assert sent == list(make(2_000, 300, now))
    assert len({event.id for event in events}) == 2_000
    assert {event.type for event in events} == {"purchase", "return", "birthday", "profile", "consent"}
    assert 280 < sum(len(each.value) for each in sent) / 2_000 < 360


def test_a_stopwatch_leaves_out_the_warm_up_whatever_the_batches() -> None:
    batches = [Random(1).randint(1, 30) for _ in range(20)]
    watch = Stopwatch(warm=50, total=sum(batches))
    passed = 0
    for batch in batches:
        watch.add(batch)
        passed = passed or (watch.done if watch.done >= 50 else 0)
    watch.stop()
    assert watch.complete
    assert watch.timed().events == sum(batches) - passed


def test_a_stopwatch_refuses_a_wrong_count() -> None:
    watch = Stopwatch(warm=0, total=10)
    watch.add(11)
    with pytest.raises(AssertionError, match="11 events done, 10 produced"):
        watch.stop()


def test_the_table_names_every_row_and_compares_it() -> None:
    rows = {
        "limit": Row.best("limit", [Timed(100, 2.0, 1.0, "SQLite"), Timed(100, 1.0, 1.0, "SQLite")]),
        "regulars": Row.best("regulars", [Timed(100, 2.0, 1.0, "SQLite")]),
    }
    report = Report.of(rows, this_machine(), 100, 10, 4, 2)
    assert report.ratios == {"regulars / limit": 0.5}
    shown = io.StringIO()
    print_table(report, Console(file=shown, width=118))
    lines = shown.getvalue().splitlines()
    assert any("the bare limit" in line and "1.00" in line for line in lines)
    assert any("Regulars, end to end" in line and "0.50" in line for line in lines)
    assert "Each row is the best of 2 runs." in shown.getvalue()


def test_the_slowest_nasty_records_are_told_beside_an_ordinary_one() -> None:
    slow = Slow("brackets", "events", 262_144, 12.34)
    report = Report.of({}, this_machine(), 1, 1, 1, 1, Poison(244, Slow("a purchase", "events", 166, 0.5), [slow]))
    shown = io.StringIO()
    print_table(report, Console(file=shown, width=118))
    assert "a purchase takes 0.5 ms" in shown.getvalue()
    assert "12.3 ms  brackets, 262,144 bytes on events" in shown.getvalue()
