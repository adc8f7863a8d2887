"""Rule sets in the store: publishing, pausing, and reading them back; on both databases."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from sqlalchemy import text

from rules.published import identity
from rules.ruleset import ALL_MARKETING, Status
from storage import rulesets
from storage.library import Library
from storage.rulesets import Act, NothingPublished, audited, pause, publish, publish_first, resume
from storage.store import Store
from tests.unit.storage.publishing import ACT, files, rule

HELLO, BYE = rule("hello"), rule("bye", more="class: marketing\n")


def live_id(store: Store) -> str | None:
    with store.read() as connection:
        return rulesets.live_id(connection)


def acts(store: Store) -> list[tuple[str, str]]:
    """(what, on which rule), the first one first."""
    with store.read() as connection:
        found = audited(connection, 100)
    return [(one.what, msgspec.json.decode(one.detail).get("rule", "")) for one in reversed(found)]


def test_nothing_is_live_before_the_first_was_published(store: Store) -> None:
    assert live_id(store) is None
    assert Library(store).live() is None
    with pytest.raises(NothingPublished, match="regulars rules publish"):
        pause(store, "hello", ACT)
    assert acts(store) == []


def test_what_is_published_is_read_back_as_it_was(store: Store) -> None:
    change = publish(store, files(HELLO, BYE), ACT)
    assert change.before is None
    assert not change.same
    with store.read() as connection:
        found = rulesets.live(connection)
    assert found is not None
    assert (found.id, found.at, found.by, found.note) == (identity(files(HELLO, BYE)), ACT.at, "mali@shop", "try")
    assert found.files == files(HELLO, BYE)
    loaded = Library(store).live()
    assert loaded is not None
    assert (loaded.hash, [one.id for one in loaded.rules]) == (found.id, ["bye", "hello"])


def test_the_same_files_again_change_nothing_and_older_ones_may_go_live_again(store: Store) -> None:
    first = publish(store, files(HELLO), ACT).after.id
    assert publish(store, files(HELLO), Act("ben@shop", ACT.at + 1)).same
    second = publish(store, files(BYE), ACT).after.id
    assert live_id(store) == second != first
    assert publish(store, files(HELLO), ACT).after.id == first == live_id(store)
    assert acts(store) == [("publish", "")] * 3


def test_the_first_files_are_published_once_whoever_else_starts(store: Store) -> None:
    first = publish_first(store, files(HELLO), ACT)
    assert publish_first(store, files(BYE), ACT).id == first.id == live_id(store)


def test_a_pause_is_a_set_of_its_own_and_holds_when_other_files_are_published(store: Store) -> None:
    before = publish(store, files(HELLO, BYE), ACT).after.id
    paused = pause(store, "hello", ACT).after.id
    assert paused != before
    assert pause(store, "hello", ACT).same
    library = Library(store)
    found = library.live()
    assert found is not None
    assert found.hash == paused == live_id(store)
    assert {one.id: one.status for one in found.rules} == {"hello": Status.PAUSED, "bye": Status.LIVE}
    assert found.by_trigger == {"purchase": (found.by_id["bye"],)}
    again = library(publish(store, files(HELLO), ACT).after.id)
    assert again is not None
    assert again.by_id["hello"].status is Status.PAUSED
    assert library(before) is not None
    assert resume(store, "hello", ACT).after.id == identity(files(HELLO))
    assert resume(store, "hello", ACT).same
    assert acts(store) == [("publish", ""), ("pause", "hello"), ("publish", ""), ("resume", "hello")]


def test_all_of_marketing_pauses_what_is_marketing_and_nothing_else(store: Store) -> None:
    publish(store, files(HELLO, BYE), ACT)
    pause(store, ALL_MARKETING, ACT)
    found = Library(store).live()
    assert found is not None
    assert {one.id: one.status for one in found.rules} == {"hello": Status.LIVE, "bye": Status.PAUSED}


def test_pauses_at_one_time_are_all_kept(store: Store) -> None:
    publish(store, files(HELLO, BYE), ACT)
    names = [f"rule-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: pause(store, name, ACT), names))
    with store.read() as connection:
        found = rulesets.live(connection)
    assert found is not None
    assert list(found.paused) == names
    assert len(acts(store)) == 9


def _newer(store: Store) -> str:
    """Published by a version that knows more than this one."""
    return publish(store, files(HELLO.replace(b"do:", b"moon: full\ndo:")), Act("ben@shop", ACT.at + 1)).after.id


def test_a_set_that_this_version_cannot_read_leaves_the_newest_that_it_can(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    first = publish(store, files(HELLO), ACT).after.id
    newer = _newer(store)
    library = Library(store)
    with caplog.at_level(logging.ERROR):
        found = library.live()
        assert library(newer) is None
    assert found is not None
    assert found.hash == first
    assert [f"cannot read the published rule set {newer}: bring it" in one for one in caplog.messages] == [True, False]


def test_files_that_cannot_be_unpacked_are_a_set_that_cannot_be_read(store: Store) -> None:
    first = publish(store, files(HELLO), ACT).after.id
    second = publish(store, files(BYE), ACT).after.id
    with store.write() as connection:
        connection.execute(text("UPDATE ruleset SET files = :no WHERE id = :id"), {"no": b"no", "id": second})
    found = Library(store).live()
    assert found is not None
    assert found.hash == first


def test_a_set_that_nobody_published_cannot_be_had(store: Store) -> None:
    assert Library(store)("0" * 16) is None
