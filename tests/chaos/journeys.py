"""The rules of a run that go on by time, step by step, as their files in `campaigns` say. Shares no code with the
product.

call-back      a survey: a second later a word to the staff
first-steps    a fulfilment, at most every ten seconds: three messages with time between them; other edition: two, and
               a word to the staff
not-after-all  a survey: a message, another 4 s later unless they bought meanwhile; not in the other edition
gone-quiet     nothing heard for 3 s: a message, a second later a word to the staff
new-article    an article is launched, to who bought today: a message, 2 s later a word to the staff

An edition is `first` or `other`; whoever is in a rule goes on by the one they entered it with. Which edition decided
about an event, and when, is told by the log: what comes first, a wait's end or a purchase, nobody else can know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.chaos.rulebook import Person

Do = tuple[str, Any]
"""(`send`, whether the rule stops where it is not sent), (`wait`, for how long), (`stop_if`, –), (`notify`, –)."""
Noted = tuple[str, str, str, int, str, str, int]
"""(customer, rule, entry, step, outcome, reason, when in microseconds since 1970)."""
GONE = {"failed", "cancelled", "expired"}
SETTLED = GONE | {"sent", "ambiguous"}
"""What is said of a message that did not leave; of any that has come to an end."""
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
FOREVER = datetime.max.replace(tzinfo=UTC)
QUIET = timedelta(seconds=3)


@dataclass(frozen=True)
class Rule:
    """`again`: how long after an entry the next is allowed. `stops`: whether a purchase ends it. `buyers`: only for who
    bought today."""

    do: Sequence[Do]
    again: timedelta = timedelta(0)
    stops: bool = False
    buyers: bool = False


def _wait(seconds: int) -> Do:
    return "wait", timedelta(seconds=seconds)


_SEND, _SEND_OR_STOP, _NOTIFY, _STOP_IF = ("send", False), ("send", True), ("notify", None), ("stop_if", None)
_TEN = timedelta(seconds=10)
_CALL_BACK = Rule((_wait(1), _NOTIFY))
_NOT_AFTER_ALL = Rule((_SEND, _wait(4), _SEND_OR_STOP), stops=True)
_FIRST_STEPS = Rule((_SEND, _wait(2), _STOP_IF, _SEND_OR_STOP, _wait(1), _SEND_OR_STOP), again=_TEN)
_OTHER_STEPS = Rule((_SEND, _wait(1), _SEND_OR_STOP, _wait(2), _NOTIFY), again=_TEN)
_GONE_QUIET = Rule((_SEND, _wait(1), _NOTIFY))
"""The same in both editions: nobody can know which of them was live when a time passed of which nothing came."""
_NEW_ARTICLE = Rule((_SEND, _wait(2), _NOTIFY), buyers=True)
RULES: Mapping[str, Mapping[str, Mapping[str, Rule]]] = {
    "first": {
        "survey": {"call-back": _CALL_BACK, "not-after-all": _NOT_AFTER_ALL},
        "fulfilment": {"first-steps": _FIRST_STEPS},
        "product": {"new-article": _NEW_ARTICLE},
    },
    "other": {
        "survey": {"call-back": _CALL_BACK},
        "fulfilment": {"first-steps": _OTHER_STEPS},
        "product": {"new-article": _NEW_ARTICLE},
    },
}
"""Edition → type of event → rules."""
NAMES = {"call-back", "not-after-all", "first-steps", "gone-quiet", "new-article"}


@dataclass
class Journey:
    """A customer's way through a rule: the step done next, and when; None: nothing is left but to hear of messages."""

    name: str
    rule: Rule
    entry: str
    orders: int
    """The customer's orders when they entered."""
    step: int = 0
    due: datetime | None = None
    open: dict[str, int] = field(default_factory=dict)
    """Key of a message of which no end was heard → its step."""

    @property
    def unfinished(self) -> bool:
        """Whether anything may still come of it."""
        return self.due is not None or (self.rule.stops and bool(self.open))


