"""A store with messages in it, and what came of them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from retention import state
from retention.decode import decode, micros, moment
from retention.shop import Shop
from rules.offers import Offer
from rules.policy import Policy
from rules.ruleset import Rule, RuleSet, Status, rule_set
from storage.messages import Context
from storage.store import Store

NOW = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
SECOND = 1_000_000
MINUTE = 60 * SECOND
SHOP = Shop()


def rules(policy: Policy | None = None, offers: dict[str, Offer] | None = None, **rule: Any) -> RuleSet:
    """A set of one rule, `welcome`, that is live; `rule` overrides its fields."""
    known: dict[str, Any] = {
        "id": "welcome",
        "name": "Welcome",
        "status": Status.LIVE,
        "on": "purchase",
        "condition": None,
        "do": (),
    }
    return rule_set([Rule(**(known | rule))], policy or Policy(SHOP), "0" * 16, offers=offers)


RULES = rules()

CONTEXT = Context(
    "purchase", NOW, b'{"order_id":"o-1","total":890.00,"items":[{"sku":"T","qty":2,"price":445}]}', 89000, 1, 1, "Hi"
)


def add_message(store: Store, key: str, **columns: Any) -> None:
    """A queued message, due now; `columns` overrides."""
    row: dict[str, Any] = {
        "key": key,
        "customer": "anna",
        "rule": "welcome",
        "step": 0,
        "template": "welcome",
        "channel": "email",
        "class": "marketing",
        "status": "queued",
        "created_at": NOW,
        "due_at": NOW,
        "expires_at": None,
        "attempts": 0,
        "token": None,
        "context": CONTEXT.encode(),
    } | columns
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    with store.write() as connection:
        connection.execute(text(f"INSERT INTO message ({names}) VALUES ({values})"), row)


def add_customer(store: Store, key: str = "anna", **fields: Any) -> None:
    """A customer who may be written to at anna@example.com; `fields` overrides those of `state.Customer`."""
    known: dict[str, Any] = {
        "profile": {"email": f"{key}@example.com", "first_name": "Anna", "locale": "en"},
        "consents": {"email": [True, NOW]},
        "orders": 1,
        "orders_ever": 1,
    } | fields
    blob = state.encode(state.Customer(**known))
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO customer (id, version, shard, orders, net_minor, last_order_at, state)"
                " VALUES (:id, 1, 0, 0, 0, 0, :state)"
            ),
            {"id": key, "state": blob},
        )


def rows(store: Store) -> dict[str, dict[str, Any]]:
    """Every message row by its key."""
    with store.read() as connection:
        return {row["key"]: dict(row) for row in connection.execute(text("SELECT * FROM message")).mappings()}


def statuses(store: Store) -> dict[str, str]:
    return {key: row["status"] for key, row in rows(store).items()}


def results(store: Store) -> list[tuple[str, str]]:
    """(event id, state) of every result waiting in the outbox; each must be an event that a worker accepts."""
    with store.read() as connection:
        found = connection.execute(text("SELECT topic, key, value FROM outbox ORDER BY id")).all()
    events = []
    for topic, key, value in found:
        assert topic == "events"
        event = decode(key, value, [], SHOP, 2**61)
        assert json.loads(value)["time"].endswith("+00:00")
        assert micros(moment(event.time)) == event.time
        events.append((event.id, event.data.state))
    return events
