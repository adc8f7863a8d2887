"""`regulars customers`: what is known of one customer, and what was decided about them."""

from __future__ import annotations

from typing import Annotated

import typer

from console import compose
from console.cli.config import settings
from console.cli.customer import MOST_ORDERS, Known, decided, document, readable
from console.cli.guard import guarded
from console.cli.output import fail, print_json, say
from console.publishing import deciding
from storage import queries
from storage.told import left

MOST_DECISIONS = 20
MOST_REQUESTS = 20

app = typer.Typer(no_args_is_help=True, help="Customers: look one up.")


@app.callback()
def _group() -> None:
    """Keeps `show` a sub-command while it is the only one."""


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Customer id.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """State, orders, rules under way and latest decisions of a customer. Shows personal data."""
    config = settings()
    with guarded():
        store = compose.open_store(config)
        rules = deciding(config, store)
        with store.read() as connection:
            customer = queries.customer(connection, id)
            orders = queries.order_ids(connection, id, MOST_ORDERS)
            log = left(connection, id)
            decisions = queries.decisions_of(connection, id, MOST_DECISIONS)
            requests = queries.requests_of(connection, id, MOST_REQUESTS)
        store.close()
    if customer is None:
        fail(f"there is no customer {id}; ids are exact, and capitals count")
    known = document(Known(id, customer, orders, log, decisions, requests), rules)
    if json:
        print_json(known)
        return
    for name, value in readable(known):
        say(f"{name:>11}  {value}")
    if decisions:
        say("")
    for decision in known["decisions"]:
        say(f"{decision['at']}  {decision['rule']}: {decided(decision)}")
