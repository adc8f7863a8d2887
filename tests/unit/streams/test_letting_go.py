"""Old events leave the log; what is counted, what is known and what a replay begins with stay as they were."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from retention import orders, state
from retention.counters import Deltas
from retention.decode import logged
from retention.fold import fold
from retention.orders import Order, row_key
from retention.recount import differences, recount
from retention.state import Customer
from rules.steps import Grant
from storage import queries
from storage.pile import Pile
from storage.snapshots import Round, last_round, let_go, look, remember_round, snapshot
from storage.store import Store
from storage.told import left, one_moment, told
from streams.apply import DAY
from streams.housekeeper import Housekeeper
from tests.unit.streams.kit import NOW, RULES, Shop, event, reachable, rule, ruled, shop_on

KEPT = 30
"""Days."""


def found_different(shop: Shop) -> list[tuple[str, str, str, int, int]]:
    """What `regulars retention verify` would say."""
    with shop.store.read() as connection:
        one_moment(connection)
        kept = queries.sums(connection)
        return differences(kept, recount(told(connection), shop.applier.zone, Pile))


def numbers(shop: Shop, id: str = "anna") -> list[int]:
    """Numbers of the events that the log still has."""
    return [one.seq for one in shop.log(id)]


def round_of(shop: Shop, days: int = KEPT) -> int:
    """All of a housekeeper's work at this moment; how many events went."""
    before = shop.now - days * DAY
    ids, end = look(shop.store, "", before, 1_000)
    assert end is None
    ids = snapshot(shop.store, ids, shop.now, before)
    gone = 0
    while ids:
        went, ids = let_go(shop.store, ids)
        gone += went
    return gone


def replayed(shop: Shop, id: str) -> Customer:
    """The customer as a replay of what is left of the log makes them, rules left out."""
    with shop.store.read() as connection:
        asked = {"id": id}
        row = connection.execute(text("SELECT seq, state FROM snapshot WHERE customer = :id"), asked).one_or_none()
        rows = connection.execute(text("SELECT key, state FROM snapshot_order WHERE customer = :id"), asked).all()
    known = {each.key: orders.decode(each.state) for each in rows}
    begin = Customer() if row is None or row.state is None else state.decode(row.state)
    for one in shop.log(id):
        said = logged(one.source, one.id, one.type, one.customer, one.time, one.data, one.amount)
        key = row_key(said)
        order = None if key is None else known.setdefault(key, Order())
        if row is not None and one.seq <= row.seq:  # let go half-way: the state has it, the orders not yet
            if order is not None:
                orders.merge(order, said)
            continue
        begin.seq, begin.at, begin.elapsed = one.seq, one.at, one.at
        fold(begin, order, said, shop.applier.zone, {}, known.values)
    return begin


# What goes and what stays


def test_events_go_when_a_snapshot_behind_them_is_old_enough_and_not_before(shop: Shop) -> None:
    shop.take(reachable(), event("1"), event("2"))
    assert round_of(shop) == 0
    shop.now += KEPT * DAY - 1
    shop.take(event("3", time=shop.now))
    assert round_of(shop) == 0
    assert numbers(shop) == [1, 2, 3, 4]
    shop.now += 1
    assert round_of(shop) == 3
    assert numbers(shop) == [4]
    shop.now += KEPT * DAY - 1
    assert round_of(shop) == 0
    shop.now += 1
    assert round_of(shop) == 1
    assert numbers(shop) == []
    assert found_different(shop) == []


def test_what_is_left_reaches_back_as_far_as_it_is_to_be_kept_and_at_most_twice(shop: Shop) -> None:
    for day in range(0, 200, 4):
        shop.now = NOW + day * DAY
        shop.take(event(str(day), time=shop.now))
        round_of(shop)
        oldest = shop.log()[0].at
        assert shop.now - oldest <= (2 * KEPT + 4) * DAY
        assert oldest <= max(NOW, shop.now - (KEPT - 4) * DAY)
    assert found_different(shop) == []


