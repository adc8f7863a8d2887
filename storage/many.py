"""One statement for many rows, in each database's fastest form, without SQLAlchemy's work per parameter.

Rows are tuples in the order of the statement's columns. SQLite takes one row after the other (`executemany`) where
something is written, and a list of values where something is asked; PostgreSQL takes the columns as arrays, in one
statement and one round trip. Both come to the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection


class Many(Struct, frozen=True):
    """A statement: SQLite's form for a number of rows, PostgreSQL's for any number."""

    sqlite: Callable[[int], str]
    postgres: str
    types: Sequence[str]
    """PostgreSQL's, of a row's values."""


def insert(table: str, columns: str, conflict: str = "") -> Many:
    """INSERT of rows with these columns, each `name type`; `conflict` is what follows the rows."""
    names, types = _parsed(columns)
    head = f"INSERT INTO {table} ({', '.join(names)})"
    single = f"{head} VALUES ({_marks(len(names))}) {conflict}"
    return Many(lambda _: single, f"{head} SELECT * FROM {_arrays(types)} {conflict}", types)  # noqa: S608


def update(table: str, columns: str, where: str, also: str = "") -> Many:
    """UPDATE of `columns`, and what `also` says, of the row of each tuple: first its columns, then its `where`."""
    also = f"{also}, " if also else ""
    set_names, set_types = _parsed(columns)
    key_names, key_types = _parsed(where)
    sets = ", ".join(f"{name} = ?" for name in set_names)
    keys = " AND ".join(f"{name} = ?" for name in key_names)
    single = f"UPDATE {table} SET {also}{sets} WHERE {keys}"  # noqa: S608
    new = ", ".join(f"{name} = new.{name}" for name in set_names)
    same = " AND ".join(f"{table}.{name} = new.{name}" for name in key_names)
    types = set_types + key_types
    arrays = f"{_arrays(types)} AS new ({', '.join(set_names + key_names)})"
    return Many(lambda _: single, f"UPDATE {table} SET {also}{new} FROM {arrays} WHERE {same}", types)  # noqa: S608


def select(columns: str, text: str) -> Many:
    """A SELECT that joins the rows asked for, which stand in it as `{asked}`, with these columns.

    Joined by CROSS JOIN: SQLite then looks each row up in the index. `IN (VALUES …)` of two columns reads
    the whole table there.
    """
    names, types = _parsed(columns)
    renamed = ", ".join(f"column{number} AS {name}" for number, name in enumerate(names, 1))
    row = f"({_marks(len(names))})"

    @lru_cache(maxsize=64)
    def values(rows: int) -> str:
        listed = ", ".join([row] * rows)
        return text.format(asked=f"(SELECT {renamed} FROM (VALUES {listed})) AS asked")  # noqa: S608

    return Many(values, text.format(asked=f"{_arrays(types)} AS asked ({', '.join(names)})"), types)


def write(connection: Connection, many: Many, rows: Sequence[tuple[Any, ...]]) -> int:
    """Insert or update the rows; how many took effect."""
    if not rows:
        return 0
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(many.sqlite(1), list(rows)).rowcount
    return connection.exec_driver_sql(many.postgres, _columns(many, rows)).rowcount


def ask(connection: Connection, many: Many, rows: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
    """What the SELECT finds for the rows; SQLite takes some ten thousand values at once."""
    if not rows:
        return ()
    if connection.dialect.name == "sqlite":
        flat = tuple(value for row in rows for value in row)
        return connection.exec_driver_sql(many.sqlite(len(rows)), flat).all()
    return connection.exec_driver_sql(many.postgres, _columns(many, rows)).all()


def _columns(many: Many, rows: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    return tuple(array(values, type_) for values, type_ in zip(zip(*rows, strict=True), many.types, strict=True))


def array(values: Sequence[Any], type_: str) -> str:
    """The values as PostgreSQL writes an array. The driver's own way, one value after the other, is ten times slower.

    `type_` is text, bytea or a kind of int. ValueError for text with U+0000, which PostgreSQL cannot hold.
    """
    if None in values:
        return "{" + ",".join("NULL" if value is None else array([value], type_)[1:-1] for value in values) + "}"
    if type_ == "bytea":
        return '{"\\\\x' + '","\\\\x'.join([value.hex() for value in values]) + '"}'
    if type_ != "text":
        return "{" + ",".join(map(str, values)) + "}"
    joined = "\0".join(values)
    if joined.count("\0") != len(values) - 1:
        raise ValueError("text with U+0000")
    return '{"' + joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"}'


def _parsed(columns: str) -> tuple[list[str], list[str]]:
    pairs = [column.split() for column in columns.split(",")]
    return [name for name, _ in pairs], [type_ for _, type_ in pairs]


def _marks(number: int) -> str:
    return ", ".join("?" * number)


def _arrays(types: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{type_}[]' for type_ in types)})"
