"""Bytes no honest producer sends: whatever comes, decode answers with an event or a BadEvent."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention import orders, state
from retention.decode import check_bytes, decode
from retention.errors import BadEvent
from retention.events import INTERNAL, TYPES, Event
from retention.money import Money
from tests.unit.retention.making import BINARY, NOW, SHOP, record, taken, why


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xef\xbb\xbf" + record(), "not-json"),
        (record() + b"x", "not-json"),
        (record() + record(), "not-json"),
        (record()[:-1], "not-json"),
        (record().replace(b'"o-1"', b"'o-1'"), "not-json"),
        (record().replace(b"}}", b"},}"), "not-json"),
        (b"/* */" + record(), "not-json"),
        (record('{"order_id":"o\\ud800","total":1}'), "not-json"),
        (record('{"order_id":"o","total":1,"unknown":"\\udfff"}'), "not-json"),
        (record('{"order_id":"o","total":1,"unknown":"\x01"}'), "not-json"),
        (record('{"order_id":"o","total":1,"unknown":"\x00"}'), "not-json"),
        (record('{"order_id":"o","total":1,"unknown":"\\x"}'), "not-json"),
        (record('{"order_id":"o","total":1,"unknown":1e}'), "not-json"),
        (record('{"order_id":"o","total":1,"unknown":"X"}').replace(b"X", b"\xff"), "not-utf8"),
        (record('{"order_id":"o","total":1,"unknown":"X"}').replace(b"X", b"\xed\xa0\x80"), "not-utf8"),
        (record('{"order_id":"o","total":1,"unknown":"X"}').replace(b"X", b"\xc0\xaf"), "not-utf8"),
        (record().decode().encode("utf-16"), "not-utf8"),
        (record('{"order_id":"o","total":1,"coupon":"a\\u0000"}'), "bad-data"),
        (record('{"order_id":"o","total":1,"unknown":"a\\\\\\u0000"}'), "bad-data"),
        (b"[" * 200_000, "bad-envelope"),
        (b'{"a":' * 40_000, "too-deep"),
        (record('{"order_id":"o","total":1,"unknown":' + "[" * 5_000 + "]" * 5_000 + "}"), "too-deep"),
    ],
)
def test_what_is_no_sound_json_is_refused(value, reason) -> None:
    assert why(value)[0] == reason


def test_a_backslash_before_u0000_is_text_like_any_other() -> None:
    assert taken(record('{"order_id":"o","total":1,"coupon":"\\\\u0000"}')).data.coupon == "\\u0000"


def test_a_quarter_megabyte_of_backslashes_is_looked_at_in_one_pass() -> None:
    assert check_bytes(b"\\" * 262_000) is not None


@pytest.mark.parametrize(
    "flood", [[("x", b"y" * 262_144)], [("x" * 262_145, None)], [(f"x{n}", b"y" * 10) for n in range(20_000)]]
)
def test_headers_are_bounded_as_the_event_is(flood) -> None:
    """A record may have to be produced again as it is: to the partition where it belongs."""
    assert why(record(), headers=flood) == ("too-large", "")
    assert taken(record(), headers=[("x", b"y" * 262_000)]).amount == 89000


def test_of_a_key_said_twice_the_last_one_counts() -> None:
    assert taken(record('{"order_id":"o","total":1,"total":2}')).amount == 200


def test_white_space_around_the_event_is_nothing() -> None:
    assert taken(b"\r\n\t " + record() + b" \n").amount == 89000


@pytest.mark.parametrize(
    "value",
    [
        *("1" * 5_000, "1" * 25, "-" + "9" * 16, "1e5", "1e99999999999999999999", "0.1234567"),
        *("[]", "{}", '[{"a":[1]}]', '"' + "a" * 501 + '"'),
    ],
)
def test_an_attribute_is_a_bounded_scalar(value) -> None:
    reason, field = why(record(f'{{"attributes":{{"shoe":{value}}}}}', type="profile"))
    assert reason in ("bad-data", "bad-money")
    assert field.startswith("data.attributes")


def test_attributes_of_every_kind_come_back_exactly_from_the_state() -> None:
    text = '{"attributes":{"a":"ชา","b":true,"c":null,"d":42,"e":0.1,"f":-999999999999999.999999,"g":1.10}}'
    profile = taken(record(text, type="profile")).data
    assert profile.attributes == {
        "a": "ชา",
        "b": True,
        "c": None,
        "d": 42,
        "e": Money("0.1"),
        "f": Money("-999999999999999.999999"),
        "g": Money("1.10"),
    }
    kept = state.decode(state.encode(state.Customer(profile={"attributes": profile.attributes})))
    assert kept.profile["attributes"] == profile.attributes
    assert str(kept.profile["attributes"]["g"]) == "1.10"


def test_tags_and_attributes_fit_the_state_together() -> None:
    many = {"tags": [f"{n:03}" + "x" * 47 for n in range(100)], "attributes": {f"k{n}": "y" * 40 for n in range(100)}}
    assert why(record(json.dumps(many), type="profile")) == ("bad-data", "data.attributes")
    del many["attributes"]
    assert len(taken(record(json.dumps(many), type="profile")).data.tags) == 100


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ('{"tags":' + json.dumps(["t"] * 101) + "}", "data.tags"),
        ('{"attributes":' + json.dumps({str(n): 1 for n in range(101)}) + "}", "data.attributes"),
    ],
)
def test_a_hundred_tags_and_a_hundred_attributes_are_enough(value, field) -> None:
    assert why(record(value, type="profile")) == ("bad-data", field)


SECRET = "zqxjzqxj"
"""No message of ours has these letters: where they turn up, a value leaked."""

_texts = st.just(SECRET) | st.text(max_size=5).map(lambda text: SECRET + text)
_scalars = _texts | st.integers() | st.floats() | st.booleans() | st.none() | st.sampled_from(["THB", "granted", "1.5"])
_json = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3))
_fields = sorted({name for kind in TYPES.values() for name in kind.__struct_fields__} | {SECRET})
_data = st.dictionaries(st.sampled_from(_fields), _json, max_size=8) | _json
_envelope = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(TYPES) + sorted(INTERNAL)) | _json},
    optional=dict.fromkeys(("id", "source", "subject", "time", "specversion", "datacontenttype"), _json),
)


_amounts = st.integers(0, 10**12) | st.decimals(0, 10**12, places=2).map(str)
_items = st.lists(
    st.fixed_dictionaries(
        {"sku": _texts, "qty": st.integers(1, 10**6), "price": _amounts}, optional={"category": _texts}
    )
)
_purchases = st.fixed_dictionaries(
    {"order_id": _texts, "total": _amounts, "items": _items}, optional={"coupon": _texts}
)
_extras = st.dictionaries(_texts, _scalars | _amounts, max_size=5)
_profiles = st.fixed_dictionaries(
    {"attributes": _extras}, optional={"tags": st.lists(_texts), "email": _texts | st.none(), "staff": st.booleans()}
)


def answer(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()) -> Event | None:
    """decode's event, None for a BadEvent; a leaked value or any other error fails the test."""
    told = ""
    try:
        return decode(key, value, headers, SHOP, NOW)
    except BadEvent as bad:
        told = f"{bad.field} {bad.detail} {bad}"
    assert SECRET not in told.lower()
    return None


