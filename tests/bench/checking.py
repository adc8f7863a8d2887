"""How long reading 500 rules takes, as `rules check` does: `python -m tests.bench.checking`. The aim is one second."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rules.load import load

RULES = 500
SEGMENTS = 20
_RULE = """\
# Rule number {n}.
id: rule-{n}
name: Come back number {n}, ยินดีต้อนรับ
status: live
on: purchase
when:
  - customer.orders >= {few} and customer.net_revenue >= 1500
  - segment("s{segment}") or customer.country in ["TH", "SG"]
class: marketing
reentry: after {days}d
priority: {n}
do:
  - send: welcome
    channel: email
"""


def measure(repeat: int = 3) -> float:
    """Seconds of the best of `repeat` loads."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _write(folder)
        return min(_once(folder) for _ in range(repeat))


def _once(folder: Path) -> float:
    begun = time.perf_counter()
    loaded = load(folder, {"welcome": {"email"}})
    took = time.perf_counter() - begun
    assert loaded.ruleset is not None
    assert len(loaded.ruleset.rules) == RULES
    return took


def _write(folder: Path) -> None:
    (folder / "campaigns").mkdir()
    (folder / "policy.yaml").write_text("currency: THB\ntime_zone: Asia/Bangkok\n", encoding="utf-8")
    segments = "".join(f"s{n}: customer.orders >= {n}\n" for n in range(SEGMENTS))
    (folder / "segments.yaml").write_text(segments, encoding="utf-8")
    for n in range(RULES):
        rule = _RULE.format(n=n, few=n % 7, segment=n % SEGMENTS, days=n % 90 + 1)
        (folder / f"campaigns/rule-{n}.yaml").write_text(rule, encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(f"{RULES} rules: {measure():.2f} s\n")
