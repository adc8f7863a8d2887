"""The messy load is as untidy as it says, and its repetitions are exact."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable

import pytest

from tests.chaos.load import Emit, Load
from tests.chaos.messy import Messy, on_events

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
MANY = 6_000


@pytest.fixture(scope="module")
def stream() -> list[Emit]:
    load = Messy(3, 4)
    return [load.next(NOW) for _ in range(MANY)]


def identity(emit: Emit) -> tuple[str, str] | None:
    """(source, id) of a good record that names one."""
    if emit.poison is not None or emit.value is None:
        return None
    event = json.loads(emit.value)
    if emit.topic == "events":
        return None if emit.headers else (event["source"], event["id"])
    return (f"/topics/{emit.topic}", event["id"]) if "id" in event else None


def test_a_fifth_is_told_again_some_of_it_long_after_and_by_another_way(stream: list[Emit]) -> None:
    again = sum(emit.again for emit in stream)
    assert 0.17 * MANY < again < 0.27 * MANY
    seen: dict[tuple[str, str], list[int]] = {}
    ways: dict[tuple[str, str], set[str]] = {}
    for number, emit in enumerate(stream):
        if (known := identity(emit)) is not None:
            seen.setdefault(known, []).append(number)
            ways.setdefault(known, set()).add(emit.topic)
    assert max(places[-1] - places[0] for places in seen.values()) > MANY / 2
    assert sum(len(each) == 2 for each in ways.values()) > 50


def test_returns_come_before_their_purchases_as_they_never_do_in_an_orderly_shop(stream: list[Emit]) -> None:
    load = Load(3, 4)
    assert early_returns(load.next(NOW) for _ in range(MANY)) == 0
    assert early_returns(stream) > 20


def early_returns(stream: Iterable[Emit]) -> int:
    """Returns of orders that nobody has bought yet."""
    early, bought = 0, set[str]()
    for emit in stream:
        if emit.poison is None and emit.value is not None:
            event = json.loads(emit.value)
            data = event.get("data", event)
            if "return_id" in data:
                early += "order_id" in data and data["order_id"] not in bought
            elif "order_id" in data and "total" in data:
                bought.add(data["order_id"])
    return early


def test_a_bare_record_and_its_event_hold_the_same_bytes() -> None:
    value = b'{"order_id": "o-1",  "total": 12.50, "id": "b-1", "time": "2026-03-01T10:00:00+00:00"}'
    other = on_events(Emit("purchases", b"anna", value))
    event = json.loads(other.value or b"")
    assert value in (other.value or b"")
    assert (other.topic, other.key) == ("events", b"anna")
    assert (event["source"], event["id"], event["type"]) == ("/topics/purchases", "b-1", "purchase")
    assert (event["subject"], event["time"]) == ("anna", "2026-03-01T10:00:00+00:00")
