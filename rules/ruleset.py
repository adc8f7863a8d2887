"""The rules of a shop, ready to decide with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from rules.language import Condition
from rules.offers import Gift, Offer
from rules.policy import Policy, Quiet
from rules.steps import Step

ADDRESSES = {"email": "email", "sms": "phone", "line": "line_id", "push": "push_token"}
"""Channel → the profile field that holds a customer's address on it."""


Period = Literal["day", "week", "month", "quarter", "year"]
"""What comes round, by the calendar of the shop."""

ALL_MARKETING = "class:marketing"
"""Stands for all rules of the class marketing where rules are paused; no rule can have it for its id."""


class Status(StrEnum):
    """Whether a rule decides, and whether what it decides is sent."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    PAUSED = "paused"


class MessageClass(StrEnum):
    """Which consent a message obeys: marketing needs the customer's, transactional does not."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class Reentry(Struct, frozen=True):
    """When a customer may enter a rule again; for `after`, how long (µs) after the last entry.

    A birthday is entered once a calendar year at most, whatever is said here; `never` means just that.
    """

    kind: Literal["never", "always", "after"] = "never"
    after: int = 0


class Inactive(Struct, frozen=True):
    """`on: inactive`: nothing was heard since the last order, or the last event of any kind, for `span` microseconds.

    `rhythm` times the customer's own usual gap between orders takes the place of `span` where it is not 0; in
    hundredths (2 is 200).
    """

    since: Literal["last_order", "last_event"] = "last_order"
    span: int = 0
    rhythm: int = 0


class OnDate(Struct, frozen=True):
    """`on: date`: a date of the customer comes round. `field` as conditions name it, `offset` in whole days."""

    field: str
    offset: int = 0


class FanOut(Struct, frozen=True):
    """Everybody in `audience`: `every` period, or when `every` is empty at each event of the rule's `on`."""

    audience: Condition
    every: Period | Literal[""] = ""


class Goal(Struct, frozen=True):
    """What the rule is there for: an event of this type `within` microseconds of the entry."""

    event: str = "purchase"
    within: int = 0


class CatchUp(Struct, frozen=True):
    """How many customers a day who were past the threshold already when the rule was switched on are taken."""

    most: int


_NEVER = Reentry()
ALWAYS: tuple[int | None, int | None] = (None, None)
"""Active on any day."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One file of `rules/campaigns`. `condition` is None when the rule has none; higher `priority` goes first.

    `on` is an event type, `inactive`, `date`, or empty for what comes `every` period; `trigger` says more of the last
    three. Shares are basis points. `active` is the first and the last day on which the rule listens, days since
    1970-01-01 in the shop's zone, None where it is open. `holdout` is kept out to compare with; `chance` of those
    who are left get it; `variants` are names with shares that add up to 10,000; of the rules of a `group` that
    fire on one event one goes. `stop_on` holds event types and type.state. `expires_after` and `quiet` None: as the
    class has it.
    """

    id: str
    name: str
    status: Status
    on: str
    condition: Condition | None
    do: tuple[Step, ...]
    class_: MessageClass = MessageClass.MARKETING
    reentry: Reentry = _NEVER
    priority: int = 0
    active: tuple[int | None, int | None] = ALWAYS
    holdout: int = 0
    chance: int = 10_000
    variants: tuple[tuple[str, int], ...] = ()
    group: str = ""
    trigger: Inactive | OnDate | FanOut | None = None
    goal: Goal | None = None
    wait_if_capped: bool = False
    expires_after: int | None = None
    quiet: Quiet | None = None
    stop_on: tuple[str, ...] = ()
    catch_up: CatchUp | None = None
    unmet: tuple[str, str] = field(init=False)
    inactive: tuple[str, str] = field(init=False)
    """What `Decided.not_fired` says of it; made once, not for every event."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unmet", (self.id, "condition"))
        object.__setattr__(self, "inactive", (self.id, "inactive-period"))

    @property
    def order(self) -> tuple[int, str]:
        """Sorts rules as they decide: higher priority first, then id."""
        return -self.priority, self.id

    @property
    def fired_by(self) -> str:
        """What fires it, for people to read: what it listens to, or `every month`."""
        return f"every {self.trigger.every}" if isinstance(self.trigger, FanOut) and self.trigger.every else self.on

    @property
    def timed(self) -> bool:
        """Whether time itself fires it; a birthday also comes by the profile's date."""
        return self.on in ("inactive", "date", "birthday", "")

    @property
    def deciding(self) -> bool:
        """Whether customers enter it."""
        return self.status in (Status.LIVE, Status.SHADOW)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one state of the files, in deciding order; `hash` names that state (16 hex digits)."""

    rules: tuple[Rule, ...]
    policy: Policy
    hash: str
    by_trigger: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    """What it listens to (`Rule.on`) → the rules that decide: live and shadow ones."""
    by_id: dict[str, Rule] = field(default_factory=dict)
    timed: tuple[Rule, ...] = ()
    """Those of the deciding rules that time itself fires."""
    personal: tuple[Rule, ...] = ()
    periodic: tuple[Rule, ...] = ()
    """Those of them whose time is each customer's own, and those of a period, which begins for everybody in a zone."""
    periods: tuple[Period, ...] = ()
    """Which ones, each once."""
    segments: Mapping[str, Condition] = field(default_factory=dict)
    """Name → condition over the customer, for whom it asks by name; of the event it looks at `at` alone, as now."""
    offers: Mapping[str, Offer] = field(default_factory=dict)
    gifts: Mapping[str, Gift] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    """What the shop has paused, beside what its files say: ids of rules, or `ALL_MARKETING`."""

    def pauses(self, rule: Rule) -> bool:
        """Whether the shop has paused this rule, be it of this set or of an older one."""
        if not self.paused:
            return False
        return rule.id in self.paused or (ALL_MARKETING in self.paused and rule.class_ is MessageClass.MARKETING)


def paused(rules: RuleSet, hash_: str, what: Iterable[str]) -> RuleSet:
    """The same rules under another name, those in `what` paused and no others by hand."""
    pausing = replace(rules, paused=frozenset(what))
    those = [replace(rule, status=Status.PAUSED) if pausing.pauses(rule) else rule for rule in rules.rules]
    made = rule_set(those, rules.policy, hash_, rules.segments, rules.offers, rules.gifts)
    return replace(made, paused=pausing.paused)


def rule_set(
    rules: Iterable[Rule],
    policy: Policy,
    hash_: str,
    segments: Mapping[str, Condition] | None = None,
    offers: Mapping[str, Offer] | None = None,
    gifts: Mapping[str, Gift] | None = None,
) -> RuleSet:
    """The rule set of `rules`, sorted and indexed."""
    ordered = tuple(sorted(rules, key=lambda rule: rule.order))
    deciding = [rule for rule in ordered if rule.deciding]
    triggers = {rule.on for rule in deciding}
    by_trigger = {on: tuple(rule for rule in deciding if rule.on == on) for on in sorted(triggers)}
    by_id = {rule.id: rule for rule in ordered}
    timed = tuple(rule for rule in deciding if rule.timed)
    personal = tuple(rule for rule in timed if not isinstance(rule.trigger, FanOut))
    periodic = tuple(rule for rule in timed if isinstance(rule.trigger, FanOut))
    every = [rule.trigger.every for rule in periodic if isinstance(rule.trigger, FanOut)]
    periods = tuple(sorted({period for period in every if period}))
    return RuleSet(
        ordered,
        policy,
        hash_,
        by_trigger,
        by_id,
        timed,
        personal,
        periodic,
        periods,
        segments or {},
        offers or {},
        gifts or {},
    )
