"""Published rule sets, ready to decide with: each is read once, the latest asked for are kept."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import TypeVar

from rules.published import identity, read
from rules.ruleset import RuleSet, paused
from storage.rulesets import Published, live_id, older_ids, published
from storage.store import Store

log = logging.getLogger(__name__)

KEPT = 64
"""Sets kept ready; journeys of all others cost a read of theirs when they go on."""
Kept = TypeVar("Kept")
TRIED = 20
"""How many older sets are tried when the live one cannot be read."""


class Library:
    """Rule sets by their hash. Called from any thread. What it may raise is Unreachable.

    A set that this version cannot read is None, for good, and that is logged once with what to do.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._sets: OrderedDict[str, RuleSet | None] = OrderedDict()
        self._by_files: OrderedDict[str, RuleSet] = OrderedDict()
        """Of each state of the files the set without pauses: a pause costs no reading of files."""

    def live_id(self) -> str | None:
        """Which set decides now; None before the first was published. One small read."""
        with self._store.read() as connection:
            return live_id(connection)

    def live(self) -> RuleSet | None:
        """The set that decides now; where this version cannot read it the newest that it can, if there is any."""
        with self._store.read() as connection:
            id = live_id(connection)
            older = older_ids(connection, id, TRIED) if id is not None else []
        if id is None:
            return None
        for each in (id, *older):
            if (found := self(each)) is not None:
                if each != id:
                    log.error("rule set %s decides instead, the newest that this version can read", each)
                return found
        return None

    def __call__(self, id: str) -> RuleSet | None:
        """A set by its hash; None when it was never published, or cannot be read."""
        with self._lock:
            if id not in self._sets:
                _keep(self._sets, id, self._read(id))
            self._sets.move_to_end(id)
            return self._sets[id]

    def _read(self, id: str) -> RuleSet | None:
        with self._store.read() as connection:
            try:
                found = published(connection, id)
            except ValueError:
                _tell(id)
                return None
        return None if found is None else self._made(found)

    def _made(self, found: Published) -> RuleSet | None:
        files = identity(found.files)
        base = self._by_files.get(files)
        if base is None:
            try:
                base = read(found.files).ruleset
            except Exception:  # whatever a newer version may have written, we go on with what we have
                log.exception("rule set %s", found.id)
            if base is None:
                _tell(found.id)
                return None
            _keep(self._by_files, files, base)
        return paused(base, found.id, found.paused) if found.paused else base


def _keep(shelf: OrderedDict[str, Kept], id: str, one: Kept) -> None:
    shelf[id] = one
    if len(shelf) > KEPT:
        shelf.popitem(last=False)


def _tell(id: str) -> None:
    log.error(
        "this version of Regulars cannot read the published rule set %s: bring it to the version that published it, "
        "or publish rules that this one knows (regulars rules publish)",
        id,
    )
