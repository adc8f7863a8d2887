"""What the rules are told of the messages: how each is written, what it answers, what is wrong with its words."""

from __future__ import annotations

from pathlib import Path

from console.wordings import read_wordings, wordings_of
from rules.load import load
from rules.problems import render
from rules.wordings import Wordings, Written
from templates.load import load as load_templates
from tests.unit.templates.kit import STARTER, folder, wording, write

ROOT = Path(__file__).resolve().parents[3]


def codes(found: Wordings, message: str = "note", event: str = "purchase") -> list[str]:
    return [problem.code for problem in found.faults(message, "email", event)]


def test_a_message_is_told_with_what_it_answers(tmp_path: Path) -> None:
    found = read_wordings(folder(tmp_path, "Words", event="[purchase, every]"))
    assert found.messages == {"note": {"email": Written(events=frozenset({"purchase", "every"}))}}
    assert found.problems == ()
    assert codes(found) == codes(found, event="every") == []


def test_a_language_that_is_not_written_is_missing_and_nothing_else(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    (root / "messages/note/email.th.md").unlink()
    found = read_wordings(root)
    assert found.messages["note"]["email"].missing == ("th",)
    assert codes(found) == []


def test_a_file_that_cannot_be_read_is_there_and_told_of_who_sends_it(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    path = write(root, "note/email.th.md", "Only words")
    write(root, "other/email.en.md", wording("Words"))
    found = read_wordings(root)
    assert found.messages["note"]["email"] == Written(events=frozenset({"purchase"}))
    (problem,) = found.faults("note", "email", "purchase")
    assert (problem.path, problem.line, problem.code, problem.source_line) == (
        path.as_posix(),
        1,
        "front-matter",
        "Only words",
    )
    assert codes(found, "other") == []


def test_of_a_message_in_which_no_file_is_right_nobody_can_say_what_it_answers(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    write(root, "broken/email.en.md", "Words")
    found = read_wordings(root)
    assert found.messages["broken"]["email"] == Written(("th",), None)
    assert codes(found, "broken") == ["front-matter"]


def test_words_that_fail_are_shown_with_their_line(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words\n\nSince {{ event.totl }}")
    problem = read_wordings(root).faults("note", "email", "purchase")[0]
    at = (root / "messages/note/email.en.md").as_posix()
    assert render(problem) == (
        f'{at}:8:10: unknown name "event.totl"; did you mean "event.total"? [unknown-name]\n'
        "   |\n 8 | Since {{ event.totl }}\n   |          ^"
    )


def test_files_that_say_different_things_are_told(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    write(root, "note/email.th.md", wording("Words", event="survey"))
    found = read_wordings(root)
    assert found.messages["note"]["email"].events == frozenset({"purchase", "survey"})
    assert codes(found) == ["event-differs"]


def test_a_channel_that_nobody_can_send_by_is_told_of_who_sends_by_it(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    write(root, "note/fax.en.md", wording("Words"))
    found = read_wordings(root)
    assert set(found.messages["note"]) == {"email", "fax"}
    assert [problem.code for problem in found.faults("note", "fax", "purchase")] == ["unknown-channel"]
    assert codes(found) == []


def test_what_all_messages_share_is_told_once_and_not_of_each(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    (root / "layouts/base.html.j2").write_text("{% if %}")
    found = read_wordings(root)
    assert [(Path(problem.path).name, problem.code) for problem in found.problems] == [("base.html.j2", "layout")]
    assert codes(found) == []


def test_a_brand_that_is_not_right_is_told_and_the_messages_are_there(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    brand = (root / "brand.yaml").read_text("utf-8")
    (root / "brand.yaml").write_text(brand.replace("time_zone: Asia/Bangkok", "time_zone: Bangkok"), "utf-8")
    found = read_wordings(root)
    assert [problem.code for problem in found.problems] == ["bad-zone"]
    assert found.messages == {"note": {"email": Written()}}


def test_no_messages_at_all_are_none(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    for file in (root / "messages/note").iterdir():
        file.unlink()
    found = read_wordings(root)
    assert (found.messages, found.problems) == ({}, ())


def test_a_folder_that_is_not_there_is_told_and_has_no_messages(tmp_path: Path) -> None:
    found = read_wordings(tmp_path / "nowhere")
    assert found.messages == {}
    assert {Path(problem.path).name for problem in found.problems} == {"brand.yaml", "base.html.j2"}


def test_a_message_that_needs_an_offer_says_so(tmp_path: Path) -> None:
    found = read_wordings(folder(tmp_path, "{{ offer.code }}"))
    assert found.messages["note"]["email"].needs_offer


def test_a_loaded_catalogue_tells_the_same_as_its_folder() -> None:
    from_files, loaded = read_wordings(STARTER), wordings_of(load_templates(STARTER))
    assert from_files.messages == loaded.messages
    assert from_files.problems == loaded.problems == ()
    for message in loaded.messages:
        for event in loaded.messages[message]["email"].events or ():
            assert list(loaded.faults(message, "email", event)) == []


def test_the_shipped_rules_can_send_what_they_send() -> None:
    assert load(ROOT / "rules", read_wordings(STARTER)).problems == ()


def test_a_broken_layout_stops_the_rules(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    (root / "layouts/base.html.j2").write_text("{% if %}")
    loaded = load(ROOT / "rules", read_wordings(root))
    assert loaded.ruleset is None
    assert "layout" in [problem.code for problem in loaded.problems]
