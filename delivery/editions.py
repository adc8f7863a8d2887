"""What delivery works by: the rules and the wording that are live, and those that a message was decided under."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Protocol

from delivery.wording import Renderer
from rules.published import TEMPLATES, identity, part
from rules.ruleset import RuleSet
from storage.errors import StoreError
from storage.library import KEPT, Library
from storage.rulesets import published
from storage.store import Store
from templates.errors import BadTemplates
from templates.load import catalogue_from
from templates.render import Renderer as OfFiles

log = logging.getLogger("regulars.delivery")


@dataclass(frozen=True, slots=True)
class Edition:
    """A published state of the shop's files, ready to use."""

    rules: RuleSet
    renderer: Renderer


class Editions(Protocol):
    """Called from several threads at once."""

    def live(self) -> Edition:
        """What is live now; looks at each call. Raises Unreachable."""
        ...

    def of(self, id: str) -> Edition | None:
        """An edition by the hash of its rule set; None when it cannot be had. Raises Unreachable."""
        ...


class Unchanging:
    """One edition, whatever the store says."""

    def __init__(self, rules: RuleSet, renderer: Renderer) -> None:
        self._edition = Edition(rules, renderer)

    def live(self) -> Edition:
        """That one."""
        return self._edition

    def of(self, id: str) -> Edition | None:
        """That one, by its own name."""
        return self._edition if id == self._edition.rules.hash else None


class InStore:
    """Those of the store. While the live one cannot be read the one before is kept; where that is so of the wording
    alone, its words: what is paused now stands still all the same."""

    def __init__(self, store: Store, library: Library, rules: RuleSet) -> None:
        """`rules`: the published ones to begin with. Raises StoreError when their wording cannot be read."""
        self._store = store
        self._library = library
        self._lock = threading.Lock()
        self._renderers: dict[str, Renderer] = {}
        """By their files: a change of the rules alone compiles nothing again."""
        self._editions: dict[str, Edition | None] = {}
        found = self._read(rules.hash, rules)
        if found is None:
            raise StoreError(f"{_unreadable(rules.hash)}: run the version that published it")
        self._live = self._editions[rules.hash] = found

    def live(self) -> Edition:
        """The live edition, or the last one that could be read."""
        id = self._library.live_id()
        if id is not None and id != self._live.rules.hash and (rules := self._library(id)) is not None:
            self._live = self.of(id) or Edition(rules, self._live.renderer)
        return self._live

    def of(self, id: str) -> Edition | None:
        """An edition; read once."""
        with self._lock:
            if id not in self._editions:
                if len(self._editions) >= KEPT:
                    self._editions.clear()
                    self._renderers.clear()
                self._editions[id] = self._read(id, self._library(id))
            return self._editions[id]

    def _read(self, id: str, rules: RuleSet | None) -> Edition | None:
        if rules is None:
            return None
        try:
            return Edition(rules, self._renderer(id))
        except BadTemplates:
            log.error("%s; bring it to the version that published it", _unreadable(id))
            return None

    def _renderer(self, id: str) -> Renderer:
        with self._store.read() as connection:
            found = published(connection, id)
        files = part(found.files if found is not None else {}, TEMPLATES)
        name = identity(files)
        if name not in self._renderers:
            self._renderers[name] = OfFiles(catalogue_from(files))
        return self._renderers[name]


def _unreadable(id: str) -> str:
    return f"the wording of the published rule set {id} cannot be read by this version of Regulars"
