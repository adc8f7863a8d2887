"""The marketers' files on their way into the store: are they right, and do they differ from what is live?"""

from __future__ import annotations

import getpass
import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from console.settings import Settings
from console.wordings import all_problems, wordings_from
from rules import load as rules_load
from rules.problems import Problem, render_all
from rules.published import identity, whole
from rules.ruleset import RuleSet
from storage import rulesets
from storage.library import Library
from storage.rulesets import Act, Published
from storage.store import Store
from templates import load as templates_load

log = logging.getLogger(__name__)


class BadFiles(Exception):
    """The marketers' files are not fit to run with; the message lists every problem."""


class Unreadable(Exception):
    """This version of Regulars cannot read any rule set of the store: run the version that published it."""

    def __str__(self) -> str:
        return str(self.__doc__)


@dataclass(frozen=True, slots=True)
class Files:
    """The files as they are now, and what is wrong with them, sorted by place. `ruleset` None: they have problems."""

    files: dict[str, bytes]
    ruleset: RuleSet | None
    problems: tuple[Problem, ...]

    @property
    def id(self) -> str:
        """What they would be called when published with nothing paused."""
        return identity(self.files)


def files_of(settings: Settings) -> dict[str, bytes]:
    """The bytes of all files that there are and that can be read; nothing is checked."""
    templates = templates_load.read(settings.templates)
    return whole(rules_load.read(settings.rules).contents, _bytes(templates))


def examine(settings: Settings) -> Files:
    """Read and check every file of rules and wording; not the tests of rules."""
    read, templates = rules_load.read(settings.rules), templates_load.read(settings.templates)
    loaded = rules_load.loaded(read, wordings_from(templates, settings.templates))
    problems = {*loaded.problems, *all_problems(templates, settings.templates)}
    files = whole(read.contents, _bytes(templates))
    return Files(files, loaded.ruleset if not problems else None, tuple(sorted(problems)))


def sound(settings: Settings) -> tuple[dict[str, bytes], RuleSet]:
    """The files and their rules; raises BadFiles with every problem of every file."""
    found = examine(settings)
    if found.ruleset is None:
        raise BadFiles(render_all(found.problems))
    return found.files, found.ruleset


def act(settings: Settings, at: int, note: str = "") -> Act:
    """Who does it: the setting, or who runs this on which machine."""
    return Act(settings.operator or f"{_user()}@{socket.gethostname()}", at, note)


def deciding(settings: Settings, store: Store) -> RuleSet:
    """The rules that are live; those of the files as long as none are. Raises BadFiles, Unreadable."""
    with store.read() as connection:
        nothing = rulesets.live_id(connection) is None
    if nothing:
        found = rules_load.load(settings.rules)
        if found.ruleset is None:
            raise BadFiles(render_all(found.problems))
        return found.ruleset
    return _readable(Library(store))


def first(settings: Settings, store: Store, library: Library, act: Act) -> RuleSet:
    """The rules a worker begins with: the live ones. The files are published when there are none yet.

    Raises BadFiles, Unreadable.
    """
    if library.live_id() is None:
        files, _ = sound(settings)
        made = rulesets.publish_first(store, files, act)
        log.info("the files of %s and %s are published: rule set %s", settings.rules, settings.templates, made.id)
    return _readable(library)


def differ(settings: Settings, store: Store) -> bool:
    """Whether the files are others than those that are live."""
    live = live_of(store)
    return live is None or live.files != files_of(settings)


def live_of(store: Store) -> Published | None:
    """What is live, with its files; also None when that cannot be unpacked."""
    with store.read() as connection:
        try:
            return rulesets.live(connection)
        except ValueError:
            return None


def say_when_files_differ(settings: Settings, store: Store) -> None:
    """To the log: a worker goes by what is live, whatever lies in its folders."""
    if not differ(settings, store):
        return
    problems = examine(settings).problems
    if problems:
        log.error("%s\n\nthe files have mistakes; the published rule set goes on deciding", render_all(problems))
    else:
        log.warning("the files are others than the live rule set; regulars rules publish makes them live")


def _readable(library: Library) -> RuleSet:
    if (found := library.live()) is None:
        raise Unreadable
    return found


def _bytes(templates: templates_load.Contents) -> dict[str, bytes]:
    return {name: content for name, content in templates.items() if isinstance(content, bytes)}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return "somebody"


def folders(settings: Settings) -> tuple[Path, Path]:
    """Where the files lie."""
    return settings.rules, settings.templates
