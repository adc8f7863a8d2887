"""What a cluster's configuration says, and how a broker that is not there shows."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.kafka import kafka
from deploy.kafka.cluster import HOST, KafkaError, Node, brokers, properties
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


def test_one_who_listens_but_says_nothing_is_no_broker() -> None:
    with socket.create_server((HOST, 0)) as mute:
        assert brokers(HOST, mute.getsockname()[1], timeout=0.1) == 0


def test_a_taken_port_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KafkaError, match=f"port {port} is taken"):
            kafka.start(tmp_path / "home", port, free_port())
    assert not (tmp_path / "home").exists()


def test_status_without_a_broker_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert kafka.main(["status", "--port", str(free_port())]) == 3
    assert "0 broker(s)" in capsys.readouterr().err


def test_stop_where_nothing_was_started_says_so(tmp_path: Path) -> None:
    assert kafka.stop(tmp_path) == "Kafka does not run here"


def test_a_process_that_took_over_the_pid_is_not_stopped(tmp_path: Path) -> None:
    (tmp_path / "node-1").mkdir()
    (tmp_path / "node-1" / "node.json").write_text('{"pid": 1, "port": 9092}')
    assert kafka.stop(tmp_path) == "Kafka does not run here"
