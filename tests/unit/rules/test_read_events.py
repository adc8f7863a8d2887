"""The shop's own events and attributes, as a marketer declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from retention.decode import decode
from retention.state import Customer
from rules.document import Document
from rules.language.kinds import Kind
from rules.language.schema import Declared
from rules.load import load
from rules.read_events import MAX_EVENTS, Own, read_events
from tests.unit.retention.making import NOW, record

HEAD = "events:\n  social_share: {network: text, url: text?, followers: count?}\n"


def read(content: str) -> tuple[Own | None, list[tuple[int, int, int, str, str]]]:
    document = Document("events.yaml", content.encode())
    own = read_events(document)
    return own, [(one.line, one.column, one.length, one.code, one.message) for one in sorted(document.problems)]


def good(content: str) -> Own:
    own, problems = read(content)
    assert problems == []
    assert own is not None
    return own


def test_events_are_declared_with_the_kinds_of_their_fields() -> None:
    own = good(HEAD + "  event_rsvp:\n    event: text\n    seats: count\n    price: number?\n    coming: flag\n")
    assert own.events == {
        "social_share": {"network": "text", "url": "text?", "followers": "count?"},
        "event_rsvp": {"event": "text", "seats": "count", "price": "number?", "coming": "flag"},
    }
    assert own.declared == Declared(
        {},
        {
            "social_share": {"network": Kind.TEXT, "url": Kind.TEXT, "followers": Kind.COUNT},
            "event_rsvp": {"event": Kind.TEXT, "seats": Kind.COUNT, "price": Kind.NUMBER, "coming": Kind.BOOL},
        },
    )


def test_attributes_of_the_profile_are_declared_too() -> None:
    own = good("attributes: {shoe_size: count, favourite: text, height: number, club: flag}\n")
    assert own.events == {}
    assert own.declared.attributes == {
        "shoe_size": Kind.COUNT,
        "favourite": Kind.TEXT,
        "height": Kind.NUMBER,
        "club": Kind.BOOL,
    }


def test_an_event_may_have_no_fields() -> None:
    assert good("events: {door_opened: {}}\n").events == {"door_opened": {}}


def test_names_may_be_what_is_a_word_elsewhere() -> None:
    fields = dict.fromkeys(("in", "not", "true", "items", "size", "total", "id", "x" * 63), "count")
    written = "".join(f"    {name}: count\n" for name in fields)
    assert good(f"events:\n  no:\n{written}").events == {"no": fields}


def test_of_what_cannot_be_read_at_all_nobody_can_say_what_it_declares() -> None:
    assert read("events: [\n")[0] is None
    assert read("- a\n")[0] is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("string", "text"),
        ("Integer?", "count?"),
        ("float", "number"),
        ("bool", "flag"),
        ("txt", "text"),
        ("date", "text"),
    ],
)
def test_a_kind_of_other_programs_is_told_and_holds_meanwhile_as_what_was_meant(written: str, meant: str) -> None:
    own, ((line, column, length, code, message),) = read(f"events:\n  wish: {{what: {written}}}\n")
    assert (line, column, length, code) == (2, 16, len(written), "bad-kind")
    assert message.endswith(f'did you mean "{meant}"?')
    assert own is not None
    assert own.events == {"wish": {"what": meant}}


@pytest.mark.parametrize(
    ("name", "advice"),
    [(name, f'such as "our_{name}"') for name in ("reward", "poke", "merged", "erased", "inactive", "date", "every")]
    + [(name, "rules listen to it as it is") for name in ("purchase", "product", "message")],
)
def test_a_name_that_has_a_meaning_already_is_refused(name: str, advice: str) -> None:
    (problem,) = read(f"events:\n  {name}: {{what: text}}\n")[1]
    assert problem[:4] == (2, 3, len(name), "name-taken")
    assert advice in problem[4]


@pytest.mark.parametrize("name", ["time", "at", "source", "type"])
def test_a_field_that_every_event_has_is_refused(name: str) -> None:
    (problem,) = read(f"events:\n  wish: {{{name}: text}}\n")[1]
    assert (problem[0], problem[3]) == (2, "name-taken")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("social-share", "social_share"), ("socialShare", "social_share"), ("Social Share", "social_share"), ("1st", "")],
)
def test_a_name_is_small_letters_digits_and_underscores(name: str, meant: str) -> None:
    (problem,) = read(f"events:\n  {name}: {{}}\n")[1]
    assert problem[3] == "bad-name"
    assert problem[4].endswith(f'did you mean "{meant}"?' if meant else "at most 63")


@pytest.mark.parametrize(
    ("content", "most"),
    [
        ("events:\n" + "".join(f"  e{n}: {{}}\n" for n in range(MAX_EVENTS + 1)), "51 of these, and 50"),
        ("events:\n  e:\n" + "".join(f"    f{n}: text\n" for n in range(51)), "51 of these, and 50"),
        ("attributes:\n" + "".join(f"  a{n}: text\n" for n in range(101)), "101 of these, and 100"),
    ],
)
def test_there_are_not_too_many(content: str, most: str) -> None:
    (problem,) = read(content)[1]
    assert problem[3] == "too-long"
    assert most in problem[4]


RULE = """\
id: seen
name: We saw your post
status: live
on: social_share
when:
  - event.followers >= 100
  - customer.attributes.shoe_size == null
goal: {event: event_rsvp, within: 7d}
do:
  - send: seen
"""
EVENTS = HEAD + "  event_rsvp: {event: text}\nattributes: {shoe_size: count}\n"


def shop(folder: Path, events: str) -> Path:
    """A rules folder with one rule on an event of the shop's own."""
    (folder / "campaigns").mkdir(parents=True)
    (folder / "campaigns/seen.yaml").write_text(RULE)
    (folder / "policy.yaml").write_text("currency: THB\ntime_zone: UTC\n")
    (folder / "events.yaml").write_text(events)
    (folder / "segments.yaml").write_text("large: customer.attributes.shoe_size >= 45\n")
    return folder


def test_a_rule_listens_to_a_declared_event_as_it_arrives(tmp_path: Path) -> None:
    ruleset = load(shop(tmp_path, EVENTS)).ruleset
    assert ruleset is not None
    (rule,) = ruleset.by_trigger["social_share"]
    assert rule.condition is not None
    for followers, expected in ((99, False), (100, True)):
        value = record(f'{{"network":"LINE","followers":{followers}}}', type="social_share")
        event = decode(b"anna", value, (), ruleset.policy.shop, NOW)
        assert rule.condition(event, Customer()) is expected


@pytest.mark.parametrize("events", ["[", "- a", "events: {", "# nothing yet\n"])
def test_of_rules_and_segments_nothing_is_said_when_nobody_can_say_what_is_declared(
    tmp_path: Path, events: str
) -> None:
    assert {Path(one.path).name for one in load(shop(tmp_path, events)).problems} == {"events.yaml"}


def test_a_mistake_in_one_declaration_brings_no_others_into_the_rules(tmp_path: Path) -> None:
    problems = load(shop(tmp_path, EVENTS.replace("count?", "integer?"))).problems
    assert [(Path(one.path).name, one.code) for one in problems] == [("events.yaml", "bad-kind")]


def test_a_declaration_that_cannot_be_opened_is_told_alone(tmp_path: Path) -> None:
    folder = shop(tmp_path, EVENTS)
    (folder / "events.yaml").unlink()
    (folder / "events.yaml").mkdir()
    assert [(Path(one.path).name, one.code) for one in load(folder).problems] == [("events.yaml", "unreadable-file")]
