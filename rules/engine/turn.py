"""One moment of one customer: what the steps of rules come to in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retention.events import Event
from retention.state import Customer, Journey
from retention.zones import instant_of, next_at, next_weekday_at, zone_of
from rules.engine import guards
from rules.engine.older import Library, rule_of
from rules.engine.outcome import (
    DONE,
    QUEUED,
    REQUESTED,
    SHADOW,
    STOPPED,
    SUPPRESSED,
    WAITING,
    Decided,
    Decision,
    QueuedMessage,
    Request,
    message_key,
)
from rules.policy import Limits
from rules.ruleset import MessageClass, Rule, RuleSet, Status
from rules.steps import Assign, Branch, Emit, Grant, Jump, Notify, Send, Step, StopIf, Tag, Wait, WaitUntil

Went = dict[tuple[str, Status], str]
"""(group, status) → the rule of that group that went."""


class Turn:
    """One customer at one instant, `now`. Changes the customer and notes what it decides in `decided`.

    `went`: which rule of each group went on the same event already. `library`: the older rule sets.
    """

    def __init__(
        self,
        rules: RuleSet,
        customer_id: str,
        customer: Customer,
        now: int,
        decided: Decided,
        went: Went,
        library: Library,
    ) -> None:
        self.rules = rules
        self.policy = rules.policy
        self.id = customer_id
        self.customer = customer
        self.now = now
        self.decided = decided
        self.went = went
        self.leaving: set[str] = set()
        """Keys of messages that were decided now and leave now: nothing that comes after them cancels them."""
        self._library = library

    def rule_of(self, journey: Journey) -> Rule | None:
        """The rule as the customer entered it; None when there is none any more."""
        return rule_of(self.rules, journey, self._library)

    def advance(self, journey: Journey, rule: Rule, event: Event) -> None:
        """Do the journey's steps until it waits, its `due` set, or has come to its end, its `due` 0.

        `event` began it, with `at` = now.
        """
        journey.due = 0
        while journey.step < len(rule.do):
            step = rule.do[journey.step]
            at = journey.step
            self._do(journey, rule, step, event)
            if journey.due:
                return
            if journey.step == at:
                journey.step += 1

    def ask_again(self, journey: Journey, rule: Rule) -> None:
        """Go back to the `stop_if` right before a step that was held up: it may be otherwise by now."""
        joined = {getattr(step, "otherwise", getattr(step, "to", 0)) for step in rule.do}
        while journey.step and journey.step not in joined and isinstance(rule.do[journey.step - 1], StopIf):
            journey.step -= 1

    def _do(self, journey: Journey, rule: Rule, step: Step, event: Event) -> None:
        """One step. One that goes anywhere but on sets the journey's step, one that waits its `due`."""
        match step:
            case Send():
                self._send(journey, rule, step, event)
            case Wait():
                self._wait(journey, rule, self.now + step.span)
            case WaitUntil():
                self._wait(journey, rule, self._until(step))
            case Jump():
                journey.step = step.to
            case Branch():
                if not step.condition(event, self.customer, journey):
                    journey.step = step.otherwise
            case StopIf():
                if step.condition(event, self.customer, journey):
                    self._note(journey, rule, STOPPED, "stop-if")
                    self._cancel(journey)
                    self._end(journey, rule)
            case Tag() | Assign():
                self._mark(journey, rule, step)
            case Grant() | Notify() | Emit():
                self._ask(journey, rule, step, event)

    # Waiting.

    def _wait(self, journey: Journey, rule: Rule, due: int) -> None:
        """Go on with the next step at `due`; at once if that is past."""
        if due > self.now:
            self._note(journey, rule, WAITING, "wait", due)
            journey.step += 1
            journey.due, journey.since = due, 0

    def _until(self, step: WaitUntil) -> int:
        zone = zone_of(self.customer.profile, self.policy.shop)
        if step.day is not None:
            return instant_of(step.day, step.minute, zone)
        if step.weekday is not None:
            return next_weekday_at(self.now, step.weekday, step.minute, zone)
        return next_at(self.now, step.minute, zone)

    def hold(self, journey: Journey, rule: Rule, reason: str, until: int) -> bool:
        """Try the same step again at `until`; False when it has been tried for `give_up` already."""
        if journey.since and self.now - journey.since >= self.policy.give_up:
            return False
        if not journey.since:
            journey.since = self.now
            self._note(journey, rule, WAITING, reason, until)
        journey.due = min(until, journey.since + self.policy.give_up)
        return True

    def _cancel(self, journey: Journey) -> None:
        """Call back what was decided earlier and has not left; what leaves at this very moment is on its way."""
        self.decided.cancelled.extend(key for key in journey.open if key not in self.leaving)
        journey.open = {key: step for key, step in journey.open.items() if key in self.leaving}

    def _end(self, journey: Journey, rule: Rule) -> None:
        journey.step = len(rule.do)

    # Messages.

    def _send(self, journey: Journey, rule: Rule, send: Send, event: Event) -> None:
        """The guards from consent on, in their order; then the message."""
        channel, reason = guards.channel_for(rule.class_, send.channels, self.customer)
        if not reason:
            reason = guards.busy(rule.class_, self.customer, self.now)
            if reason and self.hold(journey, rule, reason, self.now + self.policy.recheck):
                return
        if not reason and self._taken(rule):
            reason = "group"
        if not reason:
            reason = self._queue(journey, rule, send, event, channel)
            if journey.due:
                return
        journey.since = 0
        if reason:
            self._note(journey, rule, SUPPRESSED, reason)
            if send.stop:
                self._end(journey, rule)

    def _queue(self, journey: Journey, rule: Rule, send: Send, event: Event, channel: str) -> str:
        """Queue the message unless a cap or the quiet hours are in the way, and say which; wait if need be."""
        limits = self.policy.limits[rule.class_.value]
        zone = zone_of(self.customer.profile, self.policy.shop)
        due, reason = guards.departure(rule, self.policy, limits, send.at, zone, self.now)
        if limits.capped and (free := guards.free_at(self.policy, self.customer, channel, due, zone)):
            waits = rule.wait_if_capped and self.hold(journey, rule, "cap", free)
            return "" if waits else "cap"
        expires = self._expires(journey, rule, limits)
        if reason or (expires is not None and due > expires):
            return reason or "expired"
        key = self._leave(journey, rule, send, event, channel, due, expires)
        if limits.counts and key:
            guards.reserve(self.policy, self.customer, due, channel, key, self.now)
        if due > self.now and journey.step + 1 < len(rule.do):
            journey.step += 1
            journey.due = due
        return ""

    def _expires(self, journey: Journey, rule: Rule, limits: Limits) -> int | None:
        """What the rule itself says counts from when its message was first to leave, though it had to wait since."""
        if rule.expires_after is not None:
            return (journey.since or self.now) + rule.expires_after
        return None if limits.expires_after is None else self.now + limits.expires_after

    def _leave(
        self, journey: Journey, rule: Rule, send: Send, event: Event, channel: str, due: int, expires: int | None
    ) -> str:
        """Queue the message and give its key; none in shadow, where it would have been queued."""
        if rule.group:
            self.went.setdefault((rule.group, _status(journey)), rule.id)
        if journey.shadow:
            self._note(journey, rule, SHADOW, "", due)
            return ""
        key = message_key(rule.id, self.id, journey.entry, journey.step)
        template = send.template.replace("{variant}", journey.variant)
        message = QueuedMessage(
            key,
            rule.id,
            template,
            channel,
            rule.class_.value,
            journey.step,
            journey.entry,
            due,
            expires,
            send.offer,
            journey.variant,
            event,
            journey.offered.setdefault(send.offer, due) if send.offer else 0,
            rule.name,
            journey.ruleset,
        )
        journey.open[key] = journey.step
        if due <= self.now:
            self.leaving.add(key)
        self._note(journey, rule, QUEUED, "", due, message)
        return key

    def _taken(self, rule: Rule) -> bool:
        """Whether another of its group went. A rule in shadow is in nobody's way but that of others in shadow."""
        if not rule.group or not self.went:
            return False
        return any(self.went.get((rule.group, status), rule.id) != rule.id for status in (Status.LIVE, rule.status))

    # What is no message.

    def _mark(self, journey: Journey, rule: Rule, step: Tag | Assign) -> None:
        if journey.shadow:
            self._note(journey, rule, SHADOW)
            return
        if isinstance(step, Assign):
            self.customer.own.update(step.values)
        elif not step.on:
            self.customer.own_tags = [tag for tag in self.customer.own_tags if tag != step.name]
        elif step.name not in self.customer.own_tags:
            self.customer.own_tags.append(step.name)
        self._note(journey, rule, DONE)

    def _ask(self, journey: Journey, rule: Rule, step: Grant | Notify | Emit, event: Event) -> None:
        kind, what, amount = _asked(step, event)
        grant = isinstance(step, Grant)
        reason = "staff" if grant and rule.class_ is MessageClass.MARKETING and self.customer.staff else ""
        reason = reason or ("group" if grant and self._taken(rule) else "" if amount > 0 else "no-points")
        if reason:
            self._note(journey, rule, SUPPRESSED, reason)
            return
        if grant and rule.group:
            self.went.setdefault((rule.group, _status(journey)), rule.id)
        if journey.shadow:
            self._note(journey, rule, SHADOW)
            return
        key = message_key(rule.id, self.id, journey.entry, journey.step)
        request = Request(key, rule.id, kind, what, amount, journey.step, journey.entry, self.now, event)
        self._note(journey, rule, REQUESTED, request=request)

    def _note(
        self,
        journey: Journey,
        rule: Rule,
        outcome: str,
        reason: str = "",
        due: int = 0,
        message: QueuedMessage | None = None,
        request: Request | None = None,
    ) -> None:
        self.decided.decisions.append(
            Decision(rule.id, outcome, reason, journey.step, journey.entry, self.now, due, message, request)
        )

    def stop(self, journey: Journey, reason: str) -> None:
        """End the customer's way through a rule at once, and cancel what has not left."""
        self.customer.journeys.remove(journey)
        self.decided.cancelled.extend(journey.open)
        step, entry = journey.step, journey.entry
        self.decided.decisions.append(Decision(journey.rule, STOPPED, reason, step, entry, self.now))


def _status(journey: Journey) -> Status:
    return Status.SHADOW if journey.shadow else Status.LIVE


_ASKED: dict[type, Callable[[Any], tuple[str, str]]] = {
    Grant: lambda step: (step.kind, step.what),
    Notify: lambda step: ("notify", step.text),
    Emit: lambda step: ("emit", step.topic),
}


def _asked(step: Grant | Notify | Emit, event: Event) -> tuple[str, str, int]:
    """(kind, what, how many) of a step's request; points may go by the event's total."""
    kind, what = _ASKED[type(step)](step)
    if not isinstance(step, Grant):
        return kind, what, 1
    return kind, what, step.amount * (event.amount // step.per) if step.per else step.amount
