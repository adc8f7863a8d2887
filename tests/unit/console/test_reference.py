"""The reference of commands and settings says what the program does: no name too many, none missing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.cli.customer import REASONS
from console.cli.main import everything
from console.settings import Settings
from rules import read_policy, read_rule
from rules.engine import decide, guards, turn
from rules.engine.outcome import Decision
from rules.language.functions import FUNCTIONS
from rules.language.schema import CUSTOMER, TRIGGERS
from templates.filters import FILTERS

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs" / "reference"
CLI = (DOCS / "cli.md").read_text()
SETTINGS = (DOCS / "settings.md").read_text()


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its whole name; Typer's classes are its own."""
    if hasattr(command, "commands"):
        if command.invoke_without_command:
            yield name, command
        for word, inner in command.commands.items():
            yield from commands(inner, f"{name} {word}")
    else:
        yield name, command


COMMANDS = dict(commands(everything(), "regulars"))
SECTIONS = {part.partition("\n")[0]: part for part in CLI.split("\n## ")[1:]}


def test_every_command_has_its_section_and_no_section_is_too_many() -> None:
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_section_lists_the_options_of_its_command(name: str) -> None:
    listed = {
        option for row in re.findall(r"^\| (`-.*?) \|", SECTIONS[name], re.M) for option in re.findall(r"`(.+?)`", row)
    }
    options = [one for one in COMMANDS[name].params if one.param_type_name == "option"]
    assert listed == {word for one in options for word in one.opts if word != "--help"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_that_takes_json_has_an_example_of_it(name: str) -> None:
    takes = any("--json" in one.opts for one in COMMANDS[name].params)
    assert takes == ("```json" in SECTIONS[name] or "retention.md" in SECTIONS[name])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_says_what_it_does_and_so_does_each_of_its_options(name: str) -> None:
    assert COMMANDS[name].help
    for one in COMMANDS[name].params:
        assert one.help or one.name == "help", one.name


def test_every_setting_is_in_the_reference_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `REGULARS_([A-Z_]+)` \| (.*?) \|", SETTINGS, re.M))
    told = {name.lower(): value.strip("`") for name, value in rows.items()}
    real = {name: str(field.default) or "empty" for name, field in Settings.model_fields.items()}
    assert told == real


def _marked(page: str) -> set[str]:
    """Every word that a page prints as code, blocks left out."""
    return {
        word
        for code in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page, flags=re.S))
        for word in re.findall(r"[A-Za-z_]+", code)
    }


WRITTEN = (ROOT / "docs" / "how-to" / "marketer.md").read_text()
RULES = (DOCS / "rules.md").read_text()


@pytest.mark.parametrize("key", [*read_rule.KEYS, *read_policy.KEYS])
def test_every_key_of_a_rule_and_of_the_policy_is_in_the_reference(key: str) -> None:
    assert f"| `{key}` |" in RULES


def test_every_field_and_function_of_conditions_is_in_the_reference() -> None:
    told = _marked((DOCS / "conditions.md").read_text()) | _marked(RULES)
    fields = {path.partition(".")[2] for path in CUSTOMER}
    assert (fields | set(FUNCTIONS) | set(TRIGGERS)) - told == set()


def test_every_filter_of_messages_is_told_to_the_marketer() -> None:
    told = _marked(WRITTEN)
    assert {name for name in FILTERS if not name.startswith("_")} - told == set()


def test_every_reason_of_the_guards_is_told_to_the_marketer() -> None:
    sources = [Path(str(module.__file__)).read_text() for module in (decide, guards, turn)]
    said = {word for source in sources for word in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source)}
    assert len(said) >= 12
    assert {reason for reason in said | set(REASONS) if f"| `{reason}` |" not in WRITTEN} == set()
    assert {reason for reason in REASONS if not any(f'"{reason}"' in source for source in sources)} == set()


def test_every_reason_that_the_engine_documents_is_told_to_the_marketer() -> None:
    told = re.search(r"says why it was suppressed: (.*?) `at` is", inspect.cleandoc(Decision.__doc__ or ""), re.S)
    assert told is not None
    said = set(re.findall(r"[a-z]+(?:-[a-z]+)*", re.sub(r"why it \w+:|or which holdout it was:|\bor\b", "", told[1])))
    assert said == set(REASONS)


def test_every_code_of_a_message_that_did_not_leave_is_told_to_the_marketer() -> None:
    rooms = ("check", "offers", "prepare")
    sources = "".join((ROOT / "delivery" / f"{room}.py").read_text() for room in rooms)
    said = set(re.findall(r'"(?:cancelled|failed|expired)", "([a-z-]+)"|LOOK_AGAIN, "([a-z-]+)"', sources))
    codes = {one or other for one, other in said} | {"rule-gone", "rule-paused", "quiet-hours"}
    assert len(codes) >= 10
    assert {code for code in codes if f", `{code}`" not in WRITTEN} == set()


def test_the_choices_of_a_setting_are_named() -> None:
    assert "`resend`, or `park`" in SETTINGS
