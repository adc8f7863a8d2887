"""Values that stand in several kinds of file."""

from __future__ import annotations

from retention.events import INTERNAL
from rules.formats.describe import Key, Shape, choice, either, mapping, one_or_more, text, word
from rules.language.parser import MAX_LENGTH
from rules.language.schema import TRIGGERS
from rules.read_course import QUIET as READ_QUIET
from rules.read_offers import PACES, WHEN_EMPTY
from rules.read_trial import ID as READ_ID
from rules.read_trigger import PERIODS
from rules.read_wait import WEEKDAYS
from rules.ruleset import ADDRESSES

NAME = "[a-z][a-z0-9_]{0,62}"
"""Of what the shop declares itself: attributes, events, fields."""
_DAY = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
SPAN = "[1-9][0-9]{0,5}[smhdw]"
_SHARE = r"\s*0*(?:100(?:\.0{1,2})?|[0-9]{1,2}(?:\.[0-9]{1,2})?)%\s*"
_WEEKDAYS = "|".join(WEEKDAYS)

ID_PATTERN = READ_ID.pattern
ID = text("small letters, digits, hyphens", f"^{ID_PATTERN}$")
DURATION = word("a length of time: `90m`, `12h`, `7d`, `2w`", SPAN)
SHARE = word("a share: `10%`, `2.5%`", _SHARE)
CLOCK = word('a time of day: `"10:00"`', _CLOCK)
DAY = word("a day: `2026-03-01`", _DAY)
POINT = word(
    'a time of day, `"friday 10:00"`, a day, or a day and a time',
    f"(?:(?:{_WEEKDAYS}) )?{_CLOCK}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?: (?:{_CLOCK})?)?",
)
CHANNEL = choice(tuple(ADDRESSES))
TRUTH = Shape("`true` or `false`", {"enum": [True, False, "true", "false"]})
PERIOD = choice(PERIODS)
QUIET = choice(READ_QUIET)
MESSAGE = text("the name of a message")

_QUESTION = {"anyOf": [{"type": "string", "pattern": r"\S", "maxLength": MAX_LENGTH}, {"type": "boolean"}]}
CONDITION = one_or_more(Shape("a condition", _QUESTION), "a condition, or a list of which all must hold")

OWN_EVENT = {"type": "string", "pattern": f"^{NAME}$", "not": {"enum": [*sorted(INTERNAL), "product"]}}
"""An event type of the shop's own: which there are, only `rules/events.yaml` knows."""
EVENT = either("an event", {"enum": list(TRIGGERS)}, OWN_EVENT)

PACE = choice(PACES)
EMPTY = choice(WHEN_EMPTY)


_OPEN = (
    Key("from", DAY, "The first day.", "2026-03-01", default="open"),
    Key("to", DAY, "The last day; it is included.", "2026-06-30", default="open"),
)
DAYS = mapping(*_OPEN, told="days: `{from: …, to: …}`, or one of the two", minProperties=1)
