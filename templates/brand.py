"""brand.yaml: the shop as its messages name it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from ruamel.yaml.comments import CommentedMap

from templates.catalogue import Brand, canonical, fallbacks
from templates.errors import Refused, TemplateProblem
from templates.links import checked
from templates.page import NEEDED
from templates.slots import first_slot_character
from templates.yaml import Report, place, plain, read_mapping, reporter

SETTINGS = ("default_locale", "locales", "time_zone", "colours")
COLOURS = ("accent", "on_accent", "ink", "quiet", "paper", "ground")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def read_brand(path: str, text: str, problems: list[TemplateProblem]) -> Brand | None:
    """The brand that `text` holds; None after adding to `problems`."""
    report, before = reporter(path, problems), len(problems)
    data = read_mapping(text, 1, report)
    if data is None:
        return None
    locales = _locales(data, report)
    default, zone = _default(data, locales, report), _zone(data, report)
    colours = _colours(data, report)
    fields = {str(key): plain(value) for key, value in data.items() if key not in SETTINGS}
    for key in NEEDED:
        if key not in fields:
            report(1, 1, f"the brand needs `{key}:`", "no-field")
    for key, value in fields.items():
        _check_field(data, key, value, (*locales, default), report)
    return Brand(fields, colours, default, locales, zone) if len(problems) == before else None


def _locales(data: CommentedMap, report: Report) -> tuple[str, ...]:
    value = plain(data.get("locales"))
    if isinstance(value, list) and value and all(isinstance(one, str) and _is_locale(one) for one in value):
        return tuple(value)
    report(*_place(data, "locales"), "`locales:` is a list such as [en, th]", "bad-locale")
    return ()


def _is_locale(tag: str) -> bool:
    try:
        return tag == canonical(tag) and bool(Locale.parse(tag, sep="-"))
    except (ValueError, UnknownLocaleError):
        return False


def _default(data: CommentedMap, locales: tuple[str, ...], report: Report) -> str:
    value = plain(data.get("default_locale"))
    if locales and value not in locales:
        report(*_place(data, "default_locale"), "`default_locale:` must be one of `locales:`", "bad-locale")
    return str(value)


def _zone(data: CommentedMap, report: Report) -> str:
    value = plain(data.get("time_zone"))
    if value not in _zones():
        report(*_place(data, "time_zone"), "`time_zone:` is a name such as Asia/Bangkok", "bad-zone")
    return str(value)


@cache
def _zones() -> frozenset[str]:
    """Read from the system's files once, not for every brand."""
    return frozenset(available_timezones())


def _colours(data: CommentedMap, report: Report) -> dict[str, str]:
    value = plain(data.get("colours"))
    given = value if isinstance(value, dict) else {}
    for name in COLOURS:
        if not isinstance(given.get(name), str) or not _COLOUR.fullmatch(given[name]):
            at = place(data["colours"], name, 1) if name in given else _place(data, "colours")
            report(*at, f'`colours:` needs {name}, written as "#2f6b4f"', "bad-colour")
    return given


def _check_field(data: CommentedMap, key: str, value: Any, locales: tuple[str, ...], report: Report) -> None:
    texts = list(value.values()) if isinstance(value, dict) else [value]
    at = _place(data, key)
    if not all(type(text) in (str, int) for text in texts):
        report(*at, f"`{key}:` is one text or number, or one for each locale", "bad-field")
    elif any(first_slot_character(str(text)) >= 0 for text in texts):
        report(*at, f"`{key}:` holds a character for private use; take it out", "private-character")
    elif isinstance(value, dict) and not all(set(fallbacks(one, "")) & set(value) for one in locales):
        report(*at, f"`{key}:` is missing in one of the locales", "missing-locale")
    elif key.endswith("url") and not all(map(_is_link, texts)):
        report(*at, f"`{key}:` must be an http:// or https:// address", "bad-link")
    elif key == "reply_to" and not all(_MAIL.fullmatch(str(text)) for text in texts):
        report(*at, "`reply_to:` must be one mail address", "bad-address")


def _is_link(text: Any) -> bool:
    try:
        return checked(str(text)).startswith("http")
    except Refused:
        return False


def _place(data: CommentedMap, key: str) -> tuple[int, int]:
    return place(data, key, 1) if key in data else (1, 1)
