"""How many events a second the engine alone takes: time, fold and the rules of a whole playbook, no I/O, one core."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from retention.counters import Deltas
from retention.decode import decode
from retention.events import Event
from retention.fold import fold
from retention.orders import Order, row_key
from retention.state import Customer
from rules.engine.decide import Recall, decide, elapse
from rules.load import load
from rules.problems import render_all
from rules.ruleset import RuleSet
from tests.bench.events import make

ROOT = Path(__file__).parent.parent.parent
AIM = 50_000
"""Events a second."""
YEAR = 365 * 86_400_000_000
"""What the events are spread over: five orders a customer are not bought in a day."""
GIFTS = "\ngifts:\n  note: {name: A handwritten note, cost: 15}\n"
"""What the rules of the bench give; appended to the shipped offers."""


class Engine(msgspec.Struct, frozen=True):
    """Events a second with all rules; microseconds an event of time and rules, and of the fold alone.

    `decisions` an event: how much there was to do.
    """

    rate: float
    rules: int
    fold: float
    deciding: float
    decisions: float


def playbook() -> RuleSet:
    """The shipped rules and those of the plays to come, as marketers write them."""
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        copy = Path(
            shutil.copytree(ROOT / "rules", Path(folder) / "rules", ignore=shutil.ignore_patterns("*.py", "__*"))
        )
        for extra in sorted((Path(__file__).parent / "playbook").glob("*.yaml")):
            shutil.copy(extra, copy / "campaigns")
        offers = copy / "offers.yaml"
        offers.write_text(offers.read_text(encoding="utf-8") + GIFTS, encoding="utf-8")
        loaded = load(copy)
    if loaded.ruleset is None:
        raise SystemExit(render_all(loaded.problems))
    return loaded.ruleset


def measure(events: int = 100_000, customers: int = 20_000, rounds: int = 3) -> Engine:
    """The best of `rounds`: other work on the machine only ever slows one down."""
    rules = playbook()
    now = 1_772_330_400_000_000  # the same hours of the day, whenever it is run
    taken = [decode(one.key, one.value, (), rules.policy.shop, now) for one in make(events, customers, now)]
    for number, event in enumerate(taken):
        event.time = now - YEAR + number * YEAR // events
    gc.collect()
    gc.freeze()
    alone = min(_run(rules, taken, False)[0] for _ in range(rounds))
    whole, decisions = min(_run(rules, taken, True) for _ in range(rounds))
    gc.unfreeze()
    return Engine(
        round(events / whole),
        len(rules.rules),
        round(alone / events * 1e6, 2),
        round((whole - alone) / events * 1e6, 2),
        round(decisions / events, 2),
    )


def _run(rules: RuleSet, events: list[Event], deciding: bool) -> tuple[float, int]:
    """Seconds for all events, and decisions made; the customers and orders are new each time."""
    customers: dict[str, Customer] = {}
    orders: dict[tuple[str, str], Order] = {}
    log: dict[tuple[str, int], Event] = {}
    deltas: Deltas = {}
    zone, decisions = rules.policy.shop.zone, 0
    began = time.perf_counter()
    for event in events:
        id_ = event.customer
        customer = customers.get(id_)
        if customer is None:
            customer = customers[id_] = Customer()
        customer.at = event.at = max(event.time, customer.at)
        customer.seq = event.seq = customer.seq + 1
        if deciding:
            decisions += len(elapse(rules, event, customer, _recalled(log, id_)).decisions)
        order, key = None, row_key(event)
        if key is not None:
            order = orders.setdefault((id_, key), Order())
        new = fold(customer, order, event, zone, deltas, tuple)
        if deciding:
            decisions += len(decide(rules, event, customer, new).decisions)
            if customer.journeys:
                log[id_, event.seq] = event
    return time.perf_counter() - began, decisions


def _recalled(log: dict[tuple[str, int], Event], customer: str) -> Recall:
    """The customer's events of which a journey came."""
    return lambda seq: log.get((customer, seq))
