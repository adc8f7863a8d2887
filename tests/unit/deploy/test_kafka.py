"""What a cluster's configuration says, and how a broker that is not there shows."""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer

import pytest

from deploy.kafka import kafka
from deploy.kafka.cluster import HOST, KafkaError, Node, brokers, live, properties, wait_until_ready
from tests.services import free_port


def read(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def nodes(count: int, folder: Path) -> list[Node]:
    return [Node(n, folder / f"node-{n}", 9000 + n, 9100 + n) for n in range(1, count + 1)]


def test_a_cluster_listens_on_loopback_only(tmp_path: Path) -> None:
    for node in (quorum := nodes(3, tmp_path)):
        said = read(properties(node, quorum))
        places = [place.split("://")[1] for place in said["listeners"].split(",")]
        assert places == [f"127.0.0.1:{node.port}", f"127.0.0.1:{node.controller_port}"]
        assert said["advertised.listeners"] == f"PLAINTEXT://127.0.0.1:{node.port}"


def test_a_node_behind_a_proxy_sends_its_clients_there(tmp_path: Path) -> None:
    node = Node(1, tmp_path, 9001, 9101, advertised=9201)
    said = read(properties(node, [node]))
    assert said["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9201"
    assert said["listeners"].startswith("PLAINTEXT://127.0.0.1:9001,")


def test_a_lone_node_acknowledges_alone(tmp_path: Path) -> None:
    (node,) = nodes(1, tmp_path)
    said = read(properties(node, [node]))
    assert (said["default.replication.factor"], said["min.insync.replicas"]) == ("1", "1")


def test_three_nodes_keep_three_copies_and_one_may_be_down(tmp_path: Path) -> None:
    quorum = nodes(3, tmp_path)
    said = read(properties(quorum[1], quorum))
    assert said["controller.quorum.voters"] == "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"
    assert (said["default.replication.factor"], said["min.insync.replicas"]) == ("3", "2")
    assert said["offsets.topic.replication.factor"] == "3"


def test_where_nobody_listens_there_is_no_broker() -> None:
    assert brokers(HOST, free_port()) == 0


def test_the_live_brokers_are_known_by_their_numbers() -> None:
    with speaking([(1, "127.0.0.1", None), (30, "a-longer-name.example", "rack-9"), (2, "", "")]) as port:
        assert live(HOST, port) == {1, 2, 30}
        assert brokers(HOST, port) == 3


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x14\0\0\0\7\0\0\0\0\0\0\0\7junk"]
)
def test_one_who_answers_in_another_language_is_no_broker(answer: bytes) -> None:
    with socket.create_server((HOST, 0)) as other:
        thread = threading.Thread(target=say, args=(other, answer))
        thread.start()
        assert live(HOST, other.getsockname()[1], timeout=1) == set()
        thread.join()


def say(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)


def test_one_who_listens_but_says_nothing_is_no_broker() -> None:
    with socket.create_server((HOST, 0)) as mute:
        assert brokers(HOST, mute.getsockname()[1], timeout=0.1) == 0


def test_a_taken_port_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KafkaError, match=f"port {port} is taken"):
            kafka.start(tmp_path / "home", port, free_port())
    assert not (tmp_path / "home").exists()


def test_status_where_nothing_was_started_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kafka.main(["status", "--home", str(tmp_path)]) == 3
    assert capsys.readouterr().err == "no Kafka was started here\n"


def test_status_says_how_many_of_the_nodes_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = free_port()
    with speaking([(1, "127.0.0.1", None), (3, "127.0.0.1", None)]) as port:
        note(tmp_path, 1, port=port)
        assert kafka.main(["status", "--home", str(tmp_path)]) == 0
        note(tmp_path, 2, port=silent)
        assert kafka.main(["status", "--home", str(tmp_path)]) == 3
    said = capsys.readouterr()
    assert said.out == f"1 of 1 node(s) answer on 127.0.0.1:{port}\n"
    assert said.err == f"1 of 2 node(s) answer on 127.0.0.1:{port},127.0.0.1:{silent}\n"


