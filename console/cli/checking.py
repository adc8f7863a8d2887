"""What the commands that look at rules have in common: how problems are told."""

from __future__ import annotations

from collections.abc import Sequence

from rules.problems import Problem, render_all


def told(problems: Sequence[Problem]) -> str:
    """All of them, and how many there are."""
    count = len(problems)
    return f"{render_all(problems)}\n\n{count} {'problem' if count == 1 else 'problems'}"
