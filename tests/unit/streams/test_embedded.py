"""The embedded broker: started, found, adopted, stopped; whose it is decides who ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.kafka.cluster import brokers
from streams.embedded import EmbeddedBroker, Known, find
from streams.errors import BrokerUnreachable
from tests import services


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    made = EmbeddedBroker(tmp_path / "home")
    yield made
    made.stop()


def answers(bootstrap: str) -> bool:
    host, _, port = bootstrap.partition(":")
    return brokers(host, int(port)) == 1


def gone(bootstrap: str) -> bool:
    deadline = time.monotonic() + 10
    while answers(bootstrap) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not answers(bootstrap)


def note(home: Path) -> Known:
    return msgspec.json.decode((home / "broker.json").read_bytes(), type=Known)


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_where_none_runs_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnreachable, match="regulars run"):
        find(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b'{"bootstrap": 1}', b"\xff"])
def test_a_note_that_cannot_be_read_is_no_broker(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broker.json").write_bytes(content)
    with pytest.raises(BrokerUnreachable):
        find(tmp_path)


def test_a_note_of_a_broker_that_died_is_no_broker(tmp_path: Path) -> None:
    known = Known(f"127.0.0.1:{services.free_port()}", "log-1", dead_process(), dead_process())
    (tmp_path / "broker.json").write_bytes(msgspec.json.encode(known))
    with pytest.raises(BrokerUnreachable):
        find(tmp_path)


def test_one_that_started_answers_and_is_found(ours: EmbeddedBroker) -> None:
    broker = ours.start()
    assert answers(broker.bootstrap)
    assert broker.embedded
    assert find(ours.home) == broker
    assert note(ours.home).owner == os.getpid()


def test_stopping_ends_it_and_takes_the_note_away(ours: EmbeddedBroker) -> None:
    broker = ours.start()
    ours.stop()
    assert gone(broker.bootstrap)
    with pytest.raises(BrokerUnreachable):
        find(ours.home)
    ours.stop()


def test_every_start_is_a_log_of_its_own(ours: EmbeddedBroker) -> None:
    first = ours.start()
    ours.stop()
    second = ours.start()
    assert second.incarnation != first.incarnation
    assert len(second.incarnation) >= 16


def test_a_second_process_uses_the_one_that_runs_and_does_not_end_it(ours: EmbeddedBroker) -> None:
    broker = ours.start()
    guest = EmbeddedBroker(ours.home)
    assert guest.start() == broker
    guest.stop()
    assert answers(broker.bootstrap)
    assert find(ours.home) == broker


def test_one_whose_owner_died_is_adopted_with_its_log_and_ended_by_who_adopted_it(ours: EmbeddedBroker) -> None:
    broker = ours.start()
    known = note(ours.home)
    orphaned = Known(known.bootstrap, known.incarnation, known.pid, dead_process())
    (ours.home / "broker.json").write_bytes(msgspec.json.encode(orphaned))
    heir = EmbeddedBroker(ours.home)
    assert heir.start() == broker
    assert note(ours.home).owner == os.getpid()
    heir.stop()
    assert gone(broker.bootstrap)
    assert not (ours.home / "broker.json").exists()


def test_a_stale_note_does_not_hinder_a_new_one(ours: EmbeddedBroker) -> None:
    ours.home.mkdir()
    stale = Known(f"127.0.0.1:{services.free_port()}", "log-1", dead_process(), dead_process())
    (ours.home / "broker.json").write_bytes(msgspec.json.encode(stale))
    assert ours.start().incarnation != "log-1"
