"""A channel without a world behind it, for tests and dry runs: it keeps what it was given and fails as told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from delivery.channels.base import Outgoing
from delivery.errors import SendError


class Memory:
    """`outcomes`: what happens to each sending in turn, None = it leaves; after the last, all leave."""

    def __init__(self, outcomes: Iterable[Exception | None] = ()) -> None:
        self.sent: list[Outgoing] = []
        """What left, and what may have left."""
        self.closed = False
        self._outcomes: Iterator[Exception | None] = iter(outcomes)

    async def send(self, outgoing: Outgoing) -> None:
        """Raises the next of `outcomes`."""
        outcome = next(self._outcomes, None)
        if outcome is None or not isinstance(outcome, SendError) or outcome.may_have_left:
            self.sent.append(outgoing)
        if outcome is not None:
            raise outcome

    async def close(self) -> None:
        """Remembers that it was asked to."""
        self.closed = True
