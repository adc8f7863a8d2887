"""What the commands that look at rules have in common: the messages there are, and how problems are told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rules.problems import Problem, render_all
from templates.brand import read_brand


def written(templates: Path) -> dict[str, dict[str, list[str]]]:
    """Message → the channels it is written for → the shop's locales it is not written in for that channel.

    By the names of the files `messages/<name>/<channel>.<locale>.md`. A brand that cannot be read has no locales
    here: what is wrong with it, `templates check` tells.
    """
    wanted = _locales(templates / "brand.yaml")
    found: dict[str, dict[str, list[str]]] = {}
    for file in sorted((templates / "messages").glob("*/*.*.md")):
        channel, locale, *_ = file.name.split(".")
        missing = found.setdefault(file.parent.name, {}).setdefault(channel, list(wanted))
        if locale in missing:
            missing.remove(locale)
    return found


def _locales(brand: Path) -> tuple[str, ...]:
    try:
        read = read_brand(str(brand), brand.read_text(encoding="utf-8"), [])
    except (OSError, UnicodeDecodeError):
        return ()
    return read.locales if read else ()


def told(problems: Sequence[Problem]) -> str:
    """All of them, and how many there are."""
    count = len(problems)
    return f"{render_all(problems)}\n\n{count} {'problem' if count == 1 else 'problems'}"