def test_decisions_and_finished_messages_go_with_their_event_and_others_stay(shop: Shop) -> None:
    shop.take(reachable(), event("1"))
    shop.take(event("2"))
    first = shop.rows("decision", "seq")[0]["message"]
    with shop.store.write() as connection:
        connection.execute(text("UPDATE message SET status = 'sent', done_at = 1 WHERE key = :key"), {"key": first})
    round_of(shop)
    shop.now += DAY
    shop.take(event("3"))
    shop.now += KEPT * DAY
    assert round_of(shop) == 3
    assert [row["seq"] for row in shop.rows("decision")] == [4]
    waiting = [row["key"] for row in shop.rows("message")]
    assert len(waiting) == 2  # one was not done, and one is of an event that stayed
    assert first not in waiting
    with shop.store.write() as connection:
        connection.execute(text("UPDATE message SET status = 'sent', done_at = 1"))
    shop.now += KEPT * DAY
    assert round_of(shop) == 1
    assert shop.rows("message") == []
    assert shop.rows("decision") == []


def test_the_message_of_an_event_that_stays_stays_though_decided_in_the_same_instant(shop: Shop) -> None:
    shop.take(reachable(), event("1"))
    round_of(shop)
    shop.take(event("2"))
    with shop.store.write() as connection:
        connection.execute(text("UPDATE message SET status = 'sent', done_at = 1"))
    shop.now += KEPT * DAY
    assert round_of(shop) == 2
    [decision] = shop.rows("decision")
    assert [row["key"] for row in shop.rows("message") if row["key"] == decision["message"]] == [decision["message"]]


def test_settled_requests_go_with_their_event_and_those_that_wait_stay(store: Store) -> None:
    with shop_on(store, ruled(rule("gives", do=(Grant("gift", "note"),)))) as shop:
        shop.take(event("1"), event("2"))
        round_of(shop)
        shop.now += DAY
        shop.take(event("3"))
        with store.write() as connection:
            connection.execute(text("UPDATE request SET status = 'granted' WHERE seq <> 2"))
        shop.now += KEPT * DAY
        assert round_of(shop) == 2
        assert [(row["seq"], row["status"]) for row in shop.rows("request", "seq")] == [(2, "waiting"), (3, "granted")]


def test_a_customer_shows_how_much_of_the_log_is_left(shop: Shop) -> None:
    shop.take(event("1"), event("2"))
    round_of(shop)
    shop.now += KEPT * DAY
    shop.take(event("3", time=shop.now))
    round_of(shop)
    with shop.store.read() as connection:
        assert (left(connection, "anna").let_go, left(connection, "anna").since) == (2, shop.now)
        assert (left(connection, "nobody").let_go, left(connection, "nobody").since) == (0, None)


@pytest.mark.parametrize("measure", ["gross", "new", "refunds"])
def test_a_counter_that_is_off_is_found_after_its_events_went(shop: Shop, measure: str) -> None:
    returned = event("r", kind="return", return_id="r", order_id="o-1", total="0.10", currency="THB")
    shop.take(event("1"), event("2"), returned)
    round_of(shop)
    shop.now += KEPT * DAY
    round_of(shop)
    assert numbers(shop) == []
    assert found_different(shop) == []
    with shop.store.write() as connection:
        asked = {"measure": measure}
        changed = "UPDATE counter SET value = value + 1 WHERE measure = :measure AND period = '2026-03'"
        assert connection.execute(text(changed), asked).rowcount == 1
    [(name, *_, kept, counted)] = found_different(shop)
    assert (name, kept - counted) == (measure, 1)


