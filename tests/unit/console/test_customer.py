"""What `regulars customers show` says of a customer: rules under way, what is asked for, decisions in plain words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from console.cli.customer import REASONS, Known, decided, document, readable
from retention.state import Customer, Journey
from rules.policy import DAY, Policy
from rules.ruleset import Rule, Status, rule_set
from rules.steps import Assign, Branch, Emit, Grant, Jump, Notify, Send, StopIf, Tag, Wait, WaitUntil
from storage.queries import Asked, Decided
from storage.told import Left

NOW = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
ROOT = Path(__file__).resolve().parents[3]


def always(*_: Any) -> bool:
    return True


WIN_BACK = (Wait(DAY), Send("bye", ("email",)), Grant("gift", "note"))
STEPS = (
    Grant("points", amount=50),
    Tag("vip"),
    Tag("vip", False),
    Assign((("shoe_size", 42),)),
    Notify("Call"),
    Emit("loyalty"),
    Wait(1),
    WaitUntil(600),
    StopIf(always),
    Branch(always, 3),
    Jump(12),
    Grant("offer", "tea"),
)
RULES = rule_set(
    [
        Rule("win-back", "Win back", Status.LIVE, "purchase", None, WIN_BACK),
        Rule("steps", "Steps", Status.LIVE, "purchase", None, STEPS),
    ],
    Policy(),
    "rules-1",
)


def known(customer: Customer, *decisions: Decided, requests: tuple[Asked, ...] = ()) -> dict[str, Any]:
    return document(Known("anna", customer, [], Left(0, None), list(decisions), list(requests)), RULES)


def lines(*journeys: Journey, **more: Any) -> list[str]:
    """What stands under `under way`."""
    rows = readable(known(Customer(journeys=list(journeys)), **more))
    start = next((number for number, row in enumerate(rows) if row[0] == "under way"), len(rows))
    return [line for _, line in rows[start:]]


def journey(rule: str = "win-back", **fields: Any) -> Journey:
    return Journey(rule, "/shop\x1f1", NOW, 1, 1, **fields)


def test_a_rule_under_way_says_when_it_goes_on_and_with_what() -> None:
    assert lines(journey(step=1, due=NOW + DAY, variant="warm")) == [
        "win-back, since 2026-03-01T10:00:00Z, variant warm: goes on 2026-03-02T10:00:00Z with message bye"
    ]


def test_a_rule_that_is_held_up_says_since_when() -> None:
    assert lines(journey(step=1, due=NOW + DAY, since=NOW, shadow=True)) == [
        "win-back, since 2026-03-01T10:00:00Z, in shadow: held up since 2026-03-01T10:00:00Z, "
        "looks again 2026-03-02T10:00:00Z, then goes on with message bye"
    ]


def test_a_rule_that_only_waits_to_hear_of_a_message_and_one_that_is_gone_say_so() -> None:
    found = lines(journey(step=3, open={"m": 1}), journey("gone", step=1, due=NOW + DAY))
    assert found == [
        "win-back, since 2026-03-01T10:00:00Z: waits to hear of its message, which may still be stopped",
        "gone, since 2026-03-01T10:00:00Z: goes on 2026-03-02T10:00:00Z",
    ]


def test_every_kind_of_step_has_words() -> None:
    steps = RULES.by_id["steps"].do
    found = known(Customer(journeys=[journey("steps", step=number, due=NOW) for number in range(len(steps) + 1)]))
    assert [one["next"] for one in found["under_way"]] == [
        "50 points",
        "tag vip",
        "untag vip",
        "set shoe_size",
        "a word to the staff",
        "event to loyalty",
        "another wait",
        "another wait",
        "a condition",
        "a condition",
        "a condition",
        "offer tea",
        "",
    ]


def test_what_is_asked_for_and_what_rules_have_set_is_told() -> None:
    asked = (Asked(NOW, "win-back", "gift", "note", 1), Asked(NOW, "win-back", "points", "", 1_500))
    customer = Customer(own_tags=["vip"], own={"shoe_size": 42, "color": None})
    rows = readable(known(customer, requests=asked))
    assert rows[-2:] == [
        ("asked for", "gift note, by win-back at 2026-03-01T10:00:00Z; not granted yet"),
        ("", "1,500 points, by win-back at 2026-03-01T10:00:00Z; not granted yet"),
    ]
    assert ("by rules", "vip, shoe_size 42, color cleared") in rows


def test_a_customer_with_nothing_under_way_is_shown_without_a_word_of_it() -> None:
    names = [name for name, _ in readable(known(Customer()))]
    assert not {"", "under way", "asked for", "by rules"} & set(names)


@pytest.mark.parametrize(
    ("outcome", "reason", "due", "status", "words"),
    [
        ("queued", "", NOW, "sent", "queued, message sent"),
        ("queued", "", NOW + DAY, "queued", "queued for 2026-03-02T10:00:00Z, message queued"),
        ("waiting", "wait", NOW + DAY, None, "waits until 2026-03-02T10:00:00Z, as the rule says [wait]"),
        (
            "waiting",
            "open-ticket",
            NOW + DAY,
            None,
            "waits until 2026-03-02T10:00:00Z, a support ticket of theirs is open [open-ticket]",
        ),
        ("suppressed", "cap", None, None, "suppressed, they have had as many messages as they may [cap]"),
        ("stopped", "stop-if", None, None, "stopped, what the rule stops at is so [stop-if]"),
        ("held-out", "holdout", None, None, "held-out, kept out of this rule, to compare [holdout]"),
        ("shadow", "", NOW, None, "shadow, would have gone, were the rule live"),
        ("done", "", None, None, "done, gift note"),
        ("requested", "", None, None, "requested, gift note"),
        ("suppressed", "of-a-newer-version", None, None, "suppressed, of-a-newer-version [of-a-newer-version]"),
    ],
)
def test_decisions_are_told_in_words(
    outcome: str, reason: str, due: int | None, status: str | None, words: str
) -> None:
    found = known(Customer(), Decided(NOW, "win-back", 2, outcome, reason, due, "m" if status else None, status))
    assert decided(found["decisions"][0]) == words


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("cancelled", "no-consent", "queued, message cancelled [no-consent]"),
        ("queued", "quiet-hours", "queued, message queued [quiet-hours]"),
        ("sent", "mailbox-busy (450)", "queued, message sent"),
    ],
)
def test_what_became_of_a_message_is_told_with_its_reason(status: str, error: str, words: str) -> None:
    found = known(Customer(), Decided(NOW, "win-back", 2, "queued", "", NOW, "m", status, error))
    assert decided(found["decisions"][0]) == words


def test_a_step_that_the_rule_no_longer_has_is_told_without_what_it_did() -> None:
    found = known(
        Customer(), *(Decided(NOW, rule, 9, "requested", "", None, None, None) for rule in ("win-back", "gone"))
    )
    assert [decided(one) for one in found["decisions"]] == ["requested", "requested"]


def test_the_marketers_guide_explains_every_reason_and_no_other() -> None:
    page = (ROOT / "docs/how-to/marketer.md").read_text("utf-8")
    table = page[page.index("| reason |") :].partition("\n\n")[0]
    assert set(re.findall(r"(?m)^\| `([a-z-]+)` \|", table)) == set(REASONS)
