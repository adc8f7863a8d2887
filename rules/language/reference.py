"""docs/reference/conditions.md, from the tables the compiler uses. `python -m rules.language.reference` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from retention.events import PRODUCT
from retention.shop import Shop
from rules.language.check import MAX_TESTS
from rules.language.functions import FUNCTIONS, Function
from rules.language.kinds import ARITHMETIC, Kind
from rules.language.parser import MAX_DEPTH, MAX_ITEMS, MAX_LENGTH
from rules.language.schema import CUSTOMER, ENTRY, ENVELOPE, TIMED, TRIGGERS, Field, schema
from rules.language.tokens import MAX_DIGITS

OPERATORS: tuple[tuple[str, str, str], ...] = (
    ("`or`, `||`", 'customer.country == "TH" or customer.orders > 3', "at least one holds; binds weakest"),
    ("`and`, `&&`", "customer.orders > 3 and customer.gross > 5000", "both hold"),
    ("`not`, `!`", 'not has_tag("vip")', "`not` covers the comparison behind it, `!` only the value or the brackets"),
    ("`==`, `!=`", 'event.source != "/till"', "of two values of one kind; a count and a number are compared too"),
    ("`<`, `<=`, `>`, `>=`", "event.total >= 2000", "of counts, numbers, money, points in time, lengths of time"),
    ("`in`, `not in`", 'customer.country in ["TH", "SG"]', "one of the values written out, or of a customer's list"),
    ("`== null`, `!= null`", "customer.email != null", "nothing, or something, is known"),
    ("`+`, `-`", "event.at - customer.first_order_at > 90d", "also `-` before a value"),
    (
        "`*`, `/`, `%`",
        "customer.gross / customer.orders > 500",
        "`/` is exact: 7 / 2 is 3.5; `%` is the rest, with the sign of the left",
    ),
    ("`( )`", "(customer.orders > 3 or customer.staff) == false", "first what is inside"),
)  # fmt: skip
"""Operators, weakest first; an example; what it means."""
LITERALS: tuple[tuple[str, str, str], ...] = (
    ("count", "`3`, `-1`", f"a whole number, at most {MAX_DIGITS} digits"),
    ("number", "`0.5`", "with a decimal point; decimal, not binary: 0.1 + 0.2 is 0.3"),
    ("money", "`1500`, `890.50`", "a bare number beside money is an amount in the shop's currency"),
    ("text", "`\"tea\"`, `'tea'`", "straight quotes; escapes below"),
    ("length of time", "`90s`, `90m`, `12h`, `30d`, `2w`", "a day is 24 hours"),
    ("true or false", "`true`, `false`", ""),
    ("list", '`["TH", "SG"]`', f"to the right of `in`; at most {MAX_ITEMS} values"),
    ("nothing", "`null`", "only to ask whether something is known"),
)
ESCAPES = (
    "`\\\\`, `\\\"`, `\\'`, `` \\` ``, `\\?`; `\\n` new line, `\\t` tab, `\\r`, `\\a`, `\\b`, `\\f`, `\\v`;\n"
    "a character by its number: `\\x41`, `\\101`, `\\u0E01`, `\\U0001F381`."
)
_SHORT = {kind: kind.value.removeprefix("a ").removeprefix("an ") for kind in Kind}

_HEAD = """\
# Conditions

What stands behind `when:` in a rule and in `rules/segments.yaml`. How to use it: [for the
marketer](../how-to/marketer.md). This page is made from the tables of the compiler: `.venv/bin/python -m
rules.language.reference` prints it.

