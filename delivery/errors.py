"""What can go wrong on the way to a person, by what to do about it."""

from __future__ import annotations


class DeliveryError(Exception):
    """Something about reaching people went wrong."""


class BadSettings(DeliveryError):
    """A setting of a channel makes no sense; the message says which, and what to write instead. No passwords."""


class SendError(DeliveryError):
    """A message did not surely leave. `code` is a short stable word, `reply` the server's number if it gave one.

    Neither holds anything of the customer or of the server's wording, which may quote the address.
    """

    may_have_left = False

    def __init__(self, code: str, reply: int | None = None) -> None:
        self.code = code
        self.reply = reply
        super().__init__(code if reply is None else f"{code} ({reply})")


class Retryable(SendError):
    """It surely did not leave, and may another time."""


class Final(SendError):
    """It surely did not leave, and never will."""


class Ambiguous(SendError):
    """Nobody can know whether it left: all of it was handed over and no answer was read."""

    may_have_left = True
