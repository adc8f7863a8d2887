"""What a rule file may name that stands in other files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from retention.events import PRODUCT
from rules.language.schema import NOTHING, TIMED, TRIGGERS, Declared, Schema, customers, schema
from rules.language.typed import Test
from rules.policy import Policy
from rules.wordings import Wordings

Segments = Mapping[str, Test | None]
"""Name → condition, None when something is wrong with it."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a rule: the policy, and what there is to name.

    `wordings` None: messages are not looked up. The others None: their file is broken and nobody can say what it
    holds, so a rule may name anything, and nothing is said of it. `offers` and `gifts` are ids.
    """

    policy: Policy = field(default_factory=Policy)
    wordings: Wordings | None = None
    segments: Segments | None = field(default_factory=dict)
    declared: Declared | None = NOTHING
    offers: Collection[str] | None = ()
    gifts: Collection[str] | None = ()

    @property
    def events(self) -> list[str]:
        """Every type of event a customer can cause, sorted."""
        return sorted((*TRIGGERS, *(self.declared or NOTHING).events))

    @property
    def blind(self) -> bool:
        """Whether nobody can say which events and attributes the shop has declared."""
        return self.declared is None

    def schema(self, on: str, steps: bool = False) -> Schema:
        """What conditions of a rule on `on` may use, `steps`: those behind `do`."""
        known = (*TRIGGERS, *TIMED, PRODUCT)
        fires = on if on in known or on in (self.declared or NOTHING).events else "every"
        return schema(fires, self.policy.shop, self.declared or NOTHING, self.segments, steps)

    def customers(self) -> Schema:
        """What a condition may use that speaks of the customer alone."""
        return customers(self.policy.shop, self.declared or NOTHING, self.segments)
