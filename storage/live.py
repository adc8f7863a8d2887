"""Which rules are live, for whoever is not inside a batch: looked at each second."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from rules.ruleset import RuleSet
from storage.errors import StoreError
from storage.library import Library

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks."""


class Live:
    """The live rule set; while it cannot be read, or the store is away, the one before."""

    def __init__(self, library: Library, rules: RuleSet) -> None:
        self.rules = rules
        self._library = library
        self._stopping = asyncio.Event()

    def look(self) -> RuleSet:
        """Look now. Raises Unreachable."""
        id = self._library.live_id()
        if id is not None and id != self.rules.hash and (found := self._library(id)) is not None:
            self.rules = found
        return self.rules

    async def run(self) -> None:
        """Look again and again until stopped."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
                return
            try:
                await asyncio.to_thread(self.look)
            except StoreError as error:
                log.warning("which rules are live was not looked at: %s", error)

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
