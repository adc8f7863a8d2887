"""Why a condition holds or not, part by part."""

from __future__ import annotations

from retention.events import Event, Purchase
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.language import compile_condition
from rules.language.explain import Explained, explain
from rules.language.schema import Declared, customers, schema
from rules.language.segments import resolve

NOW = 1_772_330_400_000_000
ANNA = Customer(orders=1, orders_ever=1, gross=89_000, first_order_at=NOW, profile={"tags": ["vip", 'a"b']})
EVENT = Event("shop", "e", "purchase", "anna", NOW, Purchase("o-1", Money(890)), b"", 89_000, NOW)
SEGMENTS, _ = resolve({"big": ["customer.gross > 500", "customer.orders > 3"]}, customers(Shop()))


def told(text: str | list[str]) -> list[Explained]:
    condition = compile_condition(text, schema("purchase", Shop(), Declared(), SEGMENTS)).condition
    assert condition is not None
    return explain(condition, EVENT, ANNA)


def test_a_comparison_is_told_as_it_stands_in_the_file_with_the_values_it_met() -> None:
    assert told("customer.orders  >=  2") == [
        Explained("customer.orders  >=  2", False, met=(("customer.orders", "1"),))
    ]


def test_brackets_at_its_ends_are_told_with_it() -> None:
    for text in ("(customer.orders + 1) * 2 > (customer.orders - 1)", "-(customer.orders + 1) < -(customer.orders)"):
        assert [one.text for one in told(text)] == [text]


def test_both_sides_of_and_and_or_are_told() -> None:
    (whole,) = told('customer.orders == 1 and (customer.country == "TH" or event.total > 2000)')
    assert (whole.joint, whole.verdict) == ("and", None)
    first, second = whole.parts
    assert (first.verdict, second.verdict, second.joint) == (True, None, "or")
    assert [part.verdict for part in second.parts] == [None, False]
    assert second.parts[0].met == (("customer.country", "unknown"),)
    assert second.parts[1].met == (("event.total", "890.00 THB"),)


def test_several_conditions_are_told_one_by_one() -> None:
    assert [one.verdict for one in told(["customer.orders == 1", "customer.orders == 2"])] == [True, False]


def test_the_opposite_of_unknown_is_unknown() -> None:
    (whole,) = told('not customer.country == "TH"')
    assert (whole.joint, whole.verdict, whole.parts[0].verdict) == ("not", None, None)


def test_a_segment_is_told_by_its_name_and_then_by_its_parts() -> None:
    (whole,) = told('segment("big")')
    assert (whole.text, whole.verdict, whole.joint) == ('segment("big")', False, "segment")
    (inside,) = whole.parts
    assert [(part.text, part.verdict) for part in inside.parts] == [
        ("customer.gross > 500", True),
        ("customer.orders > 3", False),
    ]


def test_values_are_written_as_people_read_them() -> None:
    met = {
        what: value
        for text in (
            'customer.tags.size() > 1 and "vip" in customer.tags',
            "days_since(customer.first_order_at) > 3",
            "event.at - customer.first_order_at > 3d",
            "customer.staff",
            "event.source != 'x'",
            "orders_in(90d) > 0",
        )
        for one in told(text)
        for part in (one.parts or (one,))
        for what, value in part.met
    }
    assert met == {
        "customer.tags": '["vip", "a\\"b"]',
        "size(…)": "2",
        "customer.first_order_at": "2026-03-01 09:00:00+07:00",
        "days_since(…)": "0",
        "event.at": "2026-03-01 09:00:00+07:00",
        "customer.staff": "false",
        "event.source": '"shop"',
        "orders_in(…)": "0",
    }
