"""From settings to channels, and files."""

from __future__ import annotations

import asyncio
import os
from mailbox import Maildir as Reader
from pathlib import Path

import pytest
from msgspec.structs import replace

from delivery.channels import channels, server
from delivery.channels.address import parse_sender
from delivery.channels.base import Outgoing
from delivery.channels.files import Maildir
from delivery.channels.session import Server
from delivery.channels.smtp import Smtp
from delivery.errors import BadSettings, Final, Retryable
from tests.unit.delivery.queue import NOW

SENDER = parse_sender("Regulars <shop@example.com>")
OUTGOING = Outgoing("k-1", "anna@example.org", "Anna", "Hello", "Hello Anna\n", "<p>Hello Anna</p>\n", "en", NOW)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", Server("mail.example", 25)),
        ("smtp://127.0.0.1:1025/", Server("127.0.0.1", 1025)),
        ("smtp://u:p@localhost:25", Server("localhost", 25, user="u", password="p")),
        ("smtp://u:p@[::1]", Server("::1", 587, user="u", password="p")),
        ("smtp://u%40x:p%2F%3A@mail.example", Server("mail.example", 587, False, True, "u@x", "p/:")),
        ("smtps://u:p@mail.example", Server("mail.example", 465, True, False, "u", "p")),
        ("smtps://mail.example:4650", Server("mail.example", 4650, True)),
    ],
)
def test_a_url_names_a_mail_server(url: str, expected: Server) -> None:
    assert server(url) == expected


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mail.example:25", "begin with smtp://"),
        ("http://mail.example", "begin with smtp://"),
        ("smtp://", "names no host"),
        ("smtp://:25", "names no host"),
        ("smtp://mail example", "names no host"),
        ("smtp://mail.example:port", "port of 1 to 65535"),
        ("smtp://mail.example:99999", "port of 1 to 65535"),
        ("smtp://mail.example:0", "port of 1 to 65535"),
        ("smtp://[::1", "not a URL"),
        ("smtp://mail.example/inbox", "goes on after the host"),
        ("smtp://u:sec/ret@mail.example", "%2F"),
        ("smtp://u:sec?ret@mail.example", "%3F"),
        ("smtp://u:sec#ret@mail.example", "%23"),
        ("smtp://u@mail.example", "user and password, or neither"),
        ("smtp://:p@mail.example", "user and password, or neither"),
    ],
)
def test_a_bad_url_says_what_to_write_and_keeps_the_password(url: str, says: str) -> None:
    with pytest.raises(BadSettings) as error:
        server(url)
    text = str(error.value)
    assert text.startswith("REGULARS_SMTP ")
    assert says in text
    assert "expected smtp://user:password@host:587" in text
    assert "sec" not in text.replace("second", "")


def test_without_a_mail_server_mail_becomes_files(tmp_path: Path) -> None:
    assert isinstance(channels("", tmp_path, "shop@example.com", 30, 8)["email"], Maildir)
    assert isinstance(channels("smtp://mail.example", tmp_path, "shop@example.com", 30, 8)["email"], Smtp)


async def test_a_mail_is_a_file_that_mail_programs_read(tmp_path: Path) -> None:
    await Maildir(tmp_path / "mail", SENDER).send(OUTGOING)
    [mail] = Reader(tmp_path / "mail", create=False)
    assert (mail["To"], mail["X-Regulars-Key"]) == ("Anna <anna@example.org>", "k-1")
    assert os.listdir(tmp_path / "mail" / "tmp") == []
    assert os.listdir(tmp_path / "mail" / "new") == ["k-1"]


async def test_the_same_key_written_twice_is_one_file(tmp_path: Path) -> None:
    channel = Maildir(tmp_path, SENDER)
    await channel.send(OUTGOING)
    await Maildir(tmp_path, SENDER).send(OUTGOING)
    await asyncio.gather(*(channel.send(replace(OUTGOING, key="k-2")) for _ in range(5)))
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["k-1", "k-2"]


async def test_a_mail_that_was_read_is_not_written_again(tmp_path: Path) -> None:
    channel = Maildir(tmp_path, SENDER)
    await channel.send(OUTGOING)
    (tmp_path / "new" / "k-1").rename(tmp_path / "cur" / "k-1:2,S")
    await channel.send(OUTGOING)
    await channel.send(replace(OUTGOING, key="k-10"))
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["k-10"]


async def test_a_key_that_looks_like_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    await Maildir(tmp_path / "mail", SENDER).send(replace(OUTGOING, key="../../x"))
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1
    assert os.listdir(tmp_path) == ["mail"]


async def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(Retryable, match="disk"):
        await Maildir(tmp_path / "mail", SENDER).send(OUTGOING)


async def test_a_bad_address_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(Final, match="bad-address"):
        await Maildir(tmp_path, SENDER).send(replace(OUTGOING, address="anna@x\r\nBcc: ben@x"))
    assert os.listdir(tmp_path) == []
