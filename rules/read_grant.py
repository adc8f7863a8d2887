"""The steps `offer`, `gift` and `points`, and an offer that goes with a message."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

from ruamel.yaml.nodes import Node

from retention.money import decimals
from rules.here import Here
from rules.language.faults import did_you_mean
from rules.reading import plain, scalar, text
from rules.steps import Grant

MOST_POINTS = 1_000_000
WITH_TOTAL = ("purchase", "return")
"""Events that come to an amount, so that points can be counted by it."""
_POINTS = re.compile(r"([0-9]{1,9})(?: per ([0-9]{1,9})(?:\.([0-9]{1,9}))?)?")
_MEANT = re.compile(r"([0-9][0-9,]*)(?: ?(?:points?|pts?))?(?: ?(?:/|per|for|each|for each|for every) ?([0-9.,]+).*)?")


def offer(here: Here, node: Node) -> str | None:
    """The id of an offer."""
    return _named(here, node, "offer", here.around.offers, "gift", here.around.gifts)


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "offer" else f"a {kind}"


def grant_offer(here: Here, node: Node) -> Grant | None:
    """An offer by itself."""
    what = offer(here, node)
    return None if what is None else Grant("offer", what)


def grant_gift(here: Here, node: Node) -> Grant | None:
    """A gift."""
    what = _named(here, node, "gift", here.around.gifts, "offer", here.around.offers)
    return None if what is None else Grant("gift", what)


def _named(
    here: Here, node: Node, kind: str, known: Collection[str] | None, other: str, others: Collection[str] | None
) -> str | None:
    value = text(here.document, node, f"the id of {_a(kind)}")
    if value is None or known is None or value in known:
        return value
    hint = did_you_mean(value, known) or f"; {kind}s stand in rules/offers.yaml"
    if value in (others or ()):
        hint = f"; it is {_a(other)}: write `{other}: {value}`"
    here.tell(node, f'unknown {kind} "{value}"{hint}', f"unknown-{kind}")
    return None


def grant_points(here: Here, node: Node) -> Grant | None:
    """So many points, or so many for each amount of the event's total."""
    found = scalar(here.document, node, "a number of points")
    if found is None:
        return None
    read = _POINTS.fullmatch(found.value)
    amount, per = (int(read[1]), _minor(here, read)) if read else (0, 0)
    if not 1 <= amount <= MOST_POINTS or (read and read[2] and not per):
        message = f'points are a number from 1 to {MOST_POINTS}, or "1 per 25" of the total, not "{found.value}"'
        here.tell(node, message + _meant(found.value), "bad-points")
        return None
    if per and here.on is not None and here.on not in WITH_TOTAL:
        message = f"only a purchase or a return has a total: write a number of points alone, such as {amount}"
        here.tell(node, message, "no-total")
    return Grant("points", "", amount, per)


def _minor(here: Here, read: re.Match[str]) -> int:
    """The amount behind `per` in minor units; 0 when there is none, or it has more decimals than the currency."""
    places = decimals(here.around.policy.shop.currency)
    if not read[2] or len(read[3] or "") > places:
        return 0
    return int(Decimal(f"{read[2]}.{read[3] or 0}").scaleb(places))


def _meant(value: str) -> str:
    written = plain(value).strip().lower()
    if written.startswith("-"):
        return "; rules give points, they take none away"
    found = _MEANT.fullmatch(written)
    if found is None:
        return ""
    per = f" per {found[2].replace(',', '')}" if found[2] else ""
    meant = found[1].replace(",", "") + per
    return f'; did you mean "{meant}"?' if meant != value and int(meant.partition(" ")[0]) <= MOST_POINTS else ""
