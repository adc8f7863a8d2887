"""Delivery goes by what is live, and words a message as the set has it that it was decided under."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from delivery.channels.memory import Memory
from delivery.dispatcher import WAKE_AGAIN, Config, Dispatcher
from delivery.editions import InStore
from rules.published import whole
from rules.ruleset import ALL_MARKETING
from storage.errors import StoreError
from storage.library import Library
from storage.rulesets import pause, publish, resume
from storage.store import Store
from templates.load import read
from tests.unit.delivery.queue import CONTEXT, MINUTE, NOW, add_customer, add_message, rows, statuses
from tests.unit.storage.kit import BOTH, store_of
from tests.unit.storage.publishing import ACT, POLICY, rule

ROOT = Path(__file__).resolve().parents[3]
WORDING = {name: one for name, one in read(ROOT / "templates").items() if isinstance(one, bytes)}
MESSAGE = "messages/welcome/email.en.md"
WORDS = b"---\nevent: [purchase]\nsubject: %s\npreheader: tea\n---\nThank you.\n"
WELCOME = rule("welcome", "send: welcome", more="class: marketing\n")
OTHER = rule("other", "send: welcome")


def files(*rules: bytes, subject: bytes) -> dict[str, bytes]:
    """A shop with these rules, whose welcome has that subject."""
    brand, layout = WORDING["brand.yaml"], WORDING["layouts/base.html.j2"]
    words = {f"messages/welcome/email.{locale}.md": WORDS % subject for locale in ("en", "th")}
    campaigns = {f"campaigns/{one.decode().split()[1]}.yaml": one for one in rules}
    return whole({"policy.yaml": POLICY} | campaigns, {"brand.yaml": brand, "layouts/base.html.j2": layout} | words)


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_of(request.param, request, tmp_path) as made:
        yield made


class Post:
    """A dispatcher on the store whose clocks the test moves, and what it sent."""

    def __init__(self, store: Store, **config: Any) -> None:
        self.now, self.steady = NOW, 100.0
        self.channel = Memory()
        library = Library(store)
        rules = library.live()
        assert rules is not None
        editions = InStore(store, library, rules)
        clock, channels = (lambda: self.now), {"email": self.channel}
        self.dispatcher = Dispatcher(
            store, editions, channels, clock, Config(**config), lambda: 0.5, steady=lambda: self.steady
        )

    async def subjects(self) -> list[str]:
        """What one look at the queue sent."""
        before = len(self.channel.sent)
        await self.dispatcher.run_once()
        return [one.subject for one in self.channel.sent[before:]]


def published(store: Store, *rules: bytes, subject: bytes = b"First") -> str:
    return publish(store, files(*rules, subject=subject), ACT).after.id


def queued(store: Store, key: str, ruleset: str = "", **columns: Any) -> None:
    add_message(store, key, context=replace(CONTEXT, ruleset=ruleset).encode(), **columns)


async def test_a_message_is_worded_by_the_set_it_was_decided_under(store: Store) -> None:
    first = published(store, WELCOME)
    add_customer(store)
    post = Post(store)
    second = published(store, WELCOME, subject=b"Second")
    queued(store, "a", first)
    queued(store, "b", second, created_at=NOW + 1)
    queued(store, "c", "0" * 16, created_at=NOW + 2)
    assert [await post.subjects() for _ in range(3)] == [["First"], ["Second"], ["Second"]]


async def test_messages_of_a_rule_that_is_deleted_still_leave(store: Store) -> None:
    first = published(store, WELCOME)
    add_customer(store)
    published(store, OTHER, subject=b"Second")
    queued(store, "a", first)
    assert await Post(store).subjects() == ["First"]


@pytest.mark.parametrize("what", ["welcome", ALL_MARKETING])
@pytest.mark.parametrize("deleted", [False, True])
async def test_what_is_queued_waits_from_the_next_look_on_and_leaves_when_it_may_go_on(
    store: Store, what: str, deleted: bool
) -> None:
    first = published(store, WELCOME, OTHER)
    add_customer(store)
    add_customer(store, "ben")
    post = Post(store)
    assert await post.subjects() == []
    if deleted:
        published(store, OTHER)
    pause(store, what, ACT)
    queued(store, "a", first)
    queued(store, "b", first, rule="other", customer="ben", **{"class": "transactional"})
    assert await post.subjects() == ["First"]
    held = rows(store)["a"]
    assert (held["status"], held["error"], held["due_at"]) == ("queued", "rule-paused", NOW + 15 * MINUTE)
    resume(store, what, ACT)
    post.now += 1
    assert await post.subjects() == ["First"]
    assert set(statuses(store).values()) == {"sent"}


async def test_what_another_put_off_by_the_old_set_meanwhile_is_looked_at_once_more(store: Store) -> None:
    first = published(store, WELCOME)
    add_customer(store)
    post = Post(store)
    assert await post.subjects() == []
    queued(store, "a", first, due_at=NOW + 15 * MINUTE, error="rule-paused")
    assert await post.subjects() == []
    post.steady += WAKE_AGAIN
    assert await post.subjects() == ["First"]


async def test_a_set_whose_wording_cannot_be_read_leaves_what_was_live_before(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    published(store, WELCOME)
    add_customer(store)
    post = Post(store)
    bad = publish(store, {**files(WELCOME, subject=b"No"), f"templates/{MESSAGE}": b"{{"}, ACT).after.id
    queued(store, "a")
    assert await post.subjects() == ["First"]
    assert [bad in one for one in caplog.messages if "wording" in one] == [True]
    pause(store, "welcome", ACT)
    queued(store, "b")
    assert await post.subjects() == []
    assert rows(store)["b"]["error"] == "rule-paused"
    with pytest.raises(StoreError, match="run the version that published it"):
        Post(store)
