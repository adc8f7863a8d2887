"""What the commands that look at rules have in common: how they read, and how problems are told."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence

from rules.problems import Problem, render_all


@contextlib.contextmanager
def unswept() -> Iterator[None]:
    """Reading many files makes many objects and no garbage: looking for some meanwhile takes a tenth of the time."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def told(problems: Sequence[Problem]) -> str:
    """All of them, and how many there are."""
    count = len(problems)
    return f"{render_all(problems)}\n\n{count} {'problem' if count == 1 else 'problems'}"
