"""What began a customer's way through a rule: from the batch, from the log, or gone; on both databases."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text

from retention.events import Event, Lead
from retention.state import Customer, Journey
from storage.batch import Batch, Loaded
from storage.store import Store
from streams.recall import Recall
from tests.unit.storage.kit import NOW, batch, event


class Asked(Batch):
    """Counts its questions."""

    def __init__(self, opened: Batch) -> None:
        super().__init__(opened._connection, "events", 0, 0, 0)
        self.questions: list[set[tuple[str, int]]] = []

    def logged(self, events: Collection[tuple[str, int]]) -> dict[tuple[str, int], Event]:
        self.questions.append(set(events))
        return super().logged(events)


def under_way(*journeys: tuple[int, int]) -> Loaded:
    """A customer with journeys of these (event, due)."""
    return Loaded(1, Customer(journeys=[Journey("r", f"e-{seq}", NOW, seq, 1, due=due) for seq, due in journeys]))


def test_all_that_is_due_is_read_at_once_and_the_rest_when_it_is_asked_for(store: Store) -> None:
    with batch(store) as opened:
        opened.log([event("anna", seq, id=f"e-{seq}", data=Lead()) for seq in (1, 2, 3)], "rules")
        opened.log([event("ben", 1, data=Lead(), at=NOW - 5)], "rules")
    with batch(store) as opened:
        asked = Asked(opened)
        recall = Recall(asked)
        people = {
            "anna": under_way((1, NOW), (2, NOW + 1), (3, 0), (0, NOW)),
            "ben": under_way((1, 5)),
            "cleo": under_way(),
        }
        recall.prepare(people, NOW)
        assert asked.questions == [{("anna", 1), ("ben", 1)}]
        first, bens, second = recall.of("anna")(1), recall.of("ben")(1), recall.of("anna")(2)
        assert [(one.id, one.seq, one.at, one.data) for one in (first, bens, second) if one is not None] == [
            ("e-1", 1, NOW, Lead()),
            ("ben-1", 1, NOW - 5, Lead()),
            ("e-2", 2, NOW, Lead()),
        ]
        recall.of("anna")(2)
        assert asked.questions[1:] == [{("anna", 2)}]


def test_a_batch_of_customers_of_whom_nothing_is_due_asks_nothing(store: Store) -> None:
    with batch(store) as opened:
        asked = Asked(opened)
        Recall(asked).prepare({"anna": under_way((1, NOW + 1)), "ben": under_way()}, NOW)
        assert asked.questions == []


def test_an_event_of_the_same_batch_is_known_though_the_log_does_not_have_it(store: Store) -> None:
    with batch(store) as opened:
        recall = Recall(opened)
        recall.add(event("anna", 7))
        assert recall.of("anna")(7) == event("anna", 7)
        assert recall.of("ben")(7) is None


def test_each_asks_for_a_copy_of_their_own(store: Store) -> None:
    with batch(store) as opened:
        recall = Recall(opened)
        recall.add(event("anna", 7))
        one, other = recall.of("anna")(7), recall.of("anna")(7)
        assert one is not None
        assert other is not None
        one.at = 5
        assert other.at == NOW


def test_what_the_log_let_go_or_this_version_cannot_read_is_none(store: Store) -> None:
    with batch(store) as opened:
        opened.log([event("anna", 1), event("anna", 2), event("anna", 3)], "rules")
    with store.write() as connection:
        connection.execute(text("UPDATE event SET data = :data WHERE seq = 1"), {"data": b"of a newer version"})
        connection.execute(text("DELETE FROM event WHERE seq = 2"))
    with batch(store) as opened:
        recall = Recall(opened)
        recall.prepare({"anna": under_way((1, 5), (2, 5), (3, 5))}, NOW)
        assert [recall.of("anna")(seq) is None for seq in (1, 2, 3)] == [True, True, False]
