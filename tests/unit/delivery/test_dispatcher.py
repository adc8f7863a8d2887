"""The dispatcher against a channel that does as told."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import text

from delivery.backoff import Backoff
from delivery.channels.base import Channel, Outgoing
from delivery.channels.memory import Memory
from delivery.dispatcher import Config, Dispatcher
from delivery.editions import Unchanging
from delivery.errors import Ambiguous, Final, Retryable
from storage.store import Store
from templates.errors import RenderError, TemplateProblem
from tests.unit.delivery.queue import MINUTE, NOW, RULES, SECOND, add_customer, add_message, results, rows, statuses

CONFIG = Config(send_timeout=1.0, attempts=3, concurrency=4, poll=0.02, backoff=Backoff(60, 1, 60))
FAR = 10 * MINUTE


class Made(NamedTuple):
    subject: str
    html: str
    text: str
    locale: str


class Plain:
    """Renders the context's own words; `error` is raised instead."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def render(self, name: str, channel: str, locale: str | None, context: Mapping[str, Any]) -> Made:
        if self.error:
            raise self.error
        who = context["customer"]["first_name"]
        return Made(f"{name} for {who}", f"<p>{context['event']['order_id']}</p>", channel, locale or "en")


class Clock:
    """A clock that the test moves; `broken` makes it raise."""

    def __init__(self) -> None:
        self.now = NOW
        self.broken = 0

    def __call__(self) -> int:
        if self.broken:
            self.broken -= 1
            raise OSError("no time")
        return self.now


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('delivery') / 'store.db'}")
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def store(migrated: Store) -> Store:
    _empty(migrated)
    return migrated


