"""Apache Kafka on this machine's loopback, without Docker. In the root of the checkout:

python3 -m deploy.kafka.kafka start             one node; returns when it answers
python3 -m deploy.kafka.kafka start --nodes 3   three nodes, three copies of everything, any one of them may fail
python3 -m deploy.kafka.kafka start --node 2    one node of a cluster again, after `stop --node 2`
python3 -m deploy.kafka.kafka status            exit code 0: all nodes answer, 3: not all
python3 -m deploy.kafka.kafka stop              all nodes; stop --node 2: one
python3 -m deploy.kafka.kafka fetch             only the jars (about 45 MB, once)

Clients come to ports 9092, 9094, 9096; the controllers use 9093, 9095, 9097.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy.kafka.cluster import (
    HOST,
    KafkaError,
    Node,
    brokers,
    fetch,
    format_storage,
    launch,
    wait_until_ready,
)


def start(home: Path, port: int, controller_port: int, fresh: bool = False, nodes: int = 1) -> str:
    """Fetch, format and start what does not run of the cluster of `home`; a sentence that says where it listens.

    Node n listens on `port` + 2 (n - 1), its controller on `controller_port` + 2 (n - 1). A cluster that runs in part
    keeps its ports. Raises KafkaError: a taken port, another number of nodes than `home` holds, Kafka's own refusal.
    """
    home = home.resolve()
    quorum = [Node(n + 1, _folder(home, n + 1), port + 2 * n, controller_port + 2 * n) for n in range(nodes)]
    if not fresh:
        _refuse_other_number(home, nodes)
    if any(map(_running, _known(home))):
        if fresh:
            raise KafkaError("Kafka runs here: stop it before its data is thrown away")
        return _start(_known(home), fetch(home))
    _refuse_taken_ports(quorum)
    lib = fetch(home)
    if fresh:
        for folder in home.glob("node-*"):
            shutil.rmtree(folder)
    format_storage(quorum, lib)
    return _start(quorum, lib)


def start_node(home: Path, number: int) -> str:
    """Start one node that was stopped; the sentence of `start`. KafkaError when `home` holds no such node."""
    home = home.resolve()
    return _start([_member(home, number)], fetch(home))


def stop(home: Path, number: int | None = None, timeout: float = 30.0) -> str:
    """Stop all nodes, or one: politely, after `timeout` seconds by force; a sentence that says what happened."""
    home = home.resolve()
    nodes = [_member(home, number)] if number else _known(home)
    going = {node: pid for node in nodes if (pid := _running(node))}
    for pid in going.values():
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while (late := [node for node in going if _running(node)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    for node in late:
        os.kill(going[node], signal.SIGKILL)
    said = [
        f"Kafka ({_process(node, pid)}) "
        + (f"did not stop in {timeout:g} s and was killed" if node in late else "stopped")
        for node, pid in going.items()
    ]
    return "\n".join(said) or "Kafka does not run here"


def status(home: Path) -> tuple[str, bool]:
    """How many nodes of the cluster of `home` answer, in a sentence, and whether all do."""
    nodes = _known(home.resolve())
    count = sum(brokers(HOST, node.port) > 0 for node in nodes)
    if not nodes:
        return "no Kafka was started here", False
    return f"{count} of {len(nodes)} node(s) answer on {_bootstrap(nodes)}", count == len(nodes)


def _start(nodes: Sequence[Node], lib: Path) -> str:
    began = time.monotonic()
    idle = [node for node in nodes if not _running(node)]
    if not idle:
        return f"Kafka already runs on {_bootstrap(nodes)} ({', '.join(_process(n, _running(n)) for n in nodes)})"
    _refuse_taken_ports(idle)
    started = {node: launch(node, lib, "512m" if _alone(node) else "384m") for node in idle}
    for node, process in started.items():
        note = {"pid": process.pid, "port": node.port, "controller_port": node.controller_port}
        (node.folder / "node.json").write_text(json.dumps(note), encoding="utf-8")
    wait_until_ready(started)
    who = ", ".join(_process(node, process.pid) for node, process in started.items())
    return f"Kafka answers on {_bootstrap(idle)} ({who}, {time.monotonic() - began:.1f} s; log {idle[0].log})"


def _folder(home: Path, number: int) -> Path:
    return home / f"node-{number}"


def _known(home: Path) -> list[Node]:
    """The nodes that were started under `home`, by number."""
    folders = sorted(home.glob("node-[1-9]"))
    states = [(int(folder.name[-1]), folder, _state(folder)) for folder in folders]
    return [Node(n, folder, s["port"], s.get("controller_port", 0)) for n, folder, s in states if "port" in s]


def _member(home: Path, number: int) -> Node:
    for node in _known(home):
        if node.number == number:
            return node
    raise KafkaError(f"there is no node {number} here; a cluster of three is started with --nodes 3")


def _refuse_other_number(home: Path, nodes: int) -> None:
    held = len(list(home.glob("node-*")))
    if held not in (0, nodes):
        raise KafkaError(
            f"{home} holds a cluster of {held} node(s), not of {nodes}: choose another --home, "
            f"or stop it and throw its data away with --fresh"
        )


def _refuse_taken_ports(nodes: Iterable[Node]) -> None:
    for port in [port for node in nodes for port in (node.port, node.controller_port)]:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                raise KafkaError(f"port {port} is taken by another program: choose with --port and --controller-port")


def _alone(node: Node) -> bool:
    return len(list(node.folder.parent.glob("node-*"))) == 1


def _bootstrap(nodes: Iterable[Node]) -> str:
    return ",".join(f"{HOST}:{node.port}" for node in nodes)


def _process(node: Node, pid: int) -> str:
    return f"process {pid}" if _alone(node) else f"node {node.number}: process {pid}"


def _state(folder: Path) -> dict[str, int]:
    try:
        state: dict[str, int] = json.loads((folder / "node.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state


def _running(node: Node) -> int:
    """The node's process id, 0 when it does not run. Pids are used again, so the command line must be ours."""
    pid = _state(node.folder).get("pid", 0)
    return pid if pid and str(node.config) in _command_line(pid) else 0


