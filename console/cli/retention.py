"""`regulars retention`: the measures, and their proof."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer
from rich.table import Table

from console import compose
from console.cli.guard import guarded, settings
from console.cli.output import BAD, USAGE, err, fail, out, print_json
from retention import periods
from retention.errors import BadEvent
from retention.measures import Period, Report, report
from retention.money import decimals
from retention.periods import Grain
from retention.recount import differences, event_of, recount
from retention.shop import Shop
from storage import queries
from storage.store import Store

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
        shop = compose.rules_of(config).policy.shop
        start, end = _period(first, period), _period(last, period)
        store = compose.open_store(config)
        try:
            with store.read() as connection:
                made = report(queries.plain_sums(connection), shop.currency, period, start, end)
        finally:
            store.close()
    if json:
        print_json(made)
    else:
        _print(made)


@app.command()
def verify(json: Json = False) -> None:
    """Recompute every counter from the log and compare to the last unit; exit 1 when one differs."""
    config = settings()
    with guarded():
        shop = compose.rules_of(config).policy.shop
        store = compose.open_store(config)
        try:
            compared, found = _verify(store, shop)
        finally:
            store.close()
    if json:
        rows = [dict(zip(("measure", "period", "dims", "kept", "recounted"), row, strict=True)) for row in found]
        print_json({"counters": compared, "differences": rows})
    else:
        for measure, name, dims, kept, counted in found:
            where = " ".join(part for part in (name, dims) if part)
            err.print(f"{measure} {where}: the store says {kept:,}, the log says {counted:,}")
        out.print(f"{compared:,} counters compared with the log, {len(found):,} differ")
    if found:
        raise typer.Exit(BAD)


def _verify(store: Store, shop: Shop) -> tuple[int, list[tuple[str, str, str, int, int]]]:
    with store.read() as connection:
        kept = queries.sums(connection)
        try:
            counted = recount(
                (
                    event_of(row.customer, row.type, row.source, row.id, row.time, row.data, shop)
                    for row in queries.log(connection)
                ),
                shop,
            )
        except BadEvent as error:
            fail(f"the log cannot be read with today's policy.yaml: {error}", BAD)
    return len(counted), differences(kept, counted)


def _period(text: str, grain: Grain) -> int | None:
    if not text:
        return None
    try:
        return periods.parse(text, grain)
    except ValueError:
        example = {"month": "2026-03", "quarter": "2026Q1", "year": "2026"}[grain]
        fail(f"“{text}” is no {grain}; write it like {example}", USAGE)


def _print(made: Report) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(made.period)
    for title in (
        "start",
        "new",
        "kept",
        "back",
        "end",
        "CRR %",
        "kept %",
        "churn %",
        "orders",
        f"net {made.currency}",
    ):
        table.add_column(title, justify="right")
    for row in made.periods:
        table.add_row(*_cells(row, made.currency))
    out.print(table)
    overall = made.overall
    out.print(
        f"\n{overall.buyers:,} buyers, {overall.orders:,} orders that count; "
        f"{_fraction(overall.repeat_purchase_rate)} of buyers came back; "
        f"{_number(overall.purchase_frequency)} orders a buyer; net {_money(overall.net_minor, made.currency)}"
    )


def _cells(row: Period, currency: str) -> list[str]:
    counts = [f"{count:,}" for count in (row.start, row.new, row.retained, row.reactivated, row.end)]
    percents = [_number(value) for value in (row.crr, row.true_retention, row.churn)]
    return [row.period, *counts, *percents, f"{row.orders:,}", _amount(row.net_minor, currency)]


def _money(minor: int, currency: str) -> str:
    return f"{currency} {_amount(minor, currency)}"


def _amount(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-decimals(currency)):,}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
