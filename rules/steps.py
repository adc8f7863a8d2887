"""What a rule does, step by step: a program of which each customer who entered is at one place.

`if`, `then` and `else` of a rule file are laid flat: a `Branch` says where its `else` begins, a `Jump` passes over
it. A step's number is its place in the program; it names the step in decisions and in the keys of messages.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from rules.language import StepCondition


class Send(Struct, frozen=True):
    """A message in the wording of `template`, by the first of `channels` that can be used.

    `{variant}` in `template` stands for the customer's variant in the rule. `at` is the minute of the customer's
    day it leaves at, the next time it comes round; None: at once. `offer` names one of `offers.yaml` whose code
    goes with it. `stop`: the rule ends for the customer when it cannot be sent, or finally failed.
    """

    template: str
    channels: tuple[str, ...]
    at: int | None = None
    offer: str = ""
    stop: bool = True


class Grant(Struct, frozen=True):
    """Something that customers share the stock or the budget of: asked for here, granted by delivery.

    `what` names an offer or a gift; for points it is empty and `amount` says how many: for each `per` minor units
    of the event's total that many, or just so many when `per` is 0.
    """

    kind: Literal["offer", "gift", "points"]
    what: str = ""
    amount: int = 1
    per: int = 0


class Tag(Struct, frozen=True):
    """Puts a tag on the customer (`on`), or takes one off that a rule put there."""

    name: str
    on: bool = True


class Assign(Struct, frozen=True):
    """Sets attributes of the customer: (name, value), texts, whole numbers, true or false, or None to clear."""

    values: tuple[tuple[str, Any], ...]


class Notify(Struct, frozen=True):
    """Tells the staff, on topic `notifications`."""

    text: str


class Emit(Struct, frozen=True):
    """Produces an event about the customer to the shop's own topic."""

    topic: str


class Wait(Struct, frozen=True):
    """Goes on `span` microseconds later."""

    span: int


class WaitUntil(Struct, frozen=True):
    """Goes on when the customer's clock shows `minute` of the day, next.

    Only on `weekday` (0 = Monday), or on `day` (days since 1970-01-01), where one is given. A day that is over is
    not waited for.
    """

    minute: int
    weekday: int | None = None
    day: int | None = None


class StopIf(Struct, frozen=True):
    """Ends the rule for the customer when the condition holds."""

    condition: StepCondition


class Branch(Struct, frozen=True):
    """Goes on with the next step when the condition holds, else with step `otherwise`."""

    condition: StepCondition
    otherwise: int


class Jump(Struct, frozen=True):
    """Goes on with step `to`, which stands further down."""

    to: int


Step = Send | Grant | Tag | Assign | Notify | Emit | Wait | WaitUntil | StopIf | Branch | Jump
