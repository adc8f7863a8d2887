"""Random edits of the shipped tests: they are read, soon, or refused at a place; what is read can be played.

`REGULARS_FUZZ=100000` sets how many edits.
"""

from __future__ import annotations

import random
import time
from collections import Counter

from rules.document import Document
from rules.load import load
from rules.problems import render
from rules.testing.play import play
from rules.testing.read import EXAMPLE, read_tests
from tests.unit.rules.test_fuzz import SHIPPED, SLOWEST, TIMES, edited


def test_edited_tests_are_read_and_what_is_accepted_is_played() -> None:
    dice = random.Random(20_260_302)
    rules = load(SHIPPED).ruleset
    assert rules is not None
    files = [path.read_bytes() for path in sorted((SHIPPED / "tests").glob("*.yaml"))]
    told: Counter[str] = Counter()
    for _ in range(TIMES // 4):
        content = edited(dice.choice(files), dice)
        known = rules if dice.random() < 0.9 else None
        begun = time.process_time()
        document = Document("tests.yaml", content, EXAMPLE)
        cases = read_tests(document, known)
        assert all(render(problem).startswith("tests.yaml:") for problem in document.problems)
        if document.problems:
            told["refused"] += 1
        for case in cases if known is not None and not document.problems else ():
            told["passed" if play(case, rules).ok else "failed"] += 1
        assert time.process_time() - begun < SLOWEST, content
    assert min(told["refused"], told["passed"] + told["failed"]) > TIMES // 100, told
