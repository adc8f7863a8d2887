"""A cluster of Apache Kafka out of its Maven artifacts: jars, KRaft storage, brokers on loopback only.

Each node is broker and controller in one process. Needs Java 17 or newer and Maven; of Python only the standard
library.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"
JAVA = "Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"


class KafkaError(Exception):
    """Kafka could not be fetched, formatted, started or stopped; the message says what to do."""


class KafkaMissingError(KafkaError):
    """Java, Maven or the artifacts are not to be had here, so there is nothing to start."""


@dataclass(frozen=True)
class Node:
    """One broker that is also a controller: its number (from 1), its own folder, its two ports on loopback.

    `advertised` is the port that clients, and the other brokers, are told to come to, when a proxy stands before the
    node; 0 means its own. Controllers talk to each other past any proxy.
    """

    number: int
    folder: Path
    port: int
    controller_port: int
    advertised: int = 0

    @property
    def config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"


def fetch(cache: Path) -> Path:
    """The folder with Kafka's jars, copied by Maven once for each state of pom.xml. Raises KafkaMissingError."""
    pom = HERE / "pom.xml"
    lib = cache.resolve() / f"lib-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if lib.is_dir():
        return lib
    maven = _tool("mvn", "Maven (Debian: apt-get install maven)")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as scratch:
        copied = Path(scratch).resolve() / "lib"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={copied}"]
        done = _run([maven, "-B", "-q", "-ntp", "--strict-checksums", "-f", str(pom), *goal])
        if done.returncode != 0:
            raise KafkaMissingError(f"Maven could not fetch Apache Kafka:\n{_tail(done.stdout)}")
        # A rename is all or nothing: an interrupted fetch never leaves half a Kafka that looks whole.
        try:
            copied.rename(lib)
        except OSError:
            if not lib.is_dir():  # else somebody else fetched it meanwhile
                raise
    return lib


def properties(node: Node, quorum: Sequence[Node]) -> str:
    """The `server.properties` of one node of a cluster that consists of `quorum`."""
    copies = min(3, len(quorum))
    values = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": ",".join(f"{n.number}@{HOST}:{n.controller_port}" for n in quorum),
        "listeners": f"PLAINTEXT://{HOST}:{node.port},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{node.advertised or node.port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": node.folder / "data",
        # Regulars creates its topics itself; a misspelt name must fail, not become a topic.
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": max(1, copies - 1),
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": max(1, copies - 1),
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": max(1, copies - 1),
        # 50 partitions of each internal topic and three seconds before a group's first join are for big clusters.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        # Its default takes 128 MB of the heap at the start, to compact topics of many millions of keys.
        "log.cleaner.dedupe.buffer.size": 16 * 2**20,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def format_storage(quorum: Sequence[Node], lib: Path) -> None:
    """Write each node's configuration and format what is empty, under one cluster id; formatted storage is kept."""
    cluster_id = _cluster_id(quorum)
    for node in quorum:
        node.folder.mkdir(parents=True, exist_ok=True)
        node.config.write_text(properties(node, quorum), encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda node: _format(node, cluster_id, lib), quorum))


def _format(node: Node, cluster_id: str, lib: Path) -> None:
    arguments = ["format", "--cluster-id", cluster_id, "--config", str(node.config), "--ignore-formatted"]
    done = _run([*_java(lib, "-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", *arguments])
    if "UnsupportedClassVersionError" in done.stdout:
        raise KafkaMissingError(f"the java on the PATH is too old: install {JAVA}")
    if done.returncode != 0:
        raise KafkaError(f"formatting the storage of node {node.number} failed:\n{_tail(done.stdout)}")


def launch(node: Node, lib: Path, heap: str = "512m") -> subprocess.Popen[bytes]:
    """Start a formatted node and return at once. The caller owns the process; Ctrl-C in the terminal passes it by."""
    command = [*_java(lib, f"-Xms{heap}", f"-Xmx{heap}"), "kafka.Kafka", str(node.config)]
    with node.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def wait_until_ready(started: Mapping[Node, subprocess.Popen[bytes]], timeout: float = 90.0) -> None:
    """Return once each of these nodes names all of them among the live brokers.

    When one ends or is late, or the waiting is interrupted, all of them are killed; then KafkaError, with that
    node's log.
    """
    numbers = {node.number for node in started}
    deadline = time.monotonic() + timeout
    try:
        while late := [node for node in started if not numbers <= live(HOST, node.port)]:
            ended = [node for node in late if started[node].poll() is not None]
            if ended or time.monotonic() > deadline:
                node, what = (
                    (*ended, *late)[0],
                    "ended while starting" if ended else f"is not ready after {timeout:g} s",
                )
                log = _tail(node.log.read_text("utf-8", "replace"))
                raise KafkaError(f"Kafka node {node.number} {what}; the end of {node.log}:\n{log}")
            time.sleep(0.1)
    except BaseException:
        for process in started.values():
            process.kill()
            process.wait()
        raise


def brokers(host: str, port: int, timeout: float = 2.0) -> int:
    """How many live brokers are named by whoever speaks Kafka's protocol at this address; 0 when nobody does."""
    return len(live(host, port, timeout))


def live(host: str, port: int, timeout: float = 2.0) -> set[int]:
    """The numbers of the live brokers, as named at this address; none when nobody there speaks Kafka's protocol."""
    # Metadata v4 (the oldest every Kafka 4 speaks): no topics, no auto-creation.
    request = struct.pack(">hhih5sib", 3, 4, 7, 5, b"probe", 0, 0)
    try:
        with socket.create_connection((host, port), timeout) as connection, connection.makefile("rb") as stream:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size, correlation, _throttle, count = struct.unpack(">iiii", stream.read(16))
            if correlation != 7 or not 12 <= size <= 2**20:
                return set()
            return _broker_numbers(stream.read(size - 12), count)
    except (OSError, struct.error):
        return set()


def _broker_numbers(answer: bytes, count: int) -> set[int]:
    """The ids in `count` entries of (id int32, host string, port int32, rack nullable string)."""
    numbers, at = set(), 0
    for _ in range(count):
        number, host = struct.unpack_from(">ih", answer, at)
        (rack,) = struct.unpack_from(">h", answer, at + 6 + host + 4)
        at += 6 + host + 4 + 2 + max(0, rack)
        numbers.add(number)
    return numbers


def _cluster_id(quorum: Sequence[Node]) -> str:
    """The id that storage here was formatted with, else a new one: a new log must not pass for the old one."""
    for node in quorum:
        known = node.folder / "data" / "meta.properties"
        if known.is_file():
            return dict(line.partition("=")[::2] for line in known.read_text("utf-8").splitlines())["cluster.id"]
    # As Kafka does: 16 random bytes, URL-safe, never with a dash in front, which would read as an option.
    return "r" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def _java(lib: Path, *options: str) -> list[str]:
    return [
        _tool("java", JAVA),
        *options,
        f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}",
        "-cp",
        f"{lib}/*",
    ]


def _tool(name: str, wanted: str) -> str:
    found = shutil.which(name)
    if not found:
        raise KafkaMissingError(f"{name} is not on the PATH: install {wanted}")
    return found


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.splitlines()[-lines:])
