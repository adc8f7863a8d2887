"""Our conditions beside Google's CEL: the same answers wherever the two languages mean the same.

An error of CEL (a key that is not there, an overflow, a division by zero) is our unknown: then neither the condition
nor its opposite may be true. `REGULARS_CEL_PAIRS=200000` asks for more than the usual run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from retention.shop import Shop
from rules.language import compile_condition
from rules.language.functions import FUNCTIONS
from rules.language.kinds import ARITHMETIC, ORDERED, Kind, comparable
from rules.language.schema import customers, schema
from rules.language.segments import resolve
from tests.unit.rules.cel_conditions import COMPARES, ESCAPES, SEGMENTS, Maker, Part
from tests.unit.rules.cel_contexts import DECLARED, Context, make

PAIRS = int(os.environ.get("REGULARS_CEL_PAIRS", "20000"))
EACH = 20
"""Contexts a condition meets."""
POOL = 400
"""Contexts to draw from."""
REASONS = ("Key not found", "overflow", "by zero")
"""Why CEL has no answer, in its words; no other reason is expected: a type error would be a bad translation."""
KINDS = (Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.INSTANT, Kind.DURATION)
EXPECTED: set[object] = (
    set(ARITHMETIC)
    | {(op, left, right) for op in COMPARES for left in KINDS for right in KINDS if comparable(left, right)}
    | {(op, kind, kind) for op in ("==", "!=") for kind in (Kind.TEXT, Kind.BOOL)}
    | {(op, kind) for op in ("in", "not in") for kind in (*KINDS, Kind.TEXT, Kind.LIST) if kind is not Kind.INSTANT}
    | {("null", how) for how in ("==", "!=", "has", "days_since")}
    | {"and", "or", "&&", "||", "not", "!", "is", "-", Kind.BOOL}
    | set(FUNCTIONS)
    | set(ESCAPES)
)
"""All the language has: each must be met."""


@dataclass
class Tally:
    """What a run met: pairs by answer, by CEL's reason for having none, and by what the condition is made of."""

    answers: Counter[object] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    parts: Counter[object] = field(default_factory=Counter)
    conditions: int = 0
    alike: int = 0
    refused: int = 0
    disagreements: list[str] = field(default_factory=list)


class Duel:
    """Both languages over the same contexts."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.maker = Maker(self.dice)
        shop = Shop()
        texts = {name: [ours] for name, (ours, _) in SEGMENTS.items()}
        segments, wrong = resolve(texts, customers(shop, DECLARED))
        assert wrong == []
        self.schema = schema("purchase", shop, DECLARED, segments)
        self.env = cel.NewEnv(
            variables={"customer": cel.Type.DYN, "event": cel.Type.DYN}, extensions=[ext_strings.ExtStrings()]
        )
        contexts = [make(self.dice) for _ in range(POOL)]
        self.pool = [(context, self.env.Activation(context.cel)) for context in contexts]
        self.tally = Tally()

    def run(self, pairs: int) -> Tally:
        """Ask both about `pairs` conditions × contexts."""
        while self.tally.answers.total() < pairs:
            self.one(self.maker.condition())
        return self.tally

    def one(self, part: Part) -> None:
        tally = self.tally
        ours = compile_condition(part.ours, self.schema)
        opposite = compile_condition(self.dice.choice((f"not ({part.ours})", f"!({part.ours})")), self.schema)
        if ours.condition is None or opposite.condition is None:
            assert {fault.code for fault in ours.faults} == {"bad-argument"}, (part.ours, ours.faults)
            tally.refused += 1
            return
        theirs = self.env.compile(part.cel, disable_check=True)
        tally.conditions += 1
        tally.alike += part.ours == part.cel
        for context, activation in self.dice.sample(self.pool, EACH):
            answer = theirs.eval(activation)
            said = answer.value() if answer.type() == cel.Type.BOOL else None
            if said is None:
                tally.reasons[_reason(str(answer.value()))] += 1
            tally.answers[said] += 1
            tally.parts.update(dict.fromkeys(self.maker.hits, 1))
            got = (ours.condition(context.event, context.customer), opposite.condition(context.event, context.customer))
            if got != (said is True, said is False):
                tally.disagreements.append(_told(part, context, said, got, str(answer.value())))


def _reason(text: str) -> str:
    return next((known for known in REASONS if known in text), text)


def _told(part: Part, context: Context, said: bool | None, got: tuple[bool, bool], why: str) -> str:
    return f"{part.ours}\n  CEL: {part.cel}\n  says {said} ({why}), we {got}, of {context.cel}"


def test_conditions_mean_in_cel_what_they_mean_here() -> None:
    tally = Duel(seed=PAIRS).run(PAIRS)
    assert tally.disagreements[:3] == []
    total = tally.answers.total()
    assert total >= PAIRS
    assert tally.answers[True] >= 0.2 * total
    assert tally.answers[False] >= 0.2 * total
    assert tally.answers[None] >= 0.1 * total
    assert EXPECTED - set(tally.parts) == set()
    assert set(tally.parts) - EXPECTED == set()
    assert min(tally.parts.values()) >= total / 5_000
    assert tally.alike >= 0.2 * tally.conditions
    assert tally.refused <= 0.02 * tally.conditions
    assert tally.reasons["Key not found"] >= 0.05 * total
    assert tally.reasons["overflow"] >= 0.002 * total
    assert tally.reasons["by zero"] >= 0.001 * total
    assert set(tally.reasons) <= set(REASONS)
    assert set(KINDS) == ORDERED
