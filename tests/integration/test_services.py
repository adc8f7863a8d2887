"""The fixtures themselves: a test that leans on a service may trust it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from console.settings import Settings
from deploy.kafka.cluster import brokers, live
from streams.broker import EVENTS, connect, parse
from tests import services
from tests.chaos.proxy import ThreadedProxy
from tests.conftest import SERVICES
from tests.servers import KafkaCluster, Server

ROOT = Path(__file__).resolve().parents[2]


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def test_the_private_postgresql_keeps_what_it_acknowledged(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        shown = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "listen_addresses")
        ]
    assert shown == [("on",), ("on",), ("127.0.0.1",)]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_gets_an_empty_database(fresh_postgres: str, turn: str) -> None:
    with psycopg.connect(plain(fresh_postgres)) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        connection.execute("CREATE TABLE mark (turn text)")
    assert tables == (0,), turn


def test_a_database_goes_although_a_client_still_holds_it(postgres_url: str) -> None:
    with services.database(postgres_url) as url:
        holder = psycopg.connect(plain(url))
    with pytest.raises(psycopg.OperationalError):
        holder.execute("SELECT 1")
    holder.close()


async def test_what_is_produced_is_consumed(broker: str) -> None:
    topic = f"letters-{uuid.uuid4().hex[:8]}"
    await create(broker, topic)
    sent = [b"one", b"two", b"three"]
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all")
    await producer.start()
    try:
        for value in sent:
            await producer.send_and_wait(topic, value, key=b"anna")
    finally:
        await producer.stop()
    assert await read(broker, topic, len(sent)) == [(b"anna", value) for value in sent]


async def create(broker: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def read(broker: str, topic: str, count: int) -> list[tuple[bytes | None, bytes | None]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        got = [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
    return [(record.key, record.value) for record in got]


async def leader_of(bootstrap: str, topic: str) -> int:
    """The node that leads partition 0."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    leader: int = next(each["leader"] for each in described["partitions"] if each["partition"] == 0)
    return leader


async def test_with_three_copies_a_killed_leader_loses_nothing_and_work_goes_on(
    kafka_cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGULARS_REPLICATION", "3")
    settings = Settings(broker=f"kafka://{kafka_cluster.bootstrap}")
    broker = await connect(parse(settings.broker), 1, settings.replication, settings.topic_retention_days)
    producer = broker.producer()
    await producer.start()
    try:
        await producer.send_and_wait(EVENTS, b"before", key=b"anna", partition=0)
        leader = await leader_of(broker.bootstrap, EVENTS)
        kafka_cluster.kill(leader)
        assert await read(broker.bootstrap, EVENTS, 1) == [(b"anna", b"before")]
        await producer.send_and_wait(EVENTS, b"after", key=b"anna", partition=0)
    finally:
        await producer.stop()
    assert await leader_of(broker.bootstrap, EVENTS) != leader
    assert await read(broker.bootstrap, EVENTS, 2) == [(b"anna", b"before"), (b"anna", b"after")]
    kafka_cluster.start(leader)
    assert kafka_cluster.running == [1, 2, 3]
    assert live(services.HOST, kafka_cluster.nodes[leader].port) == {1, 2, 3}


served_in = contextmanager(services.served)


@pytest.mark.parametrize("start", [services.tansu, pytest.param(services.kafka, marks=pytest.mark.service)])
async def test_clients_of_a_broker_that_advertises_a_proxy_come_through_it(start) -> None:
    with ExitStack() as stack:
        proxies: list[ThreadedProxy] = []

        def advertise(port: int) -> int:
            proxies.append(stack.enter_context(ThreadedProxy(services.HOST, port)))
            return proxies[-1].port

        bootstrap = stack.enter_context(served_in(start(advertise)))
        (proxy,) = proxies
        await create(bootstrap, "letters")
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        await producer.start()
        try:
            await producer.send_and_wait("letters", b"one")
            proxy.freeze()
            held = await producer.send("letters", b"two")
            done, _ = await asyncio.wait([held], timeout=0.5)
            assert not done
            proxy.heal()
            await asyncio.wait_for(held, 10)
        finally:
            await producer.stop()
        assert await read(bootstrap, "letters", 2) == [(None, b"one"), (None, b"two")]


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_a_database_that_went_down_comes_back_with_what_it_acknowledged(postgres_server: Server, way: str) -> None:
    holder = psycopg.connect(postgres_server.address, autocommit=True)
    holder.execute("CREATE TABLE kept AS SELECT 7 AS number")
    getattr(postgres_server, way)()
    with pytest.raises(psycopg.OperationalError):
        holder.execute("SELECT number FROM kept")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_server.address)
    postgres_server.start()
    with psycopg.connect(postgres_server.address) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
    holder.close()


