"""Single events into one customer: what moves, and what does not."""

from __future__ import annotations

import pytest

from retention.events import Birthday, Consent, Event, Fulfilment, Lead, Message, Poke, Profile, Survey
from retention.fold import backdate
from retention.measures import report
from retention.money import Money
from retention.state import CATEGORIES_KEPT, DAYS_KEPT, Customer, Journey
from tests.unit.retention.making import Desk, at, bought, cancelled, event, returned, staff

DAY = 86_400_000_000
JAN, FEB, MAR = at("2026-01-10 09:00"), at("2026-02-10 09:00"), at("2026-03-10 09:00")


def test_the_published_example_comes_to_eighty_percent() -> None:
    desk = Desk()
    desk.fold(*(named(f"c-{n}", JAN) for n in range(500)))
    desk.fold(*(named(f"c-{n}", FEB) for n in range(400)))
    desk.fold(*(named(f"new-{n}", FEB) for n in range(400)))
    february = report(desk.sums(), "THB", "month").periods[1]
    assert (february.start, february.new, february.end) == (500, 400, 800)
    assert february.crr == february.true_retention == 80.0
    assert february.churn == 20.0


def named(customer: str, time: int) -> Event:
    said = bought(f"o-{customer}-{time}", time)
    said.customer = customer
    return said


@pytest.mark.parametrize(
    ("bangkok", "month"),
    [
        ("2026-01-31 23:59:59.999999", "2026-01"),
        ("2026-02-01 00:00", "2026-02"),
        ("2026-02-01 06:30", "2026-02"),  # 23:30 on 31 January in UTC
        ("2026-02-28 23:59", "2026-02"),
        ("2026-01-01 00:00", "2026-01"),
    ],
)
def test_an_order_belongs_to_the_month_of_the_shops_wall_clock(bangkok, month) -> None:
    desk = Desk()
    desk.fold(bought("o-1", at(bangkok)))
    assert desk.counters()["placed", month, ""] == 1


def test_a_purchase_moves_every_counter_once() -> None:
    desk = Desk()
    assert desk.fold(bought("o-1", JAN, 500)) == [True]
    assert desk.counters() == {
        ("placed", "2026-01", ""): 1,
        ("orders", "2026-01", ""): 1,
        ("gross", "2026-01", ""): 500,
        ("active", "2026-01", ""): 1,
        ("active", "2026Q1", ""): 1,
        ("active", "2026", ""): 1,
        ("new", "2026-01", ""): 1,
        ("new", "2026Q1", ""): 1,
        ("new", "2026", ""): 1,
        ("cohort", "2026-01", "0"): 1,
        ("buyers", "", ""): 1,
    }


def test_an_amendment_is_not_news_and_moves_the_difference() -> None:
    desk = Desk()
    assert desk.fold(bought("o-1", JAN, 500), bought("o-1", JAN + 1, 450)) == [True, False]
    assert desk.counters()["gross", "2026-01", ""] == 450
    assert (desk.anna.orders, desk.anna.orders_ever, desk.anna.gross) == (1, 1, 450)


def test_a_days_amount_follows_the_amendment_of_one_of_its_orders() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500), bought("o-2", JAN, 70), bought("o-1", JAN + 1, 450))
    assert list(desk.anna.days.values()) == [[2, 520]]


def test_the_last_four_hundred_days_are_kept_to_the_day() -> None:
    desk = Desk()
    desk.fold(*(bought(f"o-{day}", JAN + day * DAY) for day in range(500)))
    newest = max(desk.anna.days)
    assert sorted(desk.anna.days) == list(range(newest - DAYS_KEPT + 1, newest + 1))


def test_an_amendment_that_puts_the_order_earlier_moves_its_month() -> None:
    desk = Desk()
    desk.fold(bought("o-1", FEB, 500), bought("o-1", JAN, 450))
    assert desk.counters()["gross", "2026-01", ""] == 500
    assert desk.counters()["new", "2026-01", ""] == 1
    assert ("new", "2026-02", "") not in desk.counters()
    assert desk.anna.first_order_at == JAN


