"""What was in the way of a rule, with its particulars: how late, which cap, which ticket, since when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

from msgspec import Struct

from console.cli.why.saying import clock, happened, moment, share, span
from retention.events import CLOCK
from retention.state import RETURN_STAGES, STALE, Customer
from retention.zones import local_day, zone_of
from rules.engine import guards
from rules.engine.guards import entry_key
from rules.engine.outcome import QUEUED, REQUESTED, SHADOW, STOPPED
from rules.engine.shares import WHOLE, bucket
from rules.policy import Cap, Policy
from rules.ruleset import ADDRESSES, MessageClass, Rule
from rules.steps import Send
from rules.witness import Moment, Noted

MOST = 5
"""Messages that counted towards a cap are named up to so many."""


class Case(Struct, frozen=True):
    """A decision to be explained: `rule` as it was then, `moment` when it is of the rule's beginning.

    `sent`: key of a message → the rule it is of, as far as the store knows.
    """

    id: str
    noted: Noted
    rule: Rule
    began: Moment | None
    zone: ZoneInfo
    rule_of: Mapping[str, str]

    @property
    def policy(self) -> Policy:
        return self.noted.rules.policy

    @property
    def customer(self) -> Customer:
        return self.noted.customer

    @property
    def at(self) -> int:
        return self.noted.decision.at

    @property
    def own_zone(self) -> ZoneInfo:
        """The customer's."""
        return zone_of(self.customer.profile, self.policy.shop)

    @property
    def send(self) -> Send | None:
        """The step, where it is a message."""
        step = self.noted.decision.step
        found = self.rule.do[step] if step < len(self.rule.do) else None
        return found if isinstance(found, Send) else None

    def when(self, at: int) -> str:
        return moment(at, self.zone)


def because(case: Case) -> list[str]:
    """The particulars of a decision's reason, a sentence each; none where the reason says it all."""
    decision = case.noted.decision
    if decision.outcome == STOPPED and decision.reason in ("stop-on", "not-sent"):
        return [f"{happened(case.noted.event)}, at {case.when(case.noted.event.at)}"]
    return list(_SAID[decision.reason](case)) if decision.reason in _SAID else []


def _late(case: Case) -> Iterator[str]:
    event, most = case.noted.event, span(case.policy.lateness)
    if case.began is not None and case.began.caught:
        late = span(event.at - event.time)
        yield f"their turn was {case.when(event.time)} and came {late} later; at most {most} late"
    elif case.began is None or case.began.event.source == CLOCK:
        yield f"it was due {case.when(case.at)} and was looked at {span(event.at - case.at)} later; at most {most} late"
    else:
        late = span(event.at - event.time)
        yield f"it happened {case.when(event.time)} and came {late} later; rules answer what is at most {most} old"


def _reentry(case: Case) -> Iterator[str]:
    customer = case.began.customer if case.began is not None else case.customer
    known = customer.entries.get(entry_key(case.rule))
    if known is None:
        return
    count, last, cycle = known
    yield f"entered {case.when(last)}{f', {count} times in all' if count > 1 else ''}"
    reentry = case.rule.reentry
    if case.rule.on == "birthday" and cycle:
        yield f"once for each birthday: that was the one of {cycle}"
    elif reentry.kind == "after" and case.at - last < reentry.after:
        yield f"again {span(reentry.after)} after that, from {case.when(last + reentry.after)} on"
    else:
        yield "the rule takes everybody once (`reentry: never`)"


def _holdout(case: Case) -> Iterator[str]:
    whole = case.noted.decision.reason == "global-holdout"
    points, salt = (case.policy.holdout, "*") if whole else (case.rule.holdout, case.rule.id)
    number = bucket(f"holdout:{salt}", case.id)
    of = "all marketing" if whole else "this rule"
    yield f"{share(points)} are kept out of {of}: numbers below {points:,} of {WHOLE:,}; theirs is {number:,} for good"


def _chance(case: Case) -> Iterator[str]:
    if case.began is not None:
        number = bucket(f"chance:{case.rule.id}:{case.began.event.id}", case.id)
        most = case.rule.chance
        yield f"{share(most)} get it: numbers below {most:,} of {WHOLE:,}; for this event {number:,} was drawn"


def _channels(case: Case) -> Iterator[str]:
    """Why each channel of the message could not be used."""
    for channel in case.send.channels if case.send is not None else ():
        yield f"{channel}: {_channel(case, channel)}"