@settings(max_examples=300)
@given(_data, _envelope)
def test_a_mangled_event_is_an_event_or_a_bad_event_that_tells_no_value(data, changes) -> None:
    answer(b"anna", record(json.dumps(data), **changes))
    answer(b"anna", json.dumps(data).encode(), [*BINARY.items(), ("ce_type", str(changes["type"]).encode())])


@settings(max_examples=200)
@given(_profiles)
def test_every_profile_that_decode_takes_survives_the_state_blob(data) -> None:
    event = answer(b"anna", record(json.dumps(data), type="profile"))
    if event is not None:
        fields = {name: getattr(event.data, name) for name in data}
        customer = state.Customer(profile=fields)
        assert state.decode(state.encode(customer)) == customer


@settings(max_examples=200)
@given(_purchases)
def test_every_purchase_that_decode_takes_survives_the_order_blob(data) -> None:
    event = answer(b"anna", record(json.dumps(data)))
    if event is not None:
        order = orders.Order()
        orders.merge(order, event)
        assert orders.decode(orders.encode(order)) == order


@settings(max_examples=300)
@given(
    st.none() | st.binary(max_size=12) | st.just(b"anna"),
    st.none() | st.binary(max_size=60),
    st.lists(st.tuples(st.sampled_from([*BINARY, "x"]), st.none() | st.binary(max_size=12)), max_size=4),
)
def test_any_bytes_at_all_get_an_answer(key, value, headers) -> None:
    answer(key, value, headers)


@settings(max_examples=300)
@given(st.data())
def test_a_good_record_with_some_bytes_changed_gets_an_answer(data) -> None:
    whole = record('{"order_id":"zqxjzqxj","total":89.5,"items":[{"sku":"zqxjzqxj","qty":2,"price":"4.25"}]}')
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 6)))
    changed = whole[:start] + data.draw(st.binary(max_size=6)) + whole[end:]
    answer(b"anna", changed)
    answer(b"anna", changed, [*BINARY.items()])
