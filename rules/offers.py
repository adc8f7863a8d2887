"""What rules may give: `rules/offers.yaml`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

WhenEmpty = Literal["hold", "send_without", "skip"]
"""What becomes of a message whose offer's pool is empty: it waits for codes, leaves without one, or is not sent."""
Period = Literal["day", "week", "month", "quarter", "year", ""]
"""What a budget is for; empty: it is one for all times."""
Pace = Literal["even", "free"]


class Offer(Struct, frozen=True):
    """Something off the next order, under a code of the customer's own. Money in minor units, spans in microseconds.

    Exactly one of `percent` (basis points), `amount` and `free_shipping` is given. `minimum`: the least the order
    must come to; `most`: the most it takes off; `excludes`: articles (sku) and categories it is not for; `stacks`:
    together with others. `expires`: how long a code holds from the day it is given; None: for good. `pool`: where its
    codes come from, empty: they are generated, with `prefix`.
    """

    id: str
    name: str
    percent: int = 0
    amount: int = 0
    free_shipping: bool = False
    minimum: int = 0
    most: int = 0
    excludes: tuple[str, ...] = ()
    stacks: bool = False
    expires: int | None = None
    prefix: str = ""
    pool: str = ""
    when_empty: WhenEmpty = "hold"
    budget: int = 0
    """Most it may cost in a `period`, minor units; 0: no limit."""
    period: Period = ""
    pace: Pace = "free"


class Gift(Struct, frozen=True):
    """Something put into the parcel. `cost` of one, minor units; `stock`: how many there are, None: always enough.

    `budget` minor units a `period` of the shop's zone; `pace` even spreads it over the period.
    """

    id: str
    name: str
    cost: int = 0
    stock: int | None = None
    budget: int = 0
    period: Period = ""
    pace: Pace = "free"
    when_empty: WhenEmpty = "skip"
