"""Goings through all customers: how far each is, and whom it has chosen, so that after a kill it goes on exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, text

from storage.store import Store

LAUNCH, CATCH_UP = "launch", "catch-up"
"""What it is about: an article of the catalogue, or a rule."""

_COLUMNS = "id, kind, what, began_at, data, after, chosen, day, taken, reached, ended_at"
_OPEN = text(
    f"SELECT {_COLUMNS} FROM fan_out WHERE ended_at IS NULL OR chosen <> '' ORDER BY began_at, id"  # noqa: S608
)
_LATEST = text(
    f"SELECT {_COLUMNS} FROM fan_out WHERE :kind IN ('', kind) ORDER BY began_at DESC, id LIMIT :most"  # noqa: S608
)
_KNOWN = text("SELECT id FROM fan_out WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))
_OF_KIND = text("SELECT id FROM fan_out WHERE kind = :kind")
_BEGIN = text(
    """INSERT INTO fan_out (id, kind, what, began_at, data, after, chosen, day, taken, reached)
       VALUES (:id, :kind, :what, :began_at, :data, '', '', 0, 0, 0) ON CONFLICT (id) DO NOTHING"""
)
_DROP = text("DELETE FROM fan_out WHERE id = :id")
_CHOOSE = text(
    """UPDATE fan_out SET after = :after, chosen = :chosen, day = :day, taken = :taken, ended_at = :ended_at
       WHERE id = :id AND after = :was AND chosen = '' AND ended_at IS NULL"""
)
_END = text("UPDATE fan_out SET chosen = '', ended_at = :now WHERE id = :id")
_SENT = text(
    """UPDATE fan_out SET chosen = '', reached = reached + :number
       WHERE id = :id AND after = :after AND chosen = :chosen"""
)


class FanOut(Struct, frozen=True):
    """One of them, by its `id`: about an article or a rule, `what`; begun at, µs since 1970; what it tells, in `data`.

    `after`: whom it has come to, by customer id; `chosen`: to whom the last page of it is being told; `taken` on `day`
    (days since 1970 in the shop's zone); `reached` in all. `ended_at`: when its last page was chosen; None: it goes on.
    """

    id: str
    kind: str
    what: str
    began_at: int
    data: bytes | None = None
    after: str = ""
    chosen: tuple[str, ...] = ()
    day: int = 0
    taken: int = 0
    reached: int = 0
    ended_at: int | None = None


def launch_id(sku: str, launched: str) -> str:
    """That of the launch of an article on its day."""
    return f"{LAUNCH}:{sku}:{launched}"


def under_way(connection: Connection) -> list[FanOut]:
    """Those with customers to come to or to tell, the oldest first."""
    return [_read(row) for row in connection.execute(_OPEN)]


def latest(connection: Connection, most: int, kind: str = "") -> list[FanOut]:
    """Those begun last, the last one first; of one kind, or of all."""
    return [_read(row) for row in connection.execute(_LATEST, {"most": most, "kind": kind})]


def known(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Of these ids those that were begun."""
    asked = list(ids)
    return set(connection.execute(_KNOWN, {"ids": asked}).scalars()) if asked else set()


def of_kind(connection: Connection, kind: str) -> set[str]:
    """The ids of all of a kind, ended ones too."""
    return set(connection.execute(_OF_KIND, {"kind": kind}).scalars())


def change(store: Store, new: Sequence[FanOut], gone: Iterable[str]) -> None:
    """Begin some, where they were not begun; forget others: begun again they come to everybody again."""
    with store.write() as connection:
        for one in new:
            row = {"id": one.id, "kind": one.kind, "what": one.what, "began_at": one.began_at, "data": one.data}
            connection.execute(_BEGIN, row)
        for id in gone:
            connection.execute(_DROP, {"id": id})


def choose(store: Store, was: FanOut, now: FanOut) -> bool:
    """Go on from one to the other, before anybody is told; False when somebody else went on meanwhile."""
    row = {"id": now.id, "after": now.after, "was": was.after, "chosen": _written(now.chosen), "day": now.day}
    with store.write() as connection:
        return bool(connection.execute(_CHOOSE, row | {"taken": now.taken, "ended_at": now.ended_at}).rowcount)


def end(store: Store, one: FanOut, now: int) -> None:
    """Nobody more is told, not those either who were chosen."""
    with store.write() as connection:
        connection.execute(_END, {"id": one.id, "now": now})


def sent(store: Store, one: FanOut) -> None:
    """Those chosen were told; nothing if somebody else said so."""
    row = {"id": one.id, "after": one.after, "chosen": _written(one.chosen), "number": len(one.chosen)}
    with store.write() as connection:
        connection.execute(_SENT, row)


def _written(ids: Sequence[str]) -> str:
    return msgspec.json.encode(ids).decode() if ids else ""


def _read(row: object) -> FanOut:
    columns = list(row)  # type: ignore[call-overload]
    columns[4] = None if columns[4] is None else bytes(columns[4])
    columns[6] = tuple(msgspec.json.decode(columns[6])) if columns[6] else ()
    return FanOut(*columns)
