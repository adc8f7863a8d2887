"""Every command as its user runs it: the console script in a folder of its own, one worker for most of them."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.kit import ROOT, Done, Shop, Worker, event, wait_until

PERSONAL = ("anna@example.com", "Anna", "Achara", "ben@example.com", "Benjamin")
PERIOD = "period start end new retained reactivated crr true_retention churn orders gross_minor refunds_minor"
OVERALL = "buyers purchases returns gross_minor repeat_purchase_rate purchase_frequency"
NOBODY = "127.0.0.1:9"
"""The discard port of this machine, where nobody listens."""


class Busy:
    """A shop whose worker runs and has taken in the story, line by line as it was sent."""

    def __init__(self, shop: Shop, worker: Worker) -> None:
        self.shop = shop
        self.worker = worker
        self.lines = (shop.folder / "events.jsonl").read_text().splitlines()
        self._printed: dict[str, Any] = {}

    def json(self, words: str) -> Any:
        """What a command printed when it was first asked; for what no test changes."""
        if words not in self._printed:
            self._printed[words] = self.shop.good(*words.split(), "--json").json
        return self._printed[words]


def story() -> list[Any]:
    """Two customers, three orders, a return, one event twice; then three bad ones."""
    anna = {"email": "anna@example.com", "first_name": "Anna", "last_name": "Achara"}
    ben = {"email": "ben@example.com", "first_name": "Benjamin"}
    order = event("o-1", "purchase", "anna", {"order_id": "1", "total": 890, "currency": "THB"})
    return [
        event("p-1", "profile", "anna", anna),
        event("c-1", "consent", "anna", {"channel": "email", "state": "granted"}),
        order,
        order,
        event("o-2", "purchase", "anna", {"order_id": "2", "total": "110.50"}),
        event("p-2", "profile", "ben", ben),
        event("o-3", "purchase", "ben", {"order_id": "3", "total": 100}),
        event("r-1", "return", "ben", {"return_id": "r-1", "order_id": "3", "total": 40}),
        event("x-1", "purchase", "anna", {"order_id": "4", "total": 1.234, "currency": "THB"}),
        event("x-2", "purchase", "anna", {"order_id": "5"}),
        event("x-3", "shopping", "ben", {"email": "ben@example.com"}),
    ]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    shop = Shop(tmp_path_factory.mktemp("busy"))
    with shop.running("--verbose") as worker:
        shop.write("events.jsonl", *story())
        assert shop.good("send", "events.jsonl", "--json").json == {"sent": 11, "articles": 0, "refused": []}
        mails = shop.folder / ".regulars" / "mail" / "new"
        wait_until(lambda: mails.is_dir() and len(list(mails.iterdir())) == 3, lambda: worker.log)
        yield Busy(shop, worker)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


# run


def test_a_worker_told_to_end_ends_with_0_and_leaves_no_broker_behind(shop: Shop) -> None:
    with shop.running() as worker:
        known = json.loads((shop.folder / ".regulars" / "broker.json").read_text())
        os.kill(known["pid"], 0)
        assert worker.stop() == 0, worker.log
    assert not (shop.folder / ".regulars" / "broker.json").exists()
    wait_until(lambda: not _alive(known["pid"]))
    assert "Traceback" not in worker.log


def test_a_role_that_does_not_exist_is_wrong_usage(shop: Shop) -> None:
    done = shop.run("run", "raeder")
    assert (done.code, done.out) == (2, "")
    assert "there are: sources, reader, delivery, relay" in done.err


def test_a_bad_rule_file_does_not_start(shop: Shop) -> None:
    _break(shop)
    done = shop.run("run")
    assert done.code == 1
    assert 'did you mean "customer.orders_ever"?' in done.err
    assert "Traceback" not in done.err


def test_too_many_bad_events_halt_the_intake_until_it_is_resumed(shop: Shop) -> None:
    bad = [event(f"bad-{number}", "purchase", "anna", {"order_id": "1"}) for number in range(150)]
    shop.write("bad.jsonl", *bad)
    with shop.running() as worker:
        shop.good("send", "bad.jsonl")
        assert worker.process.wait(60) == 1
        assert "regulars resume --intake" in worker.log
        assert "Traceback" not in worker.log
    assert "intake halted" in _check(shop.run("doctor", "--json"), "store")["says"]
    assert shop.good("resume", "--intake").out.startswith("1 partition may take events in again")
    with shop.running():
        assert _check(shop.run("doctor", "--json"), "store")["ok"]


# demo


def test_the_demo_accounts_for_every_event(shop: Shop) -> None:
    done = shop.good("demo", "--for", "6s", "--json", "demo.json")
    counted = json.loads((shop.folder / "demo.json").read_text())
    assert counted["events"] > 0
    assert counted["events"] == sum(counted[name] for name in ("applied", "duplicates", "dead_letters", "lost"))
    assert counted["lost"] == 0
    assert "Nothing was lost." in done.out
    assert not (shop.folder / ".regulars" / "demo" / "broker.json").exists()
    verified = shop.good("retention", "verify", REGULARS_STORE="sqlite:///.regulars/demo/regulars.db")
    assert "none differs" in verified.out


def test_a_demo_that_could_not_write_its_summary_does_not_begin(shop: Shop) -> None:
    assert shop.run("demo", "--for", "1s", "--json", "nowhere/demo.json").code == 2
    assert shop.run("demo", "--for", "a minute").code == 2
    assert not (shop.folder / ".regulars").exists()


# send and import


def test_lines_without_a_customer_are_not_sent_and_named(busy: Busy) -> None:
    busy.shop.write("half.jsonl", event("o-1", "purchase", "anna", {}) | {"subject": 7}, "no json", busy.lines[0])
    done = busy.shop.run("send", "half.jsonl")
    assert (done.code, done.out) == (1, "1 event sent to topic events\n")
    assert [line.split(": ")[0] for line in done.err.splitlines()] == ["half.jsonl:1", "half.jsonl:2"]


def test_a_packed_file_is_sent_like_any_other(busy: Busy) -> None:
    path = busy.shop.folder / "again.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(busy.lines[:3]).encode()))
    assert busy.shop.good("send", "again.jsonl.gz", "--json").json == {"sent": 3, "articles": 0, "refused": []}


def test_articles_go_to_the_topic_of_the_catalogue(busy: Busy) -> None:
    article = {"sku": "TEA-9", "name": "Doi White", "category": "tea", "price": 520}
    busy.shop.write("shelf.jsonl", event("a-1", "product", "TEA-9", article), event("a-2", "product", "TEA-9", article))
    assert busy.shop.good("send", "shelf.jsonl").out == "0 events sent to topic events, 2 articles to topic products\n"
    shown = busy.shop.good("topics", "--json").json
    assert sum(one["end"] for one in shown["topics"] if one["topic"] == "products") >= 2


@pytest.mark.parametrize("command", ["send", "import"])
def test_a_damaged_file_is_said_to_be_one(busy: Busy, command: str) -> None:
    path = busy.shop.folder / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(os.urandom(5_000))[:3_000])
    done = busy.shop.run(command, "cut.jsonl.gz")
    assert done.code == 2
    assert done.err.startswith("cut.jsonl.gz: cannot be read to its end")
    assert "Traceback" not in done.err


def test_history_comes_in_packed_and_counts_once(shop: Shop) -> None:
    orders = [
        event(f"h-{n}", "purchase", "carla", {"order_id": f"{n}", "total": 100}, f"2024-0{n}-03T09:00:00Z")
        for n in (1, 2, 4)
    ]
    (shop.folder / "past.jsonl.gz").write_bytes(gzip.compress(b"\n".join(json.dumps(one).encode() for one in orders)))
    none = {"applied": 0, "articles": 0, "duplicates": 0, "dead_letters": 0}
    assert shop.good("import", "past.jsonl.gz", "--json").json == none | {"applied": 3}
    assert shop.good("import", "past.jsonl.gz", "--json").json == none | {"duplicates": 3}
    months = shop.good("retention", "--json", "--from", "2024-01", "--to", "2024-04").json["periods"]
    assert [month["orders"] for month in months] == [1, 1, 0, 1]
    assert shop.good("customers", "show", "carla", "--json").json["decisions"] == []


def test_what_an_import_refuses_is_counted_and_the_exit_code_is_1(shop: Shop) -> None:
    shop.write("past.jsonl", "no json", event("h-1", "purchase", "carla", {"order_id": "1", "total": 5}))
    done = shop.run("import", "past.jsonl")
    assert done.code == 1
    assert done.out == "1 event imported, 0 were there already, 1 refused; regulars dead-letters list tells why\n"


def test_an_import_keeps_articles_and_says_how_many(shop: Shop) -> None:
    article = {"sku": "TEA-9", "name": "Doi White", "category": "tea", "price": 520}
    order = event("h-1", "purchase", "carla", {"order_id": "1", "total": 5})
    shop.write("past.jsonl", event("a-1", "product", "TEA-9", article), order)
    said = "1 event imported, 0 were there already, 1 article kept, 0 refused\n"
    assert shop.good("import", "past.jsonl").out == said
    shop.write("past.jsonl", event("a-1", "product", "TEA-8", article))
    assert shop.run("import", "past.jsonl").code == 1
    assert "key-mismatch at subject" in shop.good("dead-letters", "list").out


def test_an_import_beside_a_running_worker_loses_nothing(busy: Busy) -> None:
    before = busy.shop.good("retention", "--json").json["overall"]["purchases"]
    busy.shop.write("late.jsonl", event("late", "purchase", "dora", {"order_id": "l-1", "total": 1}))
    busy.shop.write(
        "past.jsonl", event("past", "purchase", "dora", {"order_id": "l-2", "total": 1}, "2025-01-01T00:00:00Z")
    )
    busy.shop.good("import", "past.jsonl")
    busy.shop.good("send", "late.jsonl")
    wait_until(lambda: busy.shop.good("retention", "--json").json["overall"]["purchases"] == before + 2)


# rules, templates, events


def test_rules_are_checked_and_listed(shop: Shop) -> None:
    assert shop.good("rules", "check").out == "rules: 20 rules, 5 segments, no problems\n"
    assert shop.good("rules", "check", "--json").json == {"ok": True, "problems": []}
    listed = shop.good("rules", "list", "--json").json["rules"]
    assert {rule["id"] for rule in listed} == {file.stem for file in (ROOT / "rules" / "campaigns").iterdir()}
    title, *lines = shop.good("rules", "list").out.splitlines()
    assert title.split() == ["priority", "id", "status", "on", "name"]
    assert [line.split()[1] for line in lines if line[:8].strip()] == [rule["id"] for rule in listed]


def test_a_broken_rule_is_shown_with_its_place(shop: Shop) -> None:
    _break(shop)
    done = shop.run("rules", "check")
    assert done.code == 1
    assert done.out.startswith('rules/campaigns/welcome.yaml:8:7: unknown field "customer.oders_ever"')
    assert shop.run("rules", "list").code == 1


def test_wording_is_checked_and_previewed(shop: Shop) -> None:
    assert shop.good("templates", "check").out == "templates: 52 files, all good.\n"
    shown = shop.good("templates", "preview", "welcome", "--locale", "th").out
    assert shown.startswith("Subject: ยินดีต้อนรับสู่บ้านชา คุณมะลิ\n")
    assert shop.run("templates", "preview", "welcom").code == 2


def test_the_schema_of_events_is_json_on_the_screen_and_in_a_file(shop: Shop) -> None:
    shown = shop.good("events", "schema").json
    shop.good("events", "schema", "--out", "schema.json")
    assert json.loads((shop.folder / "schema.json").read_text()) == shown
    assert shop.run("events", "schema", "--out", "nowhere/schema.json").code == 2


# retention


@pytest.mark.parametrize(("grain", "length"), [("month", 7), ("quarter", 6), ("year", 4)])
def test_the_measures_have_the_keys_of_the_contract(busy: Busy, grain: str, length: int) -> None:
    report = busy.shop.good("retention", "--period", grain, "--json").json
    assert report["currency"] == "THB"
    assert report["period"] == grain
    assert set(PERIOD.split()) <= set(report["periods"][-1])
    assert set(OVERALL.split()) <= set(report["overall"])
    assert len(report["periods"][-1]["period"]) == length


def test_periods_can_be_chosen_and_empty_ones_are_listed(busy: Busy) -> None:
    report = busy.shop.good("retention", "--from", "1999-11", "--to", "2000-02", "--json").json
    assert [row["period"] for row in report["periods"]] == ["1999-11", "1999-12", "2000-01", "2000-02"]
    assert [row["crr"] for row in report["periods"]] == [None] * 4
    wrong = busy.shop.run("retention", "--period", "quarter", "--from", "1999-11")
    assert (wrong.code, wrong.err) == (2, "“1999-11” is no quarter; write it like 2026Q1\n")


def test_the_counters_are_verified_and_a_wrong_one_is_found(busy: Busy, tmp_path: Path) -> None:
    assert busy.json("retention verify")["differences"] == []
    with sqlite3.connect(busy.shop.folder / "regulars.db") as live, sqlite3.connect(tmp_path / "copy.db") as copy:
        live.backup(copy)
        copy.execute("UPDATE counter SET value = value + 1 WHERE measure = 'orders'")
    copy.close()
    live.close()
    done = busy.shop.run("retention", "verify", REGULARS_STORE=f"sqlite:///{tmp_path}/copy.db")
    assert done.code == 1
    assert "the store says" in done.err


# customers, topics, dead letters


def test_a_customer_is_shown_with_what_was_decided(busy: Busy) -> None:
    anna = busy.json("customers show anna")
    assert (anna["orders"], anna["gross_minor"], anna["consents"]) == (2, 100_050, {"email": "granted"})
    assert [(one["rule"], one["status"]) for one in anna["decisions"]] == [
        ("thank-returning", "sent"),
        ("welcome", "sent"),
    ]
    shown = busy.shop.good("customers", "show", "anna").out
    assert "gross  THB 1,000.50\n" in shown
    assert "welcome: queued, message sent" in shown
    ben = busy.shop.good("customers", "show", "ben").out
    assert "welcome: suppressed, they have not said yes by this channel [no-consent]" in ben
    assert busy.shop.run("customers", "show", "nobody").code == 1


def test_topics_tell_how_far_the_readers_are(busy: Busy) -> None:
    rows = busy.shop.good("topics", "--json").json["topics"]
    assert {row["topic"] for row in rows} == {"events", "purchases", "returns", "birthdays", "products", "dead-letters"}
    assert sum(row["end"] for row in rows if row["topic"] == "events") >= 11
    wait_until(lambda: "\n0 records not read yet\n" in busy.shop.good("topics").out)


def test_dead_letters_are_listed_without_and_shown_with_their_content(busy: Busy) -> None:
    letters = busy.json("dead-letters list")
    assert letters["reasons"] == {"bad-data": 1, "bad-money": 1, "unknown-type": 1}
    unknown = next(one for one in letters["dead_letters"] if one["reason"] == "unknown-type")
    shown = busy.shop.good("dead-letters", "show", unknown["place"]).out
    assert "ben@example.com" in shown
    listed = busy.shop.good("dead-letters", "list").out
    assert unknown["place"] in listed
    assert "the newest 1 of 3" in busy.shop.good("dead-letters", "list", "--most", "1").out
    assert busy.shop.run("dead-letters", "show", "somewhere/else").code == 1


def test_dead_letters_reach_their_topic(busy: Busy) -> None:
    def relayed() -> int:
        rows = busy.shop.good("topics", "--json").json["topics"]
        return sum(int(row["end"]) for row in rows if row["topic"] == "dead-letters")

    wait_until(lambda: relayed() == 3)


# doctor, resume


def test_the_doctor_is_content_with_a_running_shop(busy: Busy) -> None:
    checked = busy.json("doctor")
    assert checked["ok"]
    assert [check["name"] for check in checked["checks"]] == ["settings", "files", "mail", "store", "broker"]
    assert [line.split()[0] for line in busy.shop.good("doctor").out.splitlines()] == ["ok"] * 5


def test_the_doctor_finds_what_is_missing(shop: Shop) -> None:
    assert shop.run("doctor").code == 3
    assert _check(shop.run("doctor", "--json", REGULARS_SMTP="mail.example.com"), "mail")["code"] == 1
    misspelt = shop.run("doctor", "--json", REGULARS_PARTITION="3")
    assert misspelt.code == 1
    assert "did you mean REGULARS_PARTITIONS?" in _check(misspelt, "settings")["says"]
    _break(shop)
    assert "1 problem" in _check(shop.run("doctor", "--json"), "files")["says"]


def test_resume_needs_to_be_told_what(busy: Busy) -> None:
    assert busy.shop.run("resume").code == 2
    assert busy.shop.good("resume", "--intake").out == "no partition was halted\n"


# what can go wrong


@pytest.mark.parametrize("words", ["run", "topics", "doctor", "send one.jsonl"])
def test_a_broker_that_is_away_is_one_sentence_and_exit_3(shop: Shop, words: str) -> None:
    shop.write("one.jsonl", story()[0])
    _away(shop, words.split(), {"REGULARS_BROKER": f"kafka://{NOBODY}"}, "broker")
    if words in ("topics", "send one.jsonl"):
        assert "start one with `regulars run`" in _away(shop, words.split(), {}, "broker").err


@pytest.mark.parametrize(
    "words",
    ["run", "doctor", "import one.jsonl", "retention", "retention verify", "customers show anna", "dead-letters list"],
)
def test_a_store_that_is_away_is_one_sentence_and_exit_3(shop: Shop, words: str) -> None:
    shop.write("one.jsonl", story()[0])
    store = f"postgresql+psycopg://regulars:secret@{NOBODY}/regulars"
    done = _away(shop, words.split(), {"REGULARS_STORE": store}, "store")
    assert "secret" not in done.err + done.out


def _away(shop: Shop, words: list[str], settings: dict[str, str], what: str) -> Done:
    began = time.monotonic()
    done = shop.run(*words, **settings)
    assert done.code == 3, done
    assert time.monotonic() - began < 45
    said = [line for line in (done.out + done.err).splitlines() if what in line and "aiokafka" not in line]
    assert len(said) == 1, done
    assert "Traceback" not in done.err
    return done


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REGULARS_PARTITIONS", "abc", "doctor"),
        ("REGULARS_PARTITIONS", "0", "rules check"),
        ("REGULARS_AMBIGUOUS", "perhaps", "templates check"),
        ("REGULARS_SEND_TIMEOUT", "-1", "run"),
        ("REGULARS_STORE", "mysql://localhost/shop", "retention"),
        ("REGULARS_STORE", "regulars.db", "retention"),
        ("REGULARS_BROKER", "localhost:9092", "topics"),
        ("REGULARS_BROKER", "kafka://localhost:9092?tls=yes", "topics"),
        ("REGULARS_SMTP", "mail.example.com", "run"),
        ("REGULARS_MAIL_FROM", "the shop", "run"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_and_exit_2(shop: Shop, name: str, value: str, words: str) -> None:
    done = shop.run(*words.split(), **{name: value})
    assert (done.code, done.out) == (2, "")
    assert name in done.err
    assert "Traceback" not in done.err


def test_files_that_are_not_there_are_named(shop: Shop) -> None:
    for words in ("send nowhere.jsonl", "import nowhere.jsonl"):
        done = shop.run(*words.split())
        assert (done.code, "nowhere.jsonl" in done.err) == (2, True)
    done = shop.run("retention", REGULARS_STORE="sqlite:////proc/nowhere/regulars.db")
    assert (done.code, "/proc/nowhere" in done.err, "Traceback" in done.err) == (3, True, False)


# how it looks

JSON = (
    "rules check",
    "rules list",
    "rules test",
    "templates check",
    "templates preview",
    "retention verify",
    "customers show",
    "topics",
    "dead-letters list",
    "dead-letters show",
    "doctor",
)
LISTINGS = ("retention", "topics", "dead-letters list", "doctor", "rules list", "rules test")


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize("words", LISTINGS)
def test_nothing_is_wider_than_the_terminal_and_no_number_is_cut(busy: Busy, columns: int, words: str) -> None:
    done = busy.shop.on_terminal(columns, *words.split())
    assert done.code == 0, done
    assert max(map(len, done.out.splitlines())) <= columns
    assert "…" not in done.out
    assert [word for word in PERSONAL if word in done.out] == []


def test_the_log_holds_nothing_personal(busy: Busy) -> None:
    assert "running on" in busy.worker.log
    assert [word for word in PERSONAL if word in busy.worker.log] == []
    assert "Traceback" not in busy.worker.log


def test_what_a_stranger_wrote_does_not_command_the_terminal(busy: Busy, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.write("past.jsonl", event("h-1", "profile", "eve", {"first_name": "\x1b[2J\x07gone"}))
    shop.good("import", "past.jsonl")
    shown = shop.good("customers", "show", "eve").out
    assert "\\x1b[2J\\x07gone" in shown
    assert "\x1b" not in shown


def test_the_json_of_each_command_has_the_keys_of_the_reference(busy: Busy) -> None:
    letter = busy.json("dead-letters list")["dead_letters"][0]["place"]
    arguments = {"customers show": " anna", "dead-letters show": f" {letter}", "templates preview": " welcome"}
    wrong = []
    for name in JSON:
        printed = busy.json(name + arguments.get(name, ""))
        if not _same_keys(_example(name), printed):
            wrong.append((name, printed))
    assert wrong == []


def _example(name: str) -> Any:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    section = page.partition(f"\n## regulars {name}\n")[2].partition("\n## ")[0]
    return json.loads(section.partition("```json\n")[2].partition("```")[0])


def _same_keys(told: Any, printed: Any) -> bool:
    """The keys of the document, and those of what its lists hold."""
    if set(told) != set(printed):
        return False
    lists = [name for name in told if isinstance(told[name], list) and told[name] and printed[name]]
    return all(not isinstance(told[name][0], dict) or set(told[name][0]) == set(printed[name][0]) for name in lists)


# kit


def _break(shop: Shop) -> None:
    rule = shop.folder / "rules" / "campaigns" / "welcome.yaml"
    rule.write_text(rule.read_text().replace("orders_ever ==", "oders_ever =="))


def _check(done: Done, name: str) -> Any:
    return next(check for check in done.json["checks"] if check["name"] == name)


def _alive(pid: int) -> bool:
    """Whether it runs; a zombie waits only for its parent, which is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
