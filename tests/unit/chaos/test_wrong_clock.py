"""A planted clock is wrong by what the harness says, for all of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TELLS = """
import os
import time
from pathlib import Path
from storage.clock import StoreClock
from storage.store import Store
from tests.chaos import planted
planted.wrong_clock()
file = Path(os.environ["CLOCK"])
shared = StoreClock(Store("sqlite://"))
for error in (0, 3600, -3600):
    file.write_text(str(error))
    time.sleep(0.1)
    print(time.time(), time.time_ns() / 1e9, shared() / 1e6)
"""


def test_a_planted_clock_jumps_for_all_who_ask_it(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"CLOCK": str(tmp_path / "clock"), "PYTHONPATH": str(ROOT)}
    before = time.time()
    done = subprocess.run(
        [sys.executable, "-c", TELLS], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    errors = [[float(each) - before for each in line.split()] for line in done.stdout.splitlines()]
    assert [[round(each / 3600, 1) for each in line] for line in errors] == [[0.0] * 3, [1.0] * 3, [-1.0] * 3]
