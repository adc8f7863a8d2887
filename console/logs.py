"""What the processes write to their log: our own words, and of the libraries' no flood."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

OURS = ("regulars", "storage", "streams", "delivery", "console", "rules", "templates")
LIBRARIES = ("aiokafka", "faust", "mode")
EVERY = 60.0
"""Seconds within which a library says the same once: while a broker is away its clients try ten times a second."""


GIVEN_UP = "_do_commit_offsets"
"""A commit of aiokafka that streams.commit has given up goes on in a task, and asyncio tells of its end at length."""


class Seldom(logging.Filter):
    """Lets a library's message through once in `EVERY` seconds; its wording makes it the same, not what it names."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if record.name == "asyncio" and GIVEN_UP in record.getMessage():
            return False
        if record.name.partition(".")[0] not in LIBRARIES:
            return True
        now, key = self._clock(), (record.name, str(record.msg))
        if now - self._said.get(key, -EVERY) < EVERY:
            return False
        self._said[key] = now
        return True


def quiet(level: int) -> None:
    """Our own log from `level` up on standard error; of the libraries errors only, and seldom."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom())
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
