"""Spoiled records, as a storefront may send them, through real workers: on what one tries out, on what shops run."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest

from retention.errors import REASONS
from streams.broker import Broker, connect
from tests.acceptance.kit import ON_BOTH, RUN_BY_SHOPS, TRIED_OUT
from tests.chaos import poison
from tests.chaos.load import Emit, Load, spoiled
from tests.chaos.oracle import expect
from tests.chaos.producer import Ledger, produce
from tests.chaos.setup import Setup, setup
from tests.chaos.store import Store, held
from tests.chaos.topics import SOURCES, Raw, read
from tests.chaos.trial import drained, relayed
from tests.chaos.verdict import judge
from tests.chaos.worker import Worker, ask
from tests.services import served

NOT_BY_A_PRODUCER = {"failed"}
STUMBLER = "anna-4711"
Make = Callable[..., Emit]


@pytest.fixture
def at(request: pytest.FixtureRequest) -> Iterator[Setup]:
    """SQLite and the embedded broker, unless a test asks for others."""
    store, broker = getattr(request, "param", TRIED_OUT)
    yield from served(setup(store, broker))


@pytest.fixture
def created(at: Setup) -> Setup:
    """The topics exist."""
    asyncio.run(connect(Broker(at.bootstrap, at.embedded, at.incarnation), at.partitions, 1, 7))
    return at


async def work_off(at: Setup, worker: Worker) -> None:
    """Run the worker until nothing is left."""
    worker.start()
    try:
        worker.wait_ready()
        assert await drained(at, Store(at.store))
    finally:
        code = worker.stop()
    assert code == 0, worker.said()


def stream(at: Setup, good: int, bad: Iterable[poison.Poison]) -> list[Emit]:
    """A shop's records with the bad ones strewn in."""
    load = Load(3, at.partitions, poisoned=0)
    now = dt.datetime.now(dt.UTC)
    emits = [load.next(now) for _ in range(good)]
    chance = random.Random(3)
    for each in bad:
        emits.insert(chance.randrange(good // 10, len(emits)), spoiled(each))
    return emits


def purchase(number: int, customer: str, **data: object) -> Emit:
    """A purchase on topic `events`."""
    event = {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/shop",
        "type": "purchase",
        "subject": customer,
        "time": dt.datetime.now(dt.UTC).isoformat(),
        "data": {"order_id": f"o-{number}", "total": 10, **data},
    }
    return Emit("events", customer.encode(), json.dumps(event).encode())


def bare(number: int, customer: str, **data: object) -> Emit:
    """The same on topic `purchases`."""
    body = {"order_id": f"o-{number}", "total": 10, **data}
    return Emit("purchases", customer.encode(), json.dumps(body).encode())


@pytest.mark.parametrize("at", ON_BOTH, indirect=True)
def test_every_kind_of_poison_is_buried_with_its_reason_and_the_rest_is_applied(created: Setup) -> None:
    now = dt.datetime.now(dt.UTC)
    bad = poison.on_events("c-1", 0, now.isoformat())
    bad += [each for topic in SOURCES for each in poison.on_topic(topic, "c-1")]
    emits = stream(created, 100 * len(bad), bad)
    ledger = asyncio.run(produce(created, emits))
    asyncio.run(work_off(created, Worker(created)))

    records, places = asyncio.run(everything(created))
    expected = expect(records, ledger.poison, created.incarnation, created.partitions, now)
    found = held(Store(created.store), created.incarnation)
    verdict = judge(expected, found, places)
    assert verdict.wrong == {}, verdict.examples
    assert verdict.applied > 90 * len(bad)
    assert set(found.dead.values()) == REASONS.keys() - NOT_BY_A_PRODUCER
    assert set(ledger.poison.items()) <= set(found.dead.items())
    assert {place: (r.key, r.value) for place, r in by_place(records).items() if place in found.dead} == found.letters
    code, document, _ = ask(created, "retention", "verify", "--json")
    assert (code, document["differences"]) == (0, [])


async def everything(at: Setup) -> tuple[list[Raw], set[tuple[str, int, int]]]:
    return await read(at.bootstrap, ["events", *SOURCES]), await relayed(at)


def by_place(records: Sequence[Raw]) -> dict[tuple[str, int, int], Raw]:
    return {(record.topic, record.partition, record.offset): record for record in records}


def test_a_record_that_makes_applying_raise_is_found_and_the_rest_goes_on(created: Setup) -> None:
    customers = [f"c-{number % 37}" for number in range(600)]
    for number in (7, 300, 301, 599):
        customers[number] = STUMBLER
    asyncio.run(produce(created, [purchase(number, customer) for number, customer in enumerate(customers)]))
    worker = Worker(created, "stumbles", STUMBLER=STUMBLER)
    asyncio.run(work_off(created, worker))

    found = held(Store(created.store), created.incarnation)
    applied = {id for log in found.log.values() for _, id, _, _ in log}
    assert applied == {f"e-{number}" for number in range(600)} - {"e-7", "e-300", "e-301", "e-599"}
    assert sorted(found.dead.values()) == ["failed"] * 4
    buried = sorted(json.loads(value)["id"] for _, value in found.letters.values() if value)
    assert buried == ["e-300", "e-301", "e-599", "e-7"]
    assert "ZeroDivisionError" in worker.said()
    assert STUMBLER not in worker.said()


def halted(at: Setup, workers: int = 1) -> None:
    """So many workers together, which end by themselves, each with a reason."""
    crew = [Worker(at, name=f"worker-{number}") for number in range(workers)]
    for worker in crew:
        worker.start()
    for worker in crew:
        assert worker.wait(90) == 1, worker.said()
        said = worker.said()
        assert "are bad, more than the share" in said
        assert "regulars resume --intake" in said
        assert "Traceback" not in said


def half_bad(make: Make, at: Setup) -> Ledger:
    """200 good purchases, then 400 in a currency without a rate; of ten customers, so of all partitions."""
    good = [make(number, f"c-{number % 10}") for number in range(200)]
    bad = [make(number, f"c-{number % 10}", currency="EUR") for number in range(200, 600)]
    return asyncio.run(produce(at, good + bad))


@pytest.mark.parametrize(
    ("at", "make", "workers"),
    [
        (TRIED_OUT, purchase, 1),
        (TRIED_OUT, bare, 2),
        pytest.param(RUN_BY_SHOPS, purchase, 2, marks=pytest.mark.service),
    ],
    indirect=["at"],
)
def test_too_much_poison_halts_every_worker_until_it_is_resumed_and_loses_nothing(
    created: Setup, make: Make, workers: int
) -> None:
    half_bad(make, created)
    halted(created, workers)
    code, doctor, _ = ask(created, "doctor", "--json")
    assert code == 1
    assert "intake halted" in json.dumps(doctor)

    policy = created.rules / "policy.yaml"
    policy.write_text(policy.read_text("utf-8") + "  EUR: 39.50\n", "utf-8")
    halted(created)  # mended, but nobody said so
    assert ask(created, "resume", "--intake")[0] == 0
    asyncio.run(work_off(created, Worker(created)))
    applied, buried = orders_and_letters(created)
    assert len(applied | buried) == 600
    assert ask(created, "doctor", "--json")[0] == 0


def test_poison_that_cannot_be_mended_goes_by_after_a_resume(created: Setup) -> None:
    half_bad(purchase, created)
    halted(created)
    assert ask(created, "resume", "--intake")[0] == 0
    asyncio.run(work_off(created, Worker(created)))
    found = held(Store(created.store), created.incarnation)
    assert sorted(found.dead.values()) == ["no-rate"] * 400
    applied, buried = orders_and_letters(created)
    assert len(applied) + len(buried) == len(applied | buried) == 600


def orders_and_letters(at: Setup) -> tuple[set[str], set[str]]:
    """Orders in the log, and among the dead letters; none is twice in either.

    One whose worker ended between its burial and its offset is read again, and may be good by then: it is in both.
    """
    found = held(Store(at.store), at.incarnation)
    applied = [data["order_id"] for log in found.log.values() for _, _, _, data in log]
    buried = [letter_order(value) for _, value in found.letters.values()]
    assert len(applied) == len(set(applied))
    assert len(buried) == len(set(buried))
    return set(applied), set(buried)


def letter_order(value: bytes | None) -> str:
    assert value is not None
    content = json.loads(value)
    order: str = content.get("data", content)["order_id"]
    return order
