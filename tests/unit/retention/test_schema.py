"""The JSON Schema of the events: fresh, sound, and of one mind with decode."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from retention import decode
from retention.checks import MAX_EXTRAS
from retention.errors import REASONS, BadEvent
from retention.events import INTERNAL, MAX_ITEMS, TYPES, Envelope, Item, ReturnedItem
from retention.schema import FILE, events_schema, text
from rules.document import Document
from rules.read_events import read_events
from tests.unit.retention import wording
from tests.unit.retention.making import BINARY, NOW, SHOP, record, refused, taken

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/events.md").read_text(encoding="utf-8")
TABLES = wording.tables(PAGE)
VALIDATOR = jsonschema.Draft202012Validator(events_schema())

_blocks = re.findall(r"(?:<!-- (\w+): ([^>]+) -->\n)?```json\n(.*?)```", PAGE, flags=re.DOTALL)
GOOD = [block for mark, _, block in _blocks if not mark]
BARE = [(kind, block) for mark, kind, block in _blocks if mark == "bare"]
OWN_GOOD = [(kind, block) for mark, kind, block in _blocks if mark == "own"]
BAD = [(expected.split(), block) for mark, expected, block in _blocks if mark == "refused"]


def valid(event: bytes | str) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(event)))


def test_the_schema_in_the_docs_is_the_schema_of_the_code() -> None:
    kept = (ROOT / FILE).read_text(encoding="utf-8")
    assert kept == text(), f"{FILE} is stale; write it anew: regulars events schema --contract --out {FILE}"


def test_the_schema_is_a_sound_one() -> None:
    jsonschema.Draft202012Validator.check_schema(events_schema())
    assert set(events_schema()["properties"]["type"]["enum"]) == set(TYPES) - {"product"}


@pytest.mark.parametrize("block", GOOD)
def test_an_example_of_the_page_is_valid_and_taken(block) -> None:
    assert valid(block)
    assert taken(block.encode()).customer == "anna"


@pytest.mark.parametrize(("expected", "block"), BAD)
def test_a_bad_example_of_the_page_is_invalid_and_refused_as_it_says(expected, block) -> None:
    bad = refused(block.encode())
    assert [bad.reason, bad.field] == expected
    if bad.reason != "bad-money":  # 1e3 and 1000 are one number to a JSON Schema
        assert not valid(block)


@pytest.mark.parametrize(("kind", "block"), OWN_GOOD)
def test_an_event_of_the_shops_own_is_taken_as_the_page_declares_it(kind, block) -> None:
    own = read_events(Document("events.yaml", re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)[0].encode()))
    assert own is not None
    event = decode.decode(b"anna", block.encode(), (), replace(SHOP, events=own.events), NOW)
    assert (event.type, event.data) == (kind, {"network": "LINE", "followers": 1200})
    assert jsonschema.Draft202012Validator(events_schema(own.events)).is_valid(json.loads(block))


@pytest.mark.parametrize(("kind", "block"), BARE)
def test_a_plain_example_of_the_page_is_taken(kind, block) -> None:
    decode.decode_data(kind, block.encode(), SHOP)


def test_every_type_has_an_example() -> None:
    shown = {json.loads(block)["type"] for block in GOOD}
    assert shown == set(TYPES) - {"product"}
    assert {kind for kind, _ in BARE} == {"purchase", "return", "birthday"}
    assert len(BAD) >= 5
    assert len(OWN_GOOD) == 1


def test_the_binary_example_is_taken() -> None:
    lines = PAGE.partition("ce_specversion")[1:]
    head, _, rest = "".join(lines).partition("\n\n")
    headers = [(name, value.encode()) for name, value in (line.strip().split(": ", 1) for line in head.splitlines())]
    assert {name for name, _ in headers} == set(BINARY)
    assert taken(rest.partition("\n")[0].strip().encode(), headers=headers).data.score == 10


INVALID = [
    record(specversion="0.3"),
    record(id=""),
    record(id=None),
    record(time=None),
    record(time="2026-03-01T10:00:00"),
    record(time="2026-03-01"),
    record(type="poke"),
    record(type="product"),
    record("[]"),
    record('{"order_id":"o","total":-1}'),
    record('{"order_id":"o","total":"-1"}'),
    record('{"order_id":"o","total":"1e3"}'),
    record('{"order_id":"o","total":true}'),
    record('{"order_id":"o","total":1,"currency":"baht"}'),
    record('{"order_id":"o","total":1,"items":[{"sku":"s","qty":0,"price":1}]}'),
    record('{"order_id":"o","total":1,"items":[{"sku":"s","qty":1}]}'),
    record(json.dumps({"order_id": "o", "total": 1, "items": [{"sku": "s", "qty": 1, "price": 1}] * 1001})),
    record('{"order_id":"o","state":"lost"}', type="fulfilment"),
    record('{"score":9.5}', type="survey"),
    record('{"date":"1 March"}', type="birthday"),
    record('{"attributes":{"a":{}}}', type="profile"),
    record('{"attributes":{"a":1e15}}', type="profile"),
    record('{"staff":null}', type="profile"),
    record('{"code":null}', type="referral"),
]


@pytest.mark.parametrize("value", INVALID)
def test_what_the_schema_refuses_decode_refuses(value) -> None:
    assert not valid(value)
    assert refused(value).reason in REASONS


@pytest.mark.parametrize(
    "value",
    [
        record(),
        record(traceparent="00-1", datacontenttype="application/json", partitionkey="anna"),
        record(time="2026-03-01 17:00:00.5+0700"),
        record('{"order_id":"o","total":"0.00","currency":null,"items":[],"coupon":null,"unknown":{}}'),
        record('{"email":null,"tags":null,"attributes":null,"birth_date":"--02-29"}', type="profile"),
        record('{"attributes":{"a":null,"b":true,"c":"x","d":-1.5}}', type="profile"),
        record("{}", type="birthday"),
        record('{"code":"ANNA"}', type="referral"),
    ],
)
def test_what_the_schema_lets_through_decode_takes(value) -> None:
    assert valid(value)
    taken(value)


PAGES = TYPES | {"Item": Item, "ReturnedItem": ReturnedItem}


@pytest.mark.parametrize("heading", PAGES)
def test_the_table_of_a_type_lists_its_fields(heading) -> None:
    assert [tuple(row[:3]) for row in TABLES[heading]] == wording.rows(PAGES[heading])


OWN = {
    "event_rsvp": {"event": "text", "seats": "count", "price": "number?", "coming": "flag?"},
    "door_opened": {},
}
DECLARING = replace(SHOP, events=OWN)
WITH_OWN = jsonschema.Draft202012Validator(events_schema(OWN))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("door_opened", "{}"),
        ("event_rsvp", '{"event":"Tasting","seats":2}'),
        ("event_rsvp", '{"event":"Tasting","seats":-9223372036854775808,"price":1.5,"coming":true,"unknown":[]}'),
        ("event_rsvp", '{"event":"","seats":0,"price":null,"coming":null}'),
        ("birthday", "{}"),
    ],
)
def test_a_declared_event_is_valid_and_taken(kind, data) -> None:
    value = record(data, type=kind)
    assert WITH_OWN.is_valid(json.loads(value))
    assert decode.decode(b"anna", value, (), DECLARING, NOW).type == kind


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("wish", "{}"),
        ("event_rsvp", "{}"),
        ("event_rsvp", "[]"),
        ("event_rsvp", '{"event":"Tasting","seats":null}'),
        ("event_rsvp", '{"event":"Tasting","seats":"2"}'),
        ("event_rsvp", '{"event":"Tasting","seats":9223372036854775808}'),
        ("event_rsvp", '{"event":7,"seats":2}'),
        ("event_rsvp", json.dumps({"event": "x" * 10_001, "seats": 2})),
        ("event_rsvp", '{"event":"Tasting","seats":2,"price":"1.5"}'),
        ("event_rsvp", '{"event":"Tasting","seats":2,"price":1000000000000000}'),
        ("event_rsvp", '{"event":"Tasting","seats":2,"coming":1}'),
        ("door_opened", json.dumps({f"f{n}": n for n in range(101)})),
        ("survey", '{"score":11}'),
    ],
)
def test_what_is_not_as_declared_is_invalid_and_refused(kind, data) -> None:
    value = record(data, type=kind)
    assert not WITH_OWN.is_valid(json.loads(value))
    with pytest.raises(BadEvent):
        decode.decode(b"anna", value, (), DECLARING, NOW)


def test_the_schema_with_declared_events_is_a_sound_one_and_the_contract_in_it_the_same() -> None:
    contract, whole = events_schema(), events_schema(OWN)
    jsonschema.Draft202012Validator.check_schema(whole)
    assert set(whole["properties"]["type"]["enum"]) == set(contract["properties"]["type"]["enum"]) | set(OWN)
    assert {name: whole["$defs"][name] for name in contract["$defs"]} == contract["$defs"]
    assert whole["allOf"][: len(contract["allOf"])] == contract["allOf"]


def test_the_table_of_the_envelope_lists_its_attributes() -> None:
    rows = TABLES["CloudEvents"]
    assert {row[0].strip("`") for row in rows} == set(Envelope.__struct_fields__)
    required = {row[0].strip("`") for row in rows if row[2] == "yes"}
    assert required == set(events_schema()["required"])


def test_the_page_lists_every_reason_in_the_words_of_the_code() -> None:
    assert {row[0].strip("`"): row[1] for row in TABLES["Dead letters"]} == REASONS


def test_the_page_names_the_limits_of_the_code_and_the_internal_types() -> None:
    limits = {row[0]: row[1] for row in TABLES["Limits"]}
    assert limits["an event"] == f"{decode.MAX_BYTES // 1024} KiB"
    assert limits["the headers of a record"] == limits["an event"]
    assert limits["items of an event"] == f"{MAX_ITEMS:,}"
    assert limits["customer id, id, source"] == f"{decode.MAX_KEY} characters"
    assert limits["time ahead of the clock"] == f"{decode.AHEAD // 3_600_000_000} hours"
    assert limits["tags and attributes of a profile"] == f"100 each, {MAX_EXTRAS // 1024} KiB together"
    assert all(f"`{kind}`" in PAGE for kind in INTERNAL)
