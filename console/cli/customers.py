"""`regulars customers`: what is known of one customer, and what was decided about them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from console import compose
from console.cli.guard import guarded, settings
from console.cli.output import fail, out, print_json
from retention.state import Customer
from storage import queries
from storage.queries import Decided

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
            orders = queries.orders_of(connection, id)
            decisions = queries.decisions_of(connection, id, 20)
        store.close()
    if customer is None:
        fail(f"there is no customer {id}")
    document = _document(id, customer, decisions, shop.currency)
    document["order_ids"] = sorted(orders)
    if json:
        print_json(document)
        return
    for name, value in document.items():
        if name != "decisions":
            out.print(f"{name.replace('_', ' '):>18}  {_shown(value)}", markup=False, soft_wrap=True)
    out.print("")
    for decision in document["decisions"]:
        told = " ".join(str(decision[key]) for key in ("outcome", "reason", "status") if decision[key])
        out.print(f"{decision['at']}  {decision['rule']}: {told}", markup=False, soft_wrap=True)


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
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "–"
    if isinstance(value, list):
        return f"{len(value)}: {', '.join(value[:8])}{' …' if len(value) > 8 else ''}" if value else "–"
    return "–" if value is None else str(value)
