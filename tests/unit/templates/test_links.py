"""Links lead to http, https and mailto only, and a value never changes the host."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates.errors import Refused, RenderError
from templates.links import resolve
from templates.samples import context
from templates.slots import VALUE
from tests.unit.templates.kit import Reading, note, renderer

X, Y = chr(VALUE), chr(VALUE + 1)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://shop.example/o/1?a=b&c=d#e", "https://shop.example/o/1?a=b&c=d#e"),
        ("HTTP://shop.example", "HTTP://shop.example"),
        ("https://shop.example/ชา", "https://shop.example/%E0%B8%8A%E0%B8%B2"),
        ('https://shop.example/"><b>', "https://shop.example/%22%3E%3Cb%3E"),
        ("https://shop.example/100%", "https://shop.example/100%25"),
        ("https://shop.example/a%20b", "https://shop.example/a%20b"),
        ("mailto:hello@shop.example", "mailto:hello@shop.example"),
    ],
)
def test_a_value_may_be_a_whole_address(value: str, address: str) -> None:
    assert resolve(X, [value]) == address


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " https://shop.example",
        "java\nscript:alert(1)",
        "https://shop.example/\nx",
        "https://shop.example/a b",
        "data:text/html,x",
        "//evil.example",
        "/path",
        "shop.example",
        "https://",
        "https:///x",
        "https://shop.example@evil.example",
        "https://shop.example\\@evil.example",
        "ftp://shop.example",
        "mailto:",
        "",
        "https://shop.example/\u202e",
    ],
)
def test_a_value_that_is_no_good_address_is_refused(value: str) -> None:
    with pytest.raises(Refused) as caught:
        resolve(X, [value])
    assert caught.value.code == "bad-link"
    assert "evil" not in str(caught.value)


@settings(deadline=None)
@given(st.text())
def test_a_value_in_a_path_stays_in_the_path(value: str) -> None:
    address = resolve(f"https://shop.example/o/{X}?q={X}", [value])
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "shop.example", "")
    assert unquote(parts.path.removeprefix("/o/"), errors="strict") == value
    assert unquote(parts.query.removeprefix("q="), errors="strict") == value


@pytest.mark.parametrize(
    "target", [f"https://{X}/a", f"https://{X}.shop.example/a", f"https://shop.example{X}", f"{X}{Y}"]
)
def test_a_value_cannot_name_the_host(target: str) -> None:
    with pytest.raises(Refused, match="after the host"):
        resolve(target, ["https://shop.example", ".evil.example"])


def test_a_value_may_follow_an_address_and_a_slash() -> None:
    assert resolve(f"{X}/orders/{Y}", ["https://shop.example", "../a b"]) == "https://shop.example/orders/..%2Fa%20b"


def test_a_value_cannot_add_headers_to_a_mailto_link() -> None:
    assert resolve(f"mailto:{X}", ["a@shop.example?bcc=b"]) == "mailto:a@shop.example%3Fbcc%3Db"


def test_a_link_in_wording_gets_its_value_and_a_button(tmp_path: Path) -> None:
    made = note(renderer(tmp_path, "[Pay]({{ shop.url }}/o/{{ customer.first_name }})"), first_name='"><b> /?&')
    reading = Reading(made.html)
    assert "https://shop.example/o/%22%3E%3Cb%3E%20%2F%3F%26" in reading.links
    assert "Pay (https://shop.example/o/%22%3E%3Cb%3E%20%2F%3F%26)" in made.text
    assert [dict(attrs)["class"] for tag, attrs in reading.tags if tag == "a" and "/o/" in str(attrs)] == ["button"]


def test_a_link_among_words_is_no_button(tmp_path: Path) -> None:
    reading = Reading(note(renderer(tmp_path, "See [this](https://shop.example/x) page")).html)
    assert [dict(attrs).get("class") for tag, attrs in reading.tags if tag == "a"] == ["logo", None, None]


def test_a_bad_address_in_a_value_names_the_file_and_line_but_not_the_value(tmp_path: Path) -> None:
    made = renderer(tmp_path, "Hello\n\n[Pay]({{ customer.first_name }})")
    with pytest.raises(RenderError) as caught:
        note(made, first_name="javascript:secret")
    problem = caught.value.problem
    assert (problem.code, problem.line, problem.column) == ("bad-link", 8, 7)
    assert problem.path.endswith("note/email.en.md")
    assert "secret" not in str(caught.value)


def test_a_bad_address_in_the_wording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"email\.en\.md:6:5: a link must lead to"):
        note(renderer(tmp_path, "[x](javascript:alert(1))"))


def test_an_address_shown_as_itself_is_written_once_in_plain_text(tmp_path: Path) -> None:
    assert note(renderer(tmp_path, "<https://shop.example/a>")).text.startswith("https://shop.example/a\n")


def test_the_unsubscribe_link_is_there_only_when_the_context_has_one(tmp_path: Path) -> None:
    made = renderer(tmp_path, "Words")
    full = context("purchase", "en", {})
    href = "https://shop.example/u?a=1&b=<2>"
    with_link = made.render("note", "email", "en", {**full, "unsubscribe_url": href})
    assert "https://shop.example/u?a=1&b=%3C2%3E" in Reading(with_link.html).links
    assert with_link.text.endswith("Unsubscribe: https://shop.example/u?a=1&b=%3C2%3E\n")
    without = made.render("note", "email", "en", {**full, "unsubscribe_url": None})
    assert "Unsubscribe" not in without.text + without.html
    with pytest.raises(RenderError):
        made.render("note", "email", "en", {**full, "unsubscribe_url": "javascript:x"})
