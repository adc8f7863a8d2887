"""What cannot be applied: dead letters, the search for the record that raises, the share that halts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from retention.errors import REASONS
from retention.events import Event
from retention.shop import Shop as Money
from retention.state import Customer
from rules.policy import HOUR, Policy
from storage.errors import Halted
from storage.intake import resume
from storage.store import Store
from streams.apply import DAY, Outcome
from streams.broker import EVENTS
from streams.record import Record
from tests.unit.streams.kit import NOW, Shop, event, reachable, records, rule, ruled, shop_on

HEADERS = (("ce_id", b"\xff"), ("nothing", None), ("ce_id", b""))


def trap(seen: Event, customer: Customer) -> bool:
    """A condition with a defect: some orders make it raise."""
    if seen.data.order_id.startswith("trap"):
        raise ZeroDivisionError
    return customer.orders >= 1


TRAP = ruled(rule("trap", condition=trap))


def test_a_dead_letter_says_why_and_where_and_keeps_the_bytes(shop: Shop) -> None:
    shop.apply([Record(EVENTS, 0, 17, 0, b"an\xff\x00na", b"{\x00\xff", HEADERS)])
    [row] = shop.rows("dead_letter")
    assert (row["incarnation"], row["topic"], row["partition"], row["offset"]) == ("log-1", EVENTS, 0, 17)
    assert (row["reason"], row["field"], row["detail"], row["at"]) == ("bad-key", "", REASONS["bad-key"], NOW)
    assert (bytes(row["key"]), bytes(row["value"])) == (b"an\xff\x00na", b"{\x00\xff")
    kept = [(name, value if value is None else base64.b64decode(value)) for name, value in json.loads(row["headers"])]
    assert tuple(kept) == HEADERS


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (None, "tombstone", ""),
        (b"", "not-json", ""),
        (b"\xff", "not-utf8", ""),
        (event("1", "ben"), "key-mismatch", "subject"),
        (event("1", kind="wish"), "unknown-type", "type"),
        (event("1", kind="erased"), "internal-type", "type"),
        (event("1", total="1e999"), "bad-money", "data.total"),
        (event("1", order_id="a\x00b"), "bad-data", ""),
        (event("1", order_id=""), "bad-data", "data.order_id"),
        (event("1", time=NOW + 25 * HOUR), "time-ahead", "time"),
        (event("1", time=NOW - 400 * DAY - 1), "before-horizon", "time"),
    ],
)
def test_whatever_is_wrong_with_one_record_the_others_are_applied(
    shop: Shop, value: bytes | None, reason: str, field: str
) -> None:
    batch = [*records(event("a")), *records(value, at=1, key=b"anna"), *records(event("b"), at=2)]
    assert shop.apply(batch) == Outcome(applied=2, dead=1)
    assert shop.dead() == {1: (reason, field)}
    assert [one.id for one in shop.log()] == ["a", "b"]


def test_an_event_at_the_horizon_is_still_applied(shop: Shop) -> None:
    assert shop.take(event("1", time=NOW - 400 * DAY)).applied == 1


def test_a_dead_letter_read_again_stays_one(shop: Shop) -> None:
    batch = records(b"{", event("1"))
    shop.apply(batch)
    shop.apply(batch)
    assert shop.dead() == {0: ("not-json", "")}


# A record that makes us raise


@pytest.mark.parametrize("size", [1, 2, 7, 16])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_record_that_makes_a_rule_raise_is_found_and_the_rest_goes_on_in_order(
    store: Store, size: int, where: str
) -> None:
    at = {"first": 0, "middle": size // 2, "last": size - 1}[where]
    values = [event(str(number), order_id=f"o-{number}") for number in range(size)]
    values[at] = event(str(at), order_id="trap-1")
    with shop_on(store, TRAP) as shop:
        shop.take(reachable())
        outcome = shop.take(*values)
        assert (outcome.applied, outcome.dead, outcome.duplicates) == (size - 1, 1, 0)
        assert shop.dead() == {at + 1: ("failed", "")}
        rest = [str(number) for number in range(size) if number != at]
        assert [one.id for one in shop.log()] == ["profile-anna", *rest]
        assert [one.seq for one in shop.log()] == list(range(1, size + 1))
        assert shop.count("placed") == size - 1
        assert len(shop.rows("message")) == outcome.messages == size - 1
        assert shop.rows("partition")[0]["position"] == size + 1


def test_several_records_that_raise_are_all_found(store: Store) -> None:
    values = [
        event(str(number), order_id=f"{'trap' if number in (0, 3, 4, 9) else 'o'}-{number}") for number in range(10)
    ]
    with shop_on(store, TRAP) as shop:
        assert (outcome := shop.take(*values)).applied == 6
        assert outcome.dead == 4
        assert sorted(shop.dead()) == [0, 3, 4, 9]
        assert [one.id for one in shop.log()] == ["1", "2", "5", "6", "7", "8"]


def test_once_the_defect_is_mended_the_event_can_be_applied(store: Store) -> None:
    """A failed event was not received: its identity is free for the second try."""
    value = event("1", order_id="trap-1")
    with shop_on(store, TRAP) as shop:
        assert shop.take(value) == Outcome(dead=1)
        assert shop.rows("inbox") == []
    with shop_on(store) as shop:
        assert shop.take(value).applied == 1


def test_what_makes_reading_a_record_raise_is_found_too(store: Store) -> None:
    rates: Any = {"USD": "no number"}
    broken = ruled(policy=Policy(Money(rates=rates)))
    with shop_on(store, broken) as shop:
        outcome = shop.take(event("1"), event("2", currency="USD"), event("3"))
        assert (outcome.applied, outcome.dead) == (2, 1)
        assert shop.dead() == {1: ("failed", "")}


# Misrouted records in a batch that is halved


def test_a_stray_record_is_handed_back_once_although_the_batch_is_halved(store: Store) -> None:
    with shop_on(store, TRAP) as shop:
        shop.applier.partitions = 2
        home = next(n for n in range(2) if shop.applier.home_of(records(event("1"))[0]) == n)
        stray = next(name for name in "abcdefgh" if shop.applier.home_of(records(event("1", name))[0]) != home)
        values = [event("1"), event("2", stray), event("3", order_id="trap"), event("4", stray), event("5")]
        outcome = shop.take(*values, partition=home)
        assert [record.offset for record in outcome.misrouted] == [1, 3]
        assert (outcome.applied, outcome.dead) == (2, 1)


# The share


def test_too_many_bad_records_halt_without_the_batch_and_across_a_restart(store: Store) -> None:
    with shop_on(store) as shop:
        shop.take(*(event(f"good-{number}") for number in range(60)))
        bad = [b"{"] * 70
        with pytest.raises(Halted, match=r"70 of the last 131 records of events/0 are bad"):
            shop.take(event("with-them"), *bad)
        assert shop.dead() == {}
        assert shop.count("placed") == 60
        assert shop.rows("partition")[0]["position"] == 60
        with pytest.raises(Halted):
            shop.take(event("after"))
    with shop_on(store) as shop:
        with pytest.raises(Halted, match="70 of the last 131"):
            shop.take(event("after a restart"))
        assert shop.count("placed") == 60
        assert shop.take(event("elsewhere"), partition=1).applied == 1
        assert resume(store) == 1
        assert shop.take(event("resumed")).applied == 1


def test_the_share_is_of_the_recent_past_and_duplicates_count_as_good(store: Store) -> None:
    with shop_on(store, bad_share=0.1) as shop:
        values = [event(str(number)) for number in range(100)]
        shop.take(*values)
        shop.take(*values, *[b"{"] * 20)
        assert (shop.rows("partition")[0]["seen"], shop.rows("partition")[0]["bad"]) == (220, 20)
        with pytest.raises(Halted, match="25 of the last 225"):
            shop.take(*[b"{"] * 5)


def test_events_under_a_used_id_count_as_bad(store: Store) -> None:
    with shop_on(store, bad_share=0.5) as shop:
        shop.take(*(event(str(number)) for number in range(60)))
        with pytest.raises(Halted, match="61 of the last 121"):
            shop.take(*(event(str(number % 60), total="9.00", order_id=f"x-{number}") for number in range(61)))
        assert shop.count("gross") == 6000