def test_an_embedded_broker_is_gone_when_it_is_left() -> None:
    with services.tansu() as address:
        port = int(address.rpartition(":")[2])
        assert brokers(services.HOST, port) == 1
    assert brokers(services.HOST, port) == 0


@contextmanager
def absent() -> Iterator[str]:
    raise services.ServiceMissingError("no such program")
    yield ""


def test_a_missing_service_skips_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such program"):
        next(services.served(absent()))


SKIPPING = """
import pytest
from pathlib import Path

@pytest.mark.skip(reason="because")
def test_marked(): ...

@pytest.mark.skipif(True, reason="because")
def test_on_condition(): ...

def test_within():
    pytest.skip("because")

@pytest.fixture
def skips():
    pytest.importorskip("no_such_module")

def test_in_a_fixture(skips): ...

@pytest.mark.xfail(reason="known")
def test_known():
    raise ValueError

def test_good(): ...
"""
WHOLE_FILE = "import pytest\npytest.importorskip('no_such_module')\ndef test_nothing(): ..."


def pytest_on(folder: Path, content: str, **more: str) -> tuple[int, str]:
    """A pytest of its own on one file, with our fixtures and hooks: its exit code and what it said."""
    (folder / "test_it.py").write_text(content)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = service: x\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(
        [*command, "test_it.py"],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT)} | more,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_whatever_is_skipped_at_home_has_failed_in_ci(tmp_path: Path) -> None:
    code, said = pytest_on(tmp_path, SKIPPING)
    assert (code, "1 passed, 4 skipped, 1 xfailed" in said) == (0, True), said
    code, said = pytest_on(tmp_path, SKIPPING, CI="true")
    assert code == 1
    assert "1 xfailed" in said
    assert "1 passed" in said
    assert "skipped" not in said.splitlines()[-1]
    assert said.count("in CI nothing may be skipped") >= 4


def test_a_file_that_skips_itself_as_a_whole_stops_ci(tmp_path: Path) -> None:
    assert pytest_on(tmp_path, WHOLE_FILE)[0] == 5  # nothing ran
    code, said = pytest_on(tmp_path, WHOLE_FILE, CI="true")
    assert code == 2
    assert "in CI nothing may be skipped" in said


@pytest.mark.parametrize("fixture", sorted(SERVICES))
def test_without_its_programs_no_service_is_passed_over_in_ci(tmp_path: Path, fixture: str) -> None:
    """No Java, no PostgreSQL and no Kafka on this machine: a path without programs, and folders without theirs."""
    content = f"""
        import pathlib
        from tests import services

        services.DEBIAN = pathlib.Path("nowhere")

        def test_it({fixture}): ...
    """
    code, said = pytest_on(tmp_path, textwrap.dedent(content), PATH=str(tmp_path))
    assert (code, "1 skipped" in said) == (0, True), said
    code, said = pytest_on(tmp_path, textwrap.dedent(content), PATH=str(tmp_path), CI="true")
    assert code == 1
    assert "in CI no service may be missing" in said


def test_a_missing_service_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no such program"):
        next(services.served(absent()))
