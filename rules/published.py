"""What a shop publishes: the files of its rules and its wording, by their names, and what it has paused.

Names begin with the room: `rules/policy.yaml`, `templates/brand.yaml`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rules.from_files import Loaded, hash_of, rules_from
from rules.ruleset import paused

RULES, TEMPLATES = "rules/", "templates/"
_PAUSED = "paused"


def whole(rules: Mapping[str, bytes], templates: Mapping[str, bytes]) -> dict[str, bytes]:
    """All files under one roof, from those of the two folders by their names inside them."""
    named = {RULES + name: content for name, content in rules.items()}
    return named | {TEMPLATES + name: content for name, content in templates.items()}


def part(files: Mapping[str, bytes], room: str) -> dict[str, bytes]:
    """Those of one room, `RULES` or `TEMPLATES`, by their names inside it."""
    return {name.removeprefix(room): content for name, content in files.items() if name.startswith(room)}


def identity(files: Mapping[str, bytes], pauses: Collection[str] = ()) -> str:
    """Names a published state; any byte of any file changes it, and any pause. 16 hex digits."""
    if not pauses:
        return hash_of(files)
    return hash_of({**files, _PAUSED: "\n".join(sorted(pauses)).encode()})


def read(files: Mapping[str, bytes], pauses: Collection[str] = ()) -> Loaded:
    """The rule set, its `hash` the identity. The wording is not looked at: that was done before it was published."""
    found = rules_from(part(files, RULES))
    if found.ruleset is None:
        return found
    return Loaded(paused(found.ruleset, identity(files, pauses), pauses), ())
