"""`rules/policy.yaml` to the policy of the shop."""

from __future__ import annotations

from typing import Literal

from rules.document import Document
from rules.entry import Entry
from rules.policy import DAY, Policy
from rules.read_aims import costs, targets
from rules.read_limits import caps, limits, quiet_hours
from rules.read_shop import read_shop
from rules.read_spend import spend, tiers
from rules.reading import require

_SHOP = ("currency", "time_zone", "rates", "walk_in")
_LIMITS = ("quiet_hours", "caps", "classes")
_TIMES = ("lateness", "recheck", "attribution", "birthday_hour", "leap_birthday", "lapse")
_MONEY = ("margin", "costs", "targets", "spend", "tiers")
KEYS = (*_SHOP, *_TIMES, "holdout", *_LIMITS, *_MONEY)

MINUTE = 60_000_000
LEAP: dict[str, Literal["feb28", "mar01"]] = {"feb28": "feb28", "mar01": "mar01"}


def read_policy(document: Document) -> Policy | None:
    """The policy in `document`; None when the document got problems."""
    if document.root is None:
        return None
    entry = Entry(document, document.root, KEYS)
    require(document, document.root, entry.found, ("currency", "time_zone"))
    shop = read_shop(entry)
    entry.currency = shop.currency
    usual = Policy()
    policy = Policy(
        shop=shop,
        lateness=entry.span("lateness", usual.lateness, "h", "24h"),
        holdout=entry.share("holdout", "a share such as 5%", usual.holdout),
        quiet=quiet_hours(entry),
        caps=caps(entry),
        limits=limits(entry),
        recheck=_recheck(entry, usual),
        attribution=entry.span("attribution", usual.attribution, "d", "14d"),
        birthday_hour=entry.clock("birthday_hour", usual.birthday_hour),
        leap_birthday=entry.choice("leap_birthday", LEAP, usual.leap_birthday),
        lapse=entry.span("lapse", usual.lapse, "d", "365d"),
        margin=entry.share("margin", "a share such as 60%", usual.margin),
        costs=costs(entry),
        targets=targets(entry),
        spend=spend(entry),
        tiers=tiers(entry),
    )
    return None if document.problems else policy


def _recheck(entry: Entry, usual: Policy) -> int:
    micros = entry.span("recheck", usual.recheck, "h", "4h")
    if not MINUTE <= micros < usual.give_up:
        message = f"what waits is looked at again every 1m at the soonest, and given up after {usual.give_up // DAY}d"
        entry.report("recheck", message, "bad-duration")
    return micros
