"""`rules/offers.yaml` to what rules may give: offers and gifts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field
from ruamel.yaml.nodes import Node, ScalarNode

from rules.document import Document
from rules.entry import Entry, entry_of, id_of, named, sections
from rules.offers import Gift, Offer, Pace, Period, WhenEmpty
from rules.read_trial import ID
from rules.reading import listed, scalar, text

KEYS = ("offers", "gifts")
_BUDGET = ("budget", "period", "pace", "when_empty")
_WORTH = ("percent", "amount", "free_shipping")
OFFER_KEYS = ("name", *_WORTH, "minimum", "most", "excludes", "stacks", "expires", "prefix", "pool", *_BUDGET)
GIFT_KEYS = ("name", "cost", "stock", *_BUDGET)
MAX_GIVEN = 200
MAX_EXCLUDES = 100
MAX_STOCK = 999_999_999
PERIODS: dict[str, Period] = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}
PACES: dict[str, Pace] = {"even": "even", "free": "free"}
WHEN_EMPTY: dict[str, WhenEmpty] = {"hold": "hold", "send_without": "send_without", "skip": "skip"}

_PREFIX = re.compile(r"[A-Z0-9]{1,8}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_SECTIONS = "offers stand below a line `offers:`, gifts below `gifts:`, each two spaces further in"
_OFFER = "comeback-15: {name: 15% on the next order, percent: 15%}"
_GIFT = "handwritten-note: {name: A handwritten note, cost: 15}"


class Giving(Struct, frozen=True):
    """What there is to give, by id; None where something is wrong with it, which the document tells."""

    offers: dict[str, Offer | None] = field(default_factory=dict)
    gifts: dict[str, Gift | None] = field(default_factory=dict)

    @property
    def sound_offers(self) -> dict[str, Offer]:
        """Those with which nothing is wrong."""
        return {id_: offer for id_, offer in self.offers.items() if offer is not None}

    @property
    def sound_gifts(self) -> dict[str, Gift]:
        """Those with which nothing is wrong."""
        return {id_: gift for id_, gift in self.gifts.items() if gift is not None}


def read_offers(document: Document, currency: str) -> Giving | None:
    """What `document` offers, amounts in `currency`; None when nobody can say what it does."""
    if document.root is None:
        return None
    found = sections(document, document.root, KEYS, _SECTIONS)
    giving = Giving()
    for id_, node in _entries(document, found, "offers", _OFFER):
        entry = entry_of(document, node, OFFER_KEYS, _OFFER, currency)
        offer = None if entry is None else _offer(id_ or "", entry)
        if id_ is not None:
            giving.offers[id_] = offer
    for id_, node in _entries(document, found, "gifts", _GIFT):
        entry = entry_of(document, node, GIFT_KEYS, _GIFT, currency)
        gift = None if entry is None else _gift(id_ or "", entry)
        if id_ is not None:
            giving.gifts[id_] = gift
    return giving


def _entries(document: Document, found: Mapping[str, Node], key: str, example: str) -> list[tuple[str | None, Node]]:
    """The entries of a section of the file, by id."""
    if key not in found:
        return []
    return named(document, found[key], f"{key} are entries such as `{example}`", id_of, MAX_GIVEN)


def _offer(id_: str, entry: Entry) -> Offer | None:
    name = _name(entry)
    percent, amount, free_shipping = _worth(entry)
    prefix, pool = _codes(entry)
    minimum, most = entry.money("minimum", "a minimum"), entry.money("most", "a maximum discount")
    if "most" in entry and "amount" in entry:
        entry.report("most", "the amount is the most it takes off already: remove this line", "contradiction")
    budget, period, pace = _budget(entry)
    offer = Offer(
        id=id_,
        name=name,
        percent=percent,
        amount=amount,
        free_shipping=free_shipping,
        minimum=minimum,
        most=most,
        excludes=_excludes(entry),
        stacks=entry.truth("stacks"),
        expires=_expires(entry),
        prefix=prefix,
        pool=pool,
        when_empty=entry.choice("when_empty", WHEN_EMPTY, "hold"),
        budget=budget,
        period=period,
        pace=pace,
    )
    return offer if entry.sound else None


def _gift(id_: str, entry: Entry) -> Gift | None:
    name, cost, stock = _name(entry), entry.money("cost", "a cost"), entry.whole("stock", "a stock", MAX_STOCK)
    budget, period, pace = _budget(entry)
    if "budget" in entry and "cost" not in entry:
        entry.report("budget", "a budget needs to know what one costs; add a line `cost: 15`", "missing-key")
    elif budget and cost > budget:
        entry.report("budget", "the budget does not pay for a single one; raise it", "contradiction")
    when_empty = entry.choice("when_empty", WHEN_EMPTY, "skip")
    gift = Gift(id_, name, cost, stock, budget, period, pace, when_empty)
    return gift if entry.sound else None


def _name(entry: Entry) -> str:
    if "name" not in entry:
        entry.report("name", 'the key "name" is missing: what your customers call it', "missing-key")
    return entry.text("name", "a name")


def _worth(entry: Entry) -> tuple[int, int, bool]:
    """What it takes off: a share in basis points, an amount, or shipping; exactly one of them."""
    percent = entry.share("percent", "a share such as 15%", 0)
    amount, free_shipping = entry.money("amount", "an amount"), entry.truth("free_shipping")
    given = [key for key in _WORTH if key in entry and (key != "free_shipping" or free_shipping or not entry.sound)]
    if len(given) > 1:
        message = f"an offer is one of percent, amount and free_shipping; this one is {' and '.join(given)}"
        entry.report(given[1], f"{message}: keep one", "contradiction")
    elif not given:
        message = "an offer takes something off: add percent: 15%, amount: 100 or free_shipping: true"
        entry.report("free_shipping", message, "missing-key")
    elif "percent" in entry and percent == 0 and entry.sound:
        entry.report("percent", "0% takes nothing off", "bad-share")
    return percent, amount, free_shipping


def _codes(entry: Entry) -> tuple[str, str]:
    """The prefix of generated codes, and the pool of those that were brought."""
    prefix = _prefix(entry) if "prefix" in entry else ""
    pool = entry.text("pool", "the name of a pool")
    if pool and not ID.fullmatch(pool):
        entry.report("pool", "the name of a pool has small letters, digits and hyphens, at most 63", "bad-id")
    if "prefix" in entry and "pool" in entry:
        message = "codes of a pool come as they are, only generated ones begin with a prefix: keep one of the two"
        entry.report("prefix", message, "contradiction")
    return prefix, pool


def _expires(entry: Entry) -> int | None:
    """How long a code holds, microseconds."""
    node = entry.found.get("expires")
    value = str(node.value) if isinstance(node, ScalarNode) else ""
    if value == "never":
        entry.report("expires", "a code without `expires` holds for good: remove this line", "bad-duration")
    elif _DAY.fullmatch(value):
        message = "a code holds for some time from when it is given, such as 14d; a rule ends on a day by its `active`"
        entry.report("expires", message, "bad-duration")
    else:
        return entry.span("expires", 0, "d", "14d") or None
    return None


def _prefix(entry: Entry) -> str:
    found = scalar(entry.document, entry["prefix"], "the beginning of a code such as TEA")
    if found is None:
        return ""
    value = str(found.value)
    if not _PREFIX.fullmatch(value):
        meant = re.sub("[^A-Z0-9]", "", value.upper())[:8]
        hint = f'; did you mean "{meant}"?' if meant else ""
        entry.report("prefix", f"a prefix is one to eight capital letters A to Z and digits{hint}", "bad-value")
    return value


def _excludes(entry: Entry) -> tuple[str, ...]:
    if "excludes" not in entry:
        return ()
    what = "a category or the number (sku) of an article"
    nodes = listed(entry.document, entry["excludes"], what)
    found: list[str] = []
    for node in nodes:
        value = text(entry.document, node, what)
        if value is not None and value in found:
            entry.document.report_node(node, f'"{value}" stands here twice', "duplicate-value")
        elif value is not None:
            found.append(value)
    if len(nodes) > MAX_EXCLUDES:
        entry.report("excludes", f"an offer excludes at most {MAX_EXCLUDES} categories and articles", "too-long")
    return tuple(found)


def _budget(entry: Entry) -> tuple[int, Period, Pace]:
    """The most it may cost, in which period, and how evenly."""
    budget = entry.money("budget", "a budget")
    period = entry.choice("period", PERIODS, "")
    pace = entry.choice("pace", PACES, "free")
    for key in ("period", "pace"):
        if key in entry and "budget" not in entry:
            entry.report(
                key, f"a {key} is that of a budget; add a line `budget: 20000`, or remove this one", "missing-key"
            )
    if pace == "even" and "budget" in entry and "period" not in entry:
        message = "an even pace spreads the budget over a period; add a line `period: month`"
        entry.report("pace", message, "missing-key")
    return budget, period, pace
