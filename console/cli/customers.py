"""`regulars customers`: what is known of one customer, and what was decided about them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from console import compose
from console.cli.guard import guarded, settings
from console.cli.output import amount, fail, print_json, say
from retention.state import Customer
from storage import queries
from storage.queries import Decided
from storage.told import left

MONEY = ("gross", "refunds", "net")
MOST_ORDERS = 1_000
"""Ids of orders that are told; a till's customer id may have a million."""

app = typer.Typer(no_args_is_help=True, help="Customers: look one up.")


@app.callback()
def _group() -> None:
    """Keeps `show` a sub-command while it is the only one."""


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Customer id.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """State, orders and latest decisions of a customer. Shows personal data."""
    config = settings()
    with guarded():
        shop = compose.rules_of(config).policy.shop
        store = compose.open_store(config)
        with store.read() as connection:
            customer = queries.customer(connection, id)
            orders = queries.order_ids(connection, id, MOST_ORDERS)
            log = left(connection, id)
            decisions = queries.decisions_of(connection, id, 20)
        store.close()
    if customer is None:
        fail(f"there is no customer {id}; ids are exact, and capitals count")
    document = _document(id, customer, decisions, shop.currency)
    document["order_ids"] = orders
    document["events_let_go"] = log.let_go
    document["log_since"] = _instant(log.since or 0)
    if json:
        print_json(document)
        return
    for name, value in _readable(document):
        say(f"{name:>11}  {value}")
    if decisions:
        say("")
    for decision in document["decisions"]:
        say(f"{decision['at']}  {decision['rule']}: {_told(decision)}")


def _readable(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The document's lines for a person, decisions left out."""
    rows = [
        ("orders", f"{document['orders']:,} that count, {document['orders_ever']:,} ever"),
        *(
            (part, f"{document['currency']} {amount(document[f'{part}_minor'], document['currency'])}")
            for part in MONEY
        ),
    ]
    for name in ("first_order", "last_order", "last_event", "staff", "profile", "consents", "suppressed"):
        rows.append((name.replace("_", " "), _shown(document[name])))
    rows.append(("order ids", _ids(document["order_ids"])))
    return [("customer", document["customer"]), ("events", _events(document)), *rows]


def _ids(orders: list[str]) -> str:
    if not orders:
        return "–"
    number = f"{len(orders):,}" if len(orders) < MOST_ORDERS else f"{MOST_ORDERS:,} or more"
    return f"{number}: {', '.join(orders[:8])}{' …' if len(orders) > 8 else ''}"


def _events(document: dict[str, Any]) -> str:
    total, gone = document["events"], document["events_let_go"]
    if not gone:
        return f"{total:,}"
    kept = f"the log has those since {document['log_since']}" if gone < total else "none is left in the log"
    return f"{total:,}, of which the {gone:,} oldest were let go; {kept}"


def _told(decision: dict[str, Any]) -> str:
    if decision["status"]:
        return f"{decision['outcome']}, message {decision['status']}"
    return f"{decision['outcome']}, {decision['reason']}" if decision["reason"] else str(decision["outcome"])


def _document(id: str, customer: Customer, decisions: list[Decided], currency: str) -> dict[str, Any]:
    return {
        "customer": id,
        "events": customer.seq,
        "orders": customer.orders,
        "orders_ever": customer.orders_ever,
        "currency": currency,
        "gross_minor": customer.gross,
        "refunds_minor": customer.refunds,
        "net_minor": customer.net_revenue,
        "first_order": _instant(customer.first_order_at),
        "last_order": _instant(customer.last_order_at),
        "last_event": _instant(customer.last_event_at),
        "staff": customer.staff,
        "profile": customer.profile,
        "consents": {channel: "granted" if word[0] else "denied" for channel, word in customer.consents.items()},
        "suppressed": customer.suppressed,
        "decisions": [
            {
                "at": _instant(one.at),
                "rule": one.rule,
                "outcome": one.outcome,
                "reason": one.reason,
                "message": one.message,
                "status": one.status,
            }
            for one in decisions
        ],
    }


def _instant(us: int) -> str | None:
    if us == 0:
        return None
    return dt.datetime.fromtimestamp(us / 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "–"
    return "–" if value is None else str(value)
