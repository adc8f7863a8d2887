"""`regulars rules why` of what is about many customers: launches, and rules that catch up; as one customer sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rules.load import load
from rules.policy import DAY, HOUR
from storage import fan_outs
from tests.unit.console.test_why import AGREED, Told, rule, told
from tests.unit.streams.kit import NOW, event, reachable
from tests.unit.streams.test_fan_out import Sent, finish, going, told_of

NEW = rule(
    "hello",
    on="product\naudience: customer.orders > 0",
    when="event.category in customer.categories",
    reentry="after 13d",
)
QUIET = rule("hello", on="inactive\nfor: 60d", reentry="never", catch_up="1 per day")
LAUNCH = NOW - 8 * HOUR
"""Nine in the morning in Bangkok, on the day of `told_of`."""
WHAT = "Doi White (TEA-9) was launched"


def bought(category: str = "tea", **more: Any) -> bytes:
    return event("1", items=[{"sku": "T-1", "qty": 1, "price": "1.00", "category": category}], **more)


async def tell(why: Told, tmp: Path) -> None:
    """A page of all that there is to tell, and the workers take it."""
    rules = load(tmp / "rules").ruleset
    assert rules is not None
    sent = Sent()
    await finish(going(why.shop.store, rules, lambda: why.shop.now), sent)
    for key, value in sent.records:
        why.take(value, key=key.encode())


async def test_who_was_told_and_got_it(tmp_path: Path) -> None:
    with told(tmp_path, NEW) as why:
        why.take(reachable(), AGREED, bought())
        told_of(why.shop.store, at=NOW - DAY)
        await tell(why, tmp_path)
        assert why("anna", "hello")[1] == "live, marketing; listens to launches, since 2026-03-01"
        assert why.story() == [
            f"2026-03-01 17:00  {WHAT}",
            "                  yes      customer.orders > 0 (customer.orders is 1)",
            "                  yes      event.category in customer.categories "
            '(event.category is "tea", customer.categories is ["tea"])',
            "2026-03-01 17:00  message hello by email",
            "                  it waits to leave",
        ]


async def test_who_was_told_and_its_condition_did_not_hold(tmp_path: Path) -> None:
    with told(tmp_path, NEW) as why:
        why.take(reachable(), AGREED, bought("cups"))
        told_of(why.shop.store, at=NOW - DAY)
        await tell(why, tmp_path)
        assert why("anna")[:2] == [
            "hello  live, launches",
            f"  2026-03-01 17:00  {WHAT}: its condition did not hold: event.category in customer.categories "
            '(event.category is "tea", customer.categories is ["cups"])',
        ]


async def test_a_second_launch_too_soon_is_told_with_the_first(tmp_path: Path) -> None:
    with told(tmp_path, NEW) as why:
        why.take(reachable(), AGREED, bought())
        told_of(why.shop.store, at=NOW - DAY)
        await tell(why, tmp_path)
        why.shop.now += 7 * DAY
        told_of(why.shop.store, "2026-03-08", at=NOW)
        await tell(why, tmp_path)
        assert why.story()[-3:] == [
            "2026-03-08 17:00  did not begin: they had it already [re-entry]",
            "                  entered 2026-03-01 17:00",
            "                  again 13 days after that, from 2026-03-14 17:00 on",
        ]


async def test_who_is_not_in_the_audience_was_never_told_and_sees_why(tmp_path: Path) -> None:
    with told(tmp_path, NEW) as why:
        why.take(reachable(), AGREED)
        told_of(why.shop.store, at=NOW - DAY)
        await tell(why, tmp_path)
        said = f"2026-03-01 09:00  {WHAT} and not told to them: they are not in its audience"
        assert why("anna")[1] == f"  {said}: customer.orders > 0 (customer.orders is 0)"
        assert why.story() == [
            said,
            "                  no       customer.orders > 0 (customer.orders is 0)",
            "no launch was told to them since 2026-03-01",
        ]
        [rule_] = why.json("hello")["rules"]
        assert [(one["sku"], one["at"]) for one in rule_["untold"]] == [("TEA-9", "2026-03-01T02:00:00Z")]
        why.take(bought())
        assert why.story()[0].endswith("they were not in its audience then, or not known yet")


async def test_whose_turn_has_not_come_is_told_so(tmp_path: Path) -> None:
    with told(tmp_path, NEW) as why:
        why.take(reachable(), AGREED, bought())
        one = fan_outs.FanOut("launch:TEA-9:2026-03-01", fan_outs.LAUNCH, "TEA-9", LAUNCH, b'{"name":"Doi White"}')
        fan_outs.change(why.shop.store, [one], [])
        assert why.story()[0] == f"2026-03-01 09:00  {WHAT} and not told to them: their turn has not come yet"


@pytest.mark.parametrize(("day", "said"), [("2026-02-26", True), ("2026-03-01", False), ("2025-12-01", False)])
async def test_a_launch_that_became_known_too_late_is_spoken_of(tmp_path: Path, day: str, said: bool) -> None:
    with told(tmp_path, NEW) as why:
        why.take(reachable(), AGREED)
        told_of(why.shop.store, day=day, at=NOW + HOUR)
        line = (
            f"2026-03-01 18:00  Doi White (TEA-9) was to be launched {day}, and was first heard of now: "
            "more than 1 day late, which is no launch"
        )
        assert (line in why("anna", "hello", "--at", "2026-03-02")) is said
        assert line not in why("anna", "hello", "--at", "2026-02-25")


async def test_who_was_past_a_rule_when_it_went_live_is_taken_and_sees_why(tmp_path: Path) -> None:
    with told(tmp_path, QUIET) as why:
        why.take(reachable(), AGREED, bought(time=NOW - 90 * DAY))
        await tell(why, tmp_path)
        assert why.story()[:2] == [
            "2026-03-01 17:00  it was due 2026-01-30 17:00, before the rule went live (2026-03-01 17:00): "
            "its turn in `catch_up`, 1 a day",
            "2026-03-01 17:00  message hello by email",
        ]
        [rule_] = why.json("hello")["rules"]
        assert rule_["ways"][0]["began"]["caught_up"] == "2026-03-01T10:00:00Z"


async def test_who_waits_for_their_turn_sees_how_far_it_is(tmp_path: Path) -> None:
    with told(tmp_path, QUIET) as why:
        why.take(reachable(), AGREED, bought(time=NOW - 90 * DAY))
        why.take(reachable("aaron"), event("2", "aaron", time=NOW - 90 * DAY))
        await tell(why, tmp_path)
        past = "it was due 2026-01-30 17:00, before the rule went live (2026-03-01 17:00)"
        assert why.story() == [f"was never due since 2026-03-01; {past}; their turn comes: 1 a day are taken, 1 so far"]


async def test_for_whom_the_condition_does_not_hold_is_told_that_it_counts(tmp_path: Path) -> None:
    with told(tmp_path, QUIET + "\nwhen: customer.orders > 1") as why:
        why.take(reachable(), AGREED, bought(time=NOW - 90 * DAY))
        await tell(why, tmp_path)
        assert why.story()[0].endswith("; `catch_up` takes only for whom its condition holds")
        why.take(event("2", time=NOW - 89 * DAY))
        assert why.story()[0].endswith("; `catch_up` came by and did not take them")


async def test_who_was_looked_at_too_late_is_told_when_their_turn_was(tmp_path: Path) -> None:
    with told(tmp_path, QUIET) as why:
        why.take(reachable(), AGREED, bought(time=NOW - 90 * DAY))
        rules, sent = load(tmp_path / "rules").ruleset, Sent()
        assert rules is not None
        await finish(going(why.shop.store, rules, lambda: NOW), sent)
        why.later(30 * HOUR, *(value for _, value in sent.records))
        assert why.story()[1:3] == [
            "2026-03-02 23:00  did not begin: it came too late [late]",
            "                  their turn was 2026-03-01 17:00 and came 30 hours later; at most 1 day late",
        ]
