"""What there is to tell of a customer once their log was replayed."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from console.cli.why.many import Many
from retention.state import Customer
from rules.ruleset import RuleSet
from rules.witness import Heard
from storage.story import Asked, Queued


class Known(Struct, frozen=True):
    """A replayed customer: `customer` at the end of it, what was `heard`, and what the store has of messages and
    requests. `rules` are today's, `sets` those of then by their hash; `unkept` the hashes of those that are not kept.
    `many`: what is about all customers.
    """

    id: str
    customer: Customer
    heard: Mapping[str, Heard]
    messages: Mapping[str, Queued]
    requests: Mapping[str, Asked]
    rules: RuleSet
    sets: Mapping[str, RuleSet]
    events: int
    until: int
    let_go: int = 0
    unkept: tuple[str, ...] = ()
    many: Many = field(default_factory=Many)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's: all times are told in it."""
        return self.rules.policy.shop.zone

    @property
    def rule_of(self) -> dict[str, str]:
        """Key of a message → its rule."""
        return {key: one.message.rule for key, one in self.messages.items()}
