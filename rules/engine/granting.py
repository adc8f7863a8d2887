"""Grants what rules ask for, in memory: for rule tests, dry runs and backtests. Instants in µs since 1970 UTC."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rules.engine.budgets import Purse, worth
from rules.engine.codes import expiry, generated
from rules.engine.outcome import QueuedMessage, Request
from rules.offers import Gift, Offer
from rules.ruleset import RuleSet

Outcome = Literal["granted", "held", "without", "denied"]
"""`held`: ask again later; `without`: what it goes with leaves without it; `denied`: that does not leave either."""
Why = Literal["", "gone", "stock", "pool", "budget", "pace"]
"""Why not: the shop has no such offer or gift any more; none is left; no code is; the budget is spent; what there is
of it for today is."""

_EMPTY: Mapping[str, Outcome] = {"hold": "held", "send_without": "without", "skip": "denied"}


class Granted(Struct, frozen=True):
    """What came of the request `key`: of an offer its `code` and the last instant at which it holds, None: for good.

    `amount` of points. `cost`: what it takes from the budget, minor units.
    """

    key: str
    outcome: Outcome
    why: Why = ""
    code: str = ""
    expires_at: int | None = None
    amount: int = 0
    cost: int = 0


class _Taken(Struct, frozen=True):
    what: Offer | Gift
    at: int
    granted: Granted


Place = str | tuple[str, str, str, str]
"""What is taken once: of an offer for (offer, rule, customer, entry), of a gift for the request's key."""


def asked_with(message: QueuedMessage, at: int) -> Request:
    """The request for the offer that goes with a message decided at `at`."""
    return Request(message.key, message.rule, "offer", message.offer, 1, message.step, message.entry, at)


class MemoryGranter:
    """Stock, budgets, codes and points of one shop. Who asks again under the same key gets the same answer."""

    def __init__(self, rules: RuleSet, secret: bytes, pools: Mapping[str, Iterable[str]] | None = None) -> None:
        """`secret` is what generated codes come from; `pools`: name → its codes, in the order they are given."""
        self._rules = rules
        self._secret = secret
        self._purse = Purse(rules.policy.shop.zone)
        self._pools = {name: deque(codes) for name, codes in (pools or {}).items()}
        self._told: dict[str, Granted] = {}
        self._taken: dict[Place, _Taken] = {}
        self._users: Counter[Place] = Counter()
        self._places: dict[str, Place] = {}
        self.points: Counter[str] = Counter()
        """Customer → points given to them."""

    def grant(self, request: Request, customer: str, zone: ZoneInfo, now: int | None = None) -> Granted:
        """Answer `request` of `customer`, whose clock is `zone`, at `now`; None: when it was made.

        An offer that the same entry into the rule had already is the same code again, and costs nothing.
        ValueError for a request of another kind than offer, gift and points.
        """
        if known := self._told.get(request.key):
            return known
        answer = self.look(request, customer, zone, now)
        if answer.outcome == "granted":
            self._take(request, customer, answer, request.at if now is None else now)
        if answer.outcome != "held":
            self._told[request.key] = answer
        return answer

    def look(self, request: Request, customer: str, zone: ZoneInfo, now: int | None = None) -> Granted:
        """What `grant` would say; nothing is used up."""
        if known := self._told.get(request.key):
            return known
        at = request.at if now is None else now
        match request.kind:
            case "points":
                return Granted(request.key, "granted", amount=request.amount)
            case "gift":
                return self._gift(request, at)
            case "offer":
                return self._offer(request, customer, zone, at)
        raise ValueError(f"{request.kind} is nothing that is granted")

    def release(self, key: str) -> None:
        """What was granted under `key` comes to nothing: it is there for others again. Points stay given."""
        place = self._places.pop(key, None)
        if place is None:
            return
        del self._told[key]
        self._users[place] -= 1
        if not self._users[place]:
            self._give_back(self._taken.pop(place))

    def _gift(self, request: Request, at: int) -> Granted:
        gift = self._rules.gifts.get(request.what)
        if gift is None:
            return Granted(request.key, "denied", "gone")
        if why := self._purse.short(gift, at):
            return Granted(request.key, _EMPTY[gift.when_empty], why)
        return Granted(request.key, "granted", cost=worth(gift))

    def _offer(self, request: Request, customer: str, zone: ZoneInfo, at: int) -> Granted:
        offer = self._rules.offers.get(request.what)
        if offer is None:
            return Granted(request.key, "denied", "gone")
        if taken := self._taken.get(_place(request, customer)):
            return replace(taken.granted, key=request.key, cost=0)
        code = self._code(offer, request, customer)
        if why := self._purse.short(offer, at) if code else "pool":
            return Granted(request.key, _EMPTY[offer.when_empty], why)
        return Granted(request.key, "granted", "", code, expiry(offer.expires, at, zone), cost=worth(offer))

    def _code(self, offer: Offer, request: Request, customer: str) -> str:
        """The pool's next code, empty when there is none; without a pool the customer's own."""
        if not offer.pool:
            return generated(self._secret, offer.id, offer.prefix, request.rule, customer, request.entry)
        pool = self._pools.get(offer.pool)
        return pool[0] if pool else ""

    def _take(self, request: Request, customer: str, answer: Granted, at: int) -> None:
        if request.kind == "points":
            self.points[customer] += answer.amount
            return
        place = self._places[request.key] = _place(request, customer)
        self._users[place] += 1
        if place not in self._taken:
            what = self._rules.gifts[request.what] if request.kind == "gift" else self._rules.offers[request.what]
            self._taken[place] = _Taken(what, at, answer)
            self._purse.take(what, at)
            if isinstance(what, Offer) and what.pool:
                self._pools[what.pool].popleft()

    def _give_back(self, taken: _Taken) -> None:
        self._purse.take(taken.what, taken.at, -1)
        if isinstance(taken.what, Offer) and taken.what.pool:
            self._pools[taken.what.pool].append(taken.granted.code)


def _place(request: Request, customer: str) -> Place:
    return request.key if request.kind == "gift" else (request.what, request.rule, customer, request.entry)
