"""What a clock that is wrong for a while does to customers, and what it no longer does afterwards."""

from __future__ import annotations

import pytest

from rules.policy import HOUR
from tests.unit.streams.kit import NOW, Shop, event, reachable

YEAR = 365 * 24 * HOUR


@pytest.mark.parametrize("jump", [2 * HOUR + 1, 30 * HOUR, YEAR])
def test_a_clock_that_was_far_ahead_does_not_keep_customers_in_the_future(shop: Shop, jump: int) -> None:
    """Anna's next purchase fires its rules: it is not too late by the time she was stamped with."""
    shop.take(reachable())
    shop.now = NOW + jump
    shop.take(event("1", time=NOW - 1))
    shop.now = NOW
    outcome = shop.take(event("2"))
    assert [(one.seq, one.at - NOW) for one in shop.log()] == [(1, 0), (2, jump), (3, 0)]
    assert outcome.messages == 1


@pytest.mark.parametrize("jump", [HOUR, YEAR])
def test_a_message_decided_by_a_clock_that_is_ahead_is_due_at_once(shop: Shop, jump: int) -> None:
    shop.take(reachable())
    shop.now = NOW + jump
    shop.take(event("1", time=NOW + jump - HOUR))
    [row] = shop.rows("message")
    assert row["due_at"] == NOW + jump - HOUR


def test_a_message_of_an_event_that_is_ahead_is_due_at_once(shop: Shop) -> None:
    shop.take(reachable(), event("1", time=NOW + 20 * HOUR))
    [row] = shop.rows("message")
    assert row["due_at"] == NOW