def test_a_purchase_of_nothing_counts() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 0))
    assert desk.counters()["orders", "2026-01", ""] == 1
    assert desk.counters()["buyers", "", ""] == 1


def test_a_partial_return_moves_money_in_its_own_month_and_no_customer() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500, {"tea": 2}), returned("o-1", FEB, 200, items={"tea": 1}))
    assert desk.counters()["refunds", "2026-02", ""] == 200
    assert desk.counters()["refunds_of", "2026-01", ""] == 200
    assert desk.counters()["orders", "2026-01", ""] == 1
    assert (desk.anna.orders, desk.anna.net_revenue) == (1, 300)


@pytest.mark.parametrize(
    "undoing",
    [
        returned("o-1", FEB, 500),
        returned("o-1", FEB, 0, items={"tea": 2}),
        cancelled("o-1", FEB),
    ],
    ids=["by money", "by units", "cancelled"],
)
def test_a_full_return_takes_the_customer_out_again(undoing) -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500, {"tea": 2}), undoing)
    left = {measure for measure, _, _ in desk.counters()}
    assert left <= {"placed", "gross", "refunds", "refunds_of", "returns"}
    assert (desk.anna.orders, desk.anna.orders_ever, desk.anna.months, desk.anna.days) == (0, 1, {}, {})


def test_a_return_may_arrive_before_its_purchase() -> None:
    desk = Desk()
    assert desk.fold(returned("o-1", FEB, 500), bought("o-1", JAN, 500)) == [True, True]
    assert ("orders", "2026-01", "") not in desk.counters()
    assert desk.counters()["placed", "2026-01", ""] == 1


@pytest.mark.parametrize("state", ["requested", "received"])
def test_money_moves_only_when_it_is_refunded(state) -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500), returned("o-1", FEB, 500, state=state))
    assert ("refunds", "2026-02", "") not in desk.counters()
    desk.fold(returned("o-1", MAR, 500))
    assert desk.counters()["refunds", "2026-03", ""] == 500


def test_a_corrected_return_counts_once_with_its_latest_amount() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500), returned("o-1", FEB, 500), returned("o-1", MAR, 100))
    assert desk.anna.refunds == 100
    assert desk.anna.orders == 1
    assert desk.counters()["returns", "2026-03", ""] == 1
    assert ("returns", "2026-02", "") not in desk.counters()


def test_a_return_that_names_no_order_moves_only_money() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500), returned(None, FEB, 500))
    assert desk.anna.orders == 1
    assert desk.counters()["refunds", "2026-02", ""] == 500
    assert ("refunds_of", "2026-01", "") not in desk.counters()


def test_a_cancellation_gives_back_what_no_return_gave_back_yet() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500), returned("o-1", FEB, 200), cancelled("o-1", MAR))
    assert desk.counters()["refunds", "2026-02", ""] == 200
    assert desk.counters()["refunds", "2026-03", ""] == 300
    assert desk.anna.net_revenue == 0


def test_an_order_on_its_way_moves_no_counter() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN, 500))
    before = dict(desk.deltas)
    desk.fold(event(Fulfilment("o-1", "shipped"), FEB), event(Fulfilment("o-1", "delivered"), MAR))
    assert desk.deltas == before
    assert desk.anna.last_event_at == MAR


def test_staff_is_in_no_counter_and_comes_back_whole() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN), staff(True, FEB), bought("o-2", FEB), returned("o-2", MAR, 40, "r-2"))
    assert desk.counters() == {}
    assert desk.anna.orders == 2
    desk.fold(staff(False, MAR))
    assert desk.counters()["orders", "2026-02", ""] == 1
    assert desk.counters()["refunds", "2026-03", ""] == 40
    assert desk.counters()["repeaters", "", ""] == 1


