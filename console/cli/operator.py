"""What the operator asks: topics, dead letters, the doctor; and letting a halted intake go on."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from console import compose
from console.cli.config import settings
from console.cli.guard import check_mail, guarded
from console.cli.output import BAD, GOOD, UNREACHABLE, fail, out, print_json, say, several
from console.publishing import differ, examine, live_of
from console.settings import Settings
from delivery.errors import BadSettings
from rules.ruleset import ALL_MARKETING
from storage import queries
from storage.due import overdue
from storage.errors import StoreError, Unreachable
from storage.store import Store
from streams import broker as brokers
from streams import copies
from streams.broker import Broker, TopicPosition
from streams.errors import BrokerUnreachable, StreamError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
dead_letters = typer.Typer(no_args_is_help=True, help="Events that could not be applied.")
ASLEEP = 10 * 60 * 1_000_000
"""Microseconds for which a customer may be due before the doctor speaks of it; the clock has tried often by then."""


def topics(json: Json = False) -> None:
    """Every partition: how much it holds, how far the workers are, and by how much they lag."""
    config = settings()
    with guarded():
        positions = asyncio.run(brokers.positions(compose.find_broker(config)))
    if json:
        print_json({"topics": positions})
        return
    if not positions:
        say("no topics yet; `regulars run` creates them")
        return
    table = Table("topic", box=None, pad_edge=False, header_style="bold")
    for title in ("partition", "first", "end", "read", "lag"):
        table.add_column(title, justify="right")
    for each in positions:
        table.add_row(each.topic, *_position(each))
    out.print(table)
    say(f"\n{several(sum(each.lag or 0 for each in positions), 'record')} not read yet")


def _position(each: TopicPosition) -> list[str]:
    read = "–" if each.committed is None else f"{each.committed:,}"
    lag = "–" if each.lag is None else f"{each.lag:,}"
    return [str(each.partition), f"{each.begin:,}", f"{each.end:,}", read, lag]


@dead_letters.command("list")
def list_(most: Annotated[int, typer.Option("--most", min=1, help="How many.")] = 50, json: Json = False) -> None:
    """The newest dead letters: when, why and where. Nothing of the events themselves."""
    store = _store(settings())
    with guarded(), store.read() as connection:
        rows = queries.dead_letters(connection, most)
        reasons = queries.dead_letter_reasons(connection)
    if json:
        print_json({"reasons": reasons, "dead_letters": [_letter(row) for row in rows]})
        return
    if not rows:
        say("no dead letters")
        return
    for row in rows:
        say(f"{_when(row.at)}  {row.reason}{f' at {row.field}' if row.field else ''}\n  {row.place}")
    total = sum(reasons.values())
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
    more = f"the newest {len(rows)} of {total:,}" if total > len(rows) else f"{total:,} in all"
    say(f"\n{more}: {told}\nregulars dead-letters show PLACE tells what to do")


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
        say(f"{name:>8}  {'–' if value in (None, '', '[]') else value}")


def doctor(json: Json = False) -> None:
    """Look at everything Regulars needs; exit 3 when a service is away, 1 when something else is wrong.

    What goes well now and may lose events one day is a warning, and no mistake.
    """
    config = settings()
    checks = [_check_settings(), _check_files(config), _check_mail(config), _check_store(config), _check_broker(config)]
    if json:
        print_json({"ok": all(check["ok"] for check in checks), "checks": checks})
    else:
        out.print(_told(checks))
    codes = [check["code"] for check in checks]
    raise typer.Exit(BAD if BAD in codes else UNREACHABLE if UNREACHABLE in codes else GOOD)


def _told(checks: list[dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark = Text("ok", "green") if check["ok"] else Text("wrong", "red")
        table.add_row(mark, check["name"], Text(check["says"]))
        for warning in check["warnings"]:
            table.add_row(Text("warning", "yellow"), check["name"], Text(warning))
    return table


def _check_settings() -> dict[str, Any]:
    """A misspelt variable would be passed over in silence."""
    known = {f"REGULARS_{name}".upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith("REGULARS_") and name not in known)
    if not unknown:
        return _verdict("settings", "every REGULARS_ variable is known")
    near = get_close_matches(unknown[0], known, 1)
    hint = f"did you mean {near[0]}?" if near else "docs/reference/settings.md lists what there is"
    return _verdict("settings", f"there is no setting {unknown[0]}; {hint}", BAD)


def _check_mail(config: Settings) -> dict[str, Any]:
    try:
        check_mail(config)
    except BadSettings as error:
        return _verdict("mail", str(error), BAD)
    return _verdict("mail", "to the SMTP server of REGULARS_SMTP" if config.smtp else f"to files in {config.maildir}")


def _check_files(config: Settings) -> dict[str, Any]:
    found = examine(config)
    if found.ruleset is None:
        told = f"{several(len(found.problems), 'problem')}; `regulars rules check` and `regulars templates check`"
        return _verdict("files", f"{told} print them", BAD)
    return _verdict("files", f"{several(len(found.ruleset.rules), 'rule')}, set {found.id}")


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
        worries = list(_worries(config, store))
    except Unreachable as error:
        return _verdict("store", str(error), UNREACHABLE)
    except (StoreError, OSError) as error:
        return _verdict("store", str(error), BAD)
    return _verdict("store", store.name, warnings=worries)


def _worries(config: Settings, store: Store) -> Iterator[str]:
    """Whether time stands still for somebody, what is paused, and whether something waits to be published."""
    yield from _asleep(store)
    live = live_of(store)
    if live is None:
        return
    for what in live.paused:
        named, how = ("all rules of the class marketing", "--all-marketing") if what == ALL_MARKETING else (what, what)
        yield f"paused: {named}; `regulars resume {how}` lets it go on"
    if differ(config, store):
        yield "the files are others than the live rule set; `regulars rules list` tells what is not the same"


def _asleep(store: Store) -> Iterator[str]:
    with store.read() as connection:
        found = overdue(connection, compose.clock() - ASLEEP)
    if found.since is not None:
        since = dt.datetime.fromtimestamp(found.since / 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield (
            f"{several(found.customers, 'customer')} should have been woken, the first at {since}; is the process "
            "`clock` running, and does the reader keep up?"
        )


def _check_broker(config: Settings) -> dict[str, Any]:
    try:
        broker = compose.find_broker(config)
        positions, worries = asyncio.run(_looked(broker))
    except BrokerUnreachable as error:
        return _verdict("broker", str(error), UNREACHABLE)
    except (StreamError, OSError) as error:
        return _verdict("broker", str(error), BAD)
    lag = sum(each.lag or 0 for each in positions)
    says = f"{broker.bootstrap}, {several(len(positions), 'partition')}, lag {lag:,}"
    return _verdict("broker", says, warnings=worries)


async def _looked(broker: Broker) -> tuple[list[TopicPosition], list[str]]:
    return await brokers.positions(broker), await copies.worries(broker)


def _verdict(name: str, says: str, code: int = GOOD, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """A warning changes no exit code: a health check must not end a shop that runs."""
    return {"name": name, "ok": code == GOOD, "says": says, "code": code, "warnings": warnings}


def _store(config: Settings) -> Store:
    with guarded():
        return compose.open_store(config)


def _letter(row: queries.DeadLetterRow) -> dict[str, Any]:
    return {"place": row.place, "at": _when(row.at), "reason": row.reason, "field": row.field, "bytes": row.size}


def _bytes(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")


def _when(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
