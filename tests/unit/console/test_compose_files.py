"""What `regulars run` refuses of the marketers' files is what `rules check` tells."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console.publishing import BadFiles, sound
from console.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def shop(tmp_path: Path) -> Settings:
    """The shipped files, in a folder of their own."""
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return Settings(rules=tmp_path / "rules", templates=tmp_path / "templates")


def change(file: Path, old: str, new: str) -> None:
    content = file.read_text(encoding="utf-8")
    assert old in content
    file.write_text(content.replace(old, new), encoding="utf-8")


def test_the_shipped_files_are_fit_to_run_with(tmp_path: Path) -> None:
    settings = shop(tmp_path)
    assert len(sound(settings)[1].rules) >= 4


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("rules/campaigns/welcome.yaml", "on: purchase", "on: survey", "wrong-event"),
        ("templates/messages/welcome/email.en.md", "{{ event.order_id }}", "{{ offer.code }}", "no-offer"),
        ("templates/messages/welcome/email.en.md", "{{ event.order_id }}", "{{ event.coupon }}", "empty-value"),
        ("templates/messages/welcome/email.en.md", "{{ event.order_id }}", "{{ event.order }}", "unknown-name"),
    ],
)
def test_a_message_that_a_rule_cannot_send_is_refused(tmp_path: Path, file: str, old: str, new: str, code: str) -> None:
    settings = shop(tmp_path)
    change(tmp_path / file, old, new)
    with pytest.raises(BadFiles, match=rf"\[{code}\]"):
        sound(settings)