def test_stop_where_nothing_was_started_says_so(tmp_path: Path) -> None:
    assert kafka.stop(tmp_path) == "Kafka does not run here"


def test_a_process_that_took_over_the_pid_is_not_stopped(tmp_path: Path) -> None:
    note(tmp_path, 1, pid=1)
    assert kafka.stop(tmp_path) == "Kafka does not run here"


def test_one_node_is_stopped_and_then_the_rest(tmp_path: Path) -> None:
    with ExitStack() as stack:
        pids = {number: stack.enter_context(pretending(tmp_path, number)).pid for number in (1, 2, 3)}
        assert kafka.stop(tmp_path, 2) == f"Kafka (node 2: process {pids[2]}) stopped"
        assert kafka.stop(tmp_path, 2) == "Kafka does not run here"
        rest = [f"Kafka (node {number}: process {pids[number]}) stopped" for number in (1, 3)]
        assert kafka.stop(tmp_path) == "\n".join(rest)


@pytest.mark.parametrize("call", [kafka.start_node, kafka.stop])
def test_a_node_that_is_not_there_is_neither_started_nor_stopped(tmp_path: Path, call) -> None:
    with pytest.raises(KafkaError, match=r"there is no node 2 here.*--nodes 3"):
        call(tmp_path, 2)


@pytest.mark.parametrize(("held", "asked"), [(1, 3), (3, 1)])
def test_a_home_is_not_started_with_another_number_of_nodes(tmp_path: Path, held: int, asked: int) -> None:
    for number in range(1, held + 1):
        note(tmp_path, number)
    with pytest.raises(KafkaError, match=rf"holds a cluster of {held} node\(s\), not of {asked}: .*--home.*--fresh"):
        kafka.start(tmp_path, free_port(), free_port(), nodes=asked)


def test_data_of_a_running_cluster_is_not_thrown_away(tmp_path: Path) -> None:
    with pretending(tmp_path, 1), pytest.raises(KafkaError, match="stop it before"):
        kafka.start(tmp_path, free_port(), free_port(), fresh=True)
    assert (tmp_path / "node-1").exists()


def test_a_node_that_ends_while_starting_takes_the_others_with_it_and_its_log_is_shown(tmp_path: Path) -> None:
    good, bad = nodes(2, tmp_path)
    with pretending(tmp_path, 1) as waiting, pretending(tmp_path, 2) as ended:
        bad.log.write_text("no space left")
        ended.kill()
        ended.wait()
        with pytest.raises(KafkaError, match=r"node 2 ended while starting;(?s:.*)no space left"):
            wait_until_ready({good: waiting, bad: ended})
        assert waiting.returncode == -signal.SIGKILL


def note(home: Path, number: int, pid: int = 0, port: int = 9092) -> None:
    """What a start leaves behind."""
    folder = home / f"node-{number}"
    folder.mkdir(exist_ok=True)
    (folder / "node.json").write_text(json.dumps({"pid": pid, "port": port, "controller_port": port + 1}))


@contextmanager
def pretending(home: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that passes for a node: its command line names the node's configuration."""
    config = home / f"node-{number}" / "server.properties"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(config)]) as process:
        try:
            note(home, number, process.pid)
            while str(config) not in kafka._command_line(process.pid):
                time.sleep(0.01)  # forked, but not yet the program
            yield process
        finally:
            process.kill()


@contextmanager
def speaking(named: list[tuple[int, str, str | None]]) -> Iterator[int]:
    """Whoever comes to this port gets Metadata v4 with these brokers (id, host, rack), in two parts."""
    entries = b"".join(
        struct.pack(">i", number) + text(host) + b"\0\0\0\7" + text(rack) for number, host, rack in named
    )
    body = struct.pack(">iii", 7, 0, len(named)) + entries + text("cluster") + struct.pack(">ii", 1, 0)
    answer = struct.pack(">i", len(body)) + body

    class Speaker(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(answer[:20])
            self.request.sendall(answer[20:])

    with TCPServer((HOST, 0), Speaker) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def text(value: str | None) -> bytes:
    """A nullable string of Kafka's protocol."""
    return b"\xff\xff" if value is None else struct.pack(">h", len(value)) + value.encode()
