"""The last look before a message leaves: much may have changed since it was decided."""

from __future__ import annotations

from msgspec import Struct

from retention.state import Customer
from rules.ruleset import ADDRESSES
from storage.messages import Claimed, Final

TRANSACTIONAL = "transactional"


class Refusal(Struct, frozen=True):
    """Why a message must not leave any more, and the final status that makes of it."""

    status: Final
    code: str


def check(message: Claimed, customer: Customer | None, now: int) -> Refusal | str:
    """Where the message may go, or why it may not. `now` is the clock's, microseconds; None: the customer is erased.

    Whatever is not transactional needs a granted consent of its channel; not known is no.
    """
    if customer is None:
        return Refusal("cancelled", "erased")
    if message.expires_at is not None and now > message.expires_at:
        return Refusal("expired", "expired")
    if message.channel in customer.suppressed:
        return Refusal("cancelled", "suppressed")
    consent = customer.consents.get(message.channel)
    if message.class_ != TRANSACTIONAL and not (consent and consent[0]):
        return Refusal("cancelled", "no-consent")
    address = customer.profile.get(ADDRESSES.get(message.channel, ""))
    return address if isinstance(address, str) and address else Refusal("failed", "no-address")
