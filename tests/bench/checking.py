"""How long `regulars rules check` takes for 500 rules that share 20 messages in two languages.

`python -m tests.bench.checking`. The aim is one second for the whole command, from the shell and back.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from console.wordings import read_wordings
from rules.load import load

ROOT = Path(__file__).resolve().parents[2]
RULES, SEGMENTS, MESSAGES = 500, 20, 20
_RULE = """\
# yaml-language-server: $schema=../schema.json
# Rule number {n}: how a marketer writes one, with a word about the lines.
id: rule-{n}
name: Come back number {n}, ยินดีต้อนรับ
status: live                  # draft | shadow | live | paused
active: {{from: 2026-03-01, to: 2026-06-30}}
on: purchase
when:                         # all of these
  - customer.orders >= {few} and customer.net_revenue >= 1500
  - segment("s{segment}") or customer.country in ["TH", "SG"]
goal: {{event: purchase, within: 14d}}
holdout: 10%                  # kept out, to compare with
variants: {{{message}: 50%, {other}: 50%}}
group: one-a-day
priority: {n}
class: marketing
expires_after: 48h
do:
  - send: "message-{{variant}}"
    channel: email            # the first that is reachable
    at: "10:00"
    if_not_sent: continue
  - wait: {days}d
  - stop_if: customer.orders_since_entry > 0
  - send: message-{message}
stop_on: [return, message.unsubscribed]
reentry: after {days}d
"""


def seconds(what: Callable[[], object], repeat: int) -> float:
    """The median of `repeat` times."""
    return statistics.median(_once(what) for _ in range(repeat))


def _once(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def shop(folder: Path) -> None:
    """Write the rules and the messages into `folder`."""
    rules = folder / "rules"
    (rules / "campaigns").mkdir(parents=True)
    (rules / "policy.yaml").write_text("currency: THB\ntime_zone: Asia/Bangkok\n", encoding="utf-8")
    segments = "".join(f"s{n}: customer.orders >= {n}\n" for n in range(SEGMENTS))
    (rules / "segments.yaml").write_text(segments, encoding="utf-8")
    for n in range(RULES):
        numbers = {"few": n % 7, "segment": n % SEGMENTS, "days": n % 90 + 1}
        rule = _RULE.format(n=n, message=n % MESSAGES, other=(n + 1) % MESSAGES, **numbers)
        (rules / f"campaigns/rule-{n}.yaml").write_text(rule, encoding="utf-8")
    shutil.copytree(ROOT / "templates/layouts", folder / "templates/layouts")
    shutil.copy(ROOT / "templates/brand.yaml", folder / "templates")
    for n in range(MESSAGES):
        shutil.copytree(ROOT / "templates/messages/welcome", folder / f"templates/messages/message-{n}")


def command(folder: Path, *words: str) -> None:
    """Run `regulars` there; it must say that all is well."""
    regulars = Path(sys.executable).with_name("regulars")
    subprocess.run([regulars, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main(repeat: int = 7) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shop(folder)
        parts = {
            "reading the messages": lambda: read_wordings(folder / "templates"),
            "loading the rules": lambda: load(folder / "rules"),
            "loading the rules, with their messages": lambda: load(
                folder / "rules", read_wordings(folder / "templates")
            ),
            "regulars --help": lambda: command(folder, "--help"),
            "regulars rules check": lambda: command(folder, "rules", "check"),
        }
        for name, part in parts.items():
            sys.stdout.write(f"{name}: {seconds(part, repeat):.2f} s\n")


if __name__ == "__main__":
    main()
