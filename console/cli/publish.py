"""`regulars rules publish`: the files go live, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec
import typer
from msgspec import Struct

from console import compose
from console.cli.checking import told
from console.cli.config import settings
from console.cli.guard import guarded
from console.cli.output import BAD, print_json, say
from console.cli.verdicts import show
from console.cli.wording import Words
from console.publishing import Files, act, examine
from console.settings import Settings
from rules.load import load_tests
from rules.problems import Problem
from rules.ruleset import RuleSet
from rules.testing.play import Verdict, play
from storage import rulesets
from storage.clock import StoreClock
from storage.rulesets import Change

_CAMPAIGNS = "rules/campaigns/"


class Difference(Struct, frozen=True):
    """Ids of rules, and the names of all other files that are not the same."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    files: list[str]


def publish(note: str, json: bool) -> None:
    """Check everything, and make it live if all of it is right."""
    config = settings()
    found = examine(config)
    problems, failed = _looked_at(config, found)
    if problems or failed or found.ruleset is None:
        _refuse(problems, failed, found.ruleset, json)
        raise typer.Exit(BAD)
    with guarded():
        store = compose.open_store(config)
        try:
            change = rulesets.publish(store, found.files, act(config, StoreClock(store)(), note))
        finally:
            store.close()
    _tell(change, json)


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Difference:
    """What is not the same in two states of the files."""
    added: list[str] = []
    changed: list[str] = []
    removed: list[str] = []
    files: list[str] = []
    for name in sorted({*before, *after}):
        if before.get(name) == after.get(name):
            continue
        if not name.startswith(_CAMPAIGNS):
            files.append(name)
        elif name not in before:
            added.append(PurePosixPath(name).stem)
        else:
            (changed if name in after else removed).append(PurePosixPath(name).stem)
    return Difference(added, changed, removed, files)


def words(one: Difference) -> Iterator[str]:
    """A line for each kind of change that there is."""
    for label, those in (("added", one.added), ("changed", one.changed), ("removed", one.removed)):
        if those:
            yield f"{label:>8}  {', '.join(those)}"
    if one.files:
        yield f"   files  {', '.join(one.files)}"


def _looked_at(config: Settings, found: Files) -> tuple[list[Problem], list[Verdict]]:
    """Every problem of every file, the tests of rules too; where there is none the tests that fail."""
    tests = load_tests(config.rules, found.ruleset)
    problems = sorted({*found.problems, *tests.problems})
    if problems or found.ruleset is None:
        return problems, []
    played = [play(case, found.ruleset) for case in tests.cases]
    return [], [verdict for verdict in played if not verdict.ok]


def _refuse(problems: list[Problem], failed: list[Verdict], rules: RuleSet | None, json: bool) -> None:
    if json:
        shown = [Words(rules).as_json(verdict) for verdict in failed] if rules is not None else []
        plain = [msgspec.to_builtins(one) for one in problems]
        print_json({"ok": False, "published": False, "problems": plain, "failed_tests": shown})
        return
    if problems:
        typer.echo(told(problems))
    elif rules is not None:
        show(failed, rules)
    say("\nnothing was published; what is live stays so")


def _tell(change: Change, json: bool) -> None:
    before, after = change.before, change.after
    one = difference(before.files if before is not None else {}, after.files)
    if json:
        plain: dict[str, Any] = {"ok": True, "published": not change.same, "ruleset": after.id}
        known = {"before": before.id if before is not None else None, "paused": list(after.paused)}
        print_json(plain | known | msgspec.to_builtins(one))
    elif change.same:
        say(f"rule set {after.id} is live already: nothing has changed")
    else:
        for line in words(one):
            say(line)
        paused = f"; still paused: {', '.join(after.paused)}" if after.paused else ""
        say(f"rule set {after.id} is live{paused}")