def test_a_flag_that_was_taken_away_later_is_not_set_by_an_earlier_word_that_arrives_late() -> None:
    desk = Desk()
    desk.fold(bought("o-1", JAN), staff(False, MAR), staff(True, FEB))
    assert not desk.anna.staff
    assert desk.counters()["orders", "2026-01", ""] == 1


def test_a_profile_keeps_what_is_absent_and_clears_what_is_null() -> None:
    desk = Desk()
    desk.fold(
        event(Profile(email="anna@example.com", first_name="Anna", attributes={"shoe": Money("37.5")}), JAN),
        event(Profile(first_name=None, tags=["vip"]), FEB),
    )
    assert desk.anna.profile == {
        "email": "anna@example.com",
        "tags": ["vip"],
        "attributes": {"shoe": Money("37.5")},
    }


def test_an_older_profile_does_not_undo_a_newer_one() -> None:
    desk = Desk()
    desk.fold(event(Profile(first_name=None), FEB), event(Profile(first_name="Ana", last_name="B"), JAN))
    assert desk.anna.profile == {"last_name": "B"}


def test_the_storefronts_birthday_is_the_profiles() -> None:
    desk = Desk()
    desk.fold(event(Birthday("--03-01"), FEB), event(Profile(birth_date="1990-03-02"), JAN), event(Birthday(), MAR))
    assert desk.anna.profile == {"birth_date": "--03-01"}


def test_the_latest_word_on_consent_counts_and_at_one_instant_the_stricter() -> None:
    desk = Desk()
    desk.fold(
        event(Consent("email", "denied"), FEB),
        event(Consent("email", "granted"), JAN),
        event(Consent("line", "denied", "news"), JAN),
        event(Consent("line", "granted", "news"), JAN),
        event(Consent("sms", "granted"), JAN),
        event(Consent("sms", "denied"), JAN),
    )
    assert desk.anna.consents == {"email": [False, FEB], "line/news": [False, JAN], "sms": [False, JAN]}


def test_a_bounce_suppresses_its_channel_and_an_unsubscribe_denies_it() -> None:
    desk = Desk()
    desk.fold(
        event(Message("m-1", "bounced"), JAN),
        event(Message("m-2", "complained", "line"), JAN),
        event(Message("m-3", "unsubscribed", "sms"), JAN),
        event(Message("m-4", "opened", "push"), JAN),
    )
    assert desk.anna.suppressed == {"email": "bounced", "line": "complained"}
    assert desk.anna.consents == {"sms": [False, JAN]}
    assert desk.anna.last_event_at == 0


def test_other_events_are_news_and_move_the_last_event_only() -> None:
    desk = Desk()
    assert desk.fold(event(Survey(9), FEB), event(Lead("fair"), JAN)) == [True, True]
    assert desk.counters() == {}
    assert desk.anna.last_event_at == FEB


def test_categories_count_units_and_keep_the_most_bought() -> None:
    desk = Desk()
    desk.fold(*(bought(f"o-{n}", JAN + n, 100, {"sku": 2 + n % 2}, f"c-{n:02}") for n in range(CATEGORIES_KEPT + 8)))
    assert len(desk.anna.categories) == CATEGORIES_KEPT
    assert sum(units == 3 for units in desk.anna.categories.values()) == (CATEGORIES_KEPT + 8) // 2


def test_our_own_events_are_nothing_the_customer_did() -> None:
    desk = Desk()
    desk.fold(event(Lead(), 5), event(Poke(), 9), event(Message("m", "sent"), 9))
    assert desk.anna.last_event_at == 5


def test_an_imported_purchase_from_before_an_entry_is_none_since_then() -> None:
    customer = Customer(orders_ever=3, journeys=[Journey("r", "e", 100, 1, 1), Journey("s", "f", 200, 2, 2)])
    backdate(customer, bought("o", 150), new=True)
    assert [journey.orders for journey in customer.journeys] == [1, 3]
    backdate(customer, bought("o", 50), new=False)
    backdate(customer, event(Lead(), 50), new=True)
    assert [journey.orders for journey in customer.journeys] == [1, 3]
