"""A rule sends only what can be said: the message is there, answers what fires the rule, and its words are right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rules.document import Document
from rules.problems import Problem
from rules.wordings import Wordings, Written, check_wording, plainly

STEP = "send: welcome\n"
BROKEN = Problem("templates/messages/welcome/email.en.md", 7, 3, 1, "the message has no words", "empty")


def told(
    wordings: Wordings,
    message: str = "welcome",
    channels: tuple[str, ...] = ("email",),
    on: str | None = "purchase",
    offer: bool = False,
) -> list[tuple[str, str]]:
    """Code and message of every problem with one step; each stands at the value of `send`, or in another file."""
    document = Document("rule.yaml", STEP.encode())
    assert document.root is not None
    node = document.root.value[0][1]
    check_wording(document, node, wordings, message, channels, on, offer)
    own = [problem for problem in document.problems if problem.path == "rule.yaml"]
    assert {(one.line, one.column, one.length) for one in own} <= {(1, 7, 7)}
    return [(one.code, one.message) for one in document.problems]


def codes(*args: object, **given: object) -> list[str]:
    return [code for code, _ in told(*args, **given)]  # type: ignore[arg-type]


def written(**given: object) -> Wordings:
    return Wordings({"welcome": {"email": Written(**given)}})  # type: ignore[arg-type]


def test_a_message_that_is_plainly_there_can_be_sent() -> None:
    assert told(plainly({"welcome": {"email"}})) == []


def test_an_unknown_message_is_told_with_the_one_that_was_meant() -> None:
    assert told(plainly({"welcome": {"email"}}), "welcom") == [
        ("unknown-template", 'unknown message "welcom"; did you mean "welcome"?')
    ]


def test_without_a_message_that_is_close_the_folder_is_named() -> None:
    ((code, message),) = told(plainly({}), "welcome")
    assert code == "unknown-template"
    assert message.endswith("; there is no templates/messages/ folder of that name")


def test_every_channel_that_is_not_written_is_told() -> None:
    assert told(plainly({"welcome": {"email"}}), channels=("line", "email", "sms")) == [
        (
            "missing-channel",
            f'message "welcome" is not written for {one}: add templates/messages/welcome/{one}.<locale>.md',
        )
        for one in ("line", "sms")
    ]


def test_every_locale_that_is_missing_is_told() -> None:
    assert told(written(missing=("th", "de"))) == [
        ("missing-locale", f'message "welcome" is not written in {one}: add templates/messages/welcome/email.{one}.md')
        for one in ("th", "de")
    ]


def test_a_message_answers_only_the_events_it_is_written_for() -> None:
    ((code, message),) = told(written(events=frozenset({"survey", "review"})))
    assert code == "wrong-event"
    assert message == (
        'message "welcome" answers review and survey, and this rule has `on: purchase`: send another message, or write '
        "`event: [review, survey, purchase]` in its files if its words fit both"
    )


@pytest.mark.parametrize("on", ["purchase", "inactive", "date", "product", "every", "social_share"])
def test_a_message_for_what_fires_the_rule_can_be_sent(on: str) -> None:
    assert codes(written(events=frozenset({on, "lead"})), on=on) == []


def test_a_rule_that_comes_round_is_called_by_its_key() -> None:
    ((_, message),) = told(written(events=frozenset({"purchase"})), on="every")
    assert "and this rule has `every`:" in message


def test_of_a_rule_that_nobody_knows_the_event_of_nothing_is_said_about_events() -> None:
    assert codes(written(events=frozenset({"survey"})), on=None) == []


def test_a_message_that_needs_an_offer_is_sent_with_one_only() -> None:
    wordings = written(needs_offer=True)
    assert codes(wordings) == ["no-offer"]
    assert codes(wordings, offer=True) == []


def test_an_offer_that_the_message_does_not_name_is_no_mistake() -> None:
    assert codes(written(), offer=True) == []


def broken(message: str, channel: str, event: str) -> Sequence[Problem]:
    return [BROKEN] if (message, channel, event) == ("welcome", "email", "purchase") else []


def test_what_is_wrong_with_the_words_is_told_at_its_own_place() -> None:
    wordings = Wordings(plainly({"welcome": {"email", "sms"}}).messages, faults=broken)
    document = Document("rule.yaml", STEP.encode())
    assert document.root is not None
    for _ in range(2):  # two steps of a rule send the same
        check_wording(document, document.root.value[0][1], wordings, "welcome", ("email", "sms"), "purchase", False)
    assert document.problems == [BROKEN]


def test_the_words_are_looked_at_for_the_event_of_the_rule_alone() -> None:
    wordings = Wordings(plainly({"welcome": {"email"}}).messages, faults=broken)
    assert codes(wordings, on="survey") == []
    assert codes(wordings, on=None) == []


def test_words_for_another_event_are_not_looked_at() -> None:
    wordings = Wordings(written(events=frozenset({"survey"})).messages, faults=broken)
    assert codes(wordings) == ["wrong-event"]