def _command_line(pid: int) -> str:
    """Empty when there is no such process or only its zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
        except OSError:
            return ""
    ps = ["ps", "-ww", "-o", "args=", "-p", str(pid)]  # macOS has no /proc
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603


def main(arguments: Sequence[str] | None = None) -> int:
    """The commands; exit code 0 good, 2 usage, 3 Kafka is not to be had or does not answer."""
    options = _options(arguments)
    try:
        said, good = _do(options)
    except KafkaError as error:
        said, good = str(error), False
    (sys.stdout if good else sys.stderr).write(f"{said}\n")
    return 0 if good else 3


def _do(options: argparse.Namespace) -> tuple[str, bool]:
    if options.command == "fetch":
        return f"jars in {fetch(options.home)}", True
    if options.command == "status":
        return status(options.home)
    if options.command == "stop":
        return stop(options.home, options.node), True
    if options.node:
        return start_node(options.home, options.node), True
    return start(options.home, options.port, options.controller_port, options.fresh, options.nodes), True


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Apache Kafka on this machine's loopback, without Docker.")
    parser.add_argument("command", choices=["start", "stop", "status", "fetch"])
    parser.add_argument("--home", type=Path, default=Path(".regulars/kafka"), help="jars, data, log (%(default)s)")
    parser.add_argument("--nodes", type=int, choices=[1, 3], default=1, help="start: so many (%(default)s)")
    parser.add_argument("--node", type=int, choices=[1, 2, 3], help="start, stop: only this one of a cluster")
    parser.add_argument("--port", type=int, default=9092, help="of the first broker (%(default)s), the next + 2")
    parser.add_argument("--controller-port", type=int, default=9093, help="of the first controller (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="start: throw the old data away")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
