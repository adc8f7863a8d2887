"""What the files of `rules/tests` become."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from retention.events import Event
from retention.periods import Grain
from retention.zones import MINUTE
from rules.simulation.entries import Kind


class Span(Struct, frozen=True):
    """A point in time as precisely as somebody wrote it: a day, a minute, a second.

    From `start` up to, not including, `end`; microseconds since 1970 UTC.
    """

    start: int
    end: int

    def holds(self, at: int) -> bool:
        """Whether `at` is meant."""
        return self.start <= at < self.end

    def after(self, until: int) -> bool:
        """Whether a clock that stops at `until` does not come here; the day that just begins then is not to come."""
        return self.start > until or (self.start == until and self.end - self.start > MINUTE)


class Expected(Struct, frozen=True):
    """One thing that must happen. `line` is where that stands in the file.

    `what` is the message, offer, gift, number of points, words, topic, tag, or the attributes as `attributes` names
    them. `channel` and `offer` of a message are empty where anything will do.
    """

    line: int
    on: Span
    customer: str
    rule: str
    kind: Kind
    what: str
    channel: str = ""
    offer: str = ""


class Never(Struct, frozen=True):
    """What must not happen in [after, before): anything the rule does, or only the message `send`, to anybody or to
    `customer`."""

    line: int
    rule: str
    customer: str = ""
    after: int = 0
    before: int = 2**63
    send: str = ""


class Wanted(Struct, frozen=True):
    """A measure as `regulars retention --json` prints it. `period` is a number of `grain`; without one of all time."""

    line: int
    grain: Grain | None
    period: int
    measure: str
    value: Decimal | None


class Case(Struct, frozen=True):
    """One test. `given` come in the order of their `at`, and the clock then goes on to `until`.

    `expect` is complete for the rules it names and for `rules`; None: the test only says what must `never` happen.
    `named` are all the rules it speaks of: they are played as if they were live. `variants` pins rule → variant;
    `left_out` are rules whose chance takes nobody.
    """

    path: str
    line: int
    name: str
    given: tuple[Event, ...]
    until: int
    expect: tuple[Expected, ...] | None = None
    rules: tuple[str, ...] = ()
    never: tuple[Never, ...] = ()
    counters: tuple[Wanted, ...] = ()
    holdout: bool = False
    variants: dict[str, str] = {}
    left_out: tuple[str, ...] = ()

    @property
    def complete_for(self) -> set[str]:
        """Rules of which nothing may happen that is not expected."""
        return {*self.rules, *(one.rule for one in self.expect or ())}

    @property
    def named(self) -> set[str]:
        """All rules the test speaks of."""
        return {*self.complete_for, *(one.rule for one in self.never), *self.variants, *self.left_out}
