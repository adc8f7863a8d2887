"""What can be wrong with what reaches the domain."""

from __future__ import annotations


class RetentionError(Exception):
    """Something in the retention domain went wrong."""


class BadEvent(RetentionError):
    """An event that can never be applied: it belongs in the dead letters.

    `reason` is one of `REASONS`, `field` the path inside the event ("data.total", "" for the whole),
    `detail` a sentence for the storefront developer. None of them holds a value from the event, so
    they may be logged and listed.
    """

    def __init__(self, reason: str, field: str = "", detail: str = "") -> None:
        assert reason in REASONS, reason
        self.reason = reason
        self.field = field
        self.detail = detail or REASONS[reason]
        super().__init__(f"{reason} at {field or 'event'}: {self.detail}")


class NewerState(RetentionError):
    """A customer's state was written by a newer version of Regulars than this one."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(
            f"a customer's state has version {version}, which this Regulars does not know; run the newer one"
        )


REASONS: dict[str, str] = {
    "tombstone": "The record has no value. Send a JSON object.",
    "no-key": "The record has no key. The key is the customer id.",
    "bad-key": "The key is not UTF-8, or is longer than 200 characters, or holds control characters.",
    "key-mismatch": "The record's key is not the event's subject. Both are the customer id.",
    "too-large": "The event is larger than 256 KiB.",
    "not-utf8": "The event is not UTF-8.",
    "not-json": "The event is not JSON (RFC 8259).",
    "too-deep": "The event is nested too deeply.",
    "bad-envelope": "The event is not a CloudEvent 1.0: an attribute is missing or of the wrong type.",
    "unknown-type": "No event of this type is known; the shop's own are declared in rules/events.yaml.",
    "internal-type": "Events of this type come from Regulars only.",
    "bad-data": "A field of the event's data is missing, of the wrong type or out of bounds.",
    "bad-money": "An amount must be a plain decimal number with no more decimals than its currency has.",
    "bad-time": "A time must be RFC 3339 with its offset, such as 2026-03-01T10:00:00Z.",
    "time-ahead": "The event's time is more than 24 hours ahead of the clock.",
    "before-horizon": "The event is older than the dedupe horizon; bring history in with `regulars import`.",
    "too-many-items": "An event holds at most 1,000 items.",
    "no-rate": "The currency is not the shop's and policy.yaml names no rate for it.",
    "id-reused": "An event with this source and id but other content was accepted before.",
    "failed": "Applying the event raised an error; the worker's log names it.",
}
