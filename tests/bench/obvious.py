"""The obvious program: a Faust agent and one SQLModel session an event. What one would write first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import faust
from sqlalchemy import Engine
from sqlalchemy import event as listening
from sqlmodel import Field, Session, SQLModel, create_engine

from tests.bench.contest import Job, Stopwatch, Timed, settle


class SeenEvent(SQLModel, table=True):
    __tablename__ = "seen_event"

    id: str = Field(primary_key=True)
    type: str
    customer: str
    data: str


class Shopper(SQLModel, table=True):
    __tablename__ = "shopper"

    id: str = Field(primary_key=True)
    orders: int = 0
    net: int = 0
    last: str = ""


class Placed(SQLModel, table=True):
    __tablename__ = "placed"

    id: str = Field(primary_key=True)
    customer: str
    total: int
    refunded: int = 0


class Total(SQLModel, table=True):
    __tablename__ = "total"

    name: str = Field(primary_key=True)
    orders: int = 0
    net: int = 0


OWN = [SQLModel.metadata.tables[name] for name in ("seen_event", "shopper", "placed", "total")]


async def obvious(job: Job) -> Timed:
    """Read with an agent, apply each event in a session of its own; timed to the last commit of the store."""
    engine = _engine(Path(job.folder) / "obvious.db")
    app = faust.App(
        "obvious",
        broker=f"kafka://{job.bootstrap}",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
        datadir=job.folder,
        loop=asyncio.get_running_loop(),
    )
    watch = Stopwatch(job.warm, job.events)
    finished = asyncio.Event()

    @app.agent(app.topic("events", value_serializer="json"))
    async def events(stream: Any) -> None:
        async for event in stream:
            with Session(engine) as session:
                _apply(session, event)
            watch.add(1)
            if watch.complete:
                watch.stop()
                finished.set()

    settle()
    await app.start()
    await finished.wait()
    await app.stop()
    with Session(engine) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM seen_event").scalar_one() == job.events
    engine.dispose()
    return watch.timed("SQLite")


def _apply(session: Session, event: dict[str, Any]) -> None:
    if session.get(SeenEvent, event["id"]) is not None:
        return
    data = event["data"]
    session.add(SeenEvent(id=event["id"], type=event["type"], customer=event["subject"], data=str(data)))
    shopper = session.get(Shopper, event["subject"]) or Shopper(id=event["subject"])
    shopper.last = max(shopper.last, event["time"])
    sign = {"purchase": 1, "return": -1}.get(event["type"], 0)
    if sign:
        amount = round(data["total"] * 100)
        shopper.orders += sign
        shopper.net += sign * amount
        total = session.get(Total, "all") or Total(name="all")
        total.orders += sign
        total.net += sign * amount
        session.add(total)
        session.add(_order(session, event["subject"], data["order_id"], sign, amount))
    session.add(shopper)
    session.commit()


def _order(session: Session, customer: str, id: str, sign: int, amount: int) -> Placed:
    if sign > 0:
        return Placed(id=id, customer=customer, total=amount)
    order = session.get_one(Placed, id)
    order.refunded += amount
    return order


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @listening.listens_for(engine, "connect")
    def _open(dbapi: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            dbapi.execute(f"PRAGMA {pragma}")

    SQLModel.metadata.create_all(engine, tables=OWN)
    return engine
