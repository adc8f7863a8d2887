"""The simulated tea shop: believable, repeatable, and true to the contract of events."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import islice, pairwise
from random import Random
from statistics import median
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from console.demo.live import LiveEvent
from console.demo.people import make_person
from console.demo.rhythm import birthdays
from console.demo.shop import SimulatedShop
from retention.decode import micros
from retention.events import TYPES, Envelope
from retention.money import Money, decode_money
from retention.own import checked
from rules.engine.launches import launch
from rules.policy import Policy

NOW = dt.datetime(2026, 3, 1, 9, 0, tzinfo=dt.UTC)
SENT = NOW + dt.timedelta(seconds=17)
TYPE_OF = {"purchases": "purchase", "returns": "return", "birthdays": "birthday"}


DECLARED = {"social_share": {"network": "text", "url": "text?"}}
"""As `rules/events.yaml` has it."""


def decoded(kind: str, data: Any) -> Any:
    """`data` as the worker would read it; raises what the worker would raise."""
    if kind in DECLARED:
        return checked(msgspec.json.encode(data), DECLARED[kind], "data")
    plain = msgspec.json.Decoder(float_hook=Decimal).decode(msgspec.json.encode(data))

    def hook(wanted: type, value: Any) -> Any:
        assert wanted is Money
        return decode_money(value)

    return msgspec.convert(plain, TYPES[kind], dec_hook=hook)


@pytest.fixture(scope="module")
def shop() -> SimulatedShop:
    return SimulatedShop(7, NOW)


@pytest.fixture(scope="module")
def history(shop: SimulatedShop) -> list[dict[str, Any]]:
    return list(shop.history())


@pytest.fixture(scope="module")
def live(shop: SimulatedShop) -> list[LiveEvent]:
    return list(islice(shop.live(clock=lambda: SENT), 3000))


def of_type(history: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in history if event["type"] == kind]


def profiles(history: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {event["subject"]: event["data"] for event in of_type(history, "profile")}


def readable(record: LiveEvent) -> dict[str, Any] | None:
    """The JSON object of a record, None for a truncated one."""
    try:
        value = json.loads(record.value)
    except ValueError:
        return None
    assert isinstance(value, dict)
    return value


def broken(record: LiveEvent) -> bool:
    value = readable(record)
    return value is None or value.get("total") == "on the house"


def orders_of(history: list[dict[str, Any]]) -> dict[str, list[dt.datetime]]:
    orders: dict[str, list[dt.datetime]] = defaultdict(list)
    for event in of_type(history, "purchase"):
        orders[event["subject"]].append(dt.datetime.fromisoformat(event["time"]))
    return orders


def test_every_event_of_the_history_passes_the_contract(history: list[dict[str, Any]]) -> None:
    decoder = msgspec.json.Decoder(Envelope)
    for event in history:
        envelope = decoder.decode(json.dumps(event))
        decoded(envelope.type, event["data"])


@pytest.mark.parametrize("seed", range(5))
def test_the_history_has_some_thousands_of_events_whatever_the_seed(seed: int) -> None:
    assert 2800 <= len(list(SimulatedShop(seed, NOW).history())) <= 6000


def test_the_history_is_in_time_order_and_ends_before_now(history: list[dict[str, Any]]) -> None:
    times = [dt.datetime.fromisoformat(event["time"]) for event in history]
    assert times == sorted(times)
    assert times[-1] < NOW
    assert dt.timedelta(days=480) < NOW - times[0] < dt.timedelta(days=560)


def test_ids_are_unique_and_orders_are_numbered_in_time_order(history: list[dict[str, Any]]) -> None:
    assert len({event["id"] for event in history}) == len(history)
    numbers = [int(event["data"]["order_id"][2:]) for event in of_type(history, "purchase")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_the_same_seed_and_time_tell_the_same_story(
    history: list[dict[str, Any]], live: list[LiveEvent], shop: SimulatedShop
) -> None:
    again = SimulatedShop(7, NOW)
    assert list(islice(again.live(clock=lambda: SENT), 500)) == live[:500]
    assert list(again.history()) == history
    assert list(islice(shop.live(clock=lambda: SENT), 500)) == live[:500]


def test_another_seed_tells_another_story(history: list[dict[str, Any]]) -> None:
    assert list(SimulatedShop(8, NOW).history()) != history


def test_a_total_is_what_the_items_cost_less_discount_plus_shipping(
    history: list[dict[str, Any]], live: list[LiveEvent]
) -> None:
    sent = [json.loads(record.value) for record in live if record.topic == "purchases" and not broken(record)]
    orders = [event["data"] for event in of_type(history, "purchase")] + sent
    for order in orders:
        subtotal = sum(item["qty"] * item["price"] for item in order["items"])
        assert order["total"] == subtotal - order.get("discount", 0) + order.get("shipping", 0)
    assert any("discount" in order for order in orders)
    assert any("shipping" in order for order in orders)


def test_returns_name_an_earlier_order_of_the_same_customer_and_never_refund_more(
    history: list[dict[str, Any]],
) -> None:
    orders = {event["data"]["order_id"]: event for event in of_type(history, "purchase")}
    returns = of_type(history, "return")
    for event in returns:
        order = orders[event["data"]["order_id"]]
        assert event["subject"] == order["subject"]
        assert event["time"] > order["time"]
        assert 0 < event["data"]["total"] <= order["data"]["total"]
    full = [r for r in returns if r["data"]["total"] == orders[r["data"]["order_id"]]["data"]["total"]]
    assert 0 < len(full) < len(returns)
    assert 0.02 < len(returns) / len(orders) < 0.1


def test_most_customers_are_thai_with_thai_script_and_the_rest_come_from_several_countries(
    history: list[dict[str, Any]],
) -> None:
    people = profiles(history).values()
    thai = [p for p in people if p["locale"] == "th"]
    assert 0.6 < len(thai) / len(people) < 0.85
    assert all(p["country"] == "TH" and "฀" <= p["first_name"][0] <= "๛" for p in thai)
    foreign = [p for p in people if p["locale"] != "th"]
    assert {p["locale"] for p in foreign} == {"en"}
    assert len({p["country"] for p in foreign}) >= 4


def test_addresses_belong_to_nobody(history: list[dict[str, Any]]) -> None:
    addresses = [p["email"] for p in profiles(history).values() if "email" in p]
    assert len(set(addresses)) == len(addresses) > 280
    assert all(a.isascii() and a.split("@")[1] in {"example.com", "example.net", "example.org"} for a in addresses)


def test_most_allow_mail_and_some_refuse_or_never_say(history: list[dict[str, Any]]) -> None:
    first = {event["subject"]: event["data"]["state"] for event in reversed(of_type(history, "consent"))}
    shares = Counter(first.get(customer, "unknown") for customer in profiles(history))
    assert shares["granted"] > 180
    assert shares["denied"] > 10
    assert shares["unknown"] > 20


def test_birthdays_fall_on_the_morning_of_the_birth_date_in_the_profile(history: list[dict[str, Any]]) -> None:
    people = profiles(history)
    mornings = of_type(history, "birthday")
    assert len(mornings) > 50
    for event in mornings:
        assert event["data"]["date"] == people[event["subject"]]["birth_date"]
        local = dt.datetime.fromisoformat(event["time"]).astimezone(dt.timezone(dt.timedelta(hours=7)))
        assert (f"{local:%m-%d}", local.hour) == (event["data"]["date"][-5:], 8)


def test_a_birth_date_on_leap_day_is_kept_on_the_28th_in_common_years() -> None:
    leap = replace(make_person(Random(1), 1, 2026), birth_date="--02-29")
    assert [f"{t:%Y-%m-%d}" for t in islice(birthdays(leap, NOW), 2)] == ["2027-02-28", "2028-02-29"]


def test_many_buy_once_some_keep_their_own_rhythm_and_some_lapse(history: list[dict[str, Any]]) -> None:
    orders = orders_of(history)
    assert 0.3 < sum(len(times) == 1 for times in orders.values()) / len(orders) < 0.55
    steady = [times for times in orders.values() if len(times) >= 10]
    assert len(steady) > 30
    rhythms = [median((b - a).days for a, b in pairwise(times)) for times in steady]
    assert min(rhythms) < 10
    assert max(rhythms) > 20
    lapsed = [t for t in orders.values() if len(t) >= 2 and NOW - t[-1] > dt.timedelta(days=100)]
    assert len(lapsed) > 15


def test_a_few_spend_a_large_part_of_all_money(history: list[dict[str, Any]]) -> None:
    spent: Counter[str] = Counter()
    for event in of_type(history, "purchase"):
        spent[event["subject"]] += event["data"]["total"]
    assert 0.3 < sum(amount for _, amount in spent.most_common(30)) / spent.total() < 0.8


def test_the_evening_and_the_weekend_are_busy(history: list[dict[str, Any]]) -> None:
    bangkok = dt.timezone(dt.timedelta(hours=7))
    local = [t.astimezone(bangkok) for times in orders_of(history).values() for t in times]
    hours, days = Counter(t.hour for t in local), Counter(t.weekday() for t in local)
    assert hours[20] > 2 * hours[10]
    assert hours[3] == 0
    assert days[4] + days[5] + days[6] > 3 * (days[0] + days[1] + days[2]) / 2 * 0.9


def test_all_topics_appear_and_the_key_is_the_customer(live: list[LiveEvent]) -> None:
    assert {record.topic for record in live} == {"purchases", "returns", "birthdays", "events"}
    assert all(record.key.decode().startswith("c-") for record in live)
    envelopes = [json.loads(record.value) for record in live if record.topic == "events"]
    assert [e["subject"].encode() for e in envelopes] == [r.key for r in live if r.topic == "events"]


def test_every_live_record_that_is_not_meant_as_trouble_passes_the_contract(live: list[LiveEvent]) -> None:
    for record in live:
        if broken(record):
            continue
        value = json.loads(record.value)
        if record.topic == "events":
            kind, value = value["type"], value["data"]
        else:
            kind = TYPE_OF[record.topic]
        decoded(kind, value)


def test_broken_records_are_refused_by_the_contract(live: list[LiveEvent]) -> None:
    values = [readable(record) for record in live if broken(record)]
    assert None in values
    worded = [value for value in values if value is not None]
    assert worded
    for value in worded:
        with pytest.raises(msgspec.ValidationError):
            decoded("purchase", value)


def test_about_one_record_in_a_hundred_is_trouble(live: list[LiveEvent]) -> None:
    bad = sum(broken(record) for record in live)
    repeated = len(live) - len({(r.topic, r.key, r.value) for r in live})
    assert bad > 5
    assert repeated > 5
    assert 0.005 < (bad + repeated) / len(live) < 0.02


@pytest.mark.parametrize(
    ("now", "day"),
    [("2026-03-01T01:59:59Z", "2026-02-28"), ("2026-03-01T02:00:00Z", "2026-03-01"), (NOW.isoformat(), "2026-03-01")],
)
def test_the_catalogue_is_told_and_then_one_article_is_launched_whatever_the_hour(now: str, day: str) -> None:
    moment = dt.datetime.fromisoformat(now)
    told = list(SimulatedShop(7, moment, 1).catalogue())
    articles = [decoded("product", json.loads(record.value)) for record in told]
    assert {record.topic for record in told} == {"products"}
    assert [record.key.decode() for record in told] == [article.sku for article in articles]
    assert [article.launched for article in articles] == [None] * (len(told) - 1) + [day]
    times = launch(Policy(), day, micros(moment))
    assert times is not None
    assert times[1] == micros(moment), "it is told at once"


def test_what_is_sent_twice_carries_its_own_id_and_time(live: list[LiveEvent]) -> None:
    sent = Counter((r.topic, r.key, r.value) for r in live)
    twice = [json.loads(value) for (_, _, value), times in sent.items() if times > 1]
    assert twice
    assert all("id" in value and "time" in value for value in twice)


def test_the_first_trouble_shows_within_ten_seconds(live: list[LiveEvent]) -> None:
    early = live[:30]
    assert len({(r.topic, r.value) for r in early}) < len(early) or any(map(broken, early))


def test_some_records_carry_id_and_time_and_most_do_not(live: list[LiveEvent]) -> None:
    bare = [json.loads(r.value) for r in live if r.topic != "events" and not broken(r)]
    carrying = [value for value in bare if "id" in value]
    assert 0.1 < len(carrying) / len(bare) < 0.35
    assert {value["time"] for value in carrying} == {"2026-03-01T09:00:17Z"}


@pytest.mark.parametrize("seed", range(8))
def test_five_plays_have_cause_to_fire_in_the_first_fifteen_seconds(seed: int) -> None:
    shop = SimulatedShop(seed, NOW)
    reachable, known = audience(shop)
    elapsed, fired = 0.0, set()
    for record in shop.live(clock=lambda: SENT):
        elapsed += record.delay
        if elapsed > 15:
            break
        customer, value = record.key.decode(), readable(record) or {}
        if value.get("type") == "consent" and value["data"]["state"] == "granted":
            reachable.add(customer)
        if value.get("type") == "social_share" and customer in reachable:
            fired.add("social_share")
        if record.topic != "events" and customer in reachable:
            fired.add("welcome" if record.topic == "purchases" and customer not in known else record.topic)
        if record.topic == "purchases":
            known.add(customer)
    assert fired == {"welcome", "purchases", "returns", "birthdays", "social_share"}


def audience(shop: SimulatedShop) -> tuple[set[str], set[str]]:
    """Who may be written to at the end of the history, and who has bought."""
    events = list(shop.history())
    consent = {event["subject"]: event["data"]["state"] for event in of_type(events, "consent")}
    mailable = {customer for customer, data in profiles(events).items() if "email" in data}
    return {c for c in mailable if consent.get(c) == "granted"}, set(orders_of(events))


def test_newcomers_sign_up_right_before_their_first_purchase(
    history: list[dict[str, Any]], live: list[LiveEvent]
) -> None:
    known = set(profiles(history))
    signed_up: set[str] = set()
    for record in live:
        customer = record.key.decode()
        if record.topic == "events" and json.loads(record.value)["type"] in ("profile", "consent"):
            assert customer not in known
            signed_up.add(customer)
        elif record.topic == "purchases":
            assert customer in known | signed_up
    assert len(signed_up) > 100


def test_nobody_has_two_birthdays_and_no_order_comes_back_twice(live: list[LiveEvent]) -> None:
    celebrated = {(r.key, r.value) for r in live if r.topic == "birthdays"}
    assert len({key for key, _ in celebrated}) == len(celebrated) > 50
    returned = {(value["order_id"], r.value) for r in live if r.topic == "returns" and (value := json.loads(r.value))}
    assert len({order for order, _ in returned}) == len(returned) > 100


def test_a_question_is_opened_before_it_is_answered_and_few_are_open_at_a_time(live: list[LiveEvent]) -> None:
    told = dict.fromkeys((r.key, r.value) for r in live if r.topic == "events")  # a repeated record says nothing new
    events = [(key, json.loads(value)) for key, value in told]
    waiting: dict[str, bytes] = {}
    answered = 0
    for key, event in events:
        if event["type"] == "support" and event["data"]["state"] == "opened":
            waiting[event["data"]["ticket_id"]] = key
        elif event["type"] == "support":
            assert waiting.pop(event["data"]["ticket_id"]) == key
            answered += 1
        assert len(waiting) <= 3
    assert answered > 10


def test_a_live_return_names_an_order_placed_before(history: list[dict[str, Any]], live: list[LiveEvent]) -> None:
    owners = {event["data"]["order_id"]: event["subject"].encode() for event in of_type(history, "purchase")}
    for record in live:
        value = readable(record) or {}
        if record.topic == "purchases" and value:
            owners[value["order_id"]] = record.key
        if record.topic == "returns":
            assert owners[value["order_id"]] == record.key


def test_records_come_at_the_asked_rate(shop: SimulatedShop, live: list[LiveEvent]) -> None:
    assert 2.7 < len(live) / sum(record.delay for record in live) < 3.4
    fast = list(islice(shop.live(rate=30.0), 1000))
    assert 27 < len(fast) / sum(record.delay for record in fast) < 34


@pytest.mark.parametrize("customers", [1, 2, 12])
def test_even_a_tiny_shop_lives(customers: int) -> None:
    shop = SimulatedShop(1, NOW, customers)
    assert len(profiles(list(shop.history()))) == customers
    assert len(list(islice(shop.live(), 300))) == 300


def test_nonsense_is_refused(shop: SimulatedShop) -> None:
    with pytest.raises(ValueError, match="aware"):
        SimulatedShop(1, NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="at least one"):
        SimulatedShop(1, NOW, 0)
    with pytest.raises(ValueError, match="above 0"):
        shop.live(rate=0)
