"""The offer that goes with a message: its code, and until when it holds."""

from __future__ import annotations

from msgspec import Struct

from delivery.check import Held, Refusal, put_off
from retention.state import Customer
from retention.zones import zone_of
from rules.engine.codes import expiry, generated
from rules.offers import Offer
from rules.ruleset import RuleSet
from storage.messages import Claimed, Context

LOOK_AGAIN = 3_600_000_000
"""How long a message without a code waits for one before the next look, microseconds."""


class Given(Struct, frozen=True):
    """An offer under a code of the customer's own; `expires_at`, microseconds since 1970 UTC: its last one, if any."""

    offer: Offer
    code: str
    expires_at: int | None


class Offers:
    """Gives each message what its step offers: the same again however often it is asked."""

    def __init__(self, rules: RuleSet, secret: bytes) -> None:
        """`secret`: the store's, which all generated codes come from."""
        self._rules = rules
        self._secret = secret

    def __call__(
        self, message: Claimed, answered: Context, customer: Customer, now: int
    ) -> Given | Held | Refusal | None:
        """None: it leaves without. It waits for an offer that the shop does not have any more, too."""
        if not answered.offer:
            return None
        offer = self._rules.offers.get(answered.offer)
        if offer is None:
            return put_off(message, now, LOOK_AGAIN, "offer-gone", self._rules.policy)
        if offer.pool:
            return self._empty(message, offer, now)
        code = generated(self._secret, offer.id, offer.prefix, message.rule, message.customer, answered.entry)
        zone = zone_of(customer.profile, self._rules.policy.shop)
        return Given(offer, code, expiry(offer.expires, answered.offered_at or message.created_at, zone))

    def _empty(self, message: Claimed, offer: Offer, now: int) -> Held | Refusal | None:
        """Nothing fills a pool yet: every one of them is empty."""
        if offer.when_empty == "hold":
            return put_off(message, now, LOOK_AGAIN, "offer-empty", self._rules.policy)
        return None if offer.when_empty == "send_without" else Refusal("cancelled", "offer-empty")
