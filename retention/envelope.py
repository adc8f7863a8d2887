"""The CloudEvents envelope of a record, in structured and in binary mode, and what msgspec says is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from retention.errors import BadEvent
from retention.events import Envelope

Headers = Sequence[tuple[str, bytes | None]]

_decoder = msgspec.json.Decoder(Envelope)
_ATTRIBUTES = [name for name in Envelope.__struct_fields__ if name != "data"]
_missing = re.compile(r"Object missing required field `(\w+)`").fullmatch


def read(value: bytes, headers: Headers) -> Envelope:
    """The envelope of a record. The mode is told as the CloudEvents Kafka binding tells it, by `content-type`.

    Raises BadEvent.
    """
    envelope = _by_headers(value, headers) if headers else _structured(value)
    if not (envelope.id.isprintable() and envelope.source.isprintable()):
        field = "source" if envelope.id.isprintable() else "id"
        raise BadEvent("bad-envelope", field, "An id and a source hold printable characters only.")
    return envelope


def _by_headers(value: bytes, headers: Headers) -> Envelope:
    named = {name.lower(): content for name, content in headers if content is not None}
    content_type = named.get("content-type", b"").strip().lower()
    if content_type.startswith(b"application/cloudevents-batch"):
        raise BadEvent("bad-envelope", "content-type", "Send one event a record; batches are not taken.")
    if content_type.startswith(b"application/cloudevents") or "ce_specversion" not in named:
        return _structured(value)
    return _binary(value, named)


def _structured(value: bytes) -> Envelope:
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise explain(error, "bad-envelope", "") from None


def _binary(value: bytes, headers: Mapping[str, bytes]) -> Envelope:
    """The attributes are in `ce_` headers, the value is the data."""
    attributes: dict[str, Any] = {"data": msgspec.Raw(value)}
    for name in _ATTRIBUTES:
        content = headers.get(f"ce_{name}")
        if content is None:
            continue
        try:
            attributes[name] = str(content, "utf-8")
        except UnicodeDecodeError:
            raise BadEvent("bad-envelope", name, "A header is not UTF-8.") from None
    try:
        return msgspec.convert(attributes, Envelope)
    except msgspec.ValidationError as error:
        raise explain(error, "bad-envelope", "") from None


def join(at: str, field: str) -> str:
    """A path inside the event."""
    return f"{at}.{field}" if at and field else at or field


_FORMS = {
    "launched": "A day is written YYYY-MM-DD, such as 2026-12-01, without a time",
    "birth_date": "A date is written YYYY-MM-DD, or --MM-DD without its year",
    "date": "A date is written YYYY-MM-DD, or --MM-DD without its year",
    "country": "A country is two capital letters, such as TH",
}
"""Fields whose text has a form of its own."""


def explain(error: Exception, reason: str, at: str) -> BadEvent:
    """What msgspec raised on the part of the event at path `at`, as a BadEvent.

    Its messages carry paths and types, never a value, but for enumerations.
    """
    if isinstance(error, RecursionError):
        return BadEvent("too-deep", at)
    if not isinstance(error, msgspec.ValidationError):
        return BadEvent("not-json", at)
    message, _, path = str(error).partition(" - at `$")
    field = join(at, path.removesuffix("`").lstrip("."))
    if "datetime" in message or "RFC3339" in message or "timezone" in message:
        return BadEvent("bad-time", field)
    if isinstance(error.__cause__, ValueError) and not isinstance(error.__cause__, msgspec.ValidationError):
        return BadEvent("bad-money", field)
    if missing := _missing(message):
        return BadEvent(reason, join(field, missing[1]), "The field is required and missing.")
    if message.startswith("Invalid enum value"):
        message = "Not one of the values this field may take"
    if message.startswith("Expected `str"):
        message = _FORMS.get(field.rpartition(".")[2], message)
    return BadEvent(reason, field, message.replace("`", ""))
