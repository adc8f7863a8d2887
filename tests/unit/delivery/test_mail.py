"""The e-mail that is made of a message."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from delivery.channels.address import Sender, parse, parse_sender
from delivery.channels.base import Outgoing
from delivery.channels.mail import build, stable_name, to_bytes
from delivery.errors import Final
from tests.unit.delivery.queue import NOW

SENDER = parse_sender("Regulars <shop@example.com>")
OUTGOING = Outgoing("k-1", "anna@example.org", "Anna", "Hello", "Hello Anna\n", "<p>Hello Anna</p>\n", "en", NOW)


def wire(outgoing: Outgoing, sender: Sender = SENDER) -> bytes:
    mail, _ = build(outgoing, sender)
    return to_bytes(mail, "\r\n")


def read(outgoing: Outgoing, sender: Sender = SENDER) -> EmailMessage:
    """What a mail program makes of it."""
    message = email.message_from_bytes(wire(outgoing, sender), policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def test_a_mail_carries_its_stable_key() -> None:
    mail = read(OUTGOING)
    assert (mail["Message-ID"], mail["X-Regulars-Key"]) == ("<k-1@example.com>", "k-1")


def test_a_mail_says_who_when_and_that_a_machine_wrote_it() -> None:
    mail = read(OUTGOING)
    assert mail["From"] == "Regulars <shop@example.com>"
    assert mail["To"] == "Anna <anna@example.org>"
    assert mail["Date"] == "Sun, 01 Mar 2026 10:00:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert mail["List-Unsubscribe"] is None


def test_a_mail_is_plain_text_and_html_in_any_script() -> None:
    mail = read(replace(OUTGOING, subject="สวัสดีค่ะ " * 20, text="ขอบคุณ\n", html="<p>ขอบคุณ</p>\n", locale="th"))
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), text.get_content()) == ("text/plain", "ขอบคุณ\r\n")
    assert (html.get_content_type(), html.get_content()) == ("text/html", "<p>ขอบคุณ</p>\r\n")
    assert text.get_content_charset() == html.get_content_charset() == "utf-8"
    assert mail["Subject"] == ("สวัสดีค่ะ " * 20).strip()


def test_every_line_is_ascii_and_short_enough_for_any_server() -> None:
    content = wire(replace(OUTGOING, text="ชา " * 3000, html="<p>" + "x" * 5000, subject="ชา" * 200))
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")


def test_a_name_cannot_write_to_somebody_else() -> None:
    mail = read(replace(OUTGOING, name='แอนนา, "x" <evil@example.net>, ' * 3))
    [only] = mail["To"].addresses
    assert only.addr_spec == "anna@example.org"


@given(name=st.text(max_size=200), subject=st.text(max_size=300), sender=st.text(max_size=100))
@example(name="A\r\nBcc: evil@example.net", subject="B\r\nBcc: evil@example.net", sender="\nBcc: evil@example.net")
@example(name="é, <evil@example.net>" * 5, subject="=?utf-8?q?x?=", sender="é, <evil@example.net>" * 5)
@example(name='a"b,c' * 20, subject="\ud800", sender="Tea, & Co. " * 9)
def test_no_value_breaks_out_of_its_header(name: str, subject: str, sender: str) -> None:
    mail = read(replace(OUTGOING, name=name, subject=subject), Sender(sender, parse("shop@example.com")))
    assert [one.addr_spec for one in mail["To"].addresses] == ["anna@example.org"]
    assert [one.addr_spec for one in mail["From"].addresses] == ["shop@example.com"]
    assert mail.keys() == read(OUTGOING).keys()


@given(st.text(max_size=500))
def test_any_text_can_be_sent(text: str) -> None:
    content = wire(replace(OUTGOING, text=text, html=text))
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_good_name_stays_as_it_is() -> None:
    assert read(OUTGOING, parse_sender('"Tea, & Co." <shop@example.com>'))["From"].addresses[0].display_name == (
        "Tea, & Co."
    )
    assert read(replace(OUTGOING, name="แอนนา ใจดี"))["To"].addresses[0].display_name == "แอนนา ใจดี"
    assert read(replace(OUTGOING, name="Née, A."))["To"].addresses[0].display_name == "Née A"
    assert read(replace(OUTGOING, name=""))["To"] == "anna@example.org"


def test_a_reader_can_leave_with_one_click() -> None:
    url = "https://shop.example/u/" + "x" * 200
    mail = read(replace(OUTGOING, unsubscribe=url))
    assert mail["List-Unsubscribe"] == f"<{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in wire(replace(OUTGOING, unsubscribe=url))


def test_one_click_is_offered_by_https_only() -> None:
    mail = read(replace(OUTGOING, unsubscribe="mailto://leave@example.com"))
    assert mail["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("url", ["x", "https://a.b/>\r\nBcc: x@y.z", "https://a.b/ c", "https://ชา.ไทย/", "https://"])
def test_an_unsubscribe_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Final, match="bad-unsubscribe"):
        build(replace(OUTGOING, unsubscribe=url), SENDER)


def test_an_address_in_another_script_stands_in_the_header_as_it_is() -> None:
    mail, to = build(replace(OUTGOING, address="แอนนา@example.org"), SENDER)
    assert not to.ascii
    assert "To: Anna <แอนนา@example.org>\r\n".encode() in to_bytes(mail, "\r\n")


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
@example(".", "..")
@example("a:b", "a%3Ab")
@example("a" * 200, "a" * 199 + "b")
def test_different_keys_have_different_names_that_suit_files_and_headers(one: str, other: str) -> None:
    name = stable_name(one)
    assert name == stable_name(one)
    assert (name == stable_name(other)) == (one == other)
    assert not name.startswith(".")
    assert len(name) <= 120
    assert name.isascii()
    assert not set(name) & set("/:@<> ")


def test_a_long_key_is_found_by_a_plain_search() -> None:
    key = "win-back:" + "x" * 150
    assert f"X-Regulars-Key: {key}\r\n".encode() in wire(replace(OUTGOING, key=key))
