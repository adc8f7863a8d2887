"""`regulars rules test`: the shop's tests of its rules, played on a virtual clock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.cli.checking import told
from console.cli.config import settings
from console.cli.output import BAD, USAGE, fail, print_json, say
from console.cli.verdicts import show
from console.cli.wording import Words
from console.wordings import read_wordings
from rules.load import load, load_tests
from rules.problems import Problem
from rules.ruleset import RuleSet
from rules.testing.play import Verdict, play


def play_tests(
    folder: Annotated[Path | None, typer.Argument(help="The rules folder; REGULARS_RULES by default.")] = None,
    name: Annotated[str, typer.Option("-k", help="Only tests with this in their name.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Play the tests of the rules, tests/*.yaml in their folder, on a virtual clock; exit 1 when one fails."""
    config = settings()
    folder = folder or config.rules
    loaded = load(folder, read_wordings(config.templates))
    tests = load_tests(folder, loaded.ruleset)
    problems = sorted((*loaded.problems, *tests.problems))
    if problems or loaded.ruleset is None:
        _refuse(problems, json)
        raise typer.Exit(BAD)
    chosen = [case for case in tests.cases if name.casefold() in case.name.casefold()]
    if name and not chosen:
        fail(f"no test in {folder / 'tests'} has “{name}” in its name", USAGE)
    verdicts = [play(case, loaded.ruleset) for case in chosen]
    _tell(verdicts, loaded.ruleset, folder, json)
    if not all(verdict.ok for verdict in verdicts):
        raise typer.Exit(BAD)


def _refuse(problems: Sequence[Problem], json: bool) -> None:
    """Nothing is played while something is wrong with the files."""
    if json:
        print_json({"ok": False, "tests": [], "problems": [msgspec.to_builtins(one) for one in problems]})
    else:
        typer.echo(told(problems))


def _tell(verdicts: Sequence[Verdict], rules: RuleSet, folder: Path, json: bool) -> None:
    if json:
        words = Words(rules)
        ok = all(verdict.ok for verdict in verdicts)
        print_json({"ok": ok, "tests": [words.as_json(verdict) for verdict in verdicts], "problems": []})
    elif verdicts:
        show(verdicts, rules)
    else:
        say(f"{folder / 'tests'}: no tests yet; a test is a part of a file tests/<name>.yaml there")
