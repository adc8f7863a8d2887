"""What became of tests of rules, for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from console.cli.output import harmless, out, say, several
from console.cli.wording import Words
from rules.ruleset import RuleSet
from rules.testing.compare import Row
from rules.testing.play import Verdict

_WORD = {"as expected": "ok", "missing": "missing", "extra": "extra", "never": "never"}
_BAD, _GOOD = "bold red", "green"
_BESIDE = 11
"""Where the text begins that a word stands in front of: two columns in, behind the longest of them."""
_UNBROKEN = 100_000


def show(verdicts: Sequence[Verdict], rules: RuleSet) -> None:
    """A line for each test that passed; of one that failed what was expected beside what happened."""
    words = Words(rules)
    for path, each in groupby(verdicts, key=lambda verdict: verdict.case.path):
        say(path)
        for verdict in each:
            _beside(*(("passed", _GOOD) if verdict.ok else ("FAILED", _BAD)), verdict.case.name)
            if not verdict.ok:
                _failure(verdict, words)
    failed = sum(not verdict.ok for verdict in verdicts)
    if failed:
        say(f"Times are those of {rules.policy.shop.time_zone}.")
    say(f"{several(len(verdicts), 'test')}: {len(verdicts) - failed:,} passed, {failed:,} failed")


def _failure(verdict: Verdict, words: Words) -> None:
    """Where the test stands, and the timeline: what is not as expected has its mark in front and its reason below."""
    _beside("", "", f"{verdict.case.path}:{verdict.case.line}")
    out.print()
    for row, line in zip(verdict.rows, _aligned([words.row(row) for row in verdict.rows]), strict=True):
        _row(row, line)
        for reason in words.reasons(row, verdict):
            _beside("", "", f"  {reason}")
    for measured in verdict.measured:
        if not measured.ok:
            _beside("counter", _BAD, words.measured(measured))
    out.print()


def _row(row: Row, line: str) -> None:
    _beside(_WORD[row.mark], _GOOD if row.ok else _BAD, line)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, their columns below each other."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _beside(word: str, style: str, text: str) -> None:
    """`text` with `word` in front; on a terminal it goes on below its own beginning, elsewhere it is one line."""
    width = out.width - _BESIDE if out.is_terminal else _UNBROKEN
    for n, line in enumerate(Text(harmless(text)).wrap(out, max(width, 20))):
        line.rstrip()
        out.print(Text("  ") + Text(f"{word if n == 0 else '':<{_BESIDE - 2}}", style) + line, soft_wrap=True)
