"""A command imports what it needs itself, and no more: `rules check` is over before a broker's client is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from console.cli.main import Commands, app, everything

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"aiokafka", "faust", "sqlalchemy", "sqlmodel", "alembic", "aiohttp"}
ASK = """
import sys
from console.cli.main import main
sys.argv[1:] = {words!r}
try:
    main()
except SystemExit as ended:
    print("\\nended", ended.code)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def imported(*words: str) -> set[str]:
    """The packages that a process has imported when this command is over."""
    code = ASK.format(words=list(words))
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    *_, ended, packages = ran.stdout.splitlines()
    assert ended == "ended 0"
    return set(packages.split())


@pytest.mark.parametrize("words", ["rules check", "rules list", "templates check"])
def test_looking_at_the_marketers_files_imports_neither_broker_nor_store(words: str) -> None:
    assert imported(*words.split()) & HEAVY == set()


def test_help_imports_no_command_at_all() -> None:
    found = imported("--help")
    assert "typer" in found
    assert found & (HEAVY | {"pydantic", "jinja2", "ruamel", "rules", "templates", "storage", "streams"}) == set()


def test_the_line_of_a_command_in_the_help_is_what_the_command_says_of_itself() -> None:
    lines = {name: one.says for name, one in Commands.later.items()}
    said = {name: " ".join(str(one.help).split("\n\n")[0].split()) for name, one in everything().commands.items()}
    assert said == lines


def test_a_misspelt_command_is_told_what_it_may_have_meant() -> None:
    result = CliRunner().invoke(app, ["rulez"])
    assert result.exit_code == 2
    assert "No such command 'rulez'. Did you mean 'rules'?" in result.output


def test_an_option_of_a_command_is_not_taken_for_a_command() -> None:
    result = CliRunner().invoke(app, ["--verbose", "run"])
    assert result.exit_code == 2
    assert "--verbose" in result.output


def test_a_command_keeps_its_usage_and_its_exit_code() -> None:
    result = CliRunner().invoke(app, ["customers", "show"], prog_name="regulars")
    assert result.exit_code == 2
    assert result.output.startswith("Usage: regulars customers show")


def test_every_command_is_called_as_the_table_has_it() -> None:
    assert {name: one.name for name, one in everything().commands.items()} == {name: name for name in Commands.later}
    assert isinstance(app, typer.Typer)
