"""The filters and tests of messages. Each takes a value and gives a value: none gives markup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NoReturn

from jinja2 import pass_context
from jinja2.runtime import Context, Undefined

from templates.errors import Refused
from templates.slots import MAX_CHARACTERS
from templates.values import Amount, Format

LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
"""What a message may ask of `loop`."""


def printable(value: Any) -> str:
    """`value` as text, if a customer can be shown it as it is: text and whole or decimal numbers."""
    if type(value) is str:
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises UndefinedError, which names what is missing
    if value is None:
        raise Refused("empty-value", 'this value can be empty; give a word for that: {{ name or "there" }}')
    if isinstance(value, Amount):
        raise Refused("bare-amount", "an amount needs the filter money: {{ event.total | money }}")
    if isinstance(value, dt.date):
        raise Refused("bare-date", "a date needs a filter: {{ event.time | date }}")
    if isinstance(value, bool):
        raise Refused(
            "bad-value",
            "this needs text or a number; ask for a yes or no: {% if offer.free_shipping %}",
        )
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, Decimal)):
        return str(value) if -(10**30) < value < 10**30 else _refuse("a number of sane size")
    return _refuse("text or a number")


def _refuse(what: str) -> NoReturn:
    raise Refused("bad-value", f"this needs {what}")


def _format(context: Context) -> Format:
    form: Format = context["_format"]
    return form


@pass_context
def _money(context: Context, value: Any) -> str:
    return _format(context).money(value if isinstance(value, Amount) else _fail(value, "an amount"))


@pass_context
def _date(context: Context, value: Any, style: str = "long") -> str:
    return _format(context).date(value if isinstance(value, dt.date) else _fail(value, "a date"), style)


@pass_context
def _time(context: Context, value: Any) -> str:
    return _format(context).time(value if isinstance(value, dt.datetime) else _fail(value, "a time"))


@pass_context
def _datetime(context: Context, value: Any, style: str = "long") -> str:
    return _format(context).datetime(value if isinstance(value, dt.datetime) else _fail(value, "a time"), style)


@pass_context
def _number(context: Context, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, float)):
        return str(_fail(value, "a number"))
    return _format(context).number(value)


@pass_context
def _plural(context: Context, value: Any, one: str, other: str) -> str:
    return _format(context).plural(_whole(value), one, other)


@pass_context
def _ordinal(context: Context, value: Any) -> str:
    return _format(context).ordinal(_whole(value))


def _whole(value: Any) -> int:
    return value if type(value) is int else _fail(value, "a whole number")


def _fail(value: Any, what: str) -> Any:
    if value is None:
        raise Refused("empty-value", f"this needs {what}, and can be empty; ask first: {{% if … %}} … {{% endif %}}")
    return printable(value) if isinstance(value, Undefined) else _refuse(what)


def _joined(values: Iterable[Any], between: str = "") -> str:
    texts = [printable(value) for value in values]
    if sum(map(len, texts)) + len(texts) * len(between) > MAX_CHARACTERS:
        raise Refused("too-large", "joining these gives too long a text")
    return between.join(texts)


def _default(value: Any, other: Any) -> Any:
    """For what is empty; a name that is unknown is still a mistake."""
    if isinstance(value, Undefined):
        printable(value)
    return other if value is None or value == "" else value


def _sized(value: Any) -> Any:
    return value if isinstance(value, (str, list, tuple)) else _fail(value, "a list or text")


def _text(change: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: change(printable(value))


FILTERS: dict[str, Callable[..., Any]] = {
    "money": _money,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "number": _number,
    "plural": _plural,
    "ordinal": _ordinal,
    "upper": _text(str.upper),
    "lower": _text(str.lower),
    "capitalize": _text(str.capitalize),
    "title": _text(str.title),
    "trim": _text(str.strip),
    "default": _default,
    "join": _joined,
    "length": lambda value: len(_sized(value)),
    "first": lambda value: _sized(value)[0],
    "last": lambda value: _sized(value)[-1],
    "_joined": _joined,
}

TESTS: dict[str, Callable[..., bool]] = {
    "none": lambda value: value is None,
    "odd": lambda value: _whole(value) % 2 == 1,
    "even": lambda value: _whole(value) % 2 == 0,
}
