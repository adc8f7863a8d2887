"""How far launches and rules that catch up have come, as `regulars rules list` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection

from console.cli.customer import instant
from console.cli.output import several
from retention.events import PRODUCT
from retention.zones import local_day
from rules.ruleset import Rule, RuleSet
from storage import fan_outs
from storage.fan_outs import CATCH_UP, LAUNCH, FanOut

MOST = 10
"""Launches that are told of in JSON."""
SAID = 3
"""And in words."""
UNDER_WAY, DONE, TOO_LATE, NOT_BEGUN = "under way", "done", "too late", "not begun"


def goings(connection: Connection, rules: RuleSet, now: int) -> dict[str, dict[str, Any]]:
    """By rule: `catch_up`, null for one that does not, and `launches`, the latest first. `now` is µs since 1970."""
    by_rule = {one.what: one for one in fan_outs.latest(connection, len(rules.rules), CATCH_UP)}
    launches = [_launch(one, rules) for one in fan_outs.latest(connection, MOST, LAUNCH)]
    today = local_day(now, rules.policy.shop.zone)
    return {
        rule.id: {
            "catch_up": _catch_up(rule, by_rule.get(rule.id), today),
            "launches": launches if rule.on == PRODUCT else [],
        }
        for rule in rules.rules
    }


def _catch_up(rule: Rule, one: FanOut | None, today: int) -> dict[str, Any] | None:
    if rule.catch_up is None:
        return None
    return {
        "most": rule.catch_up.most,
        "since": instant(0 if one is None else one.began_at),
        "taken": 0 if one is None else one.reached,
        "today": one.taken if one is not None and one.day == today else 0,
        "state": NOT_BEGUN if one is None else _state(one),
    }


def _launch(one: FanOut, rules: RuleSet) -> dict[str, Any]:
    late = one.ended_at is not None and one.ended_at - one.began_at > rules.policy.lateness
    return {
        "sku": one.what,
        "name": msgspec.json.decode(one.data).get("name", "") if one.data else "",
        "since": instant(one.began_at),
        "told": one.reached,
        "state": TOO_LATE if late else _state(one),
    }


def _state(one: FanOut) -> str:
    return UNDER_WAY if one.ended_at is None or one.chosen else DONE


def lines(rules: RuleSet, known: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A short line each."""
    for rule in rules.rules:
        found = known[rule.id]["catch_up"]
        if found is not None and rule.deciding:
            yield f"{rule.id} catches up{_catching_up(found)}"
    hear = [rule.id for rule in rules.rules if rule.on == PRODUCT and rule.deciding]
    launches = known[hear[0]]["launches"] if hear else []
    for one in launches[:SAID]:
        name = f"{one['name']} ({one['sku']})" if one["name"] else one["sku"]
        yield f"launched {one['since']}: {name}, told to {several(one['told'], 'customer')}, {_ends(one['state'])}"
    if hear and not launches:
        yield f"no article was launched yet; {' and '.join(hear)} {'waits' if len(hear) == 1 else 'wait'} for one"


def _catching_up(found: dict[str, Any]) -> str:
    if found["state"] == NOT_BEGUN:
        return f", {found['most']:,} a day: not begun yet; process `clock` begins it"
    taken = f"{several(found['taken'], 'customer')} taken, {found['today']:,} today of {found['most']:,} a day"
    return f" since {found['since']}: {taken}, {_ends(found['state'])}"


def _ends(state: str) -> str:
    return "stopped: too late for the rest" if state == TOO_LATE else state