def _channel(case: Case, channel: str) -> str:
    consent = case.customer.consents.get(channel)
    if case.rule.class_ is MessageClass.MARKETING:
        if consent is None:
            return "they never said yes or no, which is no"
        if not consent[0]:
            return f"they said no {case.when(consent[1])}"
    if channel in case.customer.suppressed:
        word = case.customer.suppressed[channel]
        return "a message bounced" if word == "bounced" else "they complained of a message"
    if case.customer.profile.get(ADDRESSES[channel]):
        return "could be used"
    return f"no {ADDRESSES[channel]} is known"


def _ticket(case: Case) -> Iterator[str]:
    for ticket, (time, opened) in sorted(case.customer.tickets.items(), key=lambda one: one[1]):
        if opened and case.at - time < STALE:
            yield f"ticket {ticket}, open since {case.when(time)}"
    yield from _looks(case)


def _return(case: Case) -> Iterator[str]:
    for id, (time, stage) in sorted(case.customer.returning.items(), key=lambda one: one[1]):
        if RETURN_STAGES[stage] != "refunded" and case.at - time < STALE:
            yield f"return {id}, {RETURN_STAGES[stage]} {case.when(time)}"
    yield from _looks(case)


def _looks(case: Case) -> Iterator[str]:
    if case.noted.decision.due:
        again, end = span(case.policy.recheck), span(case.policy.give_up)
        yield f"looked at again every {again}, given up after {end}"
    else:
        yield f"it was waited for {span(case.policy.give_up)}, and then given up"


def _group(case: Case) -> Iterator[str]:
    for other in case.noted.before:
        rule = case.noted.rules.by_id.get(other.rule)
        went = other.outcome in (QUEUED, REQUESTED, SHADOW) and other.at == case.at and other.rule != case.rule.id
        if went and rule is not None and rule.group == case.rule.group:
            yield f"{other.rule} went, whose priority is {rule.priority}; this one's is {case.rule.priority}"
            return


def _cap(case: Case) -> Iterator[str]:
    send = case.send
    if send is None:
        return
    channel, _ = guards.channel_for(case.rule.class_, send.channels, case.customer)
    limits = case.policy.limits[case.rule.class_.value]
    due, _ = guards.departure(case.rule, case.policy, limits, send.at, case.own_zone, case.at)
    for cap in case.policy.caps:
        if cap.channel not in ("any", channel):
            continue
        alone = _only(case.policy, cap)
        if free := guards.free_at(alone, case.customer, channel, due, case.own_zone):
            yield f"{_cap_said(cap)} {'on all channels' if cap.channel == 'any' else f'by {cap.channel}'}; they had"
            yield from _counted(case, cap, due)
            yield f"there is room again from {case.when(free)} on"


def _only(policy: Policy, cap: Cap) -> Policy:
    return Policy(shop=policy.shop, caps=(cap,))


def _cap_said(cap: Cap) -> str:
    return f"at most {cap.most} in {span(cap.window)}" if cap.window else f"at most {cap.most} a day"


def _counted(case: Case, cap: Cap, due: int) -> Iterator[str]:
    held = [one for one in case.customer.reserved if cap.channel in ("any", one[1])]
    today = local_day(due, case.own_zone)
    counts = [
        one for one in held if (one[0] > due - cap.window if cap.window else local_day(one[0], case.own_zone) == today)
    ]
    for time, channel, key in counts[-MOST:]:
        rule = case.rule_of.get(key)
        yield f"  {case.when(time)} by {channel}{f', of {rule}' if rule else ''}"


def _quiet(case: Case) -> Iterator[str]:
    if case.policy.quiet is not None:
        first, last = map(clock, case.policy.quiet)
        yield f"{first}–{last} on their clock ({case.own_zone.key}); the rule says drop, so it does not wait"


def _expired(case: Case) -> Iterator[str]:
    limits = case.policy.limits[case.rule.class_.value]
    most = limits.expires_after if case.rule.expires_after is None else case.rule.expires_after
    if case.send is not None and most is not None:
        due, _ = guards.departure(case.rule, case.policy, limits, case.send.at, case.own_zone, case.at)
        yield f"it would have left {case.when(due)}; it may {span(most)} after {case.when(case.at)} at the latest"


def _paused(case: Case) -> Iterator[str]:
    if case.noted.decision.due:
        yield f"goes on when it is live again; given up after {span(case.policy.give_up)}"


_SAID: dict[str, Callable[[Case], Iterator[str]]] = {
    "late": _late,
    "re-entry": _reentry,
    "holdout": _holdout,
    "global-holdout": _holdout,
    "chance": _chance,
    "no-consent": _channels,
    "suppressed": _channels,
    "unreachable": _channels,
    "open-ticket": _ticket,
    "return-in-progress": _return,
    "group": _group,
    "cap": _cap,
    "quiet-hours": _quiet,
    "expired": _expired,
    "paused": _paused,
}
