"""`regulars rules publish`, `rules list`, `pause`, `resume`; what a worker begins with; files that are watched."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from console.cli.main import app
from console.file_watch import FileWatch
from console.publishing import BadFiles, Unreadable, act, first, say_when_files_differ
from console.settings import Settings
from retention.state import Customer
from storage import rulesets
from storage.batch import Loaded
from storage.library import Library
from storage.rulesets import audited, publish
from storage.store import Store
from tests.unit.storage.kit import batch
from tests.unit.storage.publishing import ACT, files, rule

ROOT = Path(__file__).resolve().parents[3]
TYPO = ("on: purchase", "on: purchases")


class Place:
    """The shipped files in a folder of their own, and commands that run there."""

    def __init__(self, folder: Path) -> None:
        self.rules, self.templates = folder / "rules", folder / "templates"
        skipped = shutil.ignore_patterns("*.py", "__pycache__", "tests")
        for made in (self.rules, self.templates):
            shutil.copytree(ROOT / made.name, made, ignore=skipped)
        self.settings = Settings(
            rules=self.rules, templates=self.templates, store=f"sqlite:///{folder / 'shop.db'}", operator="mali"
        )
        self.store = Store(self.settings.store)

    def run(self, *words: str) -> tuple[int, str]:
        """Exit code, and what was said."""
        variables = ("rules", "templates", "store", "operator")
        env = {f"REGULARS_{name.upper()}": str(getattr(self.settings, name)) for name in variables}
        done = CliRunner().invoke(app, list(words), env=env | {"COLUMNS": "200"})
        return done.exit_code, done.output

    def json(self, *words: str, code: int = 0) -> Any:
        exit_code, said = self.run(*words, "--json")
        assert exit_code == code, said
        return json.loads(said)

    def change(self, name: str, old: str, new: str) -> None:
        path = self.rules / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def live(self) -> str | None:
        with self.store.read() as connection:
            return rulesets.live_id(connection)

    def acts(self) -> list[tuple[str, str]]:
        """(who, what), the first one first."""
        with self.store.read() as connection:
            return [(one.by, one.what) for one in reversed(audited(connection, 50))]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def ready(place: Place) -> Place:
    """With tables, and nothing published."""
    place.store.migrate()
    return place


def began(place: Place) -> str:
    """Which set a worker begins with."""
    return first(place.settings, place.store, Library(place.store), act(place.settings, 1)).hash


def test_publishing_says_which_rules_are_not_the_same(place: Place) -> None:
    made = place.json("rules", "publish", "--note", "first")
    assert made["published"] is True
    assert "welcome" in made["added"]
    assert (made["before"], made["changed"], made["removed"], made["paused"]) == (None, [], [], [])
    place.change("campaigns/welcome.yaml", "name: ", "name: A new ")
    (place.rules / "campaigns/birthday.yaml").unlink()
    place.change("policy.yaml", "recheck: 4h", "recheck: 3h")
    code, said = place.run("rules", "publish")
    assert code == 0, said
    assert " changed  welcome\n removed  birthday\n   files  rules/policy.yaml\nrule set " in said
    assert f"rule set {place.live()} is live" in said
    assert place.acts() == [("mali", "publish")] * 2


def test_publishing_the_same_again_changes_nothing_and_says_so(place: Place) -> None:
    made = place.json("rules", "publish")
    code, said = place.run("rules", "publish")
    assert (code, said) == (0, f"rule set {made['ruleset']} is live already: nothing has changed\n")
    assert place.json("rules", "publish")["published"] is False


def test_a_mistake_anywhere_and_nothing_changes(place: Place) -> None:
    live = place.json("rules", "publish")["ruleset"]
    place.change("campaigns/welcome.yaml", *TYPO)
    told = place.json("rules", "publish", code=1)
    assert (told["published"], [one["code"] for one in told["problems"]]) == (False, ["unknown-event"])
    code, said = place.run("rules", "publish")
    assert code == 1
    assert said.endswith("\nnothing was published; what is live stays so\n")
    assert place.live() == live


def test_a_message_that_no_rule_sends_must_be_right_too(place: Place) -> None:
    (place.templates / "messages/unused").mkdir()
    (place.templates / "messages/unused/email.en.md").write_text("no front matter")
    assert place.run("rules", "publish")[0] == 1


def test_a_test_of_rules_that_fails_keeps_them_from_going_live(ready: Place) -> None:
    place = ready
    (place.rules / "tests").mkdir()
    (place.rules / "tests/welcome.yaml").write_text(
        "- name: nobody is welcomed\n  given:\n"
        "    - {at: 2026-01-01T09:00+07:00, customer: anna, profile: {email: a@example.com}}\n"
        "    - {at: 2026-01-01T09:00+07:00, customer: anna, consent: {channel: email, state: granted}}\n"
        "    - {at: 2026-01-01T12:00+07:00, customer: anna, purchase: {order_id: o-1, total: 900}}\n"
        "  until: 2026-01-03\n  never:\n    - {rule: welcome, customer: anna}\n"
    )
    told = place.json("rules", "publish", code=1)
    assert [one["name"] for one in told["failed_tests"]] == ["nobody is welcomed"]
    assert "nobody is welcomed" in place.run("rules", "publish")[1]
    assert place.live() is None


def test_the_list_shows_what_is_live_and_how_the_files_differ(place: Place) -> None:
    before = place.json("rules", "list")
    assert "published" not in before
    live = place.json("rules", "publish", "--note", "summer")["ruleset"]
    told = place.json("rules", "list")
    assert (told["ruleset"], told["published"]["by"], told["published"]["note"]) == (live, "mali", "summer")
    assert told["files"] == {"ruleset": live, "differ": False, "problems": 0}
    goings = {one["id"]: (one.pop("catch_up"), one.pop("launches")) for one in told["rules"]}
    assert told["rules"] == before["rules"]
    assert {rule for rule, (catch_up, _) in goings.items() if catch_up is not None} == {"at-risk", "win-back"}
    place.change("campaigns/welcome.yaml", "status: live", "status: draft")
    code, said = place.run("rules", "list")
    assert code == 0
    assert f"rule set {live}, live since " in said
    assert "\nwin-back catches up, 200 a day: not begun yet; process `clock` begins it\n" in said
    assert "the files are others; `regulars rules publish` makes them live:\n changed  welcome\n" in said
    place.change("campaigns/welcome.yaml", *TYPO)
    assert "the files are others, with 1 problem: regulars rules check" in place.run("rules", "list")[1]
    assert place.json("rules", "list")["files"]["problems"] == 1


# Time.


def test_the_doctor_says_when_nobody_wakes_the_customers_who_are_due(ready: Place) -> None:
    def warnings() -> list[str]:
        checks = json.loads(ready.run("doctor", "--json")[1])["checks"]
        return [one for check in checks for one in check["warnings"] if "woken" in one]

    long_ago, now = 1_772_359_200_000_000, time.time_ns() // 1_000
    for seconds in (-5 * 60, 60):
        save(ready.store, anna=now + seconds * 1_000_000)
        assert warnings() == []
    save(ready.store, ben=long_ago, cleo=long_ago + 1, dan=None)
    assert warnings() == [
        "2 customers should have been woken, the first at 2026-03-01T10:00:00Z; is the process `clock` running, and "
        "does the reader keep up?"
    ]


def save(store: Store, **dues: int | None) -> None:
    """Customers, and when they are due."""
    with store.write() as connection:
        connection.execute(text("DELETE FROM customer"))
    with batch(store) as opened:
        opened.save_customers({id: Loaded(0, Customer(), due) for id, due in dues.items()})


# Pausing.


def test_pause_and_resume_are_in_the_list_the_doctor_and_the_audit(place: Place) -> None:
    assert place.run("pause", "welcome") == (
        2,
        "There is no rule set in the store yet: start a worker, or publish the files with `regulars rules publish`.\n",
    )
    place.json("rules", "publish")
    assert place.run("pause", "welcome", "--note", "wrong price")[0] == 0
    assert place.run("pause", "--all-marketing")[0] == 0
    assert place.run("pause", "welcome") == (0, "rule welcome is paused already\n")
    told = place.json("rules", "list")
    assert told["paused"] == ["class:marketing", "welcome"]
    assert {one["status"] for one in told["rules"] if one["class"] == "marketing"} == {"paused"}
    warnings = [one for check in json.loads(place.run("doctor", "--json")[1])["checks"] for one in check["warnings"]]
    assert "paused: welcome; `regulars resume welcome` lets it go on" in warnings
    code, said = place.run("resume", "--all-marketing")
    assert code == 0
    assert "still paused: welcome" in said
    assert place.run("resume", "welcome")[0] == 0
    assert place.run("resume", "welcome") == (0, "rule welcome is not paused\n")
    assert [what for _, what in place.acts()] == ["publish", "pause", "pause", "resume", "resume"]


@pytest.mark.parametrize("words", [["pause"], ["pause", "welcome", "--all-marketing"], ["resume"]])
def test_one_thing_is_paused_at_a_time(place: Place, words: list[str]) -> None:
    place.json("rules", "publish")
    code, said = place.run(*words)
    assert code == 2
    assert said.startswith("say what to ")


def test_a_misspelt_rule_is_told_what_it_may_have_meant(place: Place) -> None:
    place.json("rules", "publish")
    assert place.run("pause", "welcom") == (2, 'there is no rule welcom; did you mean "welcome"?\n')


def test_a_rule_that_is_deleted_can_be_paused_still(place: Place) -> None:
    place.json("rules", "publish")
    (place.rules / "campaigns/birthday.yaml").unlink()
    place.json("rules", "publish")
    assert place.run("pause", "birthday")[0] == 0
    assert place.run("resume", "birthday")[0] == 0


# What a worker begins with.


def test_the_first_worker_publishes_the_files_and_the_next_goes_by_what_is_live(
    ready: Place, caplog: pytest.LogCaptureFixture
) -> None:
    made = began(ready)
    assert made == ready.live()
    say_when_files_differ(ready.settings, ready.store)
    assert caplog.messages == []
    ready.change("campaigns/welcome.yaml", "name: ", "name: A new ")
    assert began(ready) == made
    say_when_files_differ(ready.settings, ready.store)
    assert [one for one in caplog.messages if "regulars rules publish makes them live" in one]
    ready.change("campaigns/welcome.yaml", *TYPO)
    assert began(ready) == made
    caplog.clear()
    say_when_files_differ(ready.settings, ready.store)
    (said,) = caplog.messages
    assert "welcome.yaml:" in said
    assert said.endswith("the published rule set goes on deciding")


def test_with_nothing_published_bad_files_are_not_begun_with(ready: Place) -> None:
    ready.change("campaigns/welcome.yaml", *TYPO)
    with pytest.raises(BadFiles, match="unknown-event"):
        began(ready)
    assert ready.live() is None


def test_a_worker_that_can_read_nothing_of_what_was_published_does_not_begin(ready: Place) -> None:
    publish(ready.store, files(rule("hello", more="moon: full\n")), ACT)
    with pytest.raises(Unreadable):
        began(ready)


# Watching.


@pytest.fixture
def watch(ready: Place) -> FileWatch:
    """It has begun, and the files are live."""
    began(ready)
    made = FileWatch(ready.settings, ready.store, lambda: 1)
    made.begin()
    return made


def test_what_was_saved_goes_live_once_it_stands_still(ready: Place, watch: FileWatch) -> None:
    before = ready.live()
    ready.change("campaigns/welcome.yaml", "name: ", "name: A new ")
    watch.look()
    assert ready.live() == before
    watch.look()
    assert ready.live() != before
    assert [what for _, what in ready.acts()] == ["publish", "publish"]


def test_mistakes_are_told_once_and_what_was_live_stays_so(
    ready: Place, watch: FileWatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = ready.live()
    ready.change("campaigns/welcome.yaml", *TYPO)
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            watch.look()
    assert len(caplog.messages) == 1
    assert 'unknown event "purchases"' in caplog.text
    assert ready.live() == before
    ready.change("campaigns/welcome.yaml", *reversed(TYPO))
    ready.change("campaigns/welcome.yaml", "name: ", "name: A new ")
    watch.look()
    watch.look()
    assert ready.live() != before
