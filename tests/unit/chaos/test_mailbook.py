"""The book of mails notices what must not be, and lets pass what may."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.chaos.mailbook import AT_HAND, Mail, Owed, Post, compare
from tests.chaos.rulebook import Person, decide

ANNA = "anna@example.com"
NOW = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)


def arrived(*answered: bool, key: str = "k", to: str = ANNA) -> list[Mail]:
    return [Mail(key, f"<{key}@shop.test>", to, float(at), each) for at, each in enumerate(answered)]


def post(
    status: str, states: list[str], mails: list[Mail], deaths: int = 0, fates: tuple[str, ...] = ("sent",)
) -> Post:
    owed = {"k": Owed("anna", True, set(fates), {ANNA})}
    return compare(owed, {"k": status}, {"k": states}, mails, deaths)


def wrong(found: Post) -> set[str]:
    return {name for name, value in vars(found).items() if isinstance(value, list) and value}


@pytest.mark.parametrize(
    ("status", "states", "mails"),
    [
        ("sent", ["sent"], arrived(True)),
        ("sent", ["ambiguous", "sent"], arrived(True)),
        ("sent", ["ambiguous", "sent"], arrived(False, True)),
        ("ambiguous", ["ambiguous", "ambiguous"], arrived(False, False)),
    ],
)
def test_what_the_promise_allows_is_not_wrong(status: str, states: list[str], mails: list[Mail]) -> None:
    assert not wrong(post(status, states, mails, fates=("sent", "ambiguous")))


def test_a_message_called_off_must_not_arrive_unless_it_was_in_doubt() -> None:
    fates = ("sent", "cancelled")
    assert not wrong(post("cancelled", ["cancelled"], [], fates=fates))
    assert not wrong(post("cancelled", ["ambiguous", "cancelled"], arrived(False), fates=fates))
    assert wrong(post("cancelled", ["cancelled"], arrived(False), fates=fates)) == {"mails_uncounted"}


def test_what_is_called_sent_must_have_arrived() -> None:
    assert wrong(post("sent", ["sent"], [])) == {"mails_missing"}


def test_what_arrives_twice_must_have_been_in_doubt() -> None:
    assert wrong(post("sent", ["sent"], arrived(False, True))) == {"mails_uncounted"}


def test_what_was_known_to_have_arrived_arrives_again_only_by_a_death() -> None:
    again = arrived(True, True)
    assert wrong(post("sent", ["ambiguous", "sent"], again)) == {"mails_needless"}
    assert not wrong(post("sent", ["ambiguous", "sent"], again, deaths=1))
    many = arrived(*[True] * (AT_HAND + 2))
    assert wrong(post("sent", ["ambiguous"] * (AT_HAND + 1) + ["sent"], many, deaths=1)) == {"mails_needless"}


def test_a_shop_that_parks_what_is_in_doubt_never_sends_twice() -> None:
    owed = {"k": Owed("anna", True, {"sent"}, {ANNA})}
    parked = compare(owed, {"k": "ambiguous"}, {"k": ["ambiguous"]}, arrived(False), deaths=1, parked=True)
    assert not wrong(parked)
    again = compare(owed, {"k": "sent"}, {"k": ["ambiguous", "sent"]}, arrived(False, True), deaths=1, parked=True)
    assert wrong(again) == {"mails_needless"}


@pytest.mark.parametrize("status", ["queued", "claimed", "sending", "nowhere", "failed", "cancelled"])
def test_a_message_ends_as_its_customer_explains(status: str) -> None:
    assert "fates" in wrong(post(status, [status], []))


@pytest.mark.parametrize("states", [[], ["sent", "sent"], ["failed"], ["sent", "failed"]])
def test_the_log_holds_the_end_of_a_message_once(states: list[str]) -> None:
    assert wrong(post("sent", states, arrived(True))) == {"results"}


@pytest.mark.parametrize("mail", [arrived(True, key="another"), arrived(True, to="ben@example.com")])
def test_a_mail_that_nobody_owes_is_noticed(mail: list[Mail]) -> None:
    assert "mails_unexpected" in wrong(post("sent", ["sent"], mail))


def test_the_same_key_under_another_message_id_is_noticed() -> None:
    assert wrong(post("sent", ["sent"], [Mail("k", "<other@shop.test>", ANNA, 0.0, True)])) == {"mails_unexpected"}


def test_a_person_who_changes_their_mind_explains_either_end() -> None:
    person = Person()
    told: list[tuple[str, dict[str, Any]]] = [
        ("profile", {"email": ANNA}),
        ("consent", {"channel": "email", "state": "granted"}),
        ("consent", {"channel": "email", "state": "denied"}),
        ("profile", {"email": None}),
    ]
    fates = []
    for number, (kind, data) in enumerate(told):
        at = NOW + dt.timedelta(seconds=number)
        list(decide(person, kind, data, at, at))
        fates.append((person.fate(marketing=True), person.fate(marketing=False)))
    assert fates == [("cancelled", "sent"), ("sent", "sent"), ("cancelled", "sent"), ("cancelled", "failed")]
