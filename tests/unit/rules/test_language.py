"""What conditions mean, and what is said of those that mean nothing."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.events import TYPES, Event, Fulfilment, Item, Profile, Purchase, Return, ReturnedItem, Survey
from retention.money import Money
from retention.periods import day_of, local
from retention.shop import Shop
from retention.state import Customer
from rules.language import analyse, compile_condition
from rules.language.build import source
from rules.language.runtime import day_counter
from rules.language.schema import TRIGGERS, schema

SHOP = Shop()
DAY = 86_400_000_000
NOW = int(dt.datetime(2026, 3, 10, 3, tzinfo=dt.UTC).timestamp()) * 1_000_000
TODAY = NOW // DAY


def holds(text: str, customer: Customer | None = None, event: Event | None = None, shop: Shop = SHOP) -> bool:
    event = event or purchase()
    compiled = compile_condition(text, schema(event.type, shop))
    assert compiled.condition is not None, compiled.faults
    return compiled.condition(event, customer or Customer())


def purchase(amount: int = 89_000, **fields: object) -> Event:
    data = Purchase("o-1", Money("890.00"), **fields)  # type: ignore[arg-type]
    return Event("shop", "e-1", "purchase", "anna", NOW - 60_000_000, data, b"", amount=amount, at=NOW)


def faults(text: str, trigger: str = "purchase") -> list[tuple[str, str, str]]:
    """What is underlined, the code and the message of every fault."""
    _, found = analyse(text, schema(trigger, SHOP))
    return [(text[fault.offset : fault.offset + fault.length], fault.code, fault.message) for fault in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.orders == 3", True),
        ("customer.orders != 3", False),
        ("customer.orders < 4 and customer.orders > 2 && customer.orders <= 3 and customer.orders >= 3", True),
        ("customer.orders == 1 or customer.orders == 3", True),
        ("customer.orders == 1 || customer.orders == 2", False),
        ("not customer.orders == 3", False),
        ("!(customer.orders == 3)", False),
        ("true or true and false", True),
        ("(true or true) and false", False),
        ("not false and false", False),
        ("customer.orders + 2 * 3 == 9", True),
        ("(customer.orders + 2) * 3 == 15", True),
        ("10 - 3 - 2 == 5", True),
        ("customer.orders / 2 == 1.5", True),
        ("customer.orders % 2 == 1", True),
        ("-customer.orders % 2 == -1", True),
        ("-customer.orders == -3", True),
        ("customer.orders - -1 == 4", True),
        ("customer.orders in [1, 3]", True),
        ("customer.orders not in [1, 3]", False),
        ("customer.orders == 3.0", True),
        ("customer.staff == false and not customer.staff", True),
        ("'TH' == \"TH\"", True),
        ('"it\\"s" == \'it"s\'', True),
    ],
)
def test_operators_mean_what_they_say(text: str, expected: bool) -> None:
    assert holds(text, Customer(orders=3)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event.total == 890", True),
        ("event.total == 890.00", True),
        ("event.total > 890.01", False),
        ("event.total in [100, 890]", True),
        ("event.total + 10 == 900", True),
        ("1000 - event.total == 110", True),
        ("event.total * 2 >= 1780", True),
        ("event.total * 0.5 == 445", True),
        ("customer.gross / customer.orders == 500", True),
        ("event.total / customer.gross < 0.6", True),
        ("customer.net_revenue == 1500 and customer.refunds == 100", True),
        ("500 * 2 + event.total > 1889", True),
        ("-event.total < 0", True),
    ],
)
def test_a_bare_number_next_to_money_is_an_amount_in_the_shops_currency(text: str, expected: bool) -> None:
    customer = Customer(orders=3, gross=150_000 + 10_000, refunds=10_000)
    if "/ customer.orders" in text:
        customer.gross = 150_000
    assert holds(text, customer) is expected


def test_an_amount_has_as_many_decimals_as_its_currency() -> None:
    assert holds("event.total == 890", event=purchase(890), shop=Shop(currency="JPY"))
    assert holds("event.total == 0.890", event=purchase(890), shop=Shop(currency="KWD"))


def test_windows_are_whole_days_in_the_shops_zone_and_today_is_one_of_them() -> None:
    customer = Customer(days={TODAY: [1, 100], TODAY - 6: [2, 5_000], TODAY - 7: [4, 70_000]})
    assert holds("orders_in(1d) == 1 and orders_in(7d) == 3 and orders_in(8d) == 7", customer)
    assert holds("spent_in(7d) == 51 and spent_in(1w) == 51 and spent_in(168h) == 51", customer)


def test_days_since_counts_midnights_of_the_shop() -> None:
    evening = int(dt.datetime(2026, 3, 9, 16, 30, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert holds("days_since(customer.last_order_at) == 1", Customer(last_order_at=evening))
    assert holds("days_since(customer.last_order_at) == 0", Customer(last_order_at=evening + 3_600_000_000))


def test_times_less_times_are_lengths_of_time() -> None:
    customer = Customer(first_order_at=NOW - 3 * DAY)
    assert holds("event.at - customer.first_order_at == 3d and event.at - 72h == customer.first_order_at", customer)
    assert holds("event.at > customer.first_order_at + 2d and 12h * 2 == 1d and 90m - 30m == 3600s", customer)


def test_bought_knows_categories_of_the_customer_and_articles_of_the_event() -> None:
    event = purchase(items=[Item("TEA-1", 2, Money(1), category="tea")])
    assert holds('bought("TEA-1") and bought("tea") and not bought("coffee")', event=event)
    assert holds('bought("coffee")', Customer(categories={"coffee": 1}), event)
    back = Event("shop", "r", "return", "anna", NOW, Return("r-1", Money(1), items=[ReturnedItem("TEA-1", 1)]), b"")
    assert holds('bought("TEA-1") and not bought("tea")', event=back)
    survey = Event("shop", "s", "survey", "anna", NOW, Survey(9), b"")
    assert holds('event.score >= 9 and not bought("TEA-1")', event=survey)


def test_tags_and_categories_are_lists_to_look_into() -> None:
    customer = Customer(profile={"tags": ["vip"], "country": "TH"}, categories={"tea": 3})
    assert holds('has_tag("vip") and "vip" in customer.tags and "new" not in customer.tags', customer)
    assert holds('"tea" in customer.categories and customer.country in ["TH", "SG"]', customer)


def test_a_profile_event_that_does_not_speak_of_a_field_leaves_it_unknown() -> None:
    silent = Event("shop", "p", "profile", "anna", NOW, Profile(country="TH"), b"")
    assert holds('event.country == "TH" and event.email == null and event.staff == null', event=silent)
    assert not holds("event.staff == false or event.staff", event=silent)


SMALLEST: dict[str, dict[str, object]] = {
    "purchase": {"order_id": "o", "total": 1},
    "return": {"return_id": "r", "total": 1},
    "fulfilment": {"order_id": "o", "state": "shipped"},
    "consent": {"channel": "email", "state": "granted"},
    "survey": {"score": 1},
    "review": {"rating": 1},
    "support": {"ticket_id": "t", "state": "opened"},
    "message": {"message_id": "m", "state": "sent"},
}
"""Event type → the least its data can be; {} for the others."""


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_field_of_every_event_can_be_read_of_an_empty_customer(trigger: str) -> None:
    fields = schema(trigger, SHOP)
    data = msgspec.convert(SMALLEST.get(trigger, {}), TYPES[trigger], dec_hook=lambda kind, value: kind(value))
    event = Event("shop", "e", trigger, "anna", NOW, data, b"", at=NOW)
    for path, field in fields.fields.items():
        missing = compile_condition(f"{path} == null", fields).condition
        known = compile_condition(f"{path} != null", fields).condition
        assert missing is not None
        assert known is not None
        assert missing(event, Customer()) is not known(event, Customer())
        assert field.may_miss or known(event, Customer()), path


def test_the_generated_source_holds_no_word_of_the_condition() -> None:
    test, _ = analyse('customer.country == "__import__" and customer.orders > 1234', schema("purchase", SHOP))
    assert test is not None
    assert "import" not in source([test])
    assert "1234" not in source([test])


def test_several_conditions_must_all_hold() -> None:
    fields = schema("purchase", SHOP)
    both = compile_condition(["customer.orders > 1", "customer.orders < 3 or customer.orders == 9"], fields).condition
    assert both is not None
    assert [both(purchase(), Customer(orders=n)) for n in (1, 2, 3, 9)] == [False, True, False, True]


MISTAKES = [
    ("customer.oders >= 2", "customer.oders", "unknown-field", 'did you mean "customer.orders"?'),
    ("event.totl > 3", "event.totl", "unknown-field", 'did you mean "event.total"?'),
    ("event.items == 3", "event.items", "unknown-field", "bought("),
    ("event.discount > 3", "event.discount", "unknown-field", "event.total"),
    ("customer.country == TH", "TH", "unknown-field", "quotes"),
    ('segmant("x")', 'segmant("x")', "unknown-function", 'did you mean "segment"?'),
    ('buyers("x")', 'buyers("x")', "unknown-function", "there are bought"),
    ('bougt("x")', 'bougt("x")', "unknown-function", 'did you mean "bought"?'),
    ("customer.gross > customer.orders", "customer.gross > customer.orders", "type-mismatch", "money cannot"),
    ("customer.gross * customer.gross > 1", "customer.gross * customer.gross", "type-mismatch", "does not work"),
    ('customer.orders == "3"', 'customer.orders == "3"', "type-mismatch", "without quotes"),
    ("customer.orders", "customer.orders", "type-mismatch", "compare it"),
    ("customer.orders and true", "customer.orders", "type-mismatch", "compare it"),
    ('customer.country > "TH"', 'customer.country > "TH"', "type-mismatch", "no order"),
    ('customer.country in "TH"', '"TH"', "type-mismatch", "needs a list"),
    ('customer.country in ["TH", 5]', "5", "type-mismatch", "never"),
    ("3 in customer.tags", "3", "type-mismatch", "holds no"),
    ("customer.orders in []", "[]", "bad-argument", "empty"),
    ("customer.orders in [customer.orders]", "customer.orders", "bad-argument", "plain values"),
    ("event.at > 30d", "event.at > 30d", "type-mismatch", "point in time"),
    ("event.at - customer.first_order_at > 30", "event.at - customer.first_order_at > 30", "type-mismatch", "30d"),
    ("(customer.orders > 1) + 1 > 2", "customer.orders > 1", "type-mismatch", "no value"),
    ("customer.orders / 0 > 1", "customer.orders / 0", "bad-argument", "zero"),
    ("has_tag()", "has_tag()", "bad-argument", "one argument"),
    ("has_tag(3)", "3", "bad-argument", "takes text"),
    ("has_tag(customer.country)", "customer.country", "bad-argument", "takes text"),
    ("orders_in(90) > 1", "90", "bad-argument", "orders_in(90d)"),
    ("orders_in(12h) > 1", "12h", "bad-argument", "whole days"),
    ("orders_in(401d) > 1", "401d", "bad-argument", "400d"),
    ("days_since > 3", "days_since", "unknown-field", "is a function"),
    ("customer.orders = 2", "=", "syntax", '"=="'),
    ("customer.orders => 2", "=>", "syntax", '">="'),
    ("customer.orders >= 1,500", ",", "syntax", "1500"),
    ("1 < customer.orders < 3", "<", "syntax", "two values at a time"),
    ("customer.orders >", ">", "syntax", "ends where"),
    ("customer.orders > 2)", ")", "syntax", "operator"),
    ("(customer.orders > 2", "2", "syntax", "ends where"),
    ("customer.orders AND true", "AND", "syntax", '"and"'),
    ("customer.orders 3", "3", "syntax", "operator"),
    ("customer.orders > 30days", "30days", "syntax", 'did you mean "30d"?'),
    ("customer.orders > 1e9", "1e9", "syntax", "neither a number"),
    ("customer.orders > 1234567890123456", "1234567890123456", "syntax", "15 digits"),
    ("event.coupon == “A”", "“", "syntax", "straight quote"),
    ('event.coupon == "A', '"A', "syntax", "no closing quote"),
    (r'event.coupon == "A\d"', r"\d", "syntax", "backslash"),
    ("event.total > ฿100", "฿", "syntax", "currency"),
    ("customer.orders > 2 ? true : false", "?", "syntax", '"? :"'),
    ("ลูกค้า > 2", "ลูกค้า", "syntax", "does not belong"),
    ("null", "null", "type-mismatch", "compared"),
    (r'event.coupon == "\u12"', r"\u", "syntax", "backslash"),
    (r'event.coupon == "\ud800"', r"\ud800", "syntax", "backslash"),
    (r'event.coupon == r"\d"', r'r"\d"', "syntax", "pair of quotes"),
    ('event.coupon == """A"""', '"""A"""', "syntax", "pair of quotes"),
    ("customer.orders > 1 // often", "// often", "syntax", "#"),
    ("customer.orders > .5", ".5", "syntax", '"0.5"'),
    ('segment("loyl")', '"loyl"', "unknown-segment", "segments.yaml"),
    ("segment(customer.country)", "customer.country", "bad-argument", "takes text"),
    ('segment("loyal") + 1 > 2', '"loyal"', "unknown-segment", "segments"),
    ("has(3)", "3", "bad-argument", "takes a field"),
    ('customer.has_tag("vip")', 'customer.has_tag("vip")', "bad-argument", "stands alone"),
    ('startsWith(customer.email, "a")', 'startsWith(customer.email, "a")', "bad-argument", "stands behind"),
    ("customer.email.startsWith()", "customer.email.startsWith()", "bad-argument", "takes one argument"),
    ("customer.email.startsWith(3)", "3", "bad-argument", "takes text"),
    ("customer.email.lower() == 'a'", "customer.email.lower()", "unknown-function", "lowerAscii"),
    ('customer.email.matches("a")', 'customer.email.matches("a")', "unknown-function", "startsWith"),
    ('event.at > duration("3s")', 'duration("3s")', "unknown-function", "30d"),
    ('event.at > timestamp("2026-02-30")', '"2026-02-30"', "bad-argument", "no such time"),
    ('event.at > timestamp("tomorrow")', '"tomorrow"', "bad-argument", "midnight"),
    ('event.at > timestamp("0001-01-01T00:00:00+14:00")', '"0001-01-01T00:00:00+14:00"', "bad-argument", "9999"),
    ('consent("email") == "yes"', '"yes"', "unknown-value", "consent is never"),
    ("customer.orders > 999999999999999 * 999999", "999999999999999 * 999999", "bad-argument", "that big"),
    ("event.at - event.time > 999999w", "999999w", "bad-argument", "that big"),
    ("customer.email.size > 3", "customer.email.size", "unknown-field", "customer.email"),
    ("(customer.email).size > 3", ">", "syntax", '"("'),
    ("customer.orders_since_entry > 0", "customer.orders_since_entry", "unknown-field", "entered"),
    ("customer.attributes.size == 42", "customer.attributes.size", "unknown-field", "unknown field"),
    ("customer.staff > true", "customer.staff > true", "type-mismatch", "no order"),
    ("customer.tags == customer.categories", "customer.tags == customer.categories", "type-mismatch", '"in"'),
    ("[1] == [1]", "[1]", "type-mismatch", "right of"),
]


@pytest.mark.parametrize(("text", "underlined", "code", "said"), MISTAKES)
def test_a_mistake_is_underlined_named_and_explained(text: str, underlined: str, code: str, said: str) -> None:
    first = faults(text)[0]
    assert first[:2] == (underlined, code)
    assert said in first[2]


def test_a_word_that_a_field_never_holds_is_a_mistake() -> None:
    message = 'event.state is never "shiped"; did you mean "shipped"?'
    assert faults('event.state == "shiped"', "fulfilment") == [('"shiped"', "unknown-value", message)]
    assert faults('event.state in ["shipped", "lost"]', "fulfilment")[0][:2] == ('"lost"', "unknown-value")
    event = Event("shop", "f", "fulfilment", "anna", NOW, Fulfilment("o-1", "shipped"), b"")
    assert holds('event.state == "shipped"', event=event)


def test_every_mistake_is_told_at_once() -> None:
    text = 'customer.oders > 1 and bougt("x") or event.total > customer.orders and not customer.nme == "x"'
    assert [fault[1] for fault in faults(text)] == [
        "unknown-field",
        "unknown-function",
        "type-mismatch",
        "unknown-field",
    ]
    assert [fault[0] for fault in faults("a = 1 and b = “x”")] == ["=", "=", "“", "”"]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_condition_is_a_mistake(text: str) -> None:
    assert [fault.message for fault in analyse(text, schema("purchase", SHOP))[1]] == ["the condition is empty"]


def test_a_condition_has_at_most_2000_characters() -> None:
    fits = "true" + " " * 1_996
    assert faults(fits) == []
    assert [fault[1] for fault in faults(fits + " ")] == ["too-long"]


@pytest.mark.parametrize("opening", ["(", "!", "not ", "-(", "days_since(", "[", "1 + (", "true and ("])
def test_what_nests_more_than_32_deep_is_refused_not_crashed_on(opening: str) -> None:
    text = opening * (2_000 // len(opening))
    assert [fault[1] for fault in faults(text)] == ["too-deep"]


def test_32_brackets_are_not_too_many_and_33_are() -> None:
    assert faults("(" * 32 + "true" + ")" * 32) == []
    assert [fault[1] for fault in faults("(" * 33 + "true" + ")" * 33)] == ["too-deep"]
    assert [fault[1] for fault in faults("+".join(["1"] * 34) + " > 0")] == ["too-deep"]


def test_a_long_chain_of_and_is_wide_not_deep() -> None:
    assert holds(" and ".join(["customer.orders > 2"] * 80), Customer(orders=3))


@given(st.text(alphabet="customer.orders event.total()[]!=<>&|+-*/%,\"'\\ 0123456789dhin\n", max_size=60))
def test_any_text_gives_a_condition_or_a_fault_inside_it(text: str) -> None:
    test, found = analyse(text, schema("purchase", SHOP))
    assert (test is None) == bool(found)
    for fault in found:
        assert 0 <= fault.offset <= len(text)
        assert fault.length >= 1


@given(
    st.integers(0, 4_000_000_000_000_000),
    st.sampled_from(["Asia/Bangkok", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_the_fast_day_number_is_the_calendars(micros: int, name: str) -> None:
    zone = ZoneInfo(name)
    assert day_counter(zone)(micros) == day_of(local(micros, zone))


def test_money_fields_of_events_other_than_the_total_stay_out() -> None:
    fields = schema("purchase", SHOP).fields
    money = {path for path in fields if path.startswith("event.") and fields[path].kind.name == "MONEY"}
    assert money == {"event.total"}
    assert msgspec.structs.fields(Purchase)[1].name == "total"
