"""What is about many customers at once, as one of them sees it: launches nobody told them of, rules that catch up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection

from console.cli.customer import instant
from console.cli.why.asked import conditions
from console.cli.why.saying import moment, span
from retention.events import CATALOGUE, PRODUCT, Event
from retention.periods import local
from retention.state import Customer
from rules.engine.catching_up import overdue, waits
from rules.engine.launches import launch
from rules.policy import DAY
from rules.ruleset import FanOut, Rule, RuleSet
from storage import catalogue, fan_outs
from storage.catalogue import Article
from storage.fan_outs import CATCH_UP, LAUNCH

REACH = 30
"""Days back in which a launch is still spoken of."""
MOST = 5
"""Launches that are spoken of."""
_READ = 200


class Many(Struct, frozen=True):
    """The goings through all customers, the latest first, and the articles launched of late; `now` is µs since 1970."""

    goings: tuple[fan_outs.FanOut, ...] = ()
    articles: tuple[Article, ...] = ()
    now: int = 0
    told: set[str] = field(default_factory=set)
    """Those launches that the customer's log knows of, by the id of the going."""

    def note(self, event: Event) -> None:
        """An event of the customer's log."""
        if event.type == PRODUCT and event.source == CATALOGUE:
            self.told.add(fan_outs.launch_id(event.data.sku, event.data.launched))

    def catching_up(self, rule: str) -> fan_outs.FanOut | None:
        """Of a rule that catches up, as it is under way now."""
        return next((one for one in self.goings if one.kind == CATCH_UP and one.what == rule), None)


def seen(connection: Connection, rules: RuleSet, now: int) -> Many:
    """As the store has it."""
    first, last = (local(at, rules.policy.shop.zone).date().isoformat() for at in (now - REACH * DAY, now))
    articles = catalogue.launched(connection, first, last)
    return Many(tuple(fan_outs.latest(connection, _READ)), tuple(reversed(articles)), now)


# Launches.


def untold(rules: RuleSet, rule: Rule, id: str, customer: Customer, since: int, many: Many) -> list[dict[str, Any]]:
    """Launches that this customer never heard of, each with why; the latest first. None for other rules."""
    if rule.on != PRODUCT or not rule.deciding or customer.walk_in:
        return []
    found = [*_passed_by(rules, rule, id, customer, since, many), *_too_late(rules, since, many)]
    return sorted(found, key=lambda one: str(one["at"]), reverse=True)[:MOST]


def _passed_by(
    rules: RuleSet, rule: Rule, id: str, customer: Customer, since: int, many: Many
) -> Iterator[dict[str, Any]]:
    zone = rules.policy.shop.zone
    for one in many.goings:
        if one.kind != LAUNCH or one.id in many.told:
            continue
        if not since - rules.policy.lateness <= one.began_at <= many.now:
            continue
        why, parts = _why_not(rule, one, id, customer)
        yield {
            "sku": one.what,
            "at": instant(one.began_at),
            "when": moment(one.began_at, zone),
            "says": f"{_name(one.data, one.what)} was launched and not told to them: {why}",
            "conditions": parts,
        }


def _why_not(rule: Rule, one: fan_outs.FanOut, id: str, customer: Customer) -> tuple[str, list[dict[str, Any]]]:
    """In words, with the parts of the audience; by what is known of the customer today."""
    if id in one.chosen or (one.ended_at is None and id > one.after):
        return "their turn has not come yet", []
    assert isinstance(rule.trigger, FanOut)
    event = Event(CATALOGUE, one.id, PRODUCT, "", one.began_at, None, b"", at=one.began_at)
    if rule.trigger.audience(event, customer):
        return "they were not in its audience then, or not known yet", []
    return "they are not in its audience", conditions(rule.trigger.audience, False, event, customer)


def _too_late(rules: RuleSet, since: int, many: Many) -> Iterator[dict[str, Any]]:
    """Articles that became known when their launch was over."""
    policy, begun = rules.policy, {one.id for one in many.goings}
    for one in many.articles:
        late = launch(policy, one.launched, one.known) is None
        late = late and fan_outs.launch_id(one.sku, one.launched) not in begun
        if late and since <= one.known <= many.now:
            heard = f"{_name(one.data, one.sku)} was to be launched {one.launched}, and was first heard of now"
            yield {
                "sku": one.sku,
                "at": instant(one.known),
                "when": moment(one.known, policy.shop.zone),
                "says": f"{heard}: more than {span(policy.lateness)} late, which is no launch",
                "conditions": [],
            }


def _name(data: bytes | None, sku: str) -> str:
    name = msgspec.json.decode(data).get("name") if data else None
    return f"{name} ({sku})" if name else sku


# Catching up.


def to_catch_up(rules: RuleSet, rule: Rule, id: str, customer: Customer, many: Many) -> str:
    """Of a customer who was past the rule when it went live and has not entered: whether their turn comes."""
    going = many.catching_up(rule.id)
    found = None if going is None else overdue(rules, rule, customer, going.began_at)
    if going is None or found is None or rule.catch_up is None:
        return ""
    zone = rules.policy.shop.zone
    past = f"it was due {moment(found.due, zone)}, before the rule went live ({moment(going.began_at, zone)})"
    if id in going.chosen:
        return f"{past}; they are being taken"
    if not waits(rules, rule, id, customer, going.began_at, many.now):
        return f"{past}; `catch_up` takes only for whom its condition holds"
    if going.ended_at is not None or id <= going.after:
        return f"{past}; `catch_up` came by and did not take them"
    return f"{past}; their turn comes: {rule.catch_up.most:,} a day are taken, {going.reached:,} so far"
