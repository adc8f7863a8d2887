"""The lines of the demo's feed, in words."""

from __future__ import annotations

import datetime as dt

import msgspec
from babel.numbers import format_currency

from storage.fan_outs import CATCH_UP, FanOut
from storage.queries import Happened

_exact = msgspec.json.Decoder(float_hook=str)


def told(one: Happened, currency: str) -> str:
    """A line of the feed in words."""
    if one.kind == "event":
        return f"{one.customer} {one.what}{_amount(one.data, currency)}"
    if one.kind == "decision":
        outcome, _, reason = one.detail.partition(" ")
        if outcome == "suppressed":
            return f"{one.customer} → {one.what} not sent: {reason.replace('-', ' ')}"
        return f"{one.customer} → {one.what} {outcome}"
    if one.kind == "mail":
        status, _, channel = one.detail.partition(" ")
        return f"{one.customer} {one.what} {status} by {channel}"
    return f"{one.what} on topic {one.detail.replace(' ', ', field ', 1) if ' ' in one.detail.strip() else one.detail}"


def _amount(data: bytes | None, currency: str) -> str:
    body = _exact.decode(data) if data else {}
    total = body.get("total") if isinstance(body, dict) else None
    return f" {format_currency(str(total), body.get('currency') or currency, locale='th')}" if total is not None else ""


def told_of_many(one: FanOut, waiting: tuple[int, int], zone: dt.tzinfo) -> str:
    """What became of many at once. `waiting`: how many of a launch wait for their mail's hour, and until when, µs."""
    if one.kind == CATCH_UP:
        return f"{one.what} catches up with who was quiet before: {one.reached} customers taken"
    name = _exact.decode(one.data)["name"] if one.data else one.what
    number, due = waiting
    hour = f"{dt.datetime.fromtimestamp(due / 1_000_000, dt.UTC).astimezone(zone):%A %H:%M}"
    leave = f"; {number} wait for a mail about it, from {hour} on" if number else ""
    return f"{name} is launched: {one.reached} customers are told{leave}"
