"""What the operator asks: topics, dead letters, the doctor; and letting a halted intake go on."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any

import typer
from rich.table import Table

from console import compose
from console.cli.guard import guarded, settings
from console.cli.output import BAD, GOOD, UNREACHABLE, USAGE, fail, out, print_json
from console.compose import BadFiles
from console.settings import Settings
from storage import intake, queries
from storage.errors import StoreError
from storage.store import Store
from streams import broker as brokers
from streams.broker import TopicPosition
from streams.errors import StreamError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
dead_letters = typer.Typer(no_args_is_help=True, help="Events that could not be applied.")


def topics(json: Json = False) -> None:
    """Every partition: how much it holds, how far the workers are, and by how much they lag."""
    config = settings()
    with guarded():
        positions = asyncio.run(brokers.positions(compose.find_broker(config)))
    if json:
        print_json({"topics": positions})
        return
    table = Table("topic", box=None, pad_edge=False, header_style="bold")
    for title in ("partition", "first", "end", "read", "lag"):
        table.add_column(title, justify="right")
    for each in positions:
        table.add_row(each.topic, *_position(each))
    out.print(table)


def _position(each: TopicPosition) -> list[str]:
    read = "–" if each.committed is None else f"{each.committed:,}"
    lag = "–" if each.lag is None else f"{each.lag:,}"
    return [str(each.partition), f"{each.begin:,}", f"{each.end:,}", read, lag]


@dead_letters.command("list")
def list_(most: Annotated[int, typer.Option("--most", min=1, help="How many.")] = 50, json: Json = False) -> None:
    """The newest dead letters: where, why, and what to do. Nothing of the events themselves."""
    store = _store(settings())
    with guarded(), store.read() as connection:
        rows = queries.dead_letters(connection, most)
        reasons = queries.dead_letter_reasons(connection)
    if json:
        print_json({"reasons": reasons, "dead_letters": [_letter(row) for row in rows]})
        return
    if not rows:
        out.print("no dead letters")
        return
    table = Table("when", "reason", "field", "place", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(_when(row.at), row.reason, row.field or "–", row.place)
    out.print(table)
    total = sum(reasons.values())
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
    out.print(f"\n{total:,} in all: {told}\nregulars dead-letters show PLACE tells what to do", soft_wrap=True)


@dead_letters.command("show")
def show(
    place: Annotated[str, typer.Argument(help="As `list` prints it: incarnation/topic/partition/offset.")],
    json: Json = False,
) -> None:
    """One dead letter with its original bytes: it may hold a customer's data."""
    store = _store(settings())
    with guarded(), store.read() as connection:
        found = queries.dead_letter(connection, place)
    if found is None:
        fail(f"there is no dead letter at {place}; `regulars dead-letters list` prints the places")
    body = {
        **_letter(found.row),
        "detail": found.row.detail,
        "key": _bytes(found.key),
        "value": _bytes(found.value),
        "headers": found.headers,
    }
    if json:
        print_json(body)
        return
    for name, value in body.items():
        out.print(f"{name:>8}  {value if value is not None else '–'}", markup=False, soft_wrap=True)


def resume(
    taking_in: Annotated[bool, typer.Option("--intake", help="Let halted partitions take events in again.")] = False,
) -> None:
    """Go on after a halt, once its cause is mended; then start the worker again."""
    if not taking_in:
        fail("say what to resume: --intake", USAGE)
    store = _store(settings())
    with guarded():
        count = intake.resume(store)
    out.print(f"{count} halted {'partition takes' if count == 1 else 'partitions take'} events in again")


def doctor(json: Json = False) -> None:
    """Look at everything Regulars needs; exit 3 when a service is away, 1 when something else is wrong."""
    config = settings()
    checks = [_check_files(config), _check_store(config), _check_broker(config)]
    if json:
        print_json({"ok": all(check["ok"] for check in checks), "checks": checks})
    else:
        for check in checks:
            mark = "[green]ok[/]   " if check["ok"] else "[red]wrong[/]"
            out.print(f"{mark} {check['name']:<7}", end=" ")
            out.print(check["says"], markup=False, soft_wrap=True)
    codes = [check["code"] for check in checks]
    raise typer.Exit(BAD if BAD in codes else UNREACHABLE if UNREACHABLE in codes else GOOD)


def _check_files(config: Settings) -> dict[str, Any]:
    try:
        rules = compose.rules_of(config, compose.renderer_of(config))
    except BadFiles as error:
        return _verdict("files", str(error), BAD)
    return _verdict("files", f"{len(rules.rules)} rules, set {rules.hash}")


def _check_store(config: Settings) -> dict[str, Any]:
    try:
        store = Store(config.store)
        with store.read() as connection:
            if store.revision(connection) is None:
                return _verdict("store", f"{store.name} is empty; `regulars run` creates the tables")
            halted = [row for row in queries.partitions(connection) if row.halted]
        if not store.current():
            return _verdict("store", f"{store.name} has the tables of another version; `regulars run` migrates", BAD)
        if halted:
            return _verdict("store", f"intake halted: {halted[0].halted}", BAD)
    except StoreError as error:
        return _verdict("store", str(error), UNREACHABLE)
    return _verdict("store", store.name)


def _check_broker(config: Settings) -> dict[str, Any]:
    try:
        broker = compose.find_broker(config)
        positions = asyncio.run(brokers.positions(broker))
    except StreamError as error:
        return _verdict("broker", str(error), UNREACHABLE)
    lag = sum(each.lag or 0 for each in positions)
    return _verdict("broker", f"{broker.bootstrap}, {len(positions)} partitions, lag {lag:,}")


def _verdict(name: str, says: str, code: int = GOOD) -> dict[str, Any]:
    return {"name": name, "ok": code == GOOD, "says": says, "code": code}


def _store(config: Settings) -> Store:
    with guarded():
        return compose.open_store(config)


def _letter(row: queries.DeadLetterRow) -> dict[str, Any]:
    return {"place": row.place, "at": _when(row.at), "reason": row.reason, "field": row.field, "bytes": row.size}


def _bytes(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")


def _when(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
