"""Addresses: what is taken, and what could do harm on a line of SMTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.address import Mailbox, parse, parse_sender
from delivery.errors import BadSettings, Final


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna@example.com", "anna@example.com"),
        ("  anna@example.com ", "anna@example.com"),
        ("Anna.B+tea@Example.COM", "Anna.B+tea@example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("root@localhost", "root@localhost"),
        ("anna@ร้านชา.ไทย", "anna@xn--b3c3a3a1dc8k.xn--o3cw4h"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@bücher。example", "anna@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_taken_with_its_domain_as_dns_has_it(text: str, expected: str) -> None:
    assert str(parse(text)) == expected
    assert parse(text).ascii


def test_a_local_part_in_another_script_says_that_it_needs_more_of_the_server() -> None:
    mailbox = parse("แอนนา@example.com")
    assert mailbox == Mailbox("แอนนา", "example.com")
    assert not mailbox.ascii


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@@example.com",
        "anna@example..com",
        ".anna@example.com",
        "anna.@example.com",
        "an na@example.com",
        "anna@exam ple.com",
        "anna@-example.com",
        "anna@example.com.",
        "anna@[127.0.0.1]",
        '"anna b"@example.com',
        "Anna <anna@example.com>",
        "anna@example.com,ben@example.com",
        "anna@example.com\r\nBcc: ben@example.com",
        "anna\n@example.com",
        "anna@example.com\r\nRCPT TO:<ben@example.com>",
        "anna@example.com> SIZE=1",
        "anna\x00@example.com",
        "anna\u2028@example.com",
        "anna\u202e@example.com",
        "anna\u00a0b@example.com",
        "a" * 65 + "@example.com",
        "ก" * 22 + "@example.com",
        "anna@" + "a" * 64 + ".com",
        "anna@" + ".".join(["a" * 60] * 5),
    ],
)
def test_anything_else_is_refused_for_good(text: str) -> None:
    with pytest.raises(Final) as refused:
        parse(text)
    assert refused.value.code == "bad-address"
    assert "anna" not in str(refused.value)


@given(st.text() | st.from_regex(r"\A[^@]{1,9}@[^@]{1,9}\Z"))
def test_what_passes_holds_nothing_that_ends_a_command_or_a_header(text: str) -> None:
    try:
        address = str(parse(text))
    except Final:
        return
    assert not set(address) & set('\r\n\0\t <>,;:"()[]\\')
    assert address.count("@") == 1
    assert address.isprintable()


def test_a_sender_has_a_name_and_an_address() -> None:
    sender = parse_sender('"Tea, & Co." <shop@Example.com>')
    assert (sender.name, str(sender.mailbox)) == ("Tea, & Co.", "shop@example.com")
    assert parse_sender("shop@example.com").name == ""


@pytest.mark.parametrize("text", ["", "Regulars", "Regulars <shop>", "แอน@example.com", "a@b.c\nBcc: x@y.z"])
def test_a_bad_sender_is_a_setting_to_mend(text: str) -> None:
    with pytest.raises(BadSettings, match="REGULARS_MAIL_FROM"):
        parse_sender(text)
