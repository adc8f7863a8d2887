"""Servers of a test as things to stop, kill and start again: one program, or the nodes of a Kafka cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.kafka import cluster
from deploy.kafka.cluster import HOST, Node


class Server:
    """One program. Started again it is the same command: the same data on the same port.

    `ready` says whether it answers; `account` is who runs it, else the caller; `polite` and `hard` are the signals of
    `stop` and `kill`. The folder holds its output, file `log`.
    """

    def __init__(
        self,
        address: str,
        command: Sequence[str],
        folder: Path,
        ready: Callable[[], bool],
        *,
        account: str | None = None,
        polite: int = signal.SIGTERM,
        hard: int = signal.SIGKILL,
    ) -> None:
        self.address = address
        self._command, self._folder, self._ready = command, folder, ready
        self._account, self._polite, self._hard = account, polite, hard
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return once it answers. RuntimeError, with its output, when it ends or is late."""
        assert self._process is None, "it runs"
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for pytest, which then ends its services in order
                user=self._account,
                group=self._account,
                extra_groups=[] if self._account else None,
            )
        try:
            _wait_until(self._ready, self._process, log)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it as an operator would; nothing happens when it does not run."""
        self._end(self._polite)

    def kill(self) -> None:
        """End it as a power cut would; nothing happens when it does not run."""
        self._end(self._hard)

    def ended(self) -> bool:
        """Whether it does not run, by its own doing or ours; it may be started then."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        return self._process is None

    def answers(self) -> bool:
        """Whether it serves."""
        return self._ready()

    def _end(self, sign: int) -> None:
        if self._process is not None:
            end(self._process, sign)
            self._process = None


class KafkaCluster:
    """Nodes 1, 2, … of one cluster, each to be stopped, killed and started again alone.

    `bootstrap` is where clients find it: `host:port,host:port,…`, of proxies where the nodes advertise them. A node's
    number is its broker id. After a kill the others take 9 s (Kafka's session timeout) until they lead in its place.
    """

    def __init__(self, nodes: Sequence[Node], lib: Path, heap: str = "256m") -> None:
        self.nodes = {node.number: node for node in nodes}
        self.bootstrap = ",".join(f"{HOST}:{node.advertised or node.port}" for node in nodes)
        self._lib, self._heap = lib, heap
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *numbers: int) -> None:
        """Start these nodes, or all that do not run; returns once each knows all of these. KafkaError when not."""
        idle = [number for number in numbers or self.nodes if number not in self._processes]
        started = {self.nodes[n]: cluster.launch(self.nodes[n], self._lib, self._heap) for n in idle}
        cluster.wait_until_ready(started)
        self._processes |= {node.number: process for node, process in started.items()}

    def stop(self, *numbers: int) -> None:
        """Stop these nodes, or all, as an operator would: what a node leads is handed over first."""
        going = [self._processes.pop(number) for number in numbers or tuple(self._processes)]
        for process in going:
            process.terminate()
        for process in going:
            end(process, signal.SIGTERM)

    def kill(self, *numbers: int) -> None:
        """Kill these nodes, or all: SIGKILL."""
        for number in numbers or tuple(self._processes):
            end(self._processes.pop(number), signal.SIGKILL)

    @property
    def running(self) -> list[int]:
        """The numbers of the nodes that run."""
        return sorted(self._processes)


def end(process: subprocess.Popen[bytes], sign: int, within: float = 20.0) -> None:
    """Send the signal and wait until the process has ended; after `within` seconds it is killed."""
    process.send_signal(sign)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    """Ours without PGDATA, PGPORT and the like, which would lead the private server to someone's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} is not ready:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.02)
