"""Random edits of the shipped files: the loader answers, soon, and what it accepts can be executed.

`REGULARS_FUZZ=100000` sets how many edits; the same number gives the same edits.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from retention import state
from retention.events import CLOCK, POKE, TYPES, Event, Poke
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer, Journey
from rules.document import Document
from rules.engine.decide import decide, elapse
from rules.engine.timers import next_due
from rules.language import Built
from rules.language.functions import FUNCTIONS
from rules.language.schema import TRIGGERS, schema
from rules.load import load
from rules.policy import Policy
from rules.problems import render
from rules.read_policy import KEYS as POLICY_KEYS
from rules.read_policy import read_policy
from rules.read_rule import KEYS, read_rule
from rules.read_segments import read_segments
from rules.read_steps import OWNERS, STEPS
from rules.ruleset import FanOut, Rule, Status, rule_set
from rules.steps import Branch, StopIf
from rules.wordings import plainly
from tests.unit.rules.cel_contexts import make
from tests.unit.rules.kit import AROUND, DECLARED, SEGMENTS, WHOLE
from tests.unit.rules.test_language import SMALLEST

SHIPPED = Path(__file__).parents[3] / "rules"
TIMES = int(os.environ.get("REGULARS_FUZZ", "2200"))
SLOWEST = 2.0
"""Seconds of processor time that no file may take."""
SENT = {path.stem: ("email",) for path in (SHIPPED / "campaigns").glob("*.yaml")}
WORDINGS = plainly(SENT | dict.fromkeys(("hello", "hello-warm", "hello-short"), ("email", "line")))
EVERYTHING = replace(AROUND, wordings=WORDINGS)
_SIGNS = """: - , [ ] { } > | & * ! % @ ` " ' # ? ~ \\ == = != < <= ( ) + / . 0 1 30d 2w 1500 0.5 10% null true no on
    and or not in "vip" ["TH","SG"] <<: --- ... !!str &a *a \u0e01\u0e33 \u0e52 \uff1e \u201c \u00a0 \u200b \u2028 \x00
    \x07 \ufeff \U0001f381 2026-01-01 1_000 0o17 always never after draft shadow transactional email line
    inactive date product month 10:00 25:00 friday -7d 7d 1 stop continue defer drop ignore purchase 500 per day
    message.unsubscribed last_event own_rhythm * 2 comeback-15 sample vip shoe_size null social_share"""
_PIECES = [
    *(one.encode() for one in _SIGNS.split(" ")),
    *(b"\n", b"\r\n", b"\r", b"\t", b"  ", b"\n  ", b"\n- ", b"\xa1\xd2", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(f"\n{key}: ".encode() for key in (*KEYS, *POLICY_KEYS, "segment", *STEPS, *OWNERS)),
    *(f"\n  - {key}: ".encode() for key in STEPS),
    *(f" and {one.example}".encode() for one in FUNCTIONS.values()),
    *(f" or {path} == {path}".encode() for trigger in TRIGGERS for path in schema(trigger, Shop()).fields),
    *(trigger.encode() for trigger in TRIGGERS),
    *(f"\nwhen: {one.example}".encode() for one in FUNCTIONS.values()),
]
_WORD = re.compile(rb"[\w.]+|\S")


def edited(content: bytes, dice: random.Random) -> bytes:
    """`content` after one to four edits: a piece put in, cut out, doubled or moved, a word or a byte replaced."""
    for _ in range(dice.choice((1, 1, 2, 4))):
        start = dice.randint(0, len(content))
        end = min(len(content), start + dice.choice((1, 4, 30)))
        words = list(_WORD.finditer(content))
        match dice.randrange(7):
            case 0 if words:
                start, end = dice.choice(words).span()
                new = dice.choice(_PIECES)
            case 1 if words:
                start, end = dice.choice(words).span()
                new = content[slice(*dice.choice(words).span())]
            case 2:
                new = b""
            case 3:
                new = content[start:end] * dice.choice((2, 2, 3, 200))
            case 4:
                new = bytes([dice.randrange(256)])
            case 5:
                lines = content.splitlines(keepends=True)
                dice.shuffle(lines)
                content, new, end = b"".join(lines), b"", start
            case _:
                new, end = dice.choice(_PIECES), start
        content = content[:start] + new + content[end:]
    return content


def events(dice: random.Random) -> dict[str, tuple[Event, Customer]]:
    """One event of everything that fires rules, with a customer; purchases are random too."""
    context = make(dice)
    reached = {"email": "a@example.com"} if dice.random() < 0.5 else {}
    context.customer.profile |= reached
    data: dict[str, Any] = dict.fromkeys(("", "inactive", "date", "product"))
    data |= {"social_share": {"network": "instagram", "followers": 2_000}, "event_rsvp": {"coming": "perhaps"}}
    data |= {name: msgspec.convert(SMALLEST.get(name, {}), TYPES[name], dec_hook=_money) for name in TRIGGERS}
    at = context.event.at
    made = {name: Event("shop", "e", name, "anna", at, one, b"", at=at) for name, one in data.items()}
    return {name: (event, context.customer) for name, event in made.items()} | {
        "purchase": (context.event, context.customer)
    }


def _money(_kind: type, value: str) -> Money:
    return Money(value)


def test_edited_files_are_read_and_what_is_accepted_is_executed() -> None:
    dice = random.Random(20_260_301)
    campaigns = sorted((SHIPPED / "campaigns").glob("*.yaml"))
    files = {path.name: path.read_bytes() for path in campaigns}
    files |= {f"{name}.yaml": content for name, content in WHOLE.items()}
    files |= {"policy.yaml": (SHIPPED / "policy.yaml").read_bytes(), "segments.yaml": SEGMENTS}
    crowd = [events(dice) for _ in range(20)]
    told: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(TIMES):
        name = dice.choice(sorted(files))
        content = edited(files[name], dice)
        begun = time.process_time()
        document = Document(name, content)
        rule: Rule | None = None
        if name == "policy.yaml":
            accepted = read_policy(document) is not None
        elif name == "segments.yaml":
            read_segments(document, Shop())
            accepted = not document.problems
        else:
            rule = read_rule(document, name.removesuffix(".yaml"), EVERYTHING)
            accepted = rule is not None
        shown = [render(problem) for problem in document.problems]
        slowest = max(slowest, time.process_time() - begun)
        assert accepted == (not document.problems), content
        assert all(one.startswith(f"{name}:") for one in shown)
        told["accepted" if accepted else "refused"] += 1
        if rule is not None:
            told["executed"] += execute(rule, dice.choice(crowd))
    assert slowest < SLOWEST
    assert min(told["accepted"], told["refused"], told["executed"]) > TIMES // 50, told
    print(f"\n{TIMES:,} edits: {dict(told)}, slowest {slowest * 1000:.0f} ms")


def execute(rule: Rule, crowd: dict[str, tuple[Event, Customer]]) -> int:
    """Ask every condition, and let a customer go the way through the rule to its end."""
    event, known = crowd[rule.on]
    for number, condition in conditions(rule):
        assert condition(event, known, Journey(rule.id, "e", event.at, 1, 0, step=number)) in (True, False)
    for number, step in enumerate(rule.do):
        assert number < getattr(step, "otherwise", getattr(step, "to", number + 1)) <= len(rule.do)
    customer = state.decode(state.encode(known))
    rules = rule_set([replace(rule, status=Status.LIVE)], Policy(), "0" * 16)
    customer.elapsed = event.at
    if rule.on in (*TRIGGERS, *DECLARED.events):
        decide(rules, event, customer, True)
    for _ in range(len(rule.do) + 2):
        due = next_due(rules, customer)
        if due is not None:
            poke = Event(CLOCK, "poke", POKE, "anna", due, Poke(), b"{}", at=due)
            elapse(rules, poke, customer, lambda _: msgspec.structs.replace(event))
    return 1


def conditions(rule: Rule) -> list[tuple[int, Built]]:
    """All there are in a rule, those of its steps by number."""
    audience = [rule.trigger.audience] if isinstance(rule.trigger, FanOut) else []
    found: list[tuple[int, Any]] = [(0, one) for one in (rule.condition, *audience) if one is not None]
    return found + [(at, step.condition) for at, step in enumerate(rule.do) if isinstance(step, StopIf | Branch)]


def test_edited_folders_are_loaded(tmp_path: Path) -> None:
    dice = random.Random(7)
    files = {path.relative_to(SHIPPED): path.read_bytes() for path in SHIPPED.glob("campaigns/*.yaml")}
    files |= {Path("policy.yaml"): (SHIPPED / "policy.yaml").read_bytes(), Path("segments.yaml"): SEGMENTS}
    (tmp_path / "campaigns").mkdir()
    answers: Counter[bool] = Counter()
    for _ in range(max(TIMES // 20, 60)):
        wrong = dice.choice(sorted(files))
        for name, content in files.items():
            (tmp_path / name).write_bytes(edited(content, dice) if name == wrong else content)
        loaded = load(tmp_path, WORDINGS)
        assert (loaded.ruleset is None) == bool(loaded.problems)
        answers[loaded.ruleset is None] += 1
    assert min(answers.values()) > 0
