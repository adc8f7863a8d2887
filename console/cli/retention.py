"""`regulars retention`: the measures, and their proof."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Annotated

import typer
from rich.table import Table

from console import compose
from console.cli.config import settings
from console.cli.guard import guarded
from console.cli.output import BAD, USAGE, amount, err, fail, out, print_json, say, several
from console.publishing import deciding
from retention import periods
from retention.errors import BadEvent
from retention.measures import Period, Report, report
from retention.periods import Grain
from retention.recount import differences, recount
from retention.shop import Shop
from storage import queries
from storage.pile import Pile
from storage.store import Store
from storage.told import one_moment, told

app = typer.Typer(invoke_without_command=True, help="The retention measures of the shop.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback()
def show(
    context: typer.Context,
    period: Annotated[Grain, typer.Option(help="Calendar periods in the shop's zone.")] = "month",
    first: Annotated[str, typer.Option("--from", help="First period: 2026-01, 2026Q1 or 2026.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last period.")] = "",
    json: Json = False,
) -> None:
    """Print the measures of every period and of all time."""
    if context.invoked_subcommand is not None:
        return
    config = settings()
    with guarded():
        start, end = _period(first, period), _period(last, period)
        store = compose.open_store(config)
        try:
            shop = deciding(config, store).policy.shop
            with store.read() as connection:
                made = report(queries.plain_sums(connection), shop.currency, period, start, end)
        finally:
            store.close()
    if json:
        print_json(made)
    else:
        now = periods.local(compose.clock(), shop.zone)
        _print(made, periods.name(periods.month_of(now) // periods.GRAINS[period], period))


@app.command()
def verify(json: Json = False) -> None:
    """Recompute every counter from the log, and from what events let go had said; exit 1 when one differs."""
    config = settings()
    with guarded():
        store = compose.open_store(config)
        try:
            shop = deciding(config, store).policy.shop
            compared, found = _verify(store, shop)
        finally:
            store.close()
    if json:
        rows = [dict(zip(("measure", "period", "dims", "kept", "recounted"), row, strict=True)) for row in found]
        print_json({"counters": compared, "differences": rows})
    else:
        for measure, name, dims, kept, counted in found:
            where = " ".join(part for part in (name, dims) if part)
            say(f"{measure} {where}: the store says {kept:,}, the log says {counted:,}", err)
        told = "none differs" if not found else f"{len(found):,} {'differs' if len(found) == 1 else 'differ'}"
        say(f"{several(compared, 'counter')} compared with the log, {told}")
    if found:
        raise typer.Exit(BAD)


def _verify(store: Store, shop: Shop) -> tuple[int, list[tuple[str, str, str, int, int]]]:
    with store.read() as connection:
        one_moment(connection)
        kept = queries.sums(connection)
        try:
            counted = recount(told(connection), shop.zone, Pile)
        except BadEvent as error:
            fail(f"the log holds an event that this version cannot read: {error}", BAD)
    return len(counted), differences(kept, counted)


def _period(text: str, grain: Grain) -> int | None:
    if not text:
        return None
    try:
        return periods.parse(text, grain)
    except ValueError:
        example = {"month": "2026-03", "quarter": "2026Q1", "year": "2026"}[grain]
        fail(f"“{text}” is no {grain}; write it like {example}", USAGE)


COLUMNS: dict[str, Callable[[Period, str], str]] = {
    "start": lambda row, _: f"{row.start:,}",
    "new": lambda row, _: f"{row.new:,}",
    "kept": lambda row, _: f"{row.retained:,}",
    "back": lambda row, _: f"{row.reactivated:,}",
    "end": lambda row, _: f"{row.end:,}",
    "CRR %": lambda row, _: _number(row.crr),
    "kept %": lambda row, _: _number(row.true_retention),
    "churn %": lambda row, _: _number(row.churn),
    "orders": lambda row, _: f"{row.orders:,}",
    "net": lambda row, currency: amount(row.net_minor, currency),
}
"""Title → cell: customers at the start, new, kept from the period before, come back after a pause, at the end …"""
NARROW = ("new", "kept", "end", "kept %", "orders", "net")
"""What is left where not all of it has room."""


def _print(made: Report, running: str) -> None:
    if not made.periods:
        say("no orders yet; regulars send or regulars import brings them in")
        return
    table = _table(made, COLUMNS)
    whole = out.measure(table, options=out.options.update_width(1_000)).maximum <= out.width
    out.print(table if whole else _table(made, NARROW))
    for line in _notes(made, running):
        say(line)
    if not whole:
        say("A wider terminal shows more columns, --json shows all.")


def _table(made: Report, titles: Collection[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(made.period, no_wrap=True)
    for title in titles:
        table.add_column(f"net {made.currency}" if title == "net" else title, justify="right", no_wrap=True)
    for row in made.periods:
        table.add_row(row.period, *(COLUMNS[title](row, made.currency) for title in titles))
    return table


def _notes(made: Report, running: str) -> list[str]:
    overall = made.overall
    lines = [
        "",
        f"{several(overall.buyers, 'buyer')}, {several(overall.orders, 'order')} that count; "
        f"{_fraction(overall.repeat_purchase_rate)} of buyers came back; {_number(overall.purchase_frequency)} "
        f"orders a buyer; net {made.currency} {amount(overall.net_minor, made.currency)}",
    ]
    if made.periods[-1].period == running:
        lines.append(f"{running} is not over: who has not bought yet may still be kept.")
    return lines


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
