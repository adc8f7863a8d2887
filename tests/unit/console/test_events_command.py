"""`regulars events schema`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from console.cli.events import app
from console.cli.output import USAGE
from retention.schema import text


def test_the_schema_is_printed_whole() -> None:
    result = CliRunner().invoke(app, ["schema"])
    assert result.exit_code == 0
    assert result.stdout == text()


def test_the_schema_is_written_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "events.schema.json"
    result = CliRunner().invoke(app, ["schema", "--out", str(target)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert target.read_text(encoding="utf-8") == text()


def test_a_file_that_cannot_be_written_is_a_wrong_usage_and_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "missing" / "file")])
    assert result.exit_code == USAGE
    assert "name a file in a folder that exists" in result.stderr
