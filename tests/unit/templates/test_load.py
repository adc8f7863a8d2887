"""The folder of wording: what is found in it, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from templates.errors import BadTemplates
from templates.load import load, scan
from tests.unit.templates.kit import STARTER, folder, wording, write


def problems(root: Path) -> list[tuple[str, int, int, str]]:
    """(file below the folder, line, column, code) of every problem."""
    found = scan(root)[1]
    return [(str(Path(p.path).relative_to(root)), p.line, p.column, p.code) for p in found]


def test_the_starter_wording_is_complete() -> None:
    catalogue = load(STARTER)
    names = catalogue.names()
    assert {"welcome", "thank-returning", "birthday", "return-care"} <= set(names)
    assert all(catalogue.locales(name, "email") == {"en", "th"} for name in names)
    assert catalogue.brand.default_locale == "en"


def test_brand_fields_come_in_the_asked_locale() -> None:
    brand = load(STARTER).brand
    assert brand.in_locale("th-TH")["name"] == "บ้านชา"
    assert brand.in_locale("fr")["name"] == "Baan Cha"
    assert brand.in_locale("th")["url"] == "https://shop.example"


@pytest.mark.parametrize(
    ("text", "line", "column", "code"),
    [
        ("Words only", 1, 1, "front-matter"),
        ("---\nsubject: x\n", 1, 1, "front-matter"),
        ("---\nsubject: {{ customer.first_name }}\npreheader: x\nevent: purchase\n---\nWords", 2, 10, "no-subject"),
        ("---\nsubject: {{ customer.first_name }}, hello\npreheader: x\nevent: purchase\n---\nWords", 2, 35, "yaml"),
        ("---\nsubject: x\nsubject: y\npreheader: x\nevent: purchase\n---\nWords", 3, 1, "yaml"),
        ("---\nsubject: &a x\npreheader: *a\nevent: purchase\n---\nWords", 2, 10, "yaml"),
        ("---\nsubject: !!python/object:os.system x\npreheader: x\nevent: purchase\n---\nWords", 2, 10, "yaml"),
        ("---\n- a\n---\nWords", 2, 1, "yaml"),
        ("---\npreheader: x\nevent: purchase\n---\nWords", 1, 1, "no-subject"),
        ("---\nsubject: x\npreheader: 3\nevent: purchase\n---\nWords", 3, 12, "no-preheader"),
        ("---\nsubject: x\npreheader: x\n---\nWords", 1, 1, "no-event"),
        ("---\nsubject: x\npreheader: x\nevent: [purchase, 3]\n---\nWords", 4, 8, "no-event"),
        ("---\nsubject: x\npreheader: x\nevent: social_share\n---\nWords", 4, 8, "no-sample"),
        ("---\nsubject: x\npreheader: x\nevent: purchase\nsample: 3\n---\nWords", 5, 9, "bad-sample"),
        ("---\nsubject: x\npreheader: x\nevent: purchase\nsubjct: y\n---\nWords", 5, 1, "unknown-key"),
        ("---\nsubject: x\npreheader: x\nevent: purchase\n---\n \n", 6, 1, "empty"),
        (wording("a\nb\U00100001"), 7, 2, "private-character"),
        (wording("a &#x100001; b"), 6, 3, "private-character"),
        (wording("a &#1048577; b"), 6, 3, "private-character"),
        (wording("x" * 70_000), 1, 1, "too-large"),
    ],
)
def test_a_mistake_in_a_file_is_placed(tmp_path: Path, text: str, line: int, column: int, code: str) -> None:
    write(folder(tmp_path, "Words"), "bad/email.en.md", text)
    assert problems(tmp_path) == [("messages/bad/email.en.md", line, column, code)]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bad/fax.en.md", "unknown-channel"),
        ("bad/email.md", "no-locale"),
        ("bad/email.EN.md", "no-locale"),
        ("bad/email.de.md", "unknown-locale"),
        ("bad/email.en.md", "missing-locale"),
    ],
)
def test_a_file_of_the_wrong_name_is_a_mistake(tmp_path: Path, name: str, code: str) -> None:
    write(folder(tmp_path, "Words"), name, wording("Words"))
    assert problems(tmp_path) == [(f"messages/{name}", 1, 1, code)]


def test_all_mistakes_come_at_once_and_sorted(tmp_path: Path) -> None:
    write(folder(tmp_path, "Words"), "b/email.en.md", "x")
    write(tmp_path, "a/email.th.md", "---\nsubject: x\n---\n")
    with pytest.raises(BadTemplates) as caught:
        load(tmp_path)
    found = [(Path(p.path).parent.name, p.code) for p in caught.value.problems]
    assert found == [("a", "no-preheader"), ("a", "no-event"), ("a", "empty"), ("b", "front-matter")]


def test_the_same_message_answers_the_same_event_in_every_locale(tmp_path: Path) -> None:
    write(folder(tmp_path, "Words"), "note/email.th.md", wording("คำ", event="birthday"))
    assert problems(tmp_path) == [("messages/note/email.th.md", 1, 1, "event-differs")]


def test_an_event_of_the_shops_own_brings_its_sample(tmp_path: Path) -> None:
    text = "---\nsubject: x\npreheader: x\nevent: social_share\nsample: {likes: 3, where: LINE}\n---\nWords"
    for locale in ("en", "th"):
        write(folder(tmp_path, "Words"), f"share/email.{locale}.md", text)
    assert load(tmp_path).wordings["share", "email", "en"].sample == {"likes": 3, "where": "LINE"}


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    for locale in ("en", "th"):
        path = folder(tmp_path, "Words") / "messages" / "note" / f"email.{locale}.md"
        path.write_bytes(b"\xef\xbb\xbf" + wording("Words").replace("\n", "\r\n").encode())
    assert load(tmp_path).wordings["note", "email", "en"].body.source == "Words"


def test_a_file_that_is_not_utf8_is_a_mistake(tmp_path: Path) -> None:
    path = write(folder(tmp_path, "Words"), "bad/email.en.md", "")
    path.write_bytes(b"---\n\xe0\xb8")
    assert problems(tmp_path) == [("messages/bad/email.en.md", 2, 1, "not-utf8")]


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    assert problems(tmp_path) == [
        ("brand.yaml", 1, 1, "unreadable"),
        ("layouts/base.html.j2", 1, 1, "unreadable"),
        ("messages", 1, 1, "empty"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("default_locale: en", "default_locale: de", 3, "bad-locale"),
        ("locales: [en, th]", "locales: en", 4, "bad-locale"),
        ("locales: [en, th]", "locales: [en, th, xq]", 4, "bad-locale"),
        ("time_zone: Asia/Bangkok", "time_zone: Bangkok", 5, "bad-zone"),
        ("\nurl: https://shop.example", "\nurl: javascript:x", 13, "bad-link"),
        ("reply_to: hello@shop.example", "reply_to: hello", 18, "bad-address"),
        ('accent: "#2f6b4f"', "accent: green", 29, "bad-colour"),
        ("unsubscribe: {en: Unsubscribe, th: ยกเลิกรับอีเมล}", "unsubscribe: {th: x}", 23, "missing-locale"),
        ("refund_days: 3", "refund_days: 3.5", 25, "bad-field"),
        ("refund_days: 3", 'refund_days: "\\U00100000"', 25, "private-character"),
        ("reply_to: hello@shop.example\n", "", 1, "no-field"),
    ],
)
def test_a_mistake_in_the_brand_is_placed(tmp_path: Path, old: str, new: str, line: int, code: str) -> None:
    path = folder(tmp_path, "Words") / "brand.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    assert (line, code) in [(at, kind) for name, at, _, kind in problems(tmp_path) if name == "brand.yaml"]
