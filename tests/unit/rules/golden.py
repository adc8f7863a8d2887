"""What `rules check` says of each folder of `mistakes`; `python -m tests.unit.rules.golden` writes it anew.

A folder holds the one file of a shop that is wrong (`welcome.yaml` is a campaign, `tests.yaml` are tests of rules), and
`expected.txt`: all that the command prints. The other files of the shop, here, are right.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, convert
from typer.testing import CliRunner

from console.cli.rules import app
from rules.problems import Problem
from templates.samples import EVENTS

MISTAKES = Path(__file__).parent / "mistakes"
EXPECTED = "expected.txt"
_ROOT = Path(__file__).parents[3]


def _message(words: str, events: Iterable[str] = EVENTS) -> str:
    """A message file; it fits whatever fires a rule, or only these `events`."""
    return f"---\nsubject: {words}\npreheader: {words}\nevent: [{', '.join(events)}]\n---\n{words}\n"


_SHOP = {
    "rules/policy.yaml": "currency: THB\ntime_zone: Asia/Bangkok\n",
    "rules/segments.yaml": "loyal: customer.orders >= 3\n",
    "rules/campaigns/welcome.yaml": "id: welcome\nname: Welcome\nstatus: live\non: purchase\ndo:\n  - send: welcome\n",
    "rules/campaigns/loyal.yaml": (
        'id: loyal\nname: For the loyal\nstatus: live\non: purchase\nwhen: segment("loyal")\ndo: [{send: welcome}]\n'
    ),
    "templates/brand.yaml": (_ROOT / "templates/brand.yaml").read_text(encoding="utf-8"),
    "templates/layouts/base.html.j2": (_ROOT / "templates/layouts/base.html.j2").read_text(encoding="utf-8"),
    "templates/messages/welcome/email.en.md": _message("Hello"),
    "templates/messages/welcome/email.th.md": _message("สวัสดี"),
    "templates/messages/english-only/email.en.md": _message("Hello"),
}
_MESSAGES = {
    "templates/messages/for-surveys/email.en.md": _message("Thanks for your word", ["survey", "review"]),
    "templates/messages/for-surveys/email.th.md": _message("ขอบคุณ", ["survey", "review"]),
    "templates/messages/with-a-code/email.en.md": _message("Your code") + "\n**{{ offer.code }}**\n",
    "templates/messages/with-a-code/email.th.md": _message("รหัสของคุณ") + "\n**{{ offer.code }}**\n",
    "templates/messages/misspelt/email.en.md": _message("Hello") + "\nYour order of {{ event.totl | money }}\n",
    "templates/messages/misspelt/email.th.md": _message("สวัสดี"),
    "templates/messages/for-purchases/email.en.md": _message("Hello") + "\n{{ event.order_id }}\n",
    "templates/messages/for-purchases/email.th.md": _message("สวัสดี"),
}
"""What is there as well where the mistake is in a message."""


class Checked(Struct, frozen=True):
    """What the command said: the exit code, its text, and the problems of `--json`."""

    code: int
    text: str
    problems: list[Problem]


def kinds() -> list[str]:
    """The names of all kinds of mistake."""
    return sorted(folder.name for folder in MISTAKES.iterdir() if folder.is_dir())


def shop(folder: Path, kind: str | None = None) -> None:
    """Write a shop into `folder`, with the mistake `kind` in it, or with none."""
    files = {name: content.encode() for name, content in _SHOP.items()}
    if kind and kind.startswith("message-"):
        files |= {name: content.encode() for name, content in _MESSAGES.items()}
    for wrong in (MISTAKES / kind).iterdir() if kind else ():
        if wrong.name != EXPECTED:
            where = {"welcome.yaml": "rules/campaigns", "tests.yaml": "rules/tests"}.get(wrong.name, "rules")
            files[f"{where}/{wrong.name}"] = wrong.read_bytes()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def checked(folder: Path) -> Checked:
    """Run `rules check` on the shop in `folder`; its problems name files as seen from there."""
    settings = {"REGULARS_RULES": str(folder / "rules"), "REGULARS_TEMPLATES": str(folder / "templates")}
    plain, as_json = (CliRunner().invoke(app, ["check", *args], env=settings) for args in ((), ("--json",)))
    assert plain.exit_code == as_json.exit_code, plain.output + as_json.output
    here = f"{folder.as_posix()}/"
    problems = convert(json.loads(as_json.stdout.replace(here, ""))["problems"], list[Problem])
    return Checked(plain.exit_code, plain.stdout.replace(here, ""), problems)


if __name__ == "__main__":
    os.environ.pop("REGULARS_RULES", None)
    for one in kinds():
        with tempfile.TemporaryDirectory() as made:
            shop(Path(made), one)
            (MISTAKES / one / EXPECTED).write_text(checked(Path(made)).text, encoding="utf-8", newline="")
