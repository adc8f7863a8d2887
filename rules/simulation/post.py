"""Delivery, played: messages leave at their time if they still may, and what is asked for is granted or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from retention.events import Event, Message
from retention.state import Customer
from retention.zones import zone_of
from rules.engine import guards
from rules.engine.granting import Granted, asked_with
from rules.engine.outcome import QueuedMessage, Request
from rules.ruleset import MessageClass, RuleSet
from rules.simulation.entries import CANCELLED, DENIED, EXPIRED, FAILED, GRANTED, SENT, Entry, Kind
from rules.simulation.granter import Granter
from rules.simulation.people import Person

SOURCE = "regulars:delivery"
"""The source of what is heard of messages."""
NO_OFFER = "offer-empty"
_SHARED = ("offer", "gift", "points")
"""What somebody must grant; the rest is simply done."""


Watch = Callable[[Entry, QueuedMessage, Customer, Granted | None], None]
"""Told of each message that leaves, with the customer, who changes afterwards, and what was granted with it."""


class Later(Struct, frozen=True):
    """Look again `at` that time."""

    at: int


class _Waiting(Struct, frozen=True):
    """A message that has not left, and when it was decided."""

    message: QueuedMessage
    since: int


class Post:
    """Messages and requests that wait. `tell` is given what becomes of them, `watch` what leaves."""

    def __init__(
        self, rules: RuleSet, granter: Granter, tell: Callable[[Entry], None], watch: Watch | None = None
    ) -> None:
        self._rules = rules
        self._policy = rules.policy
        self._granter = granter
        self._tell = tell
        self._watch = watch
        self._messages: dict[str, _Waiting] = {}
        self._requests: dict[str, Request] = {}

    def queue(self, message: QueuedMessage, at: int) -> None:
        """Take a message that was decided `at`."""
        self._messages[message.key] = _Waiting(message, at)

    def ask(self, request: Request) -> None:
        """Take a request."""
        self._requests[request.key] = request

    def look(self, person: Person, key: str, now: int) -> Event | Later | None:
        """Deal with a message or a request whose time has come: what is heard of it, or when to look again."""
        if key in self._requests:
            return self._grant(person, self._requests[key], now)
        waiting = self._messages.get(key)
        if waiting is None:
            return None
        what, reason, due = self._way(person, waiting.message, now)
        offer, granted = waiting.message.offer, None
        if what == SENT and offer and not due:
            what, reason, due, granted = self._offered(person, waiting, now)
            offer = "" if what == SENT and granted is None and not due else offer
        if due:
            expires = waiting.message.expires_at
            return Later(due if expires is None else min(due, expires + 1))
        del self._messages[key]
        return self._heard(person, waiting.message, now, what, reason, offer, granted)

    def cancel(self, person: Person, keys: Iterable[str], why: Mapping[tuple[str, str], str], now: int) -> list[Event]:
        """Of these messages those that have not left never do; `why`, by rule and entry. What is heard of them."""
        gone = [waiting.message for key in keys if (waiting := self._messages.pop(key, None)) is not None]
        return [self._heard(person, one, now, CANCELLED, why.get((one.rule, one.entry), ""), one.offer) for one in gone]

    # Messages.

    def _way(self, person: Person, message: QueuedMessage, now: int) -> tuple[str, str, int]:
        """The last look: what becomes of it and why, or when to look again. Frequency caps were looked at before."""
        if message.expires_at is not None and now > message.expires_at:
            return EXPIRED, "expired", 0
        class_ = MessageClass(message.class_)
        _, reason = guards.channel_for(class_, (message.channel,), person.state)
        if reason:
            return FAILED if reason == "unreachable" else CANCELLED, reason, 0
        zone = zone_of(person.state.profile, self._policy.shop)
        limits = self._policy.limits[class_.value]
        due, reason = guards.departure(self._rules.by_id[message.rule], self._policy, limits, None, zone, now)
        if reason:
            return CANCELLED, reason, 0
        return SENT, "", due if due > now else 0

    def _offered(self, person: Person, waiting: _Waiting, now: int) -> tuple[str, str, int, Granted | None]:
        """The same once its offer was asked for, and what was granted."""
        message = waiting.message
        zone = zone_of(person.state.profile, self._policy.shop)
        answer = self._granter.grant(asked_with(message, waiting.since), person.id, zone, now)
        if answer.outcome == "held" and now - waiting.since < self._policy.give_up:
            return SENT, "", now + self._policy.recheck, None
        if answer.outcome in ("granted", "without"):
            return SENT, "", 0, answer if answer.outcome == "granted" else None
        return CANCELLED, NO_OFFER, 0, None

    def _heard(
        self,
        person: Person,
        message: QueuedMessage,
        at: int,
        what: str,
        reason: str,
        offer: str,
        granted: Granted | None = None,
    ) -> Event:
        """Tell it, and the event in which the customer's log has it."""
        entry = Entry(
            at=at,
            customer=person.id,
            rule=message.rule,
            what=what,
            reason=reason,
            step=message.step,
            kind="send",
            name=message.template,
            channel=message.channel,
            offer=offer,
            key=message.key,
        )
        self._tell(entry)
        if what == SENT and self._watch is not None:
            self._watch(entry, message, person.state, granted)
        data: Any = Message(message.key, what, message.channel)  # type: ignore[arg-type]
        return Event(SOURCE, f"{message.key}:{what}", "message", person.id, at, data, b"", at=at)

    # Requests.

    def _grant(self, person: Person, request: Request, now: int) -> Later | None:
        what, why = GRANTED, ""
        if request.kind in _SHARED:
            zone = zone_of(person.state.profile, self._policy.shop)
            answer = self._granter.grant(request, person.id, zone, now)
            if answer.outcome == "held" and now - request.at < self._policy.give_up:
                return Later(now + self._policy.recheck)
            what, why = (GRANTED, "") if answer.outcome == "granted" else (DENIED, answer.why)
        del self._requests[request.key]
        kind: Kind = request.kind  # type: ignore[assignment]
        name = str(request.amount) if kind == "points" else request.what
        self._tell(Entry(now, person.id, request.rule, what, why, request.step, kind, name, key=request.key))
        return None
