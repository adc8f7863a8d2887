"""While developing: the files are live as soon as they are saved and right. What is wrong is told once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from console.publishing import act, differ, examine, folders
from console.settings import Settings
from rules.problems import render_all
from storage.errors import StoreError
from storage.rulesets import publish
from storage.store import Store

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the files."""

Mark = frozenset[tuple[str, int, int]]
"""(path, when it was changed, size) of every file."""


class FileWatch:
    """Publishes what was saved, once the files have stood still from one look to the next."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], int]) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._seen: Mark = frozenset()
        self._done: Mark = frozenset()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look until stopped."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
                return
            try:
                await asyncio.to_thread(self.look)
            except (StoreError, OSError) as error:
                log.warning("the files were not looked at: %s", error)

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def look(self) -> None:
        """Publish what has changed and stands still. Raises StoreError."""
        mark, seen = self._mark(), self._seen
        self._seen = mark
        if mark == seen != self._done:
            self.publish()
            self._done = mark

    def begin(self) -> None:
        """What lies there when we begin is looked at at once."""
        self._seen = self._done = self._mark()
        self.publish()

    def publish(self) -> None:
        """Make the files live if they are others and right; if they are not, say why."""
        if not differ(self._settings, self._store):
            return
        found = examine(self._settings)
        if found.problems:
            log.error("%s\n\nthe rules that were live before go on deciding", render_all(found.problems))
            return
        after = publish(self._store, found.files, act(self._settings, self._clock(), "saved")).after
        log.info("the files are live: rule set %s", after.id)

    def _mark(self) -> Mark:
        found = set()
        for folder in folders(self._settings):
            for path in folder.rglob("*"):
                with contextlib.suppress(OSError):  # gone meanwhile
                    found.add(_stamp(path))
        return frozenset(found)


def _stamp(path: Path) -> tuple[str, int, int]:
    stat = path.stat()
    return str(path), stat.st_mtime_ns, stat.st_size
