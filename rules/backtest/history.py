"""Which events of a log are history to play, and when they happened."""

from __future__ import annotations

from retention.events import CATALOGUE, INTERNAL, Event

RESULTS = frozenset({"sent", "failed", "cancelled", "expired", "ambiguous"})
"""What delivery says of a message: of those that the log speaks of. A simulation makes messages of its own."""


def played(event: Event) -> bool:
    """Whether it comes from outside: what Regulars itself told the log, the simulation tells by itself.

    What customers do with messages (they unsubscribe, complain, click) comes from outside: consents would be wrong.
    """
    if event.type == "message":
        return event.data.state not in RESULTS
    return event.type not in INTERNAL and event.source != CATALOGUE
