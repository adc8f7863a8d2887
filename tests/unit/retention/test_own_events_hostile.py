"""Bytes no honest producer sends as an event of the shop's own: an event or a BadEvent that tells no value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.decode import decode, logged
from retention.errors import BadEvent
from retention.events import Event
from retention.own import KINDS, known
from retention.shop import Shop
from tests.unit.retention.making import BINARY, NOW, record

FIELDS = {name: kind for kind in KINDS for name, kind in ((f"a_{kind}", kind), (f"some_{kind}", f"{kind}?"))}
SHOP = Shop(events={"visit": FIELDS})
GOOD = {"a_text": "zqxjzqxj", "a_count": 7, "a_number": 4.25, "a_flag": True}
SECRET = "zqxjzqxj"
"""No message of ours has these letters: where they turn up, a value leaked."""


def text(**changes: str) -> str:
    """The data with some values replaced or added, as JSON."""
    pairs = {name: json.dumps(value) for name, value in GOOD.items()} | changes
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs.items()) + "}"


def answer(value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> Event | BadEvent:
    """decode's event, or its BadEvent; a leaked value or any other error fails the test."""
    try:
        return decode(b"anna", value, headers, SHOP, NOW)
    except BadEvent as error:
        bad = error
    assert SECRET not in f"{bad.field} {bad.detail} {bad}".lower()
    return bad


def reason(data: str) -> str:
    found = answer(record(data, type="visit"))
    assert isinstance(found, BadEvent), found
    return found.reason


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (text(a_text='"\\ud800"'), "not-json"),
        (text(a_text='"a\\u0000b"'), "bad-data"),
        (text(a_text="'x'"), "not-json"),
        (text(other='"\\udfff"'), "not-json"),
        (text(other="NaN"), "not-json"),
        (text(a_number="Infinity"), "not-json"),
        (text(a_number="-"), "not-json"),
        (text(a_number="1e9999999"), "bad-data"),
        (text(a_number="1" * 5_000), "bad-data"),
        (text(a_number="0." + "1" * 5_000), "bad-data"),
        (text(a_count="1" * 100_000), "bad-data"),
        (text(a_count="1e2"), "bad-data"),
        (text(a_text='"' + "x" * 200_000 + '"'), "bad-data"),
        (text(a_text="[" * 300 + "]" * 300), "bad-data"),
        (text(a_text="[" * 50_000 + "]" * 50_000), "too-deep"),
        (text(other='{"a":' * 20_000 + "1" + "}" * 20_000), "too-deep"),
        ("{" + ",".join(f'"f{n}":1' for n in range(20_000)) + "}", "bad-data"),
        ("[" * 20_000, "too-deep"),
        ("", "not-json"),
        (text() + "x", "not-json"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_no_sound_data_is_refused(data: str, expected: str) -> None:
    assert reason(data) == expected


def test_a_name_of_a_field_that_is_a_trap_elsewhere_is_a_name_like_any_other() -> None:
    names = ["__class__", "items", "get", "keys", "", "a.b", "ชา", "constructor"]
    data = text(**dict.fromkeys(names, '"x"'))
    event = answer(record(data, type="visit"))
    assert isinstance(event, Event)
    assert sorted(event.data) == ["a_count", "a_flag", "a_number", "a_text"]


def test_of_a_field_said_twice_the_last_word_counts_and_is_checked() -> None:
    assert reason('{"a_text":"x","a_count":1,"a_number":1,"a_flag":true,"a_count":"x"}') == "bad-data"


_scalars = (
    st.just(SECRET)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(max_size=5).map(lambda some: SECRET + some)
)
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just(SECRET), inner), max_leaves=5
)
_data = st.dictionaries(st.sampled_from([*FIELDS, SECRET]), _json, max_size=10) | _json
_sound = st.fixed_dictionaries(
    {
        "a_text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
        "a_count": st.integers(-(2**63), 2**63 - 1),
        "a_number": st.decimals(-(10**14), 10**14, places=6, allow_nan=False).map(float) | st.integers(-99, 99),
        "a_flag": st.booleans(),
    },
    optional={"some_text": st.none() | st.just("x"), "some_count": st.none() | st.integers(0, 9), SECRET: _json},
)


@settings(max_examples=300)
@given(_data)
def test_mangled_data_is_an_event_or_a_bad_event_that_tells_no_value(data: object) -> None:
    content = json.dumps(data)
    first = answer(record(content, type="visit"))
    binary = answer(content.encode(), tuple((BINARY | {"ce_type": b"visit"}).items()))
    assert isinstance(first, Event) == isinstance(binary, Event)


@settings(max_examples=300)
@given(_sound | _data)
def test_what_is_taken_is_read_the_same_out_of_the_log(data: object) -> None:
    event = answer(record(json.dumps(data), type="visit"))
    if isinstance(event, BadEvent):
        return
    again = logged(event.source, event.id, event.type, event.customer, event.time, event.raw, 0)
    assert {name: again.data.get(name) for name in FIELDS} == known(event.raw, FIELDS)
    assert {name: again.data[name] for name in FIELDS if name in again.data} == event.data


@settings(max_examples=100)
@given(_sound)
def test_most_sound_data_is_taken_so_that_the_properties_are_about_something(data: dict[str, object]) -> None:
    plain = {name: value for name, value in data.items() if name != SECRET} | {"a_number": 1.5}
    assert isinstance(answer(record(json.dumps(plain), type="visit")), Event)


@settings(max_examples=300)
@given(st.data())
def test_a_good_record_with_some_bytes_changed_gets_an_answer(data: st.DataObject) -> None:
    whole = record(text(), type="visit")
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 6)))
    answer(whole[:start] + data.draw(st.binary(max_size=6)) + whole[end:])
