"""The rules of a run that decide at once, as their comments and docs say it: four starter campaigns. Those that go on
by time are in `journeys`. Shares no code with the product.

welcome          the first order ever, marketing
thank-returning  every order from the second on, marketing
return-care      a return, unless it is at `received`, transactional
birthday         a birthday, once a calendar year, marketing

What is marketing waits while a ticket is open or a return under way, for longer than a run takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Bangkok")
TRANSACTIONAL = {"return-care"}
LATELY = timedelta(days=1)
LATENESS = timedelta(hours=36)
STALE = timedelta(days=60)
STAGES = ("requested", "received", "refunded")
Decision = tuple[str, str, str, str]
"""(rule, outcome, reason, entry): outcome queued, suppressed, waiting or `not fired`; entry empty = the event's
identity."""


class Person:
    """What the rules look at."""

    def __init__(self) -> None:
        self.orders: set[str] = set()
        self.bought_lately = False
        """Whether an order is of today, or almost."""
        self.consent: tuple[datetime, bool] | None = None
        self.said: dict[str, tuple[datetime, Any]] = {}
        """Profile field → when it was said, and what."""
        self.suppressed = False
        self.birthday = 0
        """The last year a birthday was entered."""
        self.tickets: dict[str, tuple[datetime, bool]] = {}
        """Ticket → its latest word, and whether it is closed."""
        self.returns: dict[str, tuple[int, datetime]] = {}
        """Return → how far it is, and since when."""

    @property
    def staff(self) -> bool:
        """Whether the customer works here."""
        return "staff" in self.said and bool(self.said["staff"][1])

    def stopped(self, marketing: bool) -> str:
        """Why no email may go, or nothing."""
        if marketing and self.staff:
            return "staff"
        if marketing and not (self.consent and self.consent[1]):
            return "no-consent"
        if self.suppressed:
            return "suppressed"
        return "" if self.address else "unreachable"

    def busy(self, at: datetime) -> str:
        """What marketing waits for the end of, or nothing."""
        if any(not closed and at - time < STALE for time, closed in self.tickets.values()):
            return "open-ticket"
        under_way = any(stage < 2 and at - time < STALE for stage, time in self.returns.values())
        return "return-in-progress" if under_way else ""

    @property
    def address(self) -> str:
        """Where an email goes, or nothing."""
        return str(self.said["email"][1] or "") if "email" in self.said else ""

    def fate(self, marketing: bool) -> str:
        """What becomes of a queued email when delivery looks at the customer for the last time."""
        if self.suppressed or (marketing and not (self.consent and self.consent[1])):
            return "cancelled"
        return "sent" if "@" in self.address else "failed"


def decide(person: Person, kind: str, data: dict[str, Any], time: datetime, at: datetime) -> Iterator[Decision]:
    """Take one event in; every rule that listens says what it makes of it."""
    late = at - time > LATENESS
    if kind == "purchase":
        yield from _purchase(person, data, time, at)
    elif kind == "return":
        stage = STAGES.index(data.get("state", "refunded"))
        known = person.returns.setdefault(data["return_id"], (stage, time))
        person.returns[data["return_id"]] = max(known, (stage, time))
        if data.get("state") == "received":
            yield "return-care", "not fired", "condition", ""
        else:
            yield _send(person, "return-care", late, at, marketing=False)
    elif kind == "support":
        word = (time, data["state"] == "closed")
        person.tickets[data["ticket_id"]] = max(person.tickets.get(data["ticket_id"], word), word)
    elif kind == "birthday":
        yield _birthday(person, time.astimezone(ZONE).year, late, at)
    elif kind == "profile":
        _profile(person, data, time)
    elif kind == "consent" and data["channel"] == "email" and "topic" not in data:
        _consent(person, data["state"] == "granted", time)
    elif kind == "message":
        _message(person, data, time)


def _purchase(person: Person, data: dict[str, Any], time: datetime, at: datetime) -> Iterator[Decision]:
    late = at - time > LATENESS
    if data["order_id"] in person.orders:
        return  # an amendment
    person.orders.add(data["order_id"])
    person.bought_lately |= at - time < LATELY
    if len(person.orders) == 1:
        yield _send(person, "welcome", late, at, marketing=True)
        yield "thank-returning", "not fired", "condition", ""
    else:
        yield "welcome", "not fired", "condition", ""
        yield _send(person, "thank-returning", late, at, marketing=True)


def _birthday(person: Person, year: int, late: bool, at: datetime) -> Decision:
    if late:
        return "birthday", "suppressed", "late", ""
    if person.birthday >= year:
        return "birthday", "suppressed", "re-entry", ""
    person.birthday = year
    return _send(person, "birthday", late, at, marketing=True, entry=f"birthday\x1f{year}")


def _send(person: Person, rule: str, late: bool, at: datetime, marketing: bool, entry: str = "") -> Decision:
    if late:
        return rule, "suppressed", "late", entry
    if reason := person.stopped(marketing):
        return rule, "suppressed", reason, entry
    busy = person.busy(at) if marketing else ""
    return rule, "waiting" if busy else "queued", busy, entry


def _profile(person: Person, data: dict[str, Any], time: datetime) -> None:
    """The latest word about each field wins."""
    for name, value in data.items():
        known = person.said.get(name)
        if known is None or time >= known[0]:
            person.said[name] = (time, value)


def _consent(person: Person, granted: bool, time: datetime) -> None:
    """The latest word wins; said at the same instant, the stricter one."""
    if person.consent is None or time > person.consent[0] or (time == person.consent[0] and not granted):
        person.consent = (time, granted)


def _message(person: Person, data: dict[str, Any], time: datetime) -> None:
    if data["state"] in ("bounced", "complained"):
        person.suppressed = True
    elif data["state"] == "unsubscribed":
        _consent(person, False, time)
