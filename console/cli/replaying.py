"""`regulars rules verify`: every customer replayed from the log, and what the store says of them compared."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection

from console import compose, publishing
from console.cli.config import settings
from console.cli.guard import guarded
from console.cli.output import BAD, fail, print_json, say, several
from retention.errors import BadEvent
from rules.engine import older
from rules.replay import RulesNotKept
from storage import story as kept
from storage.library import Library
from storage.store import Store
from storage.told import one_moment
from streams.replayed import Difference, NotComparable, compare

PAGE = 500
SHOWN = 20
"""Differences that are printed; `--json` has all."""


class Found(Struct):
    """How many customers were replayed, what differed, and why others could not be compared: reason → how many."""

    customers: int = 0
    differences: list[Difference] = field(default_factory=list)
    not_compared: dict[str, int] = field(default_factory=dict)


def verify(most: int | None, json: bool) -> None:
    """Replay all customers, or `most` of them drawn at random; exit 1 when something differs."""
    config = settings()
    with guarded():
        store = compose.open_store(config)
        rules, published = publishing.deciding(config, store), Library(store)
        found = look(store, lambda hash_: rules if hash_ in ("", rules.hash) else published(hash_), most)
        store.close()
    if json:
        print_json(document(found))
    else:
        _tell(found)
    if found.differences:
        fail("regulars rules verify --json lists everything", BAD)


def look(store: Store, library: older.Library, most: int | None) -> Found:
    """Replay and compare, each customer at one moment of the store."""
    found, after = Found(), ""
    while True:
        with store.read() as connection:
            page = kept.sample(connection, PAGE, after) if most is None else kept.drawn(connection, most)
        for id in page:
            with store.read() as connection:
                one_moment(connection)
                _one(connection, id, library, found)
        if most is not None or len(page) < PAGE:
            return found
        after = page[-1]


def _one(connection: Connection, id: str, library: older.Library, found: Found) -> None:
    story = kept.story(connection, id)
    if story is None:
        return
    if story.customer.walk_in:
        _count(found, "walk-in")
        return
    try:
        found.differences += compare(connection, story, library)
        found.customers += 1
    except RulesNotKept:
        _count(found, "rules-not-kept")
    except NotComparable:
        _count(found, "event-gone")
    except BadEvent:
        _count(found, "unreadable-event")


def _count(found: Found, reason: str) -> None:
    found.not_compared[reason] = found.not_compared.get(reason, 0) + 1


def document(found: Found) -> dict[str, Any]:
    """For `--json`. Names of what differs in a customer's state, never its values."""
    return {
        "customers": found.customers,
        "not_compared": found.not_compared,
        "differences": [
            {"customer": one.customer, "table": one.table, "which": one.which, "fields": apart(one)}
            for one in found.differences
        ],
    }


def apart(one: Difference) -> list[str]:
    """The columns, or the fields of a state, that differ; all of a row that is only in one of the two."""
    was, now = one.kept or {}, one.replayed or {}
    return sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))


_WHY = {
    "rules-not-kept": "decided under rules that are not kept",
    "walk-in": "a till's id, about which no rule decides",
    "event-gone": "a rule went on with an event that was let go",
    "unreadable-event": "the log has an event that this version cannot read",
}


def _tell(found: Found) -> None:
    for one in found.differences[:SHOWN]:
        missing = "" if one.kept and one.replayed else " (only in the log)" if one.replayed else " (not in the log)"
        say(f"{one.customer}: {one.table} {one.which}: {', '.join(apart(one))}{missing}")
    number = len(found.differences)
    same = "every decision, message and request is what the log comes to"
    say(f"{several(found.customers, 'customer')} replayed: {several(number, 'difference') if number else same}")
    for reason, times in sorted(found.not_compared.items()):
        say(f"{several(times, 'customer')} not compared: {_WHY[reason]}")
