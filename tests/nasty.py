"""Records that cost as much as bytes can: at the limits of size, depth, number and alphabet, and just beyond them.

`tests/chaos/poison.py` has every reason a record is buried for; here is what tries to stall or crash on the way to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

MOST = 256 * 1024
"""Bytes an event may have."""
TIME = "2026-03-01T10:00:00Z"
MS = 1_772_359_200_000
"""The same, as the time of a record."""
NOW = MS * 1_000

Headers = Sequence[tuple[str, bytes | None]]


class Nasty(Struct, frozen=True):
    """A record, for `events` or (`bare`) for topic `purchases`; `kind` says in words what is nasty about it."""

    kind: str
    value: bytes
    key: bytes = b"anna"
    headers: Headers = ()
    timestamp: int = MS
    bare: bool = False


def corpus() -> list[Nasty]:
    """All of them. The same every time."""
    made = [Nasty(kind, event(data, **more)) for kind, data, more in _data()]
    made += [Nasty(kind, data, bare=True) for kind, data, more in _data() if not more]
    made += [Nasty(kind, value) for kind, value in _bytes()]
    made += [Nasty(kind, value, bare=True) for kind, value in _bytes()]
    made += [Nasty(kind, _PURCHASE, headers=headers) for kind, headers in _headers()]
    made += [Nasty(kind, value, headers=_binary()) for kind, value in _bytes()]
    made += [Nasty(f"key {kind}", event(_PURCHASE), key=key) for kind, key in _keys()]
    made += [Nasty(f"key {kind}", _PURCHASE, key=key, bare=True) for kind, key in _keys()]
    made += [Nasty(f"timestamp {at}", _PURCHASE, timestamp=at, bare=True) for at in _TIMESTAMPS]
    return made


def told_apart(nasty: Nasty, number: int) -> Nasty:
    """The same under an id of its own, where it has one as an id should be."""
    id = b"n-%d" % number
    headers = [(name, id if content == b"evt-1" else content) for name, content in nasty.headers]
    return replace(nasty, value=nasty.value.replace(b'"evt-1"', b'"%b"' % id, 1), headers=headers)


def event(data: bytes, type: str = "purchase", **attributes: Any) -> bytes:
    """A structured CloudEvent of customer anna around the data."""
    head = {"specversion": "1.0", "id": "evt-1", "source": "/shop", "type": type, "subject": "anna", "time": TIME}
    start = json.dumps(head | attributes, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return start[:-1] + b',"data":' + data + b"}"


_PURCHASE = b'{"order_id":"o-1","total":8.90}'
_TIMESTAMPS = (-1, 0, 1, -(2**63), 2**63 - 1, 2**53, MS * 1_000, MS + 10**8)
_ROOM = MOST - 400
"""Bytes for data inside an envelope."""


def _purchase(inside: bytes) -> bytes:
    return b'{"order_id":"o-1","total":8.90,' + inside + b"}"


def _filled(start: bytes, piece: bytes, end: bytes, room: int = _ROOM) -> bytes:
    """`start`, as many of `piece` as there is room for, `end`."""
    return start + piece * ((room - len(start) - len(end)) // len(piece)) + end


def _listed(piece: bytes, room: int = _ROOM - 100) -> bytes:
    return b"[" + b",".join([piece] * (room // (len(piece) + 1))) + b"]"


def _keyed(piece: bytes, value: bytes, room: int = _ROOM - 100) -> bytes:
    """An object of as many different keys as there is room for."""
    made, size = [], 0
    for number in range(room):
        pair = b'"%b%d":%b' % (piece, number, value)
        size += len(pair) + 1
        if size > room:
            break
        made.append(pair)
    return b"{" + b",".join(made) + b"}"


def _items(count: int, piece: bytes) -> bytes:
    return _purchase(b'"items":[' + b",".join([piece] * count) + b"]")


def _nested(depth: int, open_: bytes, close: bytes) -> bytes:
    return _purchase(b'"deep":' + open_ * depth + b"0" + close * depth)


def _data() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """(what, data, attributes of the envelope)."""
    digits = b"7" * (_ROOM - 100)
    yield "a total of a quarter of a million digits", b'{"order_id":"o-1","total":' + digits + b"}", {}
    yield "a total of as many decimals", b'{"order_id":"o-1","total":0.' + digits + b"}", {}
    yield "a total in a string of as many digits", b'{"order_id":"o-1","total":"' + digits + b'"}', {}
    yield "a total with a vast exponent", b'{"order_id":"o-1","total":1e' + digits[:9] + b"}", {}
    yield "a total with an exponent of as many digits", b'{"order_id":"o-1","total":1e' + digits + b"}", {}
    yield "a total of minus nothing", b'{"order_id":"o-1","total":-0}', {}
    yield "a total in digits of another script", '{"order_id":"o-1","total":"١٢٣"}'.encode(), {}
    yield "a count of as many digits", _items(1, b'{"sku":"s","price":1,"qty":' + digits + b"}"), {}
    yield "an unknown number of as many digits", _purchase(b'"unknown":' + digits), {}
    yield "unknown numbers by the thousand", _purchase(b'"unknown":' + _listed(b"1.5")), {}
    yield "an unknown number with a vast exponent", _purchase(b'"unknown":1e999999999'), {}
    item = b'{"sku":"%b","qty":1,"price":"1.25","name":"%b"}'
    yield "1,000 items of long strings", _items(1_000, item % (b"s" * 80, b"n" * 100)), {}
    yield "1,000 items in Thai", _items(1_000, item % ("ช".encode() * 26, "ชา".encode() * 16)), {}
    yield "1,000 items in escapes", _items(1_000, item % (b"\\u0e0a" * 13, b"\\ud83c\\udf75" * 8)), {}
    yield (
        "1,000 articles",
        _purchase(
            b'"items":[' + b",".join(b'{"sku":"s-%d","qty":1000000,"price":999.99}' % n for n in range(1_000)) + b"]"
        ),
        {},
    )
    yield "as many items as there is room for", _items(8_000, b'{"sku":"s","qty":1,"price":1}'), {}
    yield "empty items without end", _purchase(b'"items":' + _listed(b"{}")), {}
    yield "one string of a quarter of a megabyte", _filled(b'{"order_id":"o-1","total":1,"x":"', b"x", b'"}'), {}
    yield "the same in emoji", _filled(b'{"order_id":"o-1","total":1,"x":"', "🍵".encode(), b'"}'), {}
    yield "the same in escapes", _filled(b'{"order_id":"o-1","total":1,"x":"', b"\\u0e0a", b'"}'), {}
    yield "the same in combining marks", _filled(b'{"order_id":"o-1","total":1,"x":"', "é".encode(), b'"}'), {}
    yield "an order id of that size", _filled(b'{"total":1,"order_id":"', b"x", b'"}'), {}
    yield "backslashes", _filled(b'{"order_id":"o-1","total":1,"x":"', b"\\\\", b'"}'), {}
    yield "backslashes before U+0000", _filled(b'{"order_id":"o-1","total":1,"x":"', b"\\\\\\u0000", b'"}'), {}
    yield "almost U+0000", _filled(b'{"order_id":"o-1","total":1,"x":"', b"\\\\u0000", b'"}'), {}
    yield "a lone surrogate", _purchase(b'"channel":"\\ud800"'), {}
    yield "surrogates the wrong way round", _purchase(b'"channel":"\\udf75\\ud83c"'), {}
    yield "noncharacters", _purchase('"channel":"\ufffe\uffff\U0010ffff"'.encode()), {}
    yield "a text that turns round", _purchase('"channel":"\u202e\u2066ab\u200b"'.encode()), {}
    yield "a key said a hundred thousand times", _purchase(b",".join([b'"a":1'] * 40_000)), {}
    yield "total said thousands of times", _purchase(b",".join([b'"total":1.5'] * 20_000)), {}
    yield "as many keys as there is room for", _purchase(b'"x":' + _keyed(b"", b"0")), {}
    yield "long keys", _purchase(b'"x":' + _keyed(b"k" * 1_000, b"0")), {}
    for depth in (50, 500, 900, 1_100, 100_000):
        yield f"{depth} lists deep", _nested(depth, b"[", b"]"), {}
        yield f"{depth} objects deep", _nested(min(depth, 40_000), b'{"a":', b"}"), {}
    profile = {"type": "profile"}
    yield "a hundred attributes of long text", b'{"attributes":%b}' % _few(b"k", b'"' + b"v" * 60 + b'"'), profile
    yield "a hundred long keys", b'{"attributes":%b}' % _few(b"k" * 400, b"1"), profile
    yield "attributes without end", b'{"attributes":%b}' % _keyed(b"k", b"1"), profile
    yield "attributes that are numbers of many digits", b'{"attributes":%b}' % _few(b"k", b"9" * 2_000), profile
    yield "tags without end", b'{"tags":%b}' % _listed(b'"t"'), profile
    yield (
        "a hundred tags of 500 letters",
        b'{"tags":%b}' % _listed('"{}"'.format("ชา" * 250).encode(), 150_100),
        profile,
    )
    yield "an address of that size", _filled(b'{"email":"', b"a", b'@example.com"}'), profile
    yield "a country with a line end", b'{"country":"TH\\n"}', profile
    yield "a birth date of zeros", b'{"birth_date":"0000-00-00"}', profile
    for time in ("9" * 200_000, "2026-03-01T10:00:00." + "9" * 200_000 + "Z", "0001-01-01T00:00:00+23:59"):
        yield f"a time of {len(time)} characters", _PURCHASE, {"time": time}
    yield "the last moment there is", _PURCHASE, {"time": "9999-12-31T23:59:59.999999-23:59"}
    yield "a leap second", _PURCHASE, {"time": "2026-02-28T23:59:60Z"}
    yield "an id of that size", _PURCHASE, {"id": "i" * 200_000}
    yield "a type of that size", _PURCHASE, {"type": "t" * 200_000}
    yield "attributes of the envelope without end", _PURCHASE, {f"x{n}": "y" for n in range(15_000)}


def _few(piece: bytes, value: bytes) -> bytes:
    return b"{" + b",".join(b'"%b%d":%b' % (piece, number, value) for number in range(100)) + b"}"


def _bytes() -> Iterator[tuple[str, bytes]]:
    """Values that need no envelope."""
    for kind, piece in (
        ("opening brackets", b"["),
        ("opening braces", b'{"a":'),
        ("quotes", b'"'),
        ("minus signs", b"-"),
    ):
        yield kind, _filled(b"", piece, b"", MOST)
    for kind, piece in (("spaces", b" "), ("zeros", b"\0"), ("ones", b"\xff"), ("digits", b"1"), ("commas", b",")):
        yield kind, _filled(b"", piece, b"", MOST)
    yield "a byte-order mark", b"\xef\xbb\xbf" + event(_PURCHASE)
    yield "UTF-16", event(_PURCHASE).decode().encode("utf-16")
    yield "an overlong slash", event(_PURCHASE).replace(b"/shop", b"\xc0\xaf")
    yield "a surrogate in UTF-8", event(_PURCHASE).replace(b"o-1", b"\xed\xa0\x80")
    yield "the last byte of a letter missing", event(_PURCHASE) + "ช".encode()[:-1]
    yield "just what is allowed", _filled(b"", b" ", event(_PURCHASE), MOST)
    yield "a byte too many", _filled(b"", b" ", event(_PURCHASE), MOST + 1)
    yield "a megabyte", b" " * 1_000_000


def _binary(**changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of a binary-mode event."""
    head = {"specversion": b"1.0", "id": b"evt-1", "source": b"/shop", "type": b"purchase", "subject": b"anna"}
    named: dict[str, bytes | None] = {f"ce_{name}": value for name, value in head.items()}
    named |= {"ce_time": TIME.encode(), "content-type": b"application/json"}
    return list((named | changes).items())