@pytest.mark.parametrize("table", ["event", "snapshot_order"])
def test_an_order_that_vanished_from_what_is_kept_is_found(shop: Shop, table: str) -> None:
    shop.take(event("1"))
    round_of(shop)
    shop.now += KEPT * DAY
    shop.take(event("2", time=shop.now))
    round_of(shop)
    assert found_different(shop) == []
    with shop.store.write() as connection:
        assert connection.execute(text(f"DELETE FROM {table}")).rowcount == 1
    assert {name for name, *_ in found_different(shop)} == {"placed", "orders", "gross", "repeaters"}


def test_staff_is_still_known_for_staff_when_the_event_that_said_so_is_gone(shop: Shop) -> None:
    shop.take(event("1"), event("s", kind="profile", staff=True))
    for number in range(2):
        round_of(shop)
        shop.now += KEPT * DAY
        shop.take(event(f"later-{number}", time=shop.now))
        assert found_different(shop) == []
    assert shop.rows("snapshot")[0]["let_go"] == 2
    assert shop.counters() == {}
    shop.take(event("t", kind="profile", time=shop.now, staff=False))
    round_of(shop)
    assert shop.count("placed") == 3
    assert found_different(shop) == []


def test_an_event_that_cannot_be_read_stays_and_nobody_else_waits_for_it(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.take(event("1"), event("2", "ben"))
    with shop.store.write() as connection:
        connection.execute(text("UPDATE event SET data = :data WHERE customer = 'anna'"), {"data": b"{"})
    round_of(shop)
    shop.now += KEPT * DAY
    assert round_of(shop) == 1
    assert (numbers(shop), numbers(shop, "ben")) == ([1], [])
    assert "cannot read" in caplog.text
    assert "anna" not in caplog.text


def test_an_event_of_a_type_that_is_not_declared_any_more_is_let_go_like_any_other(shop: Shop) -> None:
    shop.take(event("1"))
    with shop.store.write() as connection:
        connection.execute(text("UPDATE event SET type = 'social_share' WHERE customer = 'anna'"))
    round_of(shop)
    shop.now += KEPT * DAY
    round_of(shop)
    assert numbers(shop) == []


def test_an_old_event_of_a_customer_who_came_back_is_not_needed_to_count_a_return(shop: Shop) -> None:
    """Amendment, return and cancellation of orders whose purchase has left the log."""
    shop.take(event("1"), event("2"), event("3"))
    round_of(shop)
    shop.now += KEPT * DAY
    round_of(shop)
    now = shop.now
    shop.take(
        event("1b", time=now, order_id="o-1", total="5.00"),
        event("r", "anna", "return", now, return_id="r", order_id="o-2", total="1.00", currency="THB"),
        event("c", "anna", "fulfilment", now, order_id="o-3", state="cancelled"),
    )
    assert found_different(shop) == []
    round_of(shop)
    shop.now += KEPT * DAY
    assert round_of(shop) == 3
    assert found_different(shop) == []


# Killed, twice, beside others


def test_a_customer_with_more_events_than_go_at_once_goes_in_steps_and_counts_right_at_each(shop: Shop) -> None:
    shop.take(*(event(str(number)) for number in range(8)), event("b", "ben"))
    round_of(shop)
    shop.now += KEPT * DAY
    ids = snapshot(shop.store, ["anna", "ben"], shop.now, shop.now - KEPT * DAY)
    steps = []
    while ids:
        went, ids = let_go(shop.store, ids, most=3)
        steps.append((went, len(numbers(shop)), ids))
        assert found_different(shop) == []
        assert replayed(shop, "anna") == shop.customer()
    assert steps == [(3, 5, ["anna", "ben"]), (3, 2, ["anna", "ben"]), (3, 0, [])]


def test_a_second_housekeeper_on_the_same_customers_finds_nothing_to_do(shop: Shop) -> None:
    shop.take(event("1"), event("2"))
    for now in (NOW, NOW + KEPT * DAY):
        for _ in range(2):
            may_go = snapshot(shop.store, ["anna"], now, now - KEPT * DAY)
            assert may_go == ([] if now == NOW else ["anna"])
        assert shop.rows("snapshot")[0]["next_seq"] == (2 if now == NOW else None)
    assert let_go(shop.store, ["anna"])[0] == 2
    assert let_go(shop.store, ["anna"]) == (0, [])
    assert look(shop.store, "", NOW + 99 * KEPT * DAY, 9)[0] == []


def test_customers_that_another_housekeeper_works_on_are_left_alone(fresh_postgres: str) -> None:
    store = Store(fresh_postgres)
    store.migrate()
    with shop_on(store) as shop:
        shop.take(event("1"), event("2", "ben"))
        round_of(shop)
        shop.now += KEPT * DAY
        before = shop.now - KEPT * DAY
        with store.write() as other:
            other.execute(text("SELECT 1 FROM snapshot WHERE customer = 'anna' FOR UPDATE"))
            snapshot(store, ["anna", "ben"], shop.now, before)
            assert let_go(store, ["anna", "ben"]) == (1, [])
        assert (numbers(shop), numbers(shop, "ben")) == ([1], [])
        assert found_different(shop) == []
        assert round_of(shop) == 1
    store.close()


def test_a_recount_beside_a_worker_sees_one_moment(store: Store) -> None:
    with shop_on(store) as shop:
        shop.take(event("1"))
        other = Store(store.url.render_as_string(hide_password=False))
        with other.read() as connection:
            one_moment(connection)
            kept = queries.sums(connection)
            shop.take(event("2"))
            assert differences(kept, recount(told(connection), shop.applier.zone)) == []
        other.close()


# The housekeeper


async def test_the_housekeeper_makes_one_round_a_day_and_goes_on_where_another_stopped(shop: Shop) -> None:
    shop.take(*(event(f"{number}", f"c-{number}") for number in range(5)))
    keeper = Housekeeper(shop.store, 400, lambda: shop.now, log_days=KEPT)
    assert await keeper.let_go() == 0
    assert last_round(shop.store) == Round(NOW, None)
    assert len(shop.rows("snapshot")) == 5
    shop.now += KEPT * DAY
    remember_round(shop.store, Round(shop.now - 1, "c-2"))
    assert await Housekeeper(shop.store, 400, lambda: shop.now, log_days=KEPT).let_go() == 2
    assert await keeper.let_go() == 0  # the day's round is done
    shop.now += DAY
    assert await keeper.let_go() == 3
    assert shop.rows("event") == []
    assert found_different(shop) == []


async def test_without_a_setting_the_log_is_kept_for_ever(shop: Shop) -> None:
    shop.take(event("1"))
    for _ in range(3):
        assert await Housekeeper(shop.store, 400, lambda: shop.now).let_go() == 0
        shop.now += 10_000 * DAY
    assert (numbers(shop), shop.rows("snapshot")) == ([1], [])


async def test_a_housekeeper_that_is_stopped_leaves_the_rest_for_the_next(shop: Shop) -> None:
    shop.take(event("1"))
    round_of(shop)
    shop.now += KEPT * DAY
    keeper = Housekeeper(shop.store, 400, lambda: shop.now, log_days=KEPT)
    keeper.stop()
    assert await keeper.let_go() == 0
    assert numbers(shop) == [1]
    assert await Housekeeper(shop.store, 400, lambda: shop.now, log_days=KEPT).let_go() == 1


# Any log, any cuts


said = st.tuples(
    st.sampled_from(["anna", "ben"]),
    st.sampled_from(["purchase", "purchase", "return", "loose", "cancel", "staff", "back", "review"]),
    st.integers(0, 3),
    st.integers(0, 90),
    st.integers(1, 400),
)
steps = st.lists(
    st.one_of(
        st.lists(said, min_size=1, max_size=5),
        st.lists(said, min_size=1, max_size=5),
        st.tuples(st.just("days"), st.sampled_from([0, 1, 29, 30, 31, 60])),
        st.tuples(st.just("round"), st.integers(0, 4)),
        st.tuples(st.just("round"), st.just(99)),
    ),
    min_size=4,
    max_size=16,
)


def spoken(number: int, said: tuple[str, str, int, int, int], now: int) -> bytes:
    """One event of the plan."""
    who, what, order, days_ago, total = said
    time, money = now - days_ago * DAY, f"{total}.00"
    id = f"e-{number}"
    if what == "purchase":
        return event(id, who, time=time, order_id=f"o-{order}", total=money)
    if what in ("return", "loose"):
        named = {"order_id": f"o-{order}"} if what == "return" else {}
        return event(id, who, "return", time, return_id=f"r-{order}", total=money, currency="THB", **named)
    if what == "cancel":
        return event(id, who, "fulfilment", time, order_id=f"o-{order}", state="cancelled")
    if what in ("staff", "back"):
        return event(id, who, "profile", time, staff=what == "staff")
    return event(id, who, "review", time, rating=5)


def part_of_a_round(shop: Shop, most: int, chance: random.Random) -> None:
    """A housekeeper's work, killed after `most` transactions; now and then in the middle of the next one."""
    before = shop.now - KEPT * DAY
    ids, _ = look(shop.store, "", before, 100)
    for number in range(most):
        if number == 0:
            ids = snapshot(shop.store, ids, shop.now, before)
        elif ids:
            _, ids = let_go(shop.store, ids, most=2)
    if ids and chance.random() < 0.5:
        with pytest.raises(Killed):
            let_go(Dying(shop.store), ids)


class Killed(Exception):
    pass


class Dying(Store):
    """A process that dies before it commits."""

    def __init__(self, store: Store) -> None:
        self.sqlite = store.sqlite
        self.behind = store

    @contextmanager
    def write(self, connection: Connection | None = None) -> Iterator[Connection]:
        with self.behind.write(connection) as opened:
            yield opened
            raise Killed


@contextmanager
def fresh(folder: Path, name: str) -> Iterator[Shop]:
    shutil.copy(folder / "empty.db", folder / f"{name}.db")
    store = Store(f"sqlite:///{folder / name}.db")
    with shop_on(store, RULES) as shop:
        yield shop
    store.close()
    for used in folder.glob(f"{name}.db*"):
        used.unlink()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every example's stores are, begun as copies of an empty one."""
    made = tmp_path_factory.mktemp("letting-go")
    store = Store(f"sqlite:///{made / 'empty.db'}")
    store.migrate()
    store.close()
    return made


def run(shop: Shop, plan: Sequence[object], seed: int, keeping: bool) -> list[tuple[Deltas, list[Customer | None]]]:
    """Live the plan; after every step the counters and the customers."""
    chance = random.Random(seed)
    seen = []
    for number, step in enumerate(plan):
        if isinstance(step, list):
            shop.take(*(spoken(100 * number + n, each, shop.now) for n, each in enumerate(step)))
        elif step[0] == "days":  # type: ignore[index]
            shop.now += step[1] * DAY  # type: ignore[index]
        elif keeping:
            part_of_a_round(shop, step[1], chance)  # type: ignore[index]
            assert found_different(shop) == []
        seen.append((shop.counters(), [shop.customer("anna"), shop.customer("ben")]))
    return seen


@settings(max_examples=40, deadline=None)
@given(plan=steps, seed=st.integers(0, 2**32))
def test_whatever_is_let_go_whenever_counts_and_customers_are_as_if_it_had_stayed(folder: Path, plan, seed) -> None:
    with fresh(folder, "kept") as kept, fresh(folder, "let") as letting:
        assert run(letting, plan, seed, True) == run(kept, plan, seed, False)
        assert found_different(letting) == []
        for id in ("anna", "ben"):
            now = letting.customer(id)
            if now is not None:
                again = replayed(letting, id)
                again.entries = now.entries  # what the rules remember is theirs to replay
                assert again == now
                last = numbers(letting, id)
                gone = now.seq - len(last)
                assert last == list(range(gone + 1, now.seq + 1))
