"""The shop's catalogue as its topic tells it: what an article is like now, and since when its launch is known."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, text

from storage.many import insert, write
from storage.store import Store

_KEEP = insert(
    "product",
    "sku text, launched text, known_at bigint, time bigint, place bigint, data bytea",
    """ON CONFLICT (sku) DO UPDATE SET launched = excluded.launched, time = excluded.time, place = excluded.place,
         data = excluded.data,
         known_at = CASE WHEN product.launched = excluded.launched THEN product.known_at ELSE excluded.known_at END
       WHERE (excluded.time, excluded.place) >= (product.time, product.place)""",
)
_FORGET = text("DELETE FROM product WHERE sku = :sku AND (time, place) <= (:time, :place)")
_LAUNCHED = text(
    """SELECT sku, launched, known_at, time, place, data FROM product
       WHERE launched >= :first AND launched <= :last ORDER BY launched, sku"""
)


class Article(Struct, frozen=True):
    """An article as it was told of `at` (µs since 1970), at this `place` of its partition; `data` None: it is no more.

    Of two the later counts. `launched` is YYYY-MM-DD, empty: it does not say. `known` since when it says so.
    """

    sku: str
    launched: str
    known: int
    at: int
    place: int
    data: bytes | None


def keep(store: Store, articles: Sequence[Article]) -> None:
    """Keep what is newer than what is known. The same again changes nothing."""
    if articles:
        with store.write() as connection:
            keep_in(connection, articles)


def keep_in(connection: Connection, articles: Sequence[Article]) -> None:
    """The same, in a transaction under way."""
    latest: dict[str, Article] = {}
    for one in articles:
        known = latest.get(one.sku)
        if known is None or (one.at, one.place) >= (known.at, known.place):
            latest[one.sku] = one
    there = sorted((one for one in latest.values() if one.data is not None), key=lambda one: one.sku)
    write(connection, _KEEP, [(one.sku, one.launched, one.known, one.at, one.place, one.data) for one in there])
    for one in latest.values():
        if one.data is None:
            connection.execute(_FORGET, {"sku": one.sku, "time": one.at, "place": one.place})


def launched(connection: Connection, first: str, last: str) -> list[Article]:
    """The articles launched between two days, YYYY-MM-DD, both included; by day and sku."""
    found = connection.execute(_LAUNCHED, {"first": first, "last": last}).all()
    return [Article(*row) for row in found]
