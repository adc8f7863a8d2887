"""Whether the store holds what a replay of the log comes to: the same decisions, messages and requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Connection

from retention import state
from retention.events import Event
from retention.orders import encode
from retention.state import Customer
from rules.engine.older import Library
from rules.engine.outcome import Decided
from rules.replay import Replay, Row
from rules.ruleset import RuleSet
from storage import story as kept
from storage.batch import NewDecision, NewMessage, NewRequest
from storage.story import Queued, Story
from streams.effects import Effects


class Difference(Struct, frozen=True):
    """Something of one customer that is otherwise in the store than the log says. `which`: event/number, key or id."""

    customer: str
    table: str
    which: str
    kept: dict[str, Any] | None
    replayed: dict[str, Any] | None


class NotComparable(Exception):
    """A rule went on with an event that the log has let go since; what it decided then cannot be worked out again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Again(Struct, frozen=True):
    """What a replay came to: rows as the worker would write them, the customer, their orders."""

    effects: Effects
    replay: Replay


def replayed(connection: Connection, story: Story, library: Library) -> Again:
    """Replay a customer, and make of it the rows that the worker makes. Raises RulesNotKept, BadEvent."""
    calendar = library("")
    assert calendar is not None
    effects = Effects(calendar.policy.shop.zone)

    def tell(_: RuleSet, event: Event, customer: Customer, decided: Decided) -> None:
        effects.take(event, customer, decided)

    replay = Replay(story.id, library, tell, story.begins)
    replay.orders = story.settled
    for row in kept.rows(connection, story):
        if row.event.seq <= story.seq:
            replay.known(row.event)
        else:
            replay.take(Row(row.event, row.ruleset))
    return Again(effects, replay)


def compare(connection: Connection, story: Story, library: Library) -> list[Difference]:
    """Where the store disagrees with the customer's log; nothing when all is well.

    The customer and their orders are compared too, byte for byte. Raises NotComparable, RulesNotKept, BadEvent.
    """
    again = replayed(connection, story, library)
    effects, id = again.effects, story.id
    decided = kept.decisions(connection, id, story.seq)
    found = _pairs(id, "decision", _by_number(decided), _by_number(effects.decisions))
    asked = {one.request.id: one.request for one in kept.requests(connection, id) if one.request.seq > story.seq}
    found += _pairs(id, "request", asked, {one.id: one for one in reversed(effects.requests)})
    found += _messages(connection, id, effects.messages, {one.message for one in decided})
    found += _customer(connection, story, again.replay)
    if found and again.replay.gone:
        raise NotComparable
    return found


def _by_number(decisions: Iterable[NewDecision]) -> dict[str, NewDecision]:
    return {f"{one.seq}/{one.n}": one for one in decisions}


def _messages(
    connection: Connection, id: str, made: Sequence[NewMessage], decided: set[str | None]
) -> list[Difference]:
    found = {one.message.key: one for one in kept.messages(connection, id) if one.message.key in decided}
    again = {one.key: one for one in reversed(made)}  # queued twice under one key: the first one counts
    held = {key: _as_decided(one, again.get(key)) for key, one in found.items()}
    return _pairs(id, "message", held, again)


def _as_decided(held: Queued, made: NewMessage | None) -> NewMessage:
    """The message as it was queued: delivery may have put it off, and an end of its rule made it expire sooner."""
    message = held.message
    if made is None or held.untouched:
        return message
    due = made.due_at if message.due_at >= made.due_at else message.due_at
    sooner = message.expires_at is not None and (made.expires_at is None or message.expires_at <= made.expires_at)
    return replace(message, due_at=due, expires_at=made.expires_at if sooner else message.expires_at)


def _customer(connection: Connection, story: Story, replay: Replay) -> list[Difference]:
    found = []
    if state.encode(replay.customer) != story.blob:
        was, now = _fields(story.customer), _fields(replay.customer)
        apart = {name for name in was if was[name] != now[name]}
        values = ({name: each[name] for name in sorted(apart)} for each in (was, now))
        found.append(Difference(story.id, "customer", story.id, *values))
    orders = kept.orders_of(connection, story.id)
    for key in sorted(orders.keys() | replay.orders.keys()):
        held, made = orders.get(key), replay.orders.get(key)
        if held is None or made is None or encode(held) != encode(made):
            found.append(Difference(story.id, "order", key, _fields(held), _fields(made)))
    return found


def _pairs(
    id: str,
    table: str,
    held: dict[str, Any],
    made: dict[str, NewDecision] | dict[str, NewMessage] | dict[str, NewRequest],
) -> list[Difference]:
    keys = list(dict.fromkeys([*held, *made]))
    return [
        Difference(id, table, key, _fields(held.get(key)), _fields(made.get(key)))
        for key in keys
        if held.get(key) != made.get(key)
    ]


def _fields(row: Any) -> dict[str, Any]:
    return {} if row is None else asdict(row)
