"""`make bench`: Regulars beside its limits and beside the obvious program, on this machine, with the same events."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from streams import broker as brokers
from streams.broker import EVENTS, Broker
from streams.embedded import EmbeddedBroker
from streams.partitions import partition_of
from tests import services
from tests.bench import backtest, conditions, engine, poison
from tests.bench.contest import Job, Timed
from tests.bench.events import make
from tests.bench.report import OTHER, Report, Row, show, this_machine

ROOT = Path(__file__).parent.parent.parent
ON_THE_BROKER = {"read", "limit", "obvious", "regulars"}
OBVIOUS_SHARE = 25
"""The obvious program gets one event in so many, at least `OBVIOUS_LEAST`: its rate does not need more."""
OBVIOUS_LEAST = 3_000
SLOWEST = 50
"""Events a second below which a contestant hangs rather than works."""
ORDER = ("read", "limit", "obvious", "regulars", "apply")
CONDITIONS = "conditions"
"""No contestant: how fast the language is by itself."""
ENGINE = "engine"
"""No contestant: fold and rules alone."""
POISON = "poison"
"""No contestant: the slowest record of the nasty corpus."""
BACKTEST = "backtest"
"""No contestant: history through two sets of rules."""
ALONE = (CONDITIONS, ENGINE, BACKTEST, POISON)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contestants one after the other, print the table or the JSON."""
    options = _options(arguments)
    with ExitStack() as stack:
        server = stack.enter_context(services.postgres()) if options.postgres else options.store
        report = _contest(options, server.replace("postgresql+psycopg:", "postgresql:", 1))
    show(report, as_json=options.json)
    return 0


def _contest(options: argparse.Namespace, server: str) -> Report:
    runs: dict[str, list[Timed]] = {}
    for _ in range(options.repeat):
        for name in (one for one in options.only or ORDER if one not in ALONE):
            runs.setdefault(name, []).append(_one(name, options, ""))
            if server and name in ("regulars", "apply"):
                with services.database(server) as store:
                    runs.setdefault(f"{name}{OTHER}", []).append(_one(name, options, store))
    rows = {name: Row.best(name, timed) for name, timed in runs.items()}
    nasty = poison.measure() if not options.only or POISON in options.only else None
    sizes = (options.events, options.customers, options.partitions, options.repeat)
    asked = conditions.measure() if not options.only or CONDITIONS in options.only else None
    played = engine.measure(options.events, options.customers) if not options.only or ENGINE in options.only else None
    history = not options.only or BACKTEST in options.only
    twice = backtest.measure(options.events, options.customers) if history else None
    return Report.of(rows, this_machine(), *sizes, nasty, asked, played, twice)


def _one(name: str, options: argparse.Namespace, store: str) -> Timed:
    events: int = options.events
    if name == "obvious":
        events = min(events, max(OBVIOUS_LEAST, events // OBVIOUS_SHARE))
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        job = Job(
            contestant=name,
            events=events,
            customers=options.customers,
            warm=events // 20,
            now=time.time_ns() // 1_000,
            batch=options.batch,
            partitions=options.partitions,
            folder=folder,
            store=store,
            sample=options.sample,
        )
        if name not in ON_THE_BROKER:
            return _process(job)
        with _broker(Path(folder) / "broker", job) as broker:
            return _process(msgspec.structs.replace(job, bootstrap=broker.bootstrap, incarnation=broker.incarnation))


@contextmanager
def _broker(home: Path, job: Job) -> Iterator[Broker]:
    """A fresh embedded broker that holds the job's events already."""
    embedded = EmbeddedBroker(home)
    broker = embedded.start()
    try:
        asyncio.run(_produce(broker, job))
        yield broker
    finally:
        embedded.stop()


async def _produce(broker: Broker, job: Job) -> None:
    await brokers.connect(broker, job.partitions, 1, 7)
    producer = broker.producer()
    await producer.start()
    try:
        for sent in make(job.events, job.customers, job.now):
            home = partition_of(sent.key, job.partitions)
            await producer.send(EVENTS, value=sent.value, key=sent.key, partition=home)
        await producer.flush()
    finally:
        await producer.stop()


def _process(job: Job) -> Timed:
    """The contestant in a fresh interpreter: nobody profits from what another one warmed up."""
    command = [sys.executable, "-m", "tests.bench.contestant", msgspec.json.encode(job).decode()]
    patience = 120 + job.events / SLOWEST
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=patience)
    if done.returncode != 0:
        raise SystemExit(f"{job.contestant} failed:\n{done.stderr}")
    if job.sample:
        print(f"{job.contestant}:\n{done.stderr}", file=sys.stderr)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Timed)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=_positive, default=100_000, help="how many (100,000)")
    parser.add_argument("--customers", type=_positive, default=20_000, help="of how many customers (20,000)")
    parser.add_argument("--partitions", type=_positive, default=4, help="of the topic (4, as Regulars makes it)")
    parser.add_argument("--batch", type=_positive, default=1_000, help="most events a transaction (1,000)")
    parser.add_argument("--repeat", type=_positive, default=1, help="how often; the best run of each counts (1)")
    parser.add_argument("--only", action="append", choices=(*ORDER, *ALONE), help="this part; may be repeated")
    parser.add_argument(
        "--store",
        default="",
        help="Regulars on this server too, in databases of its own: postgresql+psycopg://…/postgres",
    )
    parser.add_argument("--postgres", action="store_true", help="Regulars on a private PostgreSQL too")
    parser.add_argument("--sample", action="store_true", help="say on standard error where the threads were")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text.replace(",", "").replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
