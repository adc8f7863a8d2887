"""How fast history is played: a file of a year's events through the shipped rules and through a playbook of 23."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from console.backtest.run import Plan, play
from console.settings import Settings
from retention.decode import moment
from rules.load import load
from rules.problems import render_all
from tests.bench.engine import YEAR, playbook
from tests.bench.events import make

ROOT = Path(__file__).parent.parent.parent
NOW = 1_772_330_400_000_000
MEGABYTE = 1_024
"""`ru_maxrss` counts KiB."""


class Played(msgspec.Struct, frozen=True):
    """Events a second through both sets of rules; processor time of one, µs; the most memory the process had, MiB."""

    rate: float
    cpu: float
    events: int
    rules: tuple[int, int]
    messages: tuple[int, int]
    peak: float


def measure(events: int, customers: int) -> Played:
    """In a process of its own: its memory is nobody else's."""
    command = [sys.executable, "-m", "tests.bench.backtest", str(events), str(customers)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the backtest failed:\n{done.stderr}")
    return msgspec.json.decode(done.stdout, type=Played)


def _measured(events: int, customers: int) -> Played:
    today, candidate = load(ROOT / "rules"), playbook()
    if today.ruleset is None:
        raise SystemExit(render_all(today.problems))
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        file = _history(Path(folder) / "history.jsonl", events, customers)
        plan = Plan(Settings(), today.ruleset, candidate, None, None, file, None, ())
        began, busy = time.perf_counter(), time.process_time()
        played = play(plan)[0]
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
    assert played.candidate is not None
    return Played(
        round(played.span.events / seconds),
        round(busy / played.span.events * 1e6, 1),
        played.span.events,
        (len(played.today.each), len(played.candidate.each)),
        (played.today.all.sent, played.candidate.all.sent),
        round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE, 1),
    )


def _history(file: Path, events: int, customers: int) -> Path:
    """The bench's events, spread over a year."""
    with file.open("wb") as lines:
        for number, one in enumerate(make(events, customers, NOW)):
            told = msgspec.json.decode(one.value)
            told["time"] = moment(NOW - YEAR + number * YEAR // events).isoformat()
            lines.write(msgspec.json.encode(told) + b"\n")
    return file


if __name__ == "__main__":
    print(msgspec.json.encode(_measured(int(sys.argv[1]), int(sys.argv[2]))).decode())