Conditions are a subset of [CEL](https://cel.dev), with `and`, `or`, `not`, money, lengths of time and exact quotients
added. They call no code and read nothing but the event and the customer it left.
"""

_OWN = """\
### Events of the shop's own

Those that `rules/events.yaml` declares have the fields that stand there: `event.network`. Every one may be missing.
Attributes that it declares are asked for as `customer.attributes.shoe_size`.
"""
_STEPS = """\
## In the steps of a rule

Behind `stop_if` and `if` the customer is as they are by then, `event` is still the one that began it, and `event.at` is
the moment of the step. Two fields more are known:

"""
_UNKNOWN = """\
## What is not known

A value that is missing makes a comparison *unknown*: neither true nor false. `unknown and false` is false, `unknown or
true` is true, everything else with unknown is unknown, its opposite too. Unknown fires nothing. `== null` and `has( )`
are never unknown. Dividing by zero is unknown, and so is what arithmetic takes beyond 64 bits (money: in minor units),
292 years, or the years 1 to 9999.
"""


def page() -> str:
    """The whole page."""
    parts = [
        _HEAD,
        _limits(),
        "## Literals\n\n" + _table(("kind", "examples", ""), LITERALS) + f"\nEscapes in a text, as in CEL: {ESCAPES}\n",
        "## Operators\n\nWeakest first. Compare two values at a time; lists and texts have no order.\n\n"
        + _table(("operator", "example", "meaning"), ((op, f"`{one}`", says) for op, one, says in OPERATORS)),
        "## Arithmetic\n\n" + _arithmetic(),
        _UNKNOWN,
        "## Functions\n\n" + _functions(),
        "## Fields of the customer\n\nAs the event left them.\n\n" + _fields(CUSTOMER),
        "## Fields of the event\n\nOf every event:\n\n" + _fields(ENVELOPE),
        *(_trigger(trigger) for trigger in (*TRIGGERS, PRODUCT)),
        _OWN,
        _timed(),
        _STEPS + _fields(ENTRY),
        _CEL,
    ]
    return "\n".join(parts)


def _limits() -> str:
    return (
        f"A condition has at most {MAX_LENGTH:,} characters, nests at most {MAX_DEPTH} deep, and comes to at most\n"
        f"{MAX_TESTS:,} comparisons with its segments.\n"
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _arithmetic() -> str:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for (op, left, right), result in ARITHMETIC.items():
        rows.setdefault((_SHORT[left], _SHORT[right], _SHORT[result]), []).append(f"`{op}`")
    told = ((left, " ".join(ops), right, result) for (left, right, result), ops in rows.items())
    return _table(("left", "", "right", "gives"), told) + "\nA number is rounded to 28 digits.\n"


def _functions() -> str:
    rows = (
        (f"`{name}`", f"`{one.example}`", _takes(name, one), _SHORT[one.gives], one.says)
        for name, one in FUNCTIONS.items()
    )
    return _table(("function", "example", "of", "gives", "meaning"), rows)


def _takes(name: str, function: Function) -> str:
    if name == "has":
        return "a field"
    return ", ".join(" or ".join(_SHORT[kind] for kind in kinds) for kinds in function.takes)


def _fields(fields: Mapping[str, Field]) -> str:
    rows = ((f"`{path}`", _kind(one), "yes" if one.may_miss else "", one.says) for path, one in fields.items())
    return _table(("field", "kind", "may be missing", ""), rows)


def _kind(field: Field) -> str:
    return _SHORT[field.kind] + (f": {', '.join(f'`{choice}`' for choice in field.choices)}" if field.choices else "")


def _trigger(trigger: str) -> str:
    made = schema(trigger, Shop())
    own = {path: one for path, one in made.fields.items() if path.startswith("event.") and path not in ENVELOPE}
    cannot = [f"`{path}`: {why}" for path, why in made.hints.items() if path.startswith("event.")]
    after = f"\nCannot be used: {'; '.join(cannot)}.\n" if cannot else ""
    return f"### `{trigger}`\n\n" + _fields(own) + after


def _timed() -> str:
    """What rules know that nobody's event fires; read off their schemas."""
    fields = schema(TIMED[0], Shop()).fields
    assert all(schema(one, Shop()).fields.keys() == fields.keys() for one in TIMED)
    own = {path: one for path, one in fields.items() if path.startswith("event.")}
    return (
        "## Rules that time fires\n\n"
        "With `on: inactive`, `on: date` and `every` there is no event of the customer's, only its moment.\n"
        "Conditions speak of the customer, and of this:\n\n" + _fields(own) + "\nThe `audience` of `every` and\n"
        "`on: product`, and segments, speak of the customer alone.\n"
    )


_CEL = """\
## For those who know CEL

| | CEL | here |
|---|---|---|
| `7 / 2` | 3 | 3.5; `%` is the same |
| decimals | doubles | decimal, 28 digits; they mix with whole numbers |
| a whole number of more than 15 digits | up to 64 bits | refused |
| text `<` text, text `+` text | yes | refused |
| `a < b < c`, `x ? y : z`, `x.exists(…)`, `matches`, maps | yes | refused; the check says what to write |
| `r"…"`, `b"…"`, triple quotes, `1e3`, `0x1F`, `1u` | yes | refused |
| `duration("720h")` | yes | `720h` or `30d` |
| a missing key | an error | unknown; `x == null` asks for it, and so does `has(x)` |
"""


if __name__ == "__main__":
    sys.stdout.write(page())
