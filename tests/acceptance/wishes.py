"""Wishes of a page: a few lines that change a file of the rules, checked and played on a copy of the folder.

`wished/NAME.yaml` are the tests of wish NAME: what it makes the rules do.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from rules.load import load, load_tests
from rules.testing.play import play
from rules.wordings import Wordings
from tests.acceptance.pages import Block

TESTS = Path(__file__).parent / "wished"


def wish(block: Block) -> str:
    """The name of the wish that a block is a part of."""
    return block.words[1]


def wrong(name: str, changes: Sequence[Block], shop: Path, wordings: Wordings) -> list[str]:
    """What is wrong with the shop's rules once they are changed so, or with what they do then. The shop stays."""
    folder = shop / f"wish-{name}-{len(changes)}"
    shutil.copytree(shop / "rules", folder)
    for block in changes:
        _change(folder / Path(block.words[0]).relative_to("rules"), block.text)
    for path in (folder / "tests").iterdir():
        path.unlink()
    shutil.copy(TESTS / f"{name}.yaml", folder / "tests")
    loaded = load(folder, wordings)
    if loaded.ruleset is None:
        return list(map(str, loaded.problems))
    tests = load_tests(folder, loaded.ruleset)
    failed = [case.name for case in tests.cases if not play(case, loaded.ruleset).ok]
    return [*map(str, tests.problems), *failed] + ([] if tests.cases else ["no tests"])


def _change(path: Path, lines: str) -> None:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    written = yaml.load(path.read_text())
    _put(written, yaml.load(lines))
    yaml.dump(written, path)


def _put(into: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Mappings are filled in, all else is replaced."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _put(into[key], value)
        else:
            into[key] = value
