"""Every mistake of `mistakes/`, in a shop without another, and all that `rules check` prints of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rules.problems import render_all
from tests.unit.rules.golden import EXPECTED, MISTAKES, Checked, checked, kinds, shop

LEAST = 40


def test_the_shop_without_a_mistake_is_right(tmp_path: Path) -> None:
    shop(tmp_path)
    told = checked(tmp_path)
    assert (told.code, told.text) == (0, "rules: 2 rules, 1 segment, no problems\n")


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checked]:
    """Kind → what is said of it."""
    folders = {kind: tmp_path_factory.mktemp("shop") for kind in kinds()}
    for kind, folder in folders.items():
        shop(folder, kind)
    return {kind: checked(folder) for kind, folder in folders.items()}


@pytest.mark.parametrize("kind", kinds())
def test_a_mistake_is_told_like_this(kind: str, all_told: dict[str, Checked]) -> None:
    told = all_told[kind]
    assert told.text == (MISTAKES / kind / EXPECTED).read_bytes().decode()
    assert told.code == 1
    assert told.text.startswith(render_all(told.problems) + "\n\n")
    for problem in told.problems:
        assert problem.column - 1 + problem.length <= len(problem.source_line) + 1


def test_no_two_kinds_of_mistake_are_told_the_same(all_told: dict[str, Checked]) -> None:
    told = {kind: tuple((one.code, one.message) for one in said.problems) for kind, said in all_told.items()}
    times = Counter(told.values())
    assert [kind for kind, said in told.items() if times[said] > 1] == []
    assert len(told) >= LEAST
