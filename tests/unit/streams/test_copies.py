"""What the doctor says of topics, by how many copies they have and how many of them must have a record."""

from __future__ import annotations

from streams.copies import OFFSETS, Kept, said


def test_topics_that_outlive_any_one_node_are_not_talked_about() -> None:
    assert said(3, [Kept("events", 3, 2), Kept("purchases", 2, 2), Kept(OFFSETS, 3, 2)]) == []
    assert said(1, [Kept("events", 1), Kept(OFFSETS, 1)]) == [], "one broker can have no more"
    assert said(3, []) == []


def test_each_worry_names_its_topics_and_says_what_to_do() -> None:
    found = said(
        3, [Kept("returns", 2, 1), Kept("purchases", 1), Kept("events", 1), Kept("x", 3, 2, True), Kept(OFFSETS, 1)]
    )
    assert [sentence.partition(" ha")[0] for sentence in found] == [
        "topics events, purchases",
        "topic returns",
        "topic x",
        f"topic {OFFSETS}",
    ]
    single, weak, unclean, offsets = found
    assert "one copy on a cluster of 3 brokers" in single
    assert "REGULARS_REPLICATION=3" in single
    assert "2 copies but min.insync.replicas=1" in weak
    assert "--add-config min.insync.replicas=2. Better three copies" in weak
    assert "unclean.leader.election.enable=true" in unclean
    assert "kafka-reassign-partitions.sh" in offsets


def test_as_many_copies_as_can_be_lost_are_needed() -> None:
    [four] = said(5, [Kept("events", 5, 1)])
    assert four.endswith("min.insync.replicas=4")
