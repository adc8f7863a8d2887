"""The CDNOW history through the doors a shop uses: `regulars import`, and topic `events` with a worker.

`CDNOW_ROWS=69659` takes the whole file through the topic too; by default a slice of it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib.util
import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.kit import ON_BOTH, TRIED_OUT
from tests.chaos.oracle import Told
from tests.chaos.setup import Setup, setup
from tests.chaos.store import Store, held
from tests.chaos.sums import MEASURES, Sums, counters
from tests.chaos.trial import drained
from tests.chaos.worker import Worker, ask
from tests.services import served

POLICY = "currency: USD\ntime_zone: UTC\n"
UTC = ZoneInfo("UTC")
ROWS = int(os.environ.get("CDNOW_ROWS", "10000"))
AGE = "20000"
"""Days: the events of 1997 are inside this dedupe horizon."""

Bought = tuple[str, str, str]
"""Customer, day (1997-01-31), dollars as text."""


@pytest.fixture(scope="module")
def purchases() -> list[Bought]:
    """Every line of the file. `lifetimes` is not imported: the file alone is wanted."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    lines = (Path(spec.origin).parent / "datasets" / "CDNOW_master.txt").read_text("utf-8").splitlines()[1:]
    rows = [line.split() for line in lines]
    return [(customer, f"{day[:4]}-{day[4:6]}-{day[6:]}", dollars) for customer, day, _, dollars in rows]


@pytest.fixture
def at(request: pytest.FixtureRequest) -> Iterator[Setup]:
    """SQLite and the embedded broker, unless a test asks for others."""
    store, broker = getattr(request, "param", TRIED_OUT)
    yield from served(setup(store, broker, policy=POLICY))


@pytest.fixture
def another() -> Iterator[Setup]:
    with setup(policy=POLICY) as made:
        yield made


def written(purchases: Sequence[Bought], folder: Path) -> Path:
    """A file of CloudEvents, a line each; amounts as they stand in the data set."""
    file = folder / "cdnow.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number, (customer, day, dollars) in enumerate(purchases, 1):
            lines.write(
                f'{{"specversion":"1.0","id":"line-{number}","source":"/cdnow","type":"purchase",'
                f'"subject":"{customer}","time":"{day}T12:00:00Z",'
                f'"data":{{"order_id":"{number}","total":{dollars},"currency":"USD"}}}}\n'
            )
    return file


def by_definition(purchases: Sequence[Bought]) -> Sums:
    """The counters by pandas, from the definitions."""
    told: dict[str, list[Told]] = {}
    for number, (customer, day, dollars) in enumerate(purchases, 1):
        time = dt.datetime.fromisoformat(f"{day}T12:00:00Z")
        data = {"order_id": str(number), "total": Decimal(dollars), "currency": "USD"}
        told.setdefault(customer, []).append(Told("/cdnow", f"line-{number}", "purchase", customer, time, time, data))
    return counters(told, UTC, {"USD": Decimal(1)})


def kept(at: Setup) -> Sums:
    """The store's retention counters."""
    sums = held(Store(at.store), at.incarnation).sums
    return {key: value for key, value in sums.items() if key[0] in MEASURES}


def told(at: Setup, *arguments: str) -> Any:
    """What a command prints, which has to succeed."""
    code, document, said = ask(at, *arguments, "--json", REGULARS_DEDUPE_HORIZON_DAYS=AGE)
    assert code == 0, said
    return document


def rows_of(at: Setup) -> dict[str, Any]:
    """How many rows every table has, and the counters."""
    tables = ("customer", '"order"', "inbox", "event", "counter", "decision", "message", "dead_letter", "outbox")
    counts = {table: Store(at.store).rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables}
    return {**counts, "sums": kept(at)}


def test_the_whole_history_imported_meets_the_published_figures_and_once_more_changes_nothing(
    at: Setup, purchases: list[Bought]
) -> None:
    file = written(purchases, at.home)
    assert told(at, "import", str(file)) == {"applied": 69_659, "articles": 0, "duplicates": 0, "dead_letters": 0}

    report = told(at, "retention", "--period", "month")
    overall = report["overall"]
    assert (overall["purchases"], overall["buyers"], overall["gross_minor"]) == (69_659, 23_570, 250_031_563)
    months = {period["period"]: period for period in report["periods"]}
    april, june = months["1997-04"], months["1997-06"]
    assert (april["start"], april["end"], april["new"], april["retained"]) == (9_524, 2_822, 0, 1_773)
    assert (april["crr"], april["true_retention"]) == (29.6304, 18.6161)
    assert (june["crr"], june["true_retention"]) == (105.6459, 33.7398)
    assert kept(at) == by_definition(purchases)
    assert told(at, "retention", "verify")["differences"] == []

    before = rows_of(at)
    assert told(at, "import", str(file)) == {"applied": 0, "articles": 0, "duplicates": 69_659, "dead_letters": 0}
    assert rows_of(at) == before
    assert before["message"] == before["decision"] == 0


@pytest.mark.parametrize("at", ON_BOTH, indirect=True)
def test_the_topic_and_the_import_come_to_the_same_counters(at: Setup, another: Setup, purchases: list[Bought]) -> None:
    file = written(purchases[:ROWS], at.home)
    assert told(at, "send", str(file))["sent"] == ROWS
    asyncio.run(work_off(at))
    assert told(another, "import", str(file))["applied"] == ROWS

    assert kept(at) == kept(another) == by_definition(purchases[:ROWS])
    assert told(at, "retention", "verify")["differences"] == []
    live, imported = told(at, "retention"), told(another, "retention")
    assert live == imported
    assert live["overall"]["purchases"] == ROWS
    assert rows_of(at)["message"] == 0, "history sends nothing"
    assert rows_of(at)["dead_letter"] == 0


async def work_off(at: Setup) -> None:
    worker = Worker(at, REGULARS_DEDUPE_HORIZON_DAYS=AGE)
    worker.start()
    try:
        worker.wait_ready()
        assert await drained(at, Store(at.store))
    finally:
        assert worker.stop() == 0
