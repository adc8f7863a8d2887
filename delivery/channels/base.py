"""What every channel is, and what it is given."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class Outgoing(Struct, frozen=True):
    """One finished message to one person.

    `key` is the message's stable key: a channel that can leaves out what it saw under the same key before.
    `at` is microseconds since 1970 UTC. `unsubscribe` is the address that ends such messages, where there is one.
    """

    key: str
    address: str
    name: str
    subject: str
    text: str
    html: str
    locale: str
    at: int
    unsubscribe: str | None = None


class Channel(Protocol):
    """A way to reach people. May be used by several tasks of one event loop at once."""

    async def send(self, outgoing: Outgoing) -> None:
        """Hand the message over; returns when somebody else answers for it.

        Raises Retryable, Final or Ambiguous; ends by itself within the channel's timeout.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; the channel opens new ones when it is used again."""
        ...
