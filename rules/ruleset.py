"""The rules of a shop, ready to decide with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from retention.shop import Shop
from rules.language import Condition

HOUR = 3_600_000_000
"""Microseconds of an hour."""

ADDRESSES = {"email": "email", "sms": "phone", "line": "line_id", "push": "push_token"}
"""Channel → the profile field that holds a customer's address on it."""


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


class Policy(Struct, frozen=True):
    """What holds for all rules: the shop itself, and how late (µs) an event may be and still fire a rule.

    `holdout` is the share of customers, in basis points, that no marketing rule reaches.
    """

    shop: Shop = Shop()
    lateness: int = 24 * HOUR
    holdout: int = 0


class Send(Struct, frozen=True):
    """A message in the wording of `template`, by the first of `channels` that can be used.

    `{variant}` in `template` stands for the customer's variant in the rule.
    """

    template: str
    channels: tuple[str, ...]


class Reentry(Struct, frozen=True):
    """When a customer may enter a rule again; for `after`, how long (µs) after the last entry.

    A birthday is entered once a calendar year at most, whatever is said here; `never` means just that.
    """

    kind: Literal["never", "always", "after"] = "never"
    after: int = 0


_NEVER = Reentry()


@dataclass(frozen=True, slots=True)
class Rule:
    """One file of `rules/campaigns`. `condition` is None when the rule has none; higher `priority` goes first.

    Shares are basis points. `active` is the first and the last day on which the rule listens, days since
    1970-01-01 in the shop's zone, None where it is open. `holdout` is kept out to compare with; `chance` of those
    who are left get it; `variants` are names with shares that add up to 10,000; of the rules of a `group` that
    fire on one event one goes.
    """

    id: str
    name: str
    status: Status
    on: str
    condition: Condition | None
    do: tuple[Send, ...]
    class_: MessageClass = MessageClass.MARKETING
    reentry: Reentry = _NEVER
    priority: int = 0
    active: tuple[int | None, int | None] = (None, None)
    holdout: int = 0
    chance: int = 10_000
    variants: tuple[tuple[str, int], ...] = ()
    group: str = ""

    @property
    def order(self) -> tuple[int, str]:
        """Sorts rules as they decide: higher priority first, then id."""
        return -self.priority, self.id


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one state of the files, in deciding order; `hash` names that state (16 hex digits)."""

    rules: tuple[Rule, ...]
    policy: Policy
    hash: str
    by_trigger: dict[str, tuple[Rule, ...]] = field(default_factory=dict)
    """Event type → the rules that listen to it and decide: live and shadow ones."""
    segments: Mapping[str, Condition] = field(default_factory=dict)
    """Name → condition over the customer, for whom it asks by name; of the event it looks at `at` alone, as now."""


def rule_set(
    rules: Iterable[Rule], policy: Policy, hash_: str, segments: Mapping[str, Condition] | None = None
) -> RuleSet:
    """The rule set of `rules`, sorted and indexed."""
    ordered = tuple(sorted(rules, key=lambda rule: rule.order))
    deciding = [rule for rule in ordered if rule.status in (Status.LIVE, Status.SHADOW)]
    triggers = {rule.on for rule in deciding}
    by_trigger = {on: tuple(rule for rule in deciding if rule.on == on) for on in sorted(triggers)}
    return RuleSet(ordered, policy, hash_, by_trigger, segments or {})
