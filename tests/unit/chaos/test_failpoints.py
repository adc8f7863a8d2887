"""Workers die where they are told to, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.failpoints import POINTS, Orders, find

ROOT = Path(__file__).resolve().parents[3]
PASSES = """
import asyncio, json
from tests.chaos import failpoints
failpoints.plant({"here": failpoints.Point("nobody", "json:dumps", %s, when=lambda what: what != "spared")})
json.dumps("spared")
for number in range(3):
    print(number, flush=True)
    print(json.dumps(f"passed {number}"), flush=True)
"""


def _pass(orders: Orders, after: bool | str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ) | orders.environment | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", PASSES % after], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", POINTS)
def test_the_product_still_has_what_a_point_names(name: str) -> None:
    for target in POINTS[name].targets.split():
        place, attribute = find(target)
        assert attribute in vars(place)


def test_a_point_that_the_product_has_no_more_is_told() -> None:
    with pytest.raises(AttributeError):
        find("streams.relay:Relay.no_such_method")


def test_without_an_order_nobody_dies(tmp_path: Path) -> None:
    assert _pass(Orders(tmp_path), after=False).returncode == 0


def test_an_order_kills_once_after_so_many_passes(tmp_path: Path) -> None:
    orders = Orders(tmp_path)
    orders.give("here", passes=1)
    died, lived = _pass(orders, after=False), _pass(orders, after=False)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, '0\n"passed 0"\n1\n')
    assert lived.returncode == 0
    assert [each.stem for each in tmp_path.iterdir()] == ["here"]


def test_a_point_after_a_call_may_look_at_what_came_of_it(tmp_path: Path) -> None:
    orders = Orders(tmp_path)
    orders.give("here")
    looks = "True, made=lambda text: text == '\"passed 1\"'"
    died = _pass(orders, looks)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, '0\n"passed 0"\n1\n')


def test_who_stands_still_by_an_order_goes_on_and_has_obeyed_until_that_is_forgotten(tmp_path: Path) -> None:
    orders = Orders(tmp_path)
    orders.give("here", how=signal.SIGSTOP)
    environment = dict(os.environ) | orders.environment | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", PASSES % False], env=environment, stdout=subprocess.PIPE) as stopped:
        _, status = os.waitpid(stopped.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert orders.obeyed(stopped.pid) == "here"
        orders.forget(stopped.pid)
        assert orders.obeyed(stopped.pid) is None
        stopped.send_signal(signal.SIGCONT)
        said, _ = stopped.communicate(timeout=60)
    assert said.decode().splitlines()[-1] == '"passed 2"'
    assert stopped.returncode == 0


def test_an_order_withdrawn_kills_nobody(tmp_path: Path) -> None:
    orders = Orders(tmp_path)
    orders.give("here")
    orders.withdraw("here")
    assert _pass(orders, after=True).returncode == 0


def test_who_died_is_known_and_where(tmp_path: Path) -> None:
    orders = Orders(tmp_path)
    orders.give("here")
    assert orders.obeyed(12) is None
    (tmp_path / "here").rename(tmp_path / "here.12")
    assert orders.obeyed(12) == "here"
    assert orders.obeyed(None) is None
