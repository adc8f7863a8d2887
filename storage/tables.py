"""The tables (docs/reference/store.md says what every column means)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel


def _text(**options: object) -> Column[str]:
    return Column(Text, **{"nullable": False, **options})  # type: ignore[arg-type]


def _big(**options: object) -> Column[int]:
    return Column(BigInteger, **{"nullable": False, **options})  # type: ignore[arg-type]


def _blob(**options: object) -> Column[bytes]:
    return Column(LargeBinary, **{"nullable": False, **options})  # type: ignore[arg-type]


def _where(condition: str) -> dict[str, Any]:
    """A partial index, in both databases' words."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


class CustomerRow(SQLModel, table=True):
    __tablename__ = "customer"
    __table_args__ = (Index("customer_due", "next_due", "id", **_where("next_due IS NOT NULL")),)

    id: str = Field(sa_column=_text(primary_key=True))
    version: int = Field(sa_column=_big())
    shard: int
    next_due: int | None = Field(default=None, sa_column=_big(nullable=True))
    orders: int
    net_minor: int = Field(sa_column=_big())
    last_order_at: int = Field(sa_column=_big())
    state: bytes = Field(sa_column=_blob())


class OrderRow(SQLModel, table=True):
    __tablename__ = "order"

    customer: str = Field(sa_column=_text(primary_key=True))
    key: str = Field(sa_column=_text(primary_key=True))
    state: bytes = Field(sa_column=_blob())


class InboxRow(SQLModel, table=True):
    __tablename__ = "inbox"
    __table_args__ = {"sqlite_with_rowid": False}

    digest: bytes = Field(sa_column=_blob(primary_key=True))
    content: bytes = Field(sa_column=_blob())
    at: int = Field(sa_column=_big())


class EventRow(SQLModel, table=True):
    __tablename__ = "event"

    customer: str = Field(sa_column=_text(primary_key=True))
    seq: int = Field(sa_column=_big(primary_key=True, autoincrement=False))
    at: int = Field(sa_column=_big())
    time: int = Field(sa_column=_big())
    source: str = Field(sa_column=_text())
    id: str = Field(sa_column=_text())
    type: str = Field(sa_column=_text())
    ruleset: str = Field(sa_column=_text())
    amount: int = Field(sa_column=_big())
    data: bytes = Field(sa_column=_blob())


class SnapshotRow(SQLModel, table=True):
    __tablename__ = "snapshot"

    customer: str = Field(sa_column=_text(primary_key=True))
    let_go: int = Field(sa_column=_big())
    staff_at: int = Field(sa_column=_big())
    staff: bool
    seq: int = Field(sa_column=_big())
    state: bytes | None = Field(default=None, sa_column=_blob(nullable=True))
    next_seq: int | None = Field(default=None, sa_column=_big(nullable=True))
    next_at: int | None = Field(default=None, sa_column=_big(nullable=True))
    next_state: bytes | None = Field(default=None, sa_column=_blob(nullable=True))


class SnapshotOrderRow(SQLModel, table=True):
    __tablename__ = "snapshot_order"

    customer: str = Field(sa_column=_text(primary_key=True))
    key: str = Field(sa_column=_text(primary_key=True))
    state: bytes = Field(sa_column=_blob())


class CounterRow(SQLModel, table=True):
    __tablename__ = "counter"

    measure: str = Field(sa_column=_text(primary_key=True))
    period: str = Field(sa_column=_text(primary_key=True))
    dims: str = Field(sa_column=_text(primary_key=True))
    shard: int = Field(primary_key=True)
    value: int = Field(sa_column=_big())


class DecisionRow(SQLModel, table=True):
    __tablename__ = "decision"

    customer: str = Field(sa_column=_text(primary_key=True))
    seq: int = Field(sa_column=_big(primary_key=True, autoincrement=False))
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    rule: str = Field(sa_column=_text())
    step: int
    entry: str = Field(sa_column=_text())
    at: int = Field(sa_column=_big())
    outcome: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    due: int | None = Field(default=None, sa_column=_big(nullable=True))
    message: str | None = Field(default=None, sa_column=_text(nullable=True))


class RequestRow(SQLModel, table=True):
    __tablename__ = "request"
    __table_args__ = (
        Index("request_waiting", "at", **_where("status = 'waiting'")),
        Index("request_customer", "customer", "seq"),
    )

    id: str = Field(sa_column=_text(primary_key=True))
    customer: str = Field(sa_column=_text())
    rule: str = Field(sa_column=_text())
    step: int
    entry: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    what: str = Field(sa_column=_text())
    amount: int = Field(sa_column=_big())
    seq: int = Field(sa_column=_big())
    at: int = Field(sa_column=_big())
    status: str = Field(sa_column=_text())


