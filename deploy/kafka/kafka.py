"""Apache Kafka on this machine's loopback, without Docker. In the root of the checkout:

python3 -m deploy.kafka.kafka start     returns when the broker answers
python3 -m deploy.kafka.kafka status    exit code 0: answers, 3: does not
python3 -m deploy.kafka.kafka stop
python3 -m deploy.kafka.kafka fetch     only the jars (about 45 MB, once)
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
from collections.abc import Sequence
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


def start(home: Path, port: int, controller_port: int, fresh: bool = False) -> str:
    """Fetch, format and start a cluster of one under `home`; a sentence that says where it listens."""
    node = Node(1, home.resolve() / "node-1", port, controller_port)
    running = _running(node)
    if running:
        return f"Kafka already runs on {HOST}:{_state(node)['port']} (process {running})"
    _refuse_taken_ports(port, controller_port)
    lib = fetch(home)
    began = time.monotonic()
    if fresh:
        shutil.rmtree(node.folder, ignore_errors=True)
    format_storage([node], lib)
    process = launch(node, lib)
    (node.folder / "node.json").write_text(json.dumps({"pid": process.pid, "port": port}), encoding="utf-8")
    try:
        wait_until_ready(node, process)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return f"Kafka answers on {HOST}:{port} (process {process.pid}, {time.monotonic() - began:.1f} s; log {node.log})"


def stop(home: Path, timeout: float = 30.0) -> str:
    """Stop what `start` started: politely, after `timeout` seconds by force; a sentence that says what happened."""
    node = Node(1, home.resolve() / "node-1", 0, 0)
    pid = _running(node)
    if not pid:
        return "Kafka does not run here"
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while _running(node) == pid:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return f"Kafka (process {pid}) did not stop in {timeout:g} s and was killed"
        time.sleep(0.1)
    return f"Kafka (process {pid}) stopped"


def _refuse_taken_ports(*ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                raise KafkaError(f"port {port} is taken by another program: choose with --port and --controller-port")


def _state(node: Node) -> dict[str, int]:
    try:
        state: dict[str, int] = json.loads((node.folder / "node.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state


def _running(node: Node) -> int:
    """The node's process id, 0 when it does not run. Pids are used again, so the command line must be ours."""
    pid = _state(node).get("pid", 0)
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
    parser = argparse.ArgumentParser(description="Apache Kafka on this machine's loopback, without Docker.")
    parser.add_argument("command", choices=["start", "stop", "status", "fetch"])
    parser.add_argument("--home", type=Path, default=Path(".regulars/kafka"), help="jars, data, log (%(default)s)")
    parser.add_argument("--port", type=int, default=9092, help="of the broker (%(default)s)")
    parser.add_argument("--controller-port", type=int, default=9093, help="of the controller (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="start: throw the old data away")
    options = parser.parse_args(arguments)
    code = 0
    try:
        if options.command == "start":
            said = start(options.home, options.port, options.controller_port, options.fresh)
        elif options.command == "stop":
            said = stop(options.home)
        elif options.command == "fetch":
            said = f"jars in {fetch(options.home)}"
        else:
            count = brokers(HOST, options.port)
            said, code = f"{count} broker(s) answer on {HOST}:{options.port}", 0 if count else 3
    except KafkaError as error:
        said, code = str(error), 3
    sys.stdout.write(f"{said}\n") if code == 0 else sys.stderr.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
