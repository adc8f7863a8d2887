"""When to try again: longer after each try, and not all at the same moment."""

from __future__ import annotations

from msgspec import Struct

MOST_STEPS = 100
"""Past it the wait does not grow any more: a float would overflow."""


class Backoff(Struct, frozen=True):
    """Full jitter: a random share of `base × factor^(tries − 1)`, at most `most`; seconds.

    The defaults spread six tries over up to 5 h 41 min, so that an evening without the mail server costs no message.
    """

    base: float = 60.0
    factor: float = 4.0
    most: float = 6 * 3600.0

    def delay(self, tries: int, share: float) -> int:
        """Microseconds to wait after the `tries`-th try (from 1); `share` is random in [0, 1)."""
        ceiling = min(self.most, self.base * self.factor ** min(tries - 1, MOST_STEPS))
        return int(ceiling * share * 1_000_000)
