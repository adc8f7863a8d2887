"""`on: product`: an article of the catalogue is launched, and everybody it may be for is told, each once.

An article is launched on the day it says (`launched`), at the hour birthdays begin, in the shop's zone. What becomes
known of it after more than the policy's lateness is no launch. Instants are microseconds since 1970 UTC.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence

from retention.events import CATALOGUE, PRODUCT, Event, short
from retention.periods import day_of
from retention.state import Customer
from retention.zones import instant_of
from rules.language import Condition
from rules.policy import Policy
from rules.ruleset import FanOut, RuleSet, Status


def launch(policy: Policy, launched: str, known: int) -> tuple[int, int] | None:
    """(when it is launched, when that begins to be told) of an article, its day `known` since then; None: too late."""
    try:
        day = day_of(dt.date.fromisoformat(launched))
        due = instant_of(day, policy.birthday_hour, policy.shop.zone)
    except (ValueError, OverflowError):  # the last day that a calendar has
        return None
    begins = max(due, known)
    return (due, begins) if begins - due <= policy.lateness else None


def told(article: Event, id: str, due: int) -> Event:
    """What a customer's log is told of the launch; once: the same customer and launch have the same id."""
    event = copy.copy(article)
    event.source, event.type, event.customer, event.time = CATALOGUE, PRODUCT, id, due
    event.id = f"{article.data.sku}:{article.data.launched}:{short(id)}"
    event.at = event.seq = 0
    return event


def audiences(rules: RuleSet) -> list[Condition]:
    """Whom the rules on launches are for. A paused one's too: once it goes on, it is known who was told."""
    return [
        rule.trigger.audience
        for rule in rules.rules
        if rule.on == PRODUCT and rule.status is not Status.DRAFT and isinstance(rule.trigger, FanOut)
    ]


def may_be_for(audiences: Sequence[Condition], event: Event, customer: Customer) -> bool:
    """Whether the customer is in one of them; what comes of it their rules say when they are told."""
    return not customer.walk_in and any(audience(event, customer) for audience in audiences)
