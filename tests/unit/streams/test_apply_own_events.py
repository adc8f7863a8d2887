"""The shop's own events through the apply: heard of, logged, answered by rules, and counted again without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retention.recount import differences, recount
from retention.shop import Shop as Declaring
from rules.language import compile_condition
from rules.language.kinds import Kind
from rules.language.schema import Declared, schema
from rules.policy import Policy
from rules.ruleset import RuleSet
from storage import queries
from storage.store import Store
from storage.told import told
from streams.apply import Outcome
from tests.unit.streams.kit import RULES, Shop, event, reachable, rule, ruled, shop_on

DECLARING = Declaring(events={"social_share": {"network": "text", "followers": "count?"}})


def answering() -> RuleSet:
    """A rule on shares that somebody sees."""
    own = Declared({}, {"social_share": {"network": Kind.TEXT, "followers": Kind.COUNT}})
    condition = compile_condition("event.followers >= 100", schema("social_share", DECLARING, own)).condition
    assert condition is not None
    return ruled(rule("seen", "social_share", condition), policy=Policy(DECLARING))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    with shop_on(store, answering()) as opened:
        yield opened
    store.close()


def test_a_rule_answers_an_event_of_the_shops_own(shop: Shop) -> None:
    few = event("1", kind="social_share", network="LINE", followers=99)
    many = event("2", kind="social_share", network="LINE", followers=100)
    silent = event("3", kind="social_share", network="LINE")
    assert shop.take(reachable(), few, many, silent) == Outcome(applied=4, messages=1)
    assert [row["rule"] for row in shop.rows("message")] == ["seen"]
    customer = shop.customer()
    assert customer is not None
    assert (customer.last_event_at, customer.orders) == (shop.now, 0)


def test_one_that_is_not_as_declared_is_a_dead_letter_and_the_others_go_on(shop: Shop) -> None:
    wrong = event("1", kind="social_share", network=5)
    unknown = event("2", kind="wish")
    good = event("3", kind="social_share", network="LINE")
    assert shop.take(wrong, unknown, good) == Outcome(applied=1, dead=2)
    assert shop.dead() == {0: ("bad-data", "data.network"), 1: ("unknown-type", "type")}


def test_the_log_is_counted_again_by_a_shop_that_declares_it_no_more(shop: Shop) -> None:
    shop.take(event("1"), event("2", kind="social_share", network="LINE"), event("3", "ben"))
    with shop_on(shop.store, RULES) as later, later.store.read() as connection:
        assert differences(queries.sums(connection), recount(told(connection), later.applier.zone)) == []
        assert [one.type for one in told(connection) if hasattr(one, "type")] == [
            "purchase",
            "social_share",
            "purchase",
        ]
