"""A condition's text to tokens, each with its place. Every bad token is reported, not only the first."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from rules.language.escapes import ADVICE, BadEscape, unescape
from rules.language.faults import Fault
from rules.language.tree import MICROS

MAX_DIGITS = 15

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>[0-9](?:[A-Za-z0-9_]|\.[0-9])*)
      | (?P<raw>(?:[rRbB]{1,2}["']|\"{3}|'{3})[^\r\n]*)
      | (?P<text>"(?:[^"\\\r\n]|\\[^\r\n])*"|'(?:[^'\\\r\n]|\\[^\r\n])*')
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<op>&&|\|\||==(?!=)|!=(?!=)|<=|>=|<(?!>)|/(?!/)|\.(?=[A-Za-z_])|!(?!==)|[-+*%>()\[\],])""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
_SAME = {"&&": "and", "||": "or"}
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
UNITS = {
    "s": "s",
    "m": "m",
    "h": "h",
    "d": "d",
    "w": "w",
    "sec": "s",
    "second": "s",
    "min": "m",
    "minute": "m",
    "hr": "h",
    "hour": "h",
    "day": "d",
    "week": "w",
    "wk": "w",
}
WORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})

_SLIPS = (
    (re.compile(r"=<|=>"), 'write "<=" or ">="'),
    (re.compile(r"<>"), 'write "!=" for "is not"'),
    (re.compile(r"!=="), 'write "!=" to compare'),
    (re.compile(r"===+"), 'write "==" to compare'),
    (re.compile(r";"), 'write "and" between two conditions'),
    (re.compile(r"[{}]+"), "a condition has no braces: write customer.orders as it is"),
    (re.compile("[\x85\u00a0\u2000-\u200a\u2028\u2029\u202f\u3000]+"), "write a plain space"),
    (re.compile("[\u200b-\u200f\u2060\ufeff]+"), "nobody sees this character: remove it"),
    (re.compile(r"="), 'use "==" to compare'),
    (re.compile(r"&"), 'write "and"'),
    (re.compile(r"\|"), 'write "or"'),
    (re.compile("[\u201c\u201d\u201e\u00ab\u00bb]"), 'use the straight quote " of the keyboard'),
    (re.compile("[\u2018\u2019`\u00b4]"), 'use the straight quote "'),
    (re.compile("[\u2264\u2265\u2260]"), 'write "<=", ">=" or "!="'),
    (re.compile("[\u2013\u2014\u2212]"), 'write "-" for minus'),
    (re.compile(r"\$|\u0e3f|\u20ac|\u00a3|\u00a5"), "amounts are in the shop's currency: write the bare number"),
    (re.compile(r"[\"'][^\n]*"), "the text has no closing quote"),
    (re.compile(r"//[^\n]*"), "no comments inside a condition: put them behind a # in the file"),
    (re.compile(r"\.[0-9]+"), 'write the 0 before the point: "0.5"'),
    (re.compile(r"[?:]"), 'there is no "? :" in conditions; use "and", "or" and "not"'),
)

_FOREIGN = re.compile("(?:[\uff01-\uff5e]|[^\\D0-9])+")
"""Signs and digits of other scripts: full-width, Thai."""
_LETTERS_ELSEWHERE = re.compile("[\u00c0-\u1fff\u2c00-\u2fff\u3040-\ud7ff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: number, duration, text, word (a field or a function), op (operators and keywords), end."""

    kind: str
    value: str | int | Decimal
    start: int
    end: int


def tokenize(text: str) -> tuple[list[Token], list[Fault]]:
    """Every token of `text` and a last one of kind `end`; and what could not be read."""
    tokens: list[Token] = []
    faults: list[Fault] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            fault = _slip(text, at)
            faults.append(fault)
            at += fault.length
            continue
        at = match.end()
        made = _make(match)
        if isinstance(made, Fault):
            faults.append(made)
        elif made is not None:
            tokens.append(made)
    tokens.append(Token("end", "the end", len(text), len(text)))
    return tokens, faults


def _make(match: re.Match[str]) -> Token | Fault | None:
    kind, word, start, end = str(match.lastgroup), match.group(), match.start(), match.end()
    if kind == "space":
        return None
    if kind == "number":
        return _number(word, start)
    if kind == "text":
        return _text(word, start)
    if kind == "raw":
        return Fault(
            start, len(word), 'a text stands in one pair of quotes: "tea"; a backslash in it is \\\\', "syntax"
        )
    if kind == "op" or word in WORDS:
        return Token("op", _SAME.get(word, word), start, end)
    if word.lower() in WORDS:
        return Fault(start, len(word), f'write "{word.lower()}" in small letters', "syntax")
    return Token("word", word, start, end)


def _number(word: str, start: int) -> Token | Fault:
    end = start + len(word)
    if duration := _DURATION.fullmatch(word):
        return Token("duration", int(duration[1]) * MICROS[duration[2]], start, end)
    if not _NUMBER.fullmatch(word):
        amount = word.rstrip(_LETTERS)
        unit = UNITS.get(word.lower().removeprefix(amount).rstrip("s"), "")
        hint = f'; did you mean "{amount}{unit}"?' if unit else ""
        if word.lower().removeprefix(amount).rstrip("s") in ("month", "mo", "year", "y", "yr"):
            hint = ": months and years differ in length, write days"
        elif "_" in word and _NUMBER.fullmatch(plain := word.replace("_", "")):
            hint = f'; did you mean "{plain}"?'
        message = f'"{word}" is neither a number nor a length of time such as 30d, 12h or 90m{hint}'
        return Fault(start, len(word), message, "syntax")
    if len(word) > MAX_DIGITS:
        return Fault(start, len(word), f"a number has at most {MAX_DIGITS} digits", "syntax")
    return Token("number", Decimal(word) if "." in word else int(word), start, end)


def _text(word: str, start: int) -> Token | Fault:
    try:
        return Token("text", unescape(word[1:-1]), start, start + len(word))
    except BadEscape as bad:
        return Fault(start + 1 + bad.offset, bad.length, ADVICE, "syntax")


def _slip(text: str, at: int) -> Fault:
    if found := _FOREIGN.match(text, at):
        plain = "".join(str(unicodedata.decimal(one, unicodedata.normalize("NFKC", one))) for one in found.group())
        return Fault(at, len(plain), f'write "{plain}" with the signs of the English keyboard', "syntax")
    for pattern, advice in _SLIPS:
        if found := pattern.match(text, at):
            shown = "" if found.end() - at > 2 else f'"{found.group()}" does not belong here: '
            return Fault(at, found.end() - at, shown + advice, "syntax")
    if found := _LETTERS_ELSEWHERE.match(text, at):
        message = f'"{found.group()}" does not belong here: a text stands in quotes, and joining is "and", "or", "not"'
        return Fault(at, found.end() - at, message, "syntax")
    return Fault(at, 1, f'"{text[at]}" does not belong in a condition', "syntax")