def _headers() -> Iterator[tuple[str, Headers]]:
    good = _binary()
    yield "headers as they should be", good
    yield "every header twice", [*good, *good]
    yield "every header twice, the second time empty", [*good, *[(name, b"") for name, _ in good]]
    yield "every header twice, the second time null", [*good, *[(name, None) for name, _ in good]]
    yield "a second id", [*good, ("ce_id", b"evt-2")]
    yield "a second id in capitals", [*good, ("CE_ID", b"evt-2")]
    yield "50,000 headers", [*good, *[(f"x{n}", b"y") for n in range(50_000)]]
    yield "the same header 50,000 times", [*good, *[("ce_id", b"%d" % n) for n in range(50_000)]]
    yield "a header of a megabyte", [*good, ("x", b"y" * 1_000_000)]
    yield "a header's name of a megabyte", [*good, ("x" * 1_000_000, b"y")]
    for name in ("ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_specversion", "content-type"):
        for kind, value in _hostile():
            yield f"{name} {kind}", _binary(**{name: value})


def _hostile() -> Iterator[tuple[str, bytes | None]]:
    yield "null", None
    yield "empty", b""
    yield "not UTF-8", b"\xff\xfe"
    yield "a surrogate", b"\xed\xa0\x80"
    yield "U+0000", b"a\0b"
    yield "a line end", b"a\r\nb"
    yield "of 300 KB", b"x" * 300_000
    yield "of digits", b"9" * 200_000


def _keys() -> Iterator[tuple[str, bytes]]:
    yield "of a megabyte", b"k" * 1_000_000
    yield "of 200 emoji", "🍵".encode() * 200
    yield "of a combining mark", "é".encode() * 100
    yield "U+0000", b"a\0b"
    yield "of a line end", b"anna\n"
    yield "not UTF-8", b"\x80\x81"
    yield "of a surrogate", b"\xed\xa0\x80"
    yield "that turns round", "\u202eanna".encode()