class Ways:
    """One customer's ways. `noted`: all that was decided; `unmet`: rules whose condition did not hold; `sent` and
    `words`: keys of messages, of words to the staff; `called_off`: keys of messages that may not have left when their
    rule ended."""

    def __init__(self, customer: str, person: Person) -> None:
        self.customer = customer
        self.person = person
        self.noted: list[Noted] = []
        self.unmet: list[str] = []
        self.sent: list[str] = []
        self.words: list[str] = []
        self.called_off: set[str] = set()
        self._journeys: list[Journey] = []
        self._entered: dict[str, datetime] = {}
        self._heard: datetime | None = None
        """The latest time of an event of the customer's own."""
        self._now = datetime.min.replace(tzinfo=UTC)
        """What came due by then has passed."""

    def pass_time(self, until: datetime) -> None:
        """All that comes due by then, in the order of time."""
        while (due := min(self._dues(until), default=None)) is not None:
            quiet, self._now = self._quiet(), due
            for journey in [each for each in self._journeys if each.due == due]:
                self._go_on(journey)
            if quiet == due:
                self._enter("gone-quiet", _GONE_QUIET, f"inactive\x1f{(due - QUIET - EPOCH) // MICROSECOND}")
        self._now = until

    def hear(self, key: str, state: str) -> None:
        """What became of a message."""
        for journey in self._journeys if state in SETTLED else ():
            if key in journey.open:
                step = journey.open.pop(key)
                if not journey.unfinished:
                    self._journeys.remove(journey)
                elif state in GONE and journey.rule.do[step][1]:
                    self._stop(journey, "not-sent")
                return

    def bought(self) -> None:
        """A new order: what stops on a purchase stops."""
        for journey in [each for each in self._journeys if each.rule.stops]:
            self._stop(journey, "stop-on")

    def fire(self, edition: str, kind: str, entry: str, late: bool) -> None:
        """An event that is decided now; `entry` is its identity."""
        for name, rule in RULES[edition].get(kind, {}).items():
            entered = self._entered.get(name)
            if rule.buyers and not self.person.bought_lately:
                self.unmet.append(name)
            elif late:
                self._note(name, entry, 0, "suppressed", "late")
            elif entered is not None and self._now - entered < rule.again:
                self._note(name, entry, 0, "suppressed", "re-entry")
            else:
                self._enter(name, rule, entry)

    def spoke(self, time: datetime) -> None:
        """The customer was heard of, at this time by their own word."""
        self._heard = max(time, self._heard or time)

    def _quiet(self) -> datetime | None:
        """When they will have been quiet for long enough; None where they are for longer."""
        due = self._heard + QUIET if self._heard is not None else None
        return due if due is not None and due > self._now else None

    def _dues(self, until: datetime) -> Iterator[datetime]:
        dues = [self._quiet(), *(each.due for each in self._journeys)]
        return (due for due in dues if due is not None and due <= until)

    def _enter(self, name: str, rule: Rule, entry: str) -> None:
        self._entered[name] = self._now
        journey = Journey(name, rule, entry, len(self.person.orders))
        self._journeys.append(journey)
        self._go_on(journey)

    def _go_on(self, journey: Journey) -> None:
        journey.due = None
        while journey.step < len(journey.rule.do) and journey.due is None:
            at = journey.step
            self._do(journey, *journey.rule.do[at])
            journey.step += journey.step == at
        if not journey.unfinished:
            self._journeys.remove(journey)

    def _do(self, journey: Journey, what: str, how: Any) -> None:
        if what == "wait":
            self._note_of(journey, "waiting", "wait")
            journey.due = self._now + how
        elif what == "notify":
            self._note_of(journey, "requested")
            self.words.append(self._key(journey))
        elif what == "send":
            self._send(journey, how)
        elif len(self.person.orders) > journey.orders:  # stop_if
            self._note_of(journey, "stopped", "stop-if")
            self._end(journey)

    def _send(self, journey: Journey, stops: bool) -> None:
        if reason := self.person.stopped(marketing=False):
            self._note_of(journey, "suppressed", reason)
            journey.step = len(journey.rule.do) if stops else journey.step
            return
        self._note_of(journey, "queued")
        key = self._key(journey)
        self.sent.append(key)
        journey.open[key] = journey.step

    def _stop(self, journey: Journey, reason: str) -> None:
        self._note_of(journey, "stopped", reason)
        self._end(journey)
        self._journeys.remove(journey)

    def _end(self, journey: Journey) -> None:
        self.called_off.update(journey.open)
        journey.open.clear()
        journey.step = len(journey.rule.do)

    def _key(self, journey: Journey) -> str:
        return key_of(journey.name, self.customer, journey.entry, journey.step)

    def _note_of(self, journey: Journey, outcome: str, reason: str = "") -> None:
        self._note(journey.name, journey.entry, journey.step, outcome, reason)

    def _note(self, *what: Any) -> None:
        self.noted.append((self.customer, *what, (self._now - EPOCH) // MICROSECOND))


def key_of(rule: str, customer: str, entry: str, step: int) -> str:
    """The key of a message or of a word to the staff."""
    return hashlib.sha256("\x1f".join((rule, customer, entry, str(step))).encode()).hexdigest()[:32]
