"""`regulars templates check` and `preview`, as a marketer uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.cli.templates import app
from tests.unit.templates.kit import STARTER, folder, wording, write


def run(root: Path, *words: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    result = CliRunner().invoke(app, words, env={"REGULARS_TEMPLATES": str(root), "COLUMNS": "200"})
    return result.exit_code, result.output


def run_json(root: Path, *words: str) -> tuple[int, Any]:
    code, printed = run(root, *words, "--json")
    return code, json.loads(printed)


def test_good_wording_is_said_to_be_good() -> None:
    code, printed = run(STARTER, "check")
    assert code == 0
    assert "all good" in printed


def test_bad_wording_is_listed_with_its_places_and_ends_with_one(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    path = write(root, "note/email.th.md", wording("{{ customer.nick }}\n\n{{ event.totl }}"))
    code, printed = run(root, "check")
    assert code == 1
    lines = printed.splitlines()
    assert lines[0].startswith(f"{path}:6:4: ")
    assert any(line.startswith(f'{path}:8:4: unknown name "event.totl"; did you mean "event.total"?') for line in lines)
    assert "Traceback" not in printed


def test_problems_of_loading_and_of_rendering_come_together_as_json(tmp_path: Path) -> None:
    root = folder(tmp_path, "{{ event.total }}")
    write(root, "bad/email.en.md", "Words")
    code, document = run_json(root, "check")
    assert code == 1
    assert {problem["code"] for problem in document["problems"]} == {"bare-amount", "front-matter"}
    assert {"path", "line", "column", "message", "code"} == set(document["problems"][0])


def test_a_missing_folder_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    code, printed = run(tmp_path / "nothing", "check")
    assert code == 1
    assert "brand.yaml:1:1" in printed


def test_a_preview_shows_subject_and_text() -> None:
    code, printed = run(STARTER, "preview", "birthday", "--locale", "th")
    assert code == 0
    assert printed.startswith("Subject: สุขสันต์วันเกิด คุณมะลิ\nPreheader: ")
    assert "Mali" not in printed


def test_a_preview_can_be_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "welcome.html"
    code, printed = run(STARTER, "preview", "welcome", "--format", "html", "--out", str(file))
    assert code == 0
    assert "welcome.html" in printed
    assert file.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_preview_as_json_has_every_part() -> None:
    code, document = run_json(STARTER, "preview", "return-care", "--sample", "4")
    assert code == 0
    assert document["sample"] == "received"
    assert set(document["message"]) == {"subject", "preheader", "html", "text", "locale"}


@pytest.mark.parametrize("words", [("welcme",), ("welcome", "--sample", "99"), ("welcome", "--format", "pdf")])
def test_a_wrong_word_is_wrong_usage(words: tuple[str, ...]) -> None:
    code, printed = run(STARTER, "preview", *words)
    assert code == 2
    assert "Traceback" not in printed


def test_a_preview_of_bad_wording_names_the_place(tmp_path: Path) -> None:
    code, printed = run(folder(tmp_path, "{% if %}"), "preview", "note")
    assert code == 1
    assert "email.en.md:6:1" in printed


OFFER = "{% if offer %}Here is {{ offer.percent }}:\n\n**{{ offer.code }}**{% else %}Come and see us{% endif %}"


def test_a_preview_of_a_message_with_an_offer_shows_a_made_up_code(tmp_path: Path) -> None:
    root = folder(tmp_path, OFFER)
    code, printed = run(root, "preview", "note")
    assert code == 0
    assert "Here is 15%:\n\n    TEA-7KQ2-MX9P-4HNC\n" in printed
    code, printed = run(root, "preview", "note", "--format", "html", "--locale", "th")
    assert code == 0
    assert "<strong>TEA-7KQ2-MX9P-4HNC</strong>" in printed


def test_the_last_sample_of_a_message_that_asks_for_an_offer_has_none(tmp_path: Path) -> None:
    root = folder(tmp_path, OFFER)
    code, document = run_json(root, "preview", "note", "--sample", "4")
    assert code == 0
    assert document["sample"] == "purchase, no offer"
    assert document["message"]["text"].startswith("Come and see us\n")
    assert run(root, "preview", "note", "--sample", "5")[0] == 2
