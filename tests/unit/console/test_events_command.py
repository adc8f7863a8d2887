"""`regulars events schema`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from console.cli.events import app
from console.cli.output import BAD, USAGE
from retention.schema import text


def test_the_schema_is_printed_whole(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["schema"], env={"REGULARS_RULES": str(tmp_path)})
    assert result.exit_code == 0
    assert result.stdout == text()


def test_what_the_rules_folder_declares_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "events.yaml").write_text("events: {social_share: {network: text, url: text?}}\n")
    result = CliRunner().invoke(app, ["schema"], env={"REGULARS_RULES": str(tmp_path)})
    assert result.exit_code == 0
    assert result.stdout == text({"social_share": {"network": "text", "url": "text?"}})
    alone = CliRunner().invoke(app, ["schema", "--contract"], env={"REGULARS_RULES": str(tmp_path)})
    assert (alone.exit_code, alone.stdout) == (0, text())


def test_a_declaration_with_a_mistake_is_told_and_the_contract_can_be_had_all_the_same(tmp_path: Path) -> None:
    env = {"REGULARS_RULES": str(tmp_path)}
    (tmp_path / "events.yaml").write_text("events: {social_share: {network: string}}\n")
    result = CliRunner().invoke(app, ["schema"], env=env)
    assert (result.exit_code, result.stdout) == (BAD, "")
    assert 'events.yaml:1:34: "string" is no kind of value' in result.stderr
    (tmp_path / "events.yaml").unlink()
    (tmp_path / "events.yaml").mkdir()
    result = CliRunner().invoke(app, ["schema"], env=env)
    assert result.exit_code == BAD
    assert "[unreadable-file]" in result.stderr
    assert CliRunner().invoke(app, ["schema", "--contract"], env=env).stdout == text()


def test_the_schema_is_written_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "events.schema.json"
    result = CliRunner().invoke(app, ["schema", "--contract", "--out", str(target)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert target.read_text(encoding="utf-8") == text()


def test_a_file_that_cannot_be_written_is_a_wrong_usage_and_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "missing" / "file")])
    assert result.exit_code == USAGE
    assert "name a file in a folder that exists" in result.stderr
