"""`regulars import`: history straight into the store, on both databases."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pytest

from retention.decode import moment
from storage import queries
from storage.errors import Fenced, Importing
from storage.lock import ImportRunning
from storage.store import Store
from streams import history
from streams.apply import DAY, Outcome
from streams.broker import EVENTS
from streams.history import import_file, read_lines, subject_of
from streams.partitions import partition_of
from tests.unit.streams.kit import RULES, Shop, event, reachable, shop_on, told

LONG_AGO = time.time_ns() // 1_000 - 3000 * DAY


def past(id: str, customer: str = "anna", **data: str) -> bytes:
    """A purchase of eight years ago."""
    return event(id, customer, time=LONG_AGO, **data)


def bring(store: Store, path: Path, partitions: int = 2) -> Outcome:
    return import_file(store, RULES, path, partitions, lambda position, outcome: None)


def test_history_counts_and_fires_nothing(store: Store, tmp_path: Path) -> None:
    recent = event("3", time=time.time_ns() // 1_000)
    path = told([reachable(), past("1", total="3.00"), past("2", "ben"), recent], tmp_path / "past.jsonl")
    assert bring(store, path) == Outcome(applied=4)
    with shop_on(store) as shop:
        assert (shop.count("placed"), shop.count("gross")) == (3, 500)
        anna = shop.customer()
        assert anna is not None
        assert (anna.orders_ever, anna.entries) == (2, {})
        for table in ("message", "decision", "dead_letter", "outbox"):
            assert shop.rows(table) == []
        assert {row["ruleset"] for row in shop.rows("event")} == {""}
        assert not any(row["measure"] in ("decided", "not_fired") for row in shop.rows("counter"))
        assert {moment(one.time).year for one in shop.log("ben")} == {moment(LONG_AGO).year}


def shelved(sku: str, subject: str = "", **data: str) -> bytes:
    """An article of eight years ago."""
    known = {"sku": sku, "name": "Doi White", "category": "tea"}
    return event(f"a-{sku}", subject or sku, "product", LONG_AGO, **(known | data))


def test_articles_are_kept_in_the_catalogue_and_are_no_events(store: Store, tmp_path: Path) -> None:
    lines = [shelved("TEA-9", launched="2018-01-01"), shelved("TEA-9", name="Doi"), past("1"), shelved("TEA-8")]
    path = told(lines, tmp_path / "past.jsonl")
    assert bring(store, path) == Outcome(applied=1, articles=3)
    assert bring(store, path) == Outcome(duplicates=1, articles=3)
    with shop_on(store) as shop:
        assert {row["sku"]: row["known_at"] for row in shop.rows("product")} == {"TEA-8": LONG_AGO, "TEA-9": LONG_AGO}
        assert {row["sku"]: row["launched"] for row in shop.rows("product")} == {"TEA-8": "", "TEA-9": ""}
        assert [one.type for one in shop.log("anna")] == ["purchase"]
        assert shop.customer("TEA-9") is None


def test_what_an_article_lacks_and_an_article_of_another_subject_are_dead_letters(store: Store, tmp_path: Path) -> None:
    lines = [shelved("TEA-9", launched="soon"), shelved("TEA-9", subject="anna"), shelved("TEA-9", price="free")]
    assert bring(store, told(lines, tmp_path / "past.jsonl")) == Outcome(dead=3)
    with shop_on(store) as shop:
        found = {(row["reason"], row["field"]) for row in shop.rows("dead_letter")}
        assert found == {("bad-data", "data.launched"), ("key-mismatch", "subject"), ("bad-money", "data.price")}
        assert shop.rows("product") == []


def test_what_a_customer_was_told_of_a_launch_is_of_their_log_and_not_of_the_catalogue(
    store: Store, tmp_path: Path
) -> None:
    word = json.loads(shelved("TEA-9", subject="anna")) | {"source": "regulars:catalogue"}
    path = told([past("1"), json.dumps(word).encode()], tmp_path / "past.jsonl")
    assert bring(store, path) == Outcome(applied=2)
    with shop_on(store) as shop:
        assert [one.type for one in shop.log("anna")] == ["purchase", "product"]
        assert (shop.rows("product"), shop.count("placed")) == ([], 1)


def test_the_same_file_twice_is_all_duplicates(store: Store, tmp_path: Path) -> None:
    path = told([past("1"), b"{", past("2", "ben")], tmp_path / "past.jsonl")
    assert bring(store, path) == Outcome(applied=2, dead=1)
    assert bring(store, path, partitions=3) == Outcome(duplicates=2, dead=1)
    with shop_on(store) as shop:
        assert shop.count("placed") == 2
        assert len(shop.dead()) == 1


def test_what_came_by_the_broker_is_not_imported_again(store: Store, tmp_path: Path) -> None:
    value = event("1")
    with shop_on(store) as shop:
        shop.take(value)
    assert bring(store, told([value, past("2")], tmp_path / "past.jsonl")) == Outcome(applied=1, duplicates=1)


def test_blank_lines_are_nothing_and_a_bad_one_is_a_dead_letter_with_its_line_number(
    store: Store, tmp_path: Path
) -> None:
    lines = [
        b"",
        past("1"),
        b"   ",
        b"{",
        b"\t\r",
        b"\xff",
        past("2").replace(b"1.00", b"x"),
        b"[1]",
        past("3") + b"  \r",
    ]
    path = told(lines, tmp_path / "past.jsonl")
    assert bring(store, path) == Outcome(applied=2, dead=4)
    with shop_on(store) as shop:
        assert shop.dead() == {
            4: ("not-json", ""),
            6: ("not-utf8", ""),
            7: ("bad-money", "data.total"),
            8: ("bad-envelope", ""),
        }
        places = {(row["incarnation"][:7], row["topic"], row["partition"]) for row in shop.rows("dead_letter")}
        assert places == {("import:", "past.jsonl", 0)}
        [first] = [row for row in shop.rows("dead_letter") if row["offset"] == 4]
        assert bytes(first["value"]) == b"{"


def test_however_many_lines_of_an_import_are_bad_the_topic_goes_on(store: Store, tmp_path: Path) -> None:
    path = told([past("1"), *[b"{"] * 300], tmp_path / "past.jsonl")
    assert bring(store, path).dead == 300
    with shop_on(store) as shop:
        for partition in (0, 1):
            assert shop.take(event(f"live-{partition}"), partition=partition).applied == 1


def test_an_import_leaves_the_positions_of_the_topic_alone(store: Store, tmp_path: Path) -> None:
    home = partition_of(b"anna", 2)
    with shop_on(store) as shop:
        shop.take(*(event(str(number)) for number in range(5)), partition=home)
    bring(store, told([past(f"p-{number}") for number in range(50)], tmp_path / "past.jsonl"))
    with store.read() as connection:
        found = {row.id: row.position for row in queries.partitions(connection)}
    assert found == {home: 5, 1 - home: -1}


def test_a_packed_file_is_the_same(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "past.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join([past("1"), b"", b"{", past("2")])))
    heard: list[tuple[int, int]] = []
    outcome = import_file(store, RULES, path, 2, lambda position, part: heard.append((position, part.applied)))
    assert outcome == Outcome(applied=2, dead=1)
    assert heard == [(path.stat().st_size, 2)]
    with shop_on(store) as shop:
        assert shop.dead() == {3: ("not-json", "")}


@pytest.mark.parametrize("kind", ["cut", "damaged", "not packed at all"])
def test_a_packed_file_that_cannot_be_read_to_its_end_says_so_and_lets_go(
    store: Store, tmp_path: Path, kind: str
) -> None:
    lines = [past(f"{number}-{os.urandom(8).hex()}") for number in range(2_000)]
    whole = gzip.compress(b"\n".join(lines))
    middle = len(whole) // 2
    broken = {"cut": whole[:middle], "damaged": whole[:middle] + b"\xff" * 64 + whole[middle + 64 :]}
    path = tmp_path / "past.jsonl.gz"
    path.write_bytes(broken.get(kind, b"\n".join(lines)))
    with pytest.raises((OSError, EOFError)):
        bring(store, path)
    path.write_bytes(whole)
    outcome = bring(store, path)
    assert (outcome.applied + outcome.duplicates, outcome.dead) == (2_000, 0)
    with shop_on(store) as shop:
        assert shop.count("placed") == 2_000


def test_more_lines_than_one_chunk_come_in_order(store: Store, tmp_path: Path) -> None:
    many = history.LINES + 7
    values = [event(str(number), kind="lead", time=LONG_AGO + number) for number in range(many)]
    path = told(values, tmp_path / "past.jsonl")
    heard: list[Outcome] = []
    total = import_file(store, RULES, path, 1, lambda position, part: heard.append(part))
    assert total == Outcome(applied=many)
    assert [part.applied for part in heard] == [history.LINES, 7]
    with shop_on(store) as shop:
        assert [one.id for one in shop.log()] == [str(number) for number in range(many)]


def test_customers_counters_go_to_the_shard_that_the_topic_gives_them(store: Store, tmp_path: Path) -> None:
    names = ("anna", "ben", "cleo", "dan")
    path = told([past(name, name) for name in names], tmp_path / "past.jsonl")
    bring(store, path, partitions=4)
    with shop_on(store) as shop:
        assert {row["id"]: row["shard"] for row in shop.rows("customer")} == {
            name: partition_of(name.encode(), 4) for name in names
        }


def test_workers_are_fenced_off_while_it_runs_and_take_their_partitions_back_after(
    store: Store, tmp_path: Path
) -> None:
    """Also of partitions that the topic has and the settings do not know."""
    path = told([past("1")], tmp_path / "past.jsonl")
    with shop_on(store) as shop:
        shop.take(event("live-1"), partition=5)
        refused: list[type[Exception]] = []

        def meanwhile(position: int, outcome: Outcome) -> None:
            with pytest.raises(Fenced) as fenced:
                shop.take(event("live-2"), partition=5)
            with pytest.raises(Importing) as waiting:
                shop.writer.take(EVENTS, 5)
            with pytest.raises(ImportRunning):
                bring(store, path)
            refused.extend([fenced.type, waiting.type])

        import_file(store, RULES, path, 2, meanwhile)
        assert refused == [Fenced, Importing]
        shop.held.clear()
        assert shop.take(event("live-2"), partition=5).applied == 1
        assert {one.id for one in shop.log()} == {"live-1", "1", "live-2"}


def test_an_import_that_was_interrupted_lets_go_and_the_next_one_finishes_it(
    store: Store, tmp_path: Path, shop: Shop
) -> None:
    path = told([past("1"), past("2")], tmp_path / "past.jsonl")

    def interrupt(position: int, outcome: Outcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(store, RULES, path, 2, interrupt)
    assert bring(store, path) == Outcome(duplicates=2)
    assert shop.count("placed") == 2


@pytest.mark.parametrize(
    ("line", "customer"),
    [
        (b'{"subject":"anna"}', "anna"),
        ('{"x":[{"subject":"no"}],"subject":"แอน"}'.encode(), "แอน"),
        (b'{"subject":1}', None),
        (b'{"subject":null}', None),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
        (b"\xff", None),
        (b'{"subject":"\xff"}', None),
        (b'{"subject":"anna"} x', None),
        (b"[" * 100_000, None),
    ],
)
def test_the_subject_of_a_line_is_read_or_it_has_none(line: bytes, customer: str | None) -> None:
    assert subject_of(line) == customer


def test_lines_are_numbered_as_an_editor_numbers_them(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"\n\na\r\n  \n b \nc")
    assert [(number, line) for number, _, line in read_lines(path)] == [(3, b"a"), (5, b"b"), (6, b"c")]
    assert [position for _, position, _ in read_lines(path)][-1] == path.stat().st_size
