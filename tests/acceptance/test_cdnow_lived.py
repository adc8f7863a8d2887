"""The CDNOW history lived through: every purchase happens at its own time, with the rules that Regulars comes with, and
`regulars rules verify` finds nothing that the log does not come to.

A part of it by default; all of it with `CDNOW_EVERY=1 CDNOW_DAYS=546`, which takes half an hour. The history knows
nothing but purchases, so everybody comes with a profile, most with consent, and buys what rules have something to say
about.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from retention.decode import micros
from rules.policy import DAY, HOUR
from storage.store import Store
from tests.acceptance.kit import BIN, environment
from tests.integration.operation import ROOT, Operation, Place, Time, operation
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import event
from tests.unit.streams.rig import empty

EVERY = int(os.environ.get("CDNOW_EVERY", "401"))
"""One customer of so many."""
DAYS = int(os.environ.get("CDNOW_DAYS", "63"))
"""Of the history, from its first day on."""
FIRST = dt.datetime(1997, 1, 1, tzinfo=dt.UTC)
OPEN, EVENING = 4 * HOUR, 12 * HOUR
"""When the orders of a day are placed: at eleven in the morning or at seven in the evening, in Bangkok."""
ZONES = (None, None, None, "Europe/Berlin", "America/New_York")


class Bought(NamedTuple):
    at: int
    who: str
    line: int
    pieces: int
    dollars: str


def history() -> list[Bought]:
    """Those of the file that are asked for, by time."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    lines = (Path(spec.origin).parent / "datasets" / "CDNOW_master.txt").read_text("utf-8").splitlines()
    found = (bought(number, *line.split()) for number, line in enumerate(lines) if number)
    last = micros(FIRST + dt.timedelta(days=DAYS))
    return sorted(one for one in found if int(one.who) % EVERY == 0 and one.at < last)


def bought(line: int, who: str, day: str, pieces: str, dollars: str) -> Bought:
    midnight = micros(dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC))
    return Bought(midnight + (EVENING if line % 3 == 0 else OPEN), who, line, int(pieces), dollars)


def comes(who: str, at: int) -> Iterator[bytes]:
    """A new customer. One of three has not said yes to mail, one of four is told from elsewhere when they were born."""
    number = int(who)
    profile: dict[str, Any] = {"email": f"{who}@example.com", "time_zone": ZONES[number % len(ZONES)]}
    if number % 4:
        profile["birth_date"] = f"1970-{number % 12 + 1:02}-{number % 28 + 1:02}"
    yield event(f"p-{who}", who, "profile", at, **profile)
    if number % 3:
        yield event(f"c-{who}", who, "consent", at, channel="email", state="granted")


def buys(one: Bought) -> bytes:
    piece = f"{float(one.dollars) / one.pieces:.2f}"
    items = [{"sku": "CD", "category": "tea" if int(one.who) % 2 else "music", "qty": one.pieces, "price": piece}]
    order: dict[str, Any] = {"order_id": f"o-{one.line}", "total": one.dollars, "currency": "USD", "items": items}
    return event(f"l-{one.line}", one.who, time=one.at, **order)


async def live(shop: Operation) -> None:
    """Whenever somebody buys the clock pokes first; in the evening it does so anyway, and mail leaves."""
    known: set[str] = set()
    orders = {at: list(some) for at, some in groupby(history(), key=lambda one: one.at)}
    for at in (micros(FIRST) + day * DAY + hour for day in range(DAYS) for hour in (OPEN, EVENING)):
        shop.time.now = at
        values: list[bytes] = []
        for one in orders.pop(at, ()):
            if one.who not in known:
                known.add(one.who)
                values += comes(one.who, one.at)
            values.append(buys(one))
        night = at % DAY == EVENING
        if values or (night and one_number(shop.store, f"SELECT count(*) FROM customer WHERE next_due < {at}")):
            await shop.wake()
            await shop.say(*values)
            await shop.caught_up()
        if night:
            await shop.deliver()
    assert not orders


def one_number(store: Store, query: str) -> int:
    with store.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def verified(store: Store) -> Any:
    """What `regulars rules verify --json` says, which finds nothing wrong."""
    url = store.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [str(BIN / "regulars"), "rules", "verify", "--json"],
        env=environment(REGULARS_STORE=url, REGULARS_RULES=str(ROOT / "rules")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_the_history_lived_through_is_what_its_log_comes_to(
    tansu_broker: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with store_of("sqlite", request, tmp_path) as store:
        place = Place(store, await empty(tansu_broker, embedded=True))
        began = time.monotonic()
        async with operation(place, ROOT / "rules", Time(micros(FIRST))) as shop, AsyncExitStack() as parts:
            shop.clock()
            workers = [await parts.enter_async_context(shop.worker(batch=1_000)) for _ in range(2)]
            await live(shop)
            for work in workers:
                work.reader.stop()
        lived, began = time.monotonic() - began, time.monotonic()
        found = verified(store)
        print(tables(store), f"lived in {lived:.0f} s, verified in {time.monotonic() - began:.0f} s")
        assert found == {"customers": len({one.who for one in history()}), "not_compared": {}, "differences": []}
        all_was_there(store)


def tables(store: Store) -> dict[str, int]:
    """Rows of what is compared."""
    names = ("customer", "event", "decision", "message", "request")
    return {name: one_number(store, f"SELECT count(*) FROM {name}") for name in names}


def all_was_there(store: Store) -> None:
    """Every purchase at its own time, pokes, decisions of every kind, messages of later steps."""
    bought = "SELECT count(*) FROM event WHERE type = 'purchase'"
    assert one_number(store, bought) == one_number(store, f"{bought} AND at = time") == len(history())
    assert one_number(store, "SELECT count(*) FROM event WHERE type = 'poke'") > 50
    for reason in ("no-consent", "holdout", "stop-on", "wait"):
        assert one_number(store, f"SELECT count(*) FROM decision WHERE reason = '{reason}'")
    for rule in ("birthday", "win-back", "what-we-stand-for", "cheaper-together", "thank-returning"):
        assert one_number(store, f"SELECT count(*) FROM message WHERE rule = '{rule}' AND status = 'sent'")
    assert one_number(store, "SELECT count(DISTINCT rule) FROM message WHERE step > 0") > 4
    assert not one_number(store, "SELECT count(*) FROM dead_letter")
