"""Header names that are not UTF-8: written as any client may, read by aiokafka all the same."""

from __future__ import annotations

import gzip
import struct
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

from streams.headers import tolerate
from tests.unit.streams.strange import PLACEHOLDER, batch, sealed, spoiled


def packed(plain: bytes) -> bytes:
    """The same batch, its records in gzip."""
    head, records = bytearray(plain[:61]), gzip.compress(plain[61:])
    head[8:12] = struct.pack(">i", len(head) + len(records) - 12)
    head[22] |= 1
    return sealed(bytes(head) + records)


def read(raw: bytes) -> list[tuple[int, bytes, bytes, Any]]:
    """What aiokafka's consumer makes of a broker's answer."""
    tolerate()
    found = fetcher.PartitionRecords(TopicPartition("t", 0), fetcher.MemoryRecords(raw), [], 0, None, None, True, 0)
    return [(one.offset, one.key, one.value, one.headers) for one in found]


@pytest.mark.parametrize("name", [b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\x80"])
@pytest.mark.parametrize("sent", [sealed, packed])
def test_a_header_name_that_is_no_text_hides_neither_its_record_nor_the_others(name: bytes, sent: Any) -> None:
    names = ["b", "ช", PLACEHOLDER, "c", PLACEHOLDER, ""]
    found = read(sent(spoiled(batch(names), name)))
    escaped = name.decode(errors="backslashreplace") + PLACEHOLDER[len(name) :]
    told = ["b", "ช", escaped, "c", escaped, ""]
    assert found == [(n, b"k%d" % n, b"v", (("a", None), (told[n], b"x"))) for n in range(6)]


def test_what_follows_in_the_same_answer_is_read_too() -> None:
    after = bytearray(batch(["next"]))
    after[0:8] = struct.pack(">q", 1)
    assert [offset for offset, *_ in read(spoiled(batch([PLACEHOLDER]), b"\xff") + bytes(after))] == [0, 1]


def test_aiokafka_itself_still_raises_so_that_this_is_about_something() -> None:
    records = MemoryRecords(spoiled(batch([PLACEHOLDER]), b"\xff"))
    with pytest.raises(UnicodeDecodeError):
        list(records.next_batch())


@pytest.mark.parametrize("sent", [sealed, packed])
def test_good_records_are_read_as_aiokafka_reads_them(sent: Any) -> None:
    raw = sent(batch([f"h{number}" for number in range(50)]))
    theirs = [(one.offset, one.key, one.value, tuple(one.headers)) for one in MemoryRecords(raw).next_batch()]
    assert read(raw) == theirs
    assert len(theirs) == 50
