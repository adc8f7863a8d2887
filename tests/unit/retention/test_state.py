"""A customer's blob: comes back as it was, and stays small."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from retention import orders, state
from retention.money import Money
from retention.state import Customer, Journey
from tests.unit.retention.making import Desk, at, bought, returned

DAY = 86_400_000_000


def test_every_field_comes_back() -> None:
    customer = Customer(
        seq=7,
        at=8,
        orders=1,
        orders_ever=2,
        gross=10**14,
        refunds=-1,
        first_order_at=1,
        last_order_at=2,
        last_event_at=3,
        months={24312: 1},
        days={20454: [1, 500]},
        categories={"ชา": 2},
        profile={"email": "anna@example.com", "tags": ["vip"], "attributes": {"shoe": Money("37.50"), "n": None}},
        profile_at={"email": 5},
        consents={"email": [True, 5]},
        suppressed={"sms": "bounced"},
        entries={"welcome": [1, 2, 0]},
        staff=True,
        walk_in=True,
        variants={"welcome": "warm"},
        tickets={"t-1": [5, 1]},
        returning={"r-1": [5, 2]},
        reserved=[[5, "email", "k-1"]],
        journeys=[Journey("welcome", "shop\x1fe-1", 1, 2, 3, "warm", 4, 5, 6, {"k-1": 0}, True, "0" * 16, {"o": 7})],
        own_tags=["regular"],
        own={"size": 42, "gone": None},
        elapsed=9,
    )
    assert all(getattr(customer, name) for name in Customer.__struct_fields__)
    assert state.decode(state.encode(customer)) == customer


def test_a_new_customer_is_a_handful_of_bytes() -> None:
    assert len(state.encode(Customer())) < 40


@pytest.mark.parametrize("name", ["variants", "tickets", "journeys", "own"])
def test_a_blob_from_before_a_field_reads_as_one_without(name: str) -> None:
    later: dict[str, Any] = {
        "variants": {"welcome": "warm"},
        "tickets": {"t-1": [5, 1]},
        "own_tags": ["regular"],
        "own": {"size": 42},
    }
    later |= {"journeys": [Journey("welcome", "e-1", 1, 2, 3)]}
    fields = msgspec.msgpack.decode(state.encode(Customer(seq=7, walk_in=True, **later)))
    names = Customer.__struct_fields__
    older = {one: value for one, value in later.items() if names.index(one) < names.index(name)}
    blob = msgspec.msgpack.encode(fields[: names.index(name)])
    assert state.decode(blob) == Customer(seq=7, walk_in=True, **older)


def test_what_is_no_blob_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        state.decode(msgspec.msgpack.encode(["x"]))
    with pytest.raises(NotImplementedError):
        state.decode(state.encode(Customer(profile={"x": 1})).replace(b"\xa1x\x01", b"\xa1x\xd4\x02\x00"))


def test_a_value_that_would_come_back_as_another_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        state.encode(Customer(profile={"x": object()}))


def test_two_thousand_orders_over_five_years_fit_sixteen_kib() -> None:
    chance = random.Random(3)
    desk = Desk()
    for n in range(2_000):
        time = at("2021-01-01 00:00") + n * 1_826 * DAY // 2_000 + chance.randrange(DAY // 2)
        total = chance.randrange(10_000, 9_000_000)
        desk.fold(bought(f"o-{n}", time, total, {"sku": 2}, f"category number {chance.randrange(60)}"))
        if n % 5 == 0:
            desk.fold(returned(f"o-{n}", time + DAY, total, f"r-{n}"))
    assert desk.anna.orders == 1_600
    assert len(state.encode(desk.anna)) <= 16 * 1024


def test_a_customer_about_whom_everything_is_known_fits_sixteen_kib() -> None:
    """As full as a shop makes one: an order on each of 400 days, 20 years, 32 categories of 50 Thai letters, 60 rules.

    It is no hard limit: categories may be longer, and nobody counts the topics of consents. More bytes only cost time.
    """
    now = at("2026-03-01 10:00")
    profile: dict[str, object] = dict.fromkeys(("first_name", "last_name", "email"), "ช" * 20)
    profile["tags"] = [f"tag-{number}" for number in range(10)]
    profile["attributes"] = {f"attribute-{number}": f"some value {number}" for number in range(20)}
    customer = Customer(
        seq=50_000,
        at=now,
        orders=2_000,
        orders_ever=2_500,
        gross=10**14,
        refunds=10**13,
        first_order_at=now,
        last_order_at=now,
        last_event_at=now,
        months={24_000 + number: 100 for number in range(240)},
        days={20_000 + number: [300, 10**10] for number in range(400)},
        categories={"ช" * 50 + str(number): 100_000 for number in range(32)},
        profile=profile,
        profile_at=dict.fromkeys((*profile, "locale", "time_zone", "country", "birth_date", "staff"), now),
        consents={f"email/topic-{number}": [True, now] for number in range(12)},
        suppressed={"sms": "bounced"},
        entries={f"a-rule-with-a-name-{number}": [200, now, 2026] for number in range(60)},
        variants={f"a-rule-with-a-name-{number}": "short" for number in range(12)},
    )
    assert 14 * 1024 < len(state.encode(customer)) <= 16 * 1024


def test_an_order_comes_back_with_everything_said_about_it() -> None:
    desk = Desk()
    desk.fold(bought("o-1", 5, 500, {"tea": 2, "cup": 1}), returned("o-1", 6, 120, items={"tea": 1}))
    order = desk.orders["anna"]["o-1"]
    assert orders.decode(orders.encode(order)) == order
