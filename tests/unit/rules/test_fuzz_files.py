"""Random edits of the policy, the offers and the shop's own events: every one gets an answer, soon.

`REGULARS_FUZZ` sets how many, as in `test_fuzz`.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from retention.shop import Shop
from rules.document import Document
from rules.language.schema import schema
from rules.load import load
from rules.problems import render
from rules.read_events import KEYS as EVENT_KEYS
from rules.read_events import read_events
from rules.read_offers import GIFT_KEYS, OFFER_KEYS, read_offers
from rules.read_policy import KEYS as POLICY_KEYS
from rules.read_policy import read_policy
from tests.unit.rules.test_fuzz import SLOWEST, TIMES, edited
from tests.unit.rules.test_read_offers import WHOLE as OFFERS
from tests.unit.rules.test_read_policy import WHOLE as POLICY

EVENTS = """\
attributes: {shoe_size: count, favourite: text}
events:
  social_share: {network: text, url: text?, worth: number?}
  event_rsvp: {seats: count, coming: flag}
"""
SEGMENTS = "large: customer.attributes.shoe_size >= 45\n"
FILES = {
    name: text.encode() for name, text in zip(("policy", "offers", "events"), (POLICY, OFFERS, EVENTS), strict=True)
}
_READERS: dict[str, Callable[[Document], object]] = {
    "policy": read_policy,
    "offers": lambda document: read_offers(document, "THB"),
    "events": read_events,
}
_SIGNS = """2026-13 2569-03 21:00 24:00 9pm text? ?? count -1 0 per calendar_day 3/7d 1,500 ฿5 99999999999999999999
    1e9999999 100.5% 0.000001 ๓ never obey purchase time {} [] [[1]] {a: 1} "" ~ true yes"""
_PIECES = [
    *(one.encode() for one in _SIGNS.split()),
    *(f", {key}: ".encode() for key in (*OFFER_KEYS, *GIFT_KEYS, *EVENT_KEYS, *POLICY_KEYS)),
]


def changed(content: bytes, dice: random.Random) -> bytes:
    """One digit replaced by another, one value or key by something of these files, or edits of any kind."""
    chance = dice.random()
    if chance < 0.4:
        return edited(content, dice)
    if chance < 0.7 and (digits := list(re.finditer(rb"[0-9]", content))):
        place = dice.choice(digits).start()
        return content[:place] + str(dice.randrange(10)).encode() + content[place + 1 :]
    words = content.split(b" ")
    words[dice.randrange(len(words))] = dice.choice(_PIECES)
    return b" ".join(words)


def test_edited_files_are_read_and_what_is_accepted_is_without_problems() -> None:
    dice = random.Random(20_260_302)
    told: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(TIMES):
        name = dice.choice(sorted(FILES))
        content = changed(FILES[name], dice)
        begun = time.process_time()
        document = Document(f"{name}.yaml", content)
        read = _READERS[name](document)
        shown = [render(problem) for problem in document.problems]
        slowest = max(slowest, time.process_time() - begun)
        assert all(one.startswith(f"{name}.yaml:") for one in shown)
        assert read is not None or shown, content
        told["refused" if shown else f"{name} accepted"] += 1
    assert slowest < SLOWEST
    assert len(told) == 4
    assert min(told.values()) > TIMES // 200, told


def test_what_is_accepted_of_the_shops_own_events_can_be_asked_for() -> None:
    dice = random.Random(20_260_303)
    asked = 0
    for _ in range(TIMES // 10):
        document = Document("events.yaml", changed(FILES["events"], dice))
        own = read_events(document)
        if own is None or document.problems:
            continue
        for event, fields in own.events.items():
            known = schema(event, Shop(), own.declared).fields
            assert {f"event.{name}" for name in fields} <= set(known)
            asked += 1
    assert asked > 0


def test_edited_folders_are_loaded(tmp_path: Path) -> None:
    dice = random.Random(8)
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "segments.yaml").write_text(SEGMENTS)
    answers: Counter[bool] = Counter()
    for _ in range(max(TIMES // 20, 60)):
        wrong = dice.choice(sorted(FILES))
        for name, content in FILES.items():
            (tmp_path / f"{name}.yaml").write_bytes(changed(content, dice) if name == wrong else content)
        loaded = load(tmp_path)
        assert (loaded.ruleset is None) == bool(loaded.problems)
        answers[loaded.ruleset is None] += 1
    assert min(answers.values()) > 0
