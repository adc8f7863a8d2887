"""The lines of `rules/policy.yaml` in months and tiers: what was spent, and what it takes to be silver or gold."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import Node, ScalarNode

from rules.document import Document
from rules.entry import Entry, entry_of, id_of, named
from rules.language.functions import BUDDHIST
from rules.policy import Spend, Tier
from rules.reading import plain

MAX_MONTHS = 600
MAX_TIERS = 20
MAX_POINTS = 999_999_999
_KINDS = ("acquisition", "retention")
_SPEND = "{2026-03: {acquisition: 50000, retention: 20000}}"
_TIERS = "{silver: {spend: 5000}, gold: {spend: 20000, points: 3000}}"
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_MONTH_MEANT = re.compile(r"(?:([0-9]{4})[-/. ]?([0-9]{1,2})(?:[-/.][0-9]{1,2})?|([0-9]{1,2})[-/. ]([0-9]{4}))")


def spend(entry: Entry) -> tuple[Spend, ...]:
    """What months cost, the earliest first."""
    if "spend" not in entry:
        return ()
    document = entry.document
    months = named(document, entry["spend"], f"spend is by month, such as {_SPEND}", _month, MAX_MONTHS)
    found = [_spent(document, month or 0, node, entry.currency) for month, node in months]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.month))


def _spent(document: Document, month: int, node: Node, currency: str) -> Spend | None:
    spent = entry_of(document, node, _KINDS, "{acquisition: 50000, retention: 20000}", currency)
    if spent is None:
        return None
    if not spent.found and spent.sound:
        spent.report("acquisition", "acquisition, retention or both belong here, nothing stands here", "empty-value")
    acquisition, retention = (spent.money(kind, "what was spent", least=0) for kind in _KINDS)
    return Spend(month, acquisition, retention)


def _month(document: Document, key: Node) -> int | None:
    """The month a key names, counted from year 0."""
    value = str(key.value) if isinstance(key, ScalarNode) else ""
    month = _MONTH.fullmatch(value)
    if month is None:
        meant = _month_meant(value)
        hint = f'; did you mean "{meant}"?' if meant else f"; it is written like {_SPEND}" if value in _KINDS else ""
        fault = f'"{value}" is no month such as 2026-03{hint}'
    elif (year := int(month[1])) in BUDDHIST:
        fault = f"the year {year} is of the Buddhist calendar; write {year - 543}-{month[2]}"
    elif not 2000 <= year < 2100:
        fault = f"is the year {year} right? A shop spends in this century"
    else:
        return year * 12 + int(month[2]) - 1
    document.report_node(key, fault, "bad-month")
    return None


def _month_meant(value: str) -> str:
    found = _MONTH_MEANT.fullmatch(plain(value).strip())
    if found is None:
        return ""
    meant = f"{found[1] or found[4]}-{int(found[2] or found[3]):02d}"
    return meant if _MONTH.fullmatch(meant) else ""


def tiers(entry: Entry) -> tuple[Tier, ...]:
    """The tiers, the lowest first."""
    if "tiers" not in entry:
        return ()
    document = entry.document
    found: list[Tier] = []
    what = f"tiers are names with what it takes, such as {_TIERS}"
    for name, node in named(document, entry["tiers"], what, id_of, MAX_TIERS):
        needs = entry_of(document, node, ("spend", "points"), "{spend: 5000, points: 3000}", entry.currency)
        tier = _tier(name or "", needs) if needs is not None else None
        if tier is not None and needs is not None:
            _rising(needs, tier, found)
            found.append(tier)
    return tuple(found)


def _tier(name: str, needs: Entry) -> Tier | None:
    spend = needs.money("spend", "a tier's spend")
    points = needs.whole("points", "points", MAX_POINTS)
    if not needs.found and needs.sound:
        needs.report("spend", "what does it take? Add spend: 5000, points: 3000, or both", "missing-key")
    elif points == 0:
        needs.report("points", "everybody has 0 points: write more, or remove this", "bad-value")
    return Tier(name, spend or None, points) if needs.sound else None


def _rising(needs: Entry, tier: Tier, before: list[Tier]) -> None:
    """A problem where a tier takes no more than one that stands before it."""
    for key in ("spend", "points"):
        mine = getattr(tier, key)
        lower = [one for one in before if getattr(one, key) is not None]
        if mine is not None and lower and mine <= getattr(lower[-1], key):
            message = f'it takes no more than "{lower[-1].name}" before it; the lowest tier stands first'
            needs.report(key, message, "falling-tiers")