def _empty(store: Store) -> None:
    with store.write() as connection:
        for table in ("message", "customer", "outbox"):
            connection.execute(text(f"DELETE FROM {table}"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def dispatcher(store: Store, channel: Channel, clock: Clock, **options: Any) -> Dispatcher:
    renderer = options.pop("renderer", None) or Plain()
    config = options.pop("config", CONFIG)
    rules = options.pop("rules", RULES)
    return Dispatcher(
        store, Unchanging(rules, renderer), {"email": channel}, clock, config, random=lambda: 0.5, **options
    )


class Steady:
    """Seconds that only ever pass, however the clock jumps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def look_on(working: Dispatcher, steady: Steady, seconds: float) -> int:
    """Run it every few seconds for that long; how many messages it took."""
    taken = await working.run_once()
    for pause in (*[15.0] * int(seconds // 15), seconds % 15):
        steady.now += pause
        taken += await working.run_once()
    return taken


class Hanging(Memory):
    """Messages to the keys named never come back by themselves."""

    def __init__(self, *keys: str) -> None:
        super().__init__()
        self.keys = keys
        self.hung = 0

    async def send(self, outgoing: Outgoing) -> None:
        if outgoing.key in self.keys:
            self.hung += 1
            await asyncio.Event().wait()
        await super().send(outgoing)


async def until(condition: Any, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)


async def test_a_due_message_leaves_and_is_reported(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    channel = Memory()
    assert await dispatcher(store, channel, clock).run_once() == 1
    [sent] = channel.sent
    assert (sent.key, sent.address, sent.name, sent.at) == ("m-1", "anna@example.com", "Anna", NOW)
    assert (sent.subject, sent.html, sent.text, sent.locale) == ("welcome for Anna", "<p>o-1</p>", "email", "en")
    assert statuses(store) == {"m-1": "sent"}
    assert results(store) == [("m-1:sent", "sent")]


async def test_a_deferred_message_waits(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1", due_at=NOW + MINUTE)
    channel = Memory()
    assert await dispatcher(store, channel, clock).run_once() == 0
    clock.now += MINUTE
    assert await dispatcher(store, channel, clock).run_once() == 1
    assert len(channel.sent) == 1


@pytest.mark.parametrize(
    ("customer", "message", "status", "error"),
    [
        (None, {}, "cancelled", "erased"),
        ({"consents": {}}, {}, "cancelled", "no-consent"),
        ({"staff": True}, {}, "cancelled", "staff"),
        ({"suppressed": {"email": "bounced"}}, {}, "cancelled", "suppressed"),
        ({}, {"expires_at": NOW - 1}, "expired", "expired"),
        ({"profile": {}}, {}, "failed", "no-address"),
        ({}, {"context": b"\xc1"}, "failed", "bad-context"),
        ({"profile": {"phone": "1"}, "consents": {"sms": [True, 1]}}, {"channel": "sms"}, "failed", "no-channel"),
    ],
)
async def test_what_must_not_leave_does_not(
    store: Store, clock: Clock, customer: dict[str, Any] | None, message: dict[str, Any], status: str, error: str
) -> None:
    if customer is not None:
        add_customer(store, **customer)
    add_message(store, "m-1", **message)
    channel = Memory()
    await dispatcher(store, channel, clock).run_once()
    assert channel.sent == []
    row = rows(store)["m-1"]
    assert (row["status"], row["error"], row["attempts"]) == (status, error, 0)
    assert results(store) == [(f"m-1:{status}", status)]


async def test_a_mistake_in_the_wording_is_final_and_named_without_the_customer(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    add_customer(store)
    add_message(store, "m-1")
    problem = TemplateProblem("messages/welcome/email.en.md", 7, 3, "there is no field of this name", "unknown")
    with caplog.at_level(logging.INFO):
        await dispatcher(store, Memory(), clock, renderer=Plain(RenderError(problem))).run_once()
    row = rows(store)["m-1"]
    assert (row["status"], row["error"]) == ("failed", "render")
    assert "template welcome, line 7: there is no field of this name" in caplog.text
    assert "anna" not in caplog.text.lower()


async def test_a_renderer_that_breaks_is_final_too(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    add_customer(store)
    add_message(store, "m-1")
    await dispatcher(store, Memory(), clock, renderer=Plain(ValueError("anna@example.com"))).run_once()
    assert rows(store)["m-1"]["error"] == "render"
    assert "ValueError" in caplog.text
    assert "anna" not in caplog.text.lower()


async def test_what_did_not_leave_is_tried_again_later_and_not_for_ever(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    working = dispatcher(store, Memory([Retryable("deferred", 450)] * 3), clock)
    for tries in (1, 2):
        assert await working.run_once() == 1
        row = rows(store)["m-1"]
        assert (row["status"], row["attempts"], row["error"]) == ("queued", tries, "deferred (450)")
        assert row["due_at"] == clock.now + 30 * SECOND
        assert await working.run_once() == 0
        clock.now += MINUTE
    await working.run_once()
    assert statuses(store) == {"m-1": "failed"}
    assert results(store) == [("m-1:failed", "failed")]


async def test_what_never_can_leave_is_not_tried_again(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    await dispatcher(store, Memory([Final("refused", 550)]), clock).run_once()
    row = rows(store)["m-1"]
    assert (row["status"], row["error"], row["attempts"]) == ("failed", "refused (550)", 1)


async def test_what_may_have_left_is_counted_and_sent_again_under_the_same_key(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    channel = Memory([Ambiguous("connection-lost")])
    working = dispatcher(store, channel, clock)
    await working.run_once()
    clock.now += MINUTE
    await working.run_once()
    assert [one.key for one in channel.sent] == ["m-1", "m-1"]
    assert results(store) == [("m-1:ambiguous:1", "ambiguous"), ("m-1:sent", "sent")]


async def test_what_may_have_left_is_set_aside_where_the_shop_says_so(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    parking = Config(ambiguous="park")
    await dispatcher(store, Memory([Ambiguous("timeout")]), clock, config=parking).run_once()
    assert statuses(store) == {"m-1": "ambiguous"}
    assert results(store) == [("m-1:ambiguous", "ambiguous")]


@pytest.mark.parametrize(("policy", "status", "sends"), [("resend", "sent", 1), ("park", "ambiguous", 0)])
async def test_a_message_left_in_sending_by_a_crash_is_taken_up(
    store: Store, clock: Clock, policy: Any, status: str, sends: int
) -> None:
    add_customer(store)
    add_message(store, "m-1", status="sending", attempts=1, token="dead")
    channel, steady = Memory(), Steady()
    working = dispatcher(store, channel, clock, config=replace(CONFIG, ambiguous=policy), steady=steady)
    assert await look_on(working, steady, CONFIG.lease - 1) == 0
    assert statuses(store) == {"m-1": "sending"}
    assert await look_on(working, steady, 1) == sends
    assert len(channel.sent) == sends
    assert statuses(store) == {"m-1": status}
    first = "m-1:ambiguous:1" if policy == "resend" else "m-1:ambiguous"
    assert results(store)[0] == (first, "ambiguous")


@pytest.mark.parametrize("jump", [60 * MINUTE, -60 * MINUTE])
async def test_no_clock_that_jumps_makes_a_message_leave_twice(store: Store, clock: Clock, jump: int) -> None:
    """One dispatcher is sending it; another's clock is an hour off, then every clock jumps by an hour."""
    add_customer(store)
    add_message(store, "m-1", due_at=NOW - 120 * MINUTE)
    channel, theirs, steady = Hanging("m-1"), Clock(), Steady()
    sending = asyncio.create_task(dispatcher(store, channel, clock).run_once())
    await until(lambda: channel.hung)
    theirs.now += jump
    other = dispatcher(store, Memory(), theirs, steady=steady)
    assert await look_on(other, steady, CONFIG.lease / 2) == 0
    clock.now += jump
    theirs.now += jump
    assert await look_on(other, steady, CONFIG.lease / 3) == 0
    assert statuses(store) == {"m-1": "sending"}
    assert results(store) == []
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


@pytest.mark.parametrize("hours", [-1, 0, 24 * 365])
async def test_what_a_crash_left_is_found_whatever_the_clock_says(store: Store, clock: Clock, hours: int) -> None:
    add_customer(store)
    add_message(store, "m-1", status="claimed", token="dead", due_at=NOW - 120 * MINUTE)
    clock.now += hours * 60 * MINUTE
    channel, steady = Memory(), Steady()
    assert await look_on(dispatcher(store, channel, clock, steady=steady), steady, CONFIG.lease) == 1
    assert [sent.key for sent in channel.sent] == ["m-1"]


async def test_what_a_dispatcher_has_in_hand_itself_is_never_abandoned(store: Store, clock: Clock) -> None:
    """However long the channel and the store take: the loop stood still, or the mark waits for the store."""
    add_customer(store)
    add_message(store, "m-1")
    channel, steady = Hanging("m-1"), Steady()
    patient = replace(CONFIG, send_timeout=1_000.0, ambiguous="park")
    working = dispatcher(store, channel, clock, config=patient, steady=steady)
    sending = asyncio.create_task(working.run_once())
    await until(lambda: channel.hung)
    assert await look_on(working, steady, 2 * patient.lease) == 0
    assert statuses(store) == {"m-1": "sending"}
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await working.run_once()  # now it is
    assert results(store) == [("m-1:ambiguous", "ambiguous")]


async def test_a_channel_that_breaks_its_promise_leaves_doubt(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    await dispatcher(store, Memory([RuntimeError("anna")]), clock, config=Config(ambiguous="park")).run_once()
    assert statuses(store) == {"m-1": "ambiguous"}


class Cancelling(Plain):
    """While the message is rendered, the customer leaves the journey."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store

    def render(self, name: str, channel: str, locale: str | None, context: Mapping[str, Any]) -> Made:
        with self.store.write() as connection:
            connection.execute(text("UPDATE message SET status = 'cancelled', done_at = 1, token = NULL"))
        return super().render(name, channel, locale, context)


async def test_a_message_cancelled_at_the_last_moment_does_not_leave(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    channel = Memory()
    await dispatcher(store, channel, clock, renderer=Cancelling(store)).run_once()
    assert channel.sent == []
    assert statuses(store) == {"m-1": "cancelled"}
    assert results(store) == []


class Breaking(Memory):
    """The store stops answering while the message is on its way."""

    def __init__(self, clock: Clock, times: int = 2) -> None:
        super().__init__()
        self.clock = clock
        self.times = times

    async def send(self, outgoing: Outgoing) -> None:
        await super().send(outgoing)
        self.clock.broken = self.times


async def test_a_mark_that_fails_is_tried_again_not_the_message(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    channel = Breaking(clock)
    await dispatcher(store, channel, clock).run_once()
    assert len(channel.sent) == 1
    assert statuses(store) == {"m-1": "sent"}


async def test_a_mark_is_tried_for_as_long_as_the_store_is_away(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    channel = Breaking(clock, 20)
    await dispatcher(store, channel, clock, config=replace(CONFIG, mark_again=(0.0, 0.001))).run_once()
    assert len(channel.sent) == 1
    assert statuses(store) == {"m-1": "sent"}


async def test_leases_begin_anew_when_the_store_is_back(store: Store, clock: Clock) -> None:
    """Whose mark the store could not take says first what became of its message."""
    add_customer(store)
    add_message(store, "m-1", status="sending", attempts=1, token="busy")
    channel, steady = Memory(), Steady()
    working = dispatcher(store, channel, clock, steady=steady)
    await look_on(working, steady, CONFIG.lease - 1)
    steady.now += 600  # no look: the store was away, or we were
    assert await look_on(working, steady, CONFIG.lease - 1) == 0
    assert statuses(store) == {"m-1": "sending"}
    assert await look_on(working, steady, 1) == 1


async def test_messages_that_hang_hold_up_only_themselves(store: Store, clock: Clock) -> None:
    for number in range(23):
        add_customer(store, f"c-{number}")
        add_message(store, f"m-{number}", customer=f"c-{number}", due_at=NOW - MINUTE + number)
    channel, stop = Hanging("m-0", "m-1", "m-2"), asyncio.Event()
    running = asyncio.create_task(dispatcher(store, channel, clock).run(stop))
    await until(lambda: list(statuses(store).values()).count("sent") == 20)
    assert channel.hung == 3
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert channel.closed
    assert {key for key, status in statuses(store).items() if status == "sending"} == {"m-0", "m-1", "m-2"}


async def test_stopping_finishes_what_is_being_sent_and_takes_no_more(store: Store, clock: Clock) -> None:
    class Slow(Memory):
        began = asyncio.Event()

        async def send(self, outgoing: Outgoing) -> None:
            self.began.set()
            await asyncio.sleep(0.3)
            await super().send(outgoing)

    for number in range(3):
        add_customer(store, f"c-{number}")
        add_message(store, f"m-{number}", customer=f"c-{number}", due_at=NOW - number)
    channel, stop = Slow(), asyncio.Event()
    config = Config(concurrency=2, poll=0.02)
    running = asyncio.create_task(dispatcher(store, channel, clock, config=config).run(stop))
    await channel.began.wait()
    stop.set()
    await asyncio.wait_for(running, 5)
    finished = list(statuses(store).values())
    assert 1 <= finished.count("sent") <= 2
    assert finished.count("sent") + finished.count("queued") == 3
    assert channel.closed


async def test_what_was_claimed_as_the_stop_came_is_given_back(store: Store) -> None:
    add_customer(store)
    add_message(store, "m-1")
    loop, stop, channel = asyncio.get_running_loop(), asyncio.Event(), Memory()

    def stopping_clock() -> int:
        loop.call_soon_threadsafe(stop.set)
        return NOW

    working = Dispatcher(store, Unchanging(RULES, Plain()), {"email": channel}, stopping_clock, CONFIG)
    await asyncio.wait_for(working.run(stop), 5)
    assert channel.sent == []
    row = rows(store)["m-1"]
    assert (row["status"], row["token"], row["attempts"]) == ("queued", None, 0)


async def test_stopping_does_not_wait_for_ever(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    channel, stop = Hanging("m-1"), asyncio.Event()
    config = Config(send_timeout=0.2, grace=0.1, poll=0.02, ambiguous="park")
    running = asyncio.create_task(dispatcher(store, channel, clock, config=config).run(stop))
    await until(lambda: channel.hung)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert statuses(store) == {"m-1": "ambiguous"}


async def test_a_store_that_does_not_answer_is_waited_for(store: Store, clock: Clock) -> None:
    add_customer(store)
    add_message(store, "m-1")
    clock.broken = 3
    channel, stop = Memory(), asyncio.Event()
    running = asyncio.create_task(dispatcher(store, channel, clock).run(stop))
    await until(lambda: channel.sent)
    stop.set()
    await running
    assert statuses(store) == {"m-1": "sent"}


class Crash(BaseException):
    """The process ends between the send and the mark."""


OUTCOMES = st.sampled_from(
    [
        lambda: None,
        lambda: Retryable("deferred", 450),
        lambda: Final("refused", 550),
        lambda: Ambiguous("connection-lost"),
        lambda: RuntimeError("broken"),
        Crash,
    ]
)
NUMBERS = itertools.count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outcomes=st.lists(OUTCOMES, max_size=8), policy=st.sampled_from(["resend", "park"]))
def test_every_message_ends_once_and_is_sent_twice_only_where_nobody_can_know(
    migrated: Store, outcomes: list[Any], policy: Any
) -> None:
    _empty(migrated)
    key, clock, channel = f"m-{next(NUMBERS)}", Clock(), Memory(make() for make in outcomes)
    add_customer(migrated)
    add_message(migrated, key)
    config = Config(send_timeout=1.0, grace=1.0, attempts=4, ambiguous=policy, backoff=Backoff(60, 1, 60))
    steady = Steady()
    working = dispatcher(migrated, channel, clock, config=config, steady=steady)
    for _ in range(20):
        try:
            asyncio.run(working.run_once())
        except Crash:
            working = dispatcher(migrated, channel, clock, config=config, steady=steady)
        clock.now += FAR
        steady.now += config.lease / 2
    reported = results(migrated)
    doubts = [name for name, state in reported if state == "ambiguous"]
    final = [name for name, _ in reported if name.count(":") == 1]
    assert final == [f"{key}:{statuses(migrated)[key]}"]
    assert len({name for name, _ in reported}) == len(reported)
    assert len(channel.sent) <= 1 + len(doubts)
    assert rows(migrated)[key]["attempts"] <= 4
    if statuses(migrated)[key] == "sent":
        assert len(channel.sent) == 1 + len(doubts)