class MessageRow(SQLModel, table=True):
    __tablename__ = "message"
    __table_args__ = (
        Index("message_open", "status", "due_at", **_where("done_at IS NULL")),
        Index("message_customer", "customer", "created_at"),
    )

    key: str = Field(sa_column=_text(primary_key=True))
    customer: str = Field(sa_column=_text())
    rule: str = Field(sa_column=_text())
    step: int
    template: str = Field(sa_column=_text())
    channel: str = Field(sa_column=_text())
    class_: str = Field(sa_column=Column("class", Text, nullable=False))
    status: str = Field(sa_column=_text())
    created_at: int = Field(sa_column=_big())
    due_at: int = Field(sa_column=_big())
    expires_at: int | None = Field(default=None, sa_column=_big(nullable=True))
    attempts: int = 0
    token: str | None = Field(default=None, sa_column=_text(nullable=True))
    context: bytes = Field(sa_column=_blob())
    error: str | None = Field(default=None, sa_column=_text(nullable=True))
    done_at: int | None = Field(default=None, sa_column=_big(nullable=True))


class OutboxRow(SQLModel, table=True):
    __tablename__ = "outbox"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    )
    topic: str = Field(sa_column=_text())
    key: bytes = Field(sa_column=_blob())
    value: bytes = Field(sa_column=_blob())


class DeadLetterRow(SQLModel, table=True):
    __tablename__ = "dead_letter"
    __table_args__ = (Index("dead_letter_waiting", "at", **_where("NOT relayed")),)

    incarnation: str = Field(sa_column=_text(primary_key=True))
    topic: str = Field(sa_column=_text(primary_key=True))
    partition: int = Field(primary_key=True)
    offset: int = Field(sa_column=_big(primary_key=True, autoincrement=False))
    at: int = Field(sa_column=_big())
    reason: str = Field(sa_column=_text())
    field: str = Field(sa_column=_text())
    detail: str = Field(sa_column=_text())
    key: bytes | None = Field(default=None, sa_column=_blob(nullable=True))
    value: bytes | None = Field(default=None, sa_column=_blob(nullable=True))
    headers: str = Field(sa_column=_text())
    relayed: bool = False


class PartitionRow(SQLModel, table=True):
    __tablename__ = "partition"

    topic: str = Field(sa_column=_text(primary_key=True))
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    epoch: int = Field(sa_column=_big())
    position: int = Field(sa_column=_big())
    backend: str | None = Field(default=None, sa_column=_text(nullable=True))
    at: int = Field(sa_column=_big())
    seen: int = 0
    bad: int = 0
    halted: str | None = Field(default=None, sa_column=_text(nullable=True))


class RuleSetRow(SQLModel, table=True):
    __tablename__ = "ruleset"

    id: str = Field(sa_column=_text(primary_key=True))
    at: int = Field(sa_column=_big())
    by: str = Field(sa_column=_text())
    note: str = Field(sa_column=_text())
    files: bytes = Field(sa_column=_blob())
    paused: str = Field(sa_column=_text())


class AuditRow(SQLModel, table=True):
    __tablename__ = "audit"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    )
    at: int = Field(sa_column=_big())
    by: str = Field(sa_column=_text())
    what: str = Field(sa_column=_text())
    detail: str = Field(sa_column=_text())


class ProductRow(SQLModel, table=True):
    __tablename__ = "product"
    __table_args__ = (Index("product_launched", "launched", **_where("launched <> ''")),)

    sku: str = Field(sa_column=_text(primary_key=True))
    launched: str = Field(sa_column=_text())
    known_at: int = Field(sa_column=_big())
    time: int = Field(sa_column=_big())
    place: int = Field(sa_column=_big())
    data: bytes = Field(sa_column=_blob())


class FanOutRow(SQLModel, table=True):
    __tablename__ = "fan_out"

    id: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text())
    what: str = Field(sa_column=_text())
    began_at: int = Field(sa_column=_big())
    data: bytes | None = Field(default=None, sa_column=_blob(nullable=True))
    after: str = Field(sa_column=_text())
    chosen: str = Field(sa_column=_text())
    day: int
    taken: int
    reached: int = Field(sa_column=_big())
    ended_at: int | None = Field(default=None, sa_column=_big(nullable=True))


class MetaRow(SQLModel, table=True):
    __tablename__ = "meta"

    name: str = Field(sa_column=_text(primary_key=True))
    value: str = Field(sa_column=_text())


metadata = SQLModel.metadata
