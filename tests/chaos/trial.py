"""One trial: a shop that sells while one thing goes wrong again and again, a drain, then the oracle's verdict."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import mailfaults
from tests.chaos.clocks import CLOCKS
from tests.chaos.crew import Crew
from tests.chaos.faults import NEEDS_MAIL, PLANTED, PROXIED, SMALL_DISK, Scene, Struck, strike
from tests.chaos.history import Historian
from tests.chaos.journeys import EPOCH, MICROSECOND
from tests.chaos.launching import Launcher
from tests.chaos.load import Load
from tests.chaos.mailserver import MailServer
from tests.chaos.messy import Messy, order_matters
from tests.chaos.oracle import Identity, Stamp, expect
from tests.chaos.producer import Ledger, Producer
from tests.chaos.publishing import Publisher
from tests.chaos.sets import Published, decided_by, published
from tests.chaos.setup import Setup, setup
from tests.chaos.store import Held, Store, held
from tests.chaos.topics import SOURCES, lag, lags, read
from tests.chaos.verdict import Verdict, judge, judge_launches, judge_mail, judge_sets
from tests.chaos.worker import ROLES, ask

DRAINED_WITHIN = 120.0
"""Seconds the worker may take for what is left once nobody produces or kills."""
NEVER_DRAINED, IN_VAIN = {"deaf", "never-again"}, 20.0
"""Mutants with which something is always left, and seconds after which we believe it."""
QUIET = 2.0
"""Seconds without a batch that mean there is nothing left."""
SETTINGS = {"REGULARS_BATCH_SIZE": "10"}
"""Many small transactions: many moments to be killed in."""
NOBODY_ENDS = {"kill", "kill-at", "import", "lock-store", "clock", "publish", "clocks", "lost-pokes", "launch"}
"""Faults of which no worker may end by itself."""
SLOW_MAIL = 0.3
"""Seconds that a mail takes twice, at most: most of the time some are on their way."""
LOADS = {"orderly": Load, "messy": Messy}


@dataclass(frozen=True)
class Plan:
    """What to try. `rate` in records a second; `mutant` empty = the product as it is."""

    store: str = "sqlite"
    broker: str = "tansu"
    fault: str = "kill"
    workers: int = 1
    times: int = 50
    seed: int = 1
    rate: float = 80.0
    mutant: str = ""
    mail: bool = False
    """Whether the workers deliver, too."""
    park: bool = False
    """Whether they set aside what is in doubt."""
    load: str = "orderly"
    """One of `LOADS`."""
    point: str = ""
    """The only failpoints to die at, with commas; empty: all of them in turn."""

    @property
    def mutants(self) -> str:
        """What is planted into the workers, with what the fault needs to hit a place inside them."""
        return ",".join(filter(None, [self.mutant, PLANTED.get(self.fault, "")]))

    @property
    def waits(self) -> bool:
        """Whether rules go on by time; where clocks are wrong by an hour that may be in an hour."""
        return self.fault != "clock"

    @property
    def patience(self) -> float:
        """Seconds the workers may take for what is left. Who is poked by nobody is waited for in vain."""
        return IN_VAIN if NEVER_DRAINED & set(self.mutant.split(",")) else DRAINED_WITHIN


@dataclass
class Report:
    """What came of it."""

    plan: Plan
    struck: Struck
    ledger: Ledger
    verdict: Verdict
    redelivered: int
    """Records the sources put on `events` again after a kill; harmless."""
    ended: int = 0
    """How often a worker ended by itself and was started again."""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    """What is wrong besides the verdict's figures."""

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, nothing else wrong."""
        return not self.verdict.wrong and not self.problems


def run(plan: Plan) -> Report:
    """A new broker, a new store, and the whole trial on them."""
    began = time.monotonic()
    proxied, small = plan.fault in PROXIED, plan.fault in SMALL_DISK
    with (
        setup(plan.store, plan.broker, proxied=proxied, small=small, waits=plan.waits) as at,
        MailServer(SLOW_MAIL) as mail,
    ):
        report = asyncio.run(_trial(plan, at, mail if plan.mail or plan.fault in NEEDS_MAIL else None))
        report.problems += _verify(at) if not plan.mutant else []
        if not report.good and not plan.mutant:
            kept = Path(tempfile.mkdtemp(prefix="regulars-chaos-kept-"))
            shutil.copytree(at.home, kept, dirs_exist_ok=True)
            report.problems.append(f"the workers' logs and the store are kept in {kept}")
    report.seconds = time.monotonic() - began
    return report


async def _trial(plan: Plan, at: Setup, mail: MailServer | None) -> Report:
    store, chance = Store(at.direct or at.store), random.Random(plan.seed)
    crew, historian = _crew(plan, at, mail), Historian(at, plan.seed)
    producer = Producer(at, LOADS[plan.load](plan.seed, at.partitions), plan.rate)
    publisher, launcher = Publisher(at, plan.mutant, crew.orders), Launcher(at)
    scene = Scene(at, crew, store, chance, historian, publisher, launcher, mail, plan.point)
    try:
        async with crew.tended():
            producing = asyncio.create_task(producer.run())
            struck = await _struck(plan, scene)
            producer.stop()
            await producing
            if not await drained(at, store, mail is not None, plan.patience):
                waits = f"{await lags(at.bootstrap)} not read, {store.waiting()} rows not relayed"
                waits += f", {store.due(_now())} customers due, {store.telling()} launches not told of"
                waits += f", {store.unsent()} messages not sent" if mail is not None else ""
                scene.problems.append(f"not drained within {plan.patience:g} s: {waits}")
    finally:
        codes = crew.stop()
    scene.problems += [f"a worker's exit code after SIGTERM was {code}" for code in codes if code != 0]
    if crew.ended and plan.fault in NOBODY_ENDS:
        scene.problems.append(f"workers ended by themselves, exit codes {crew.ended}")
    records = await read(at.bootstrap, ["events", *SOURCES])
    now = dt.datetime.now(dt.UTC)
    poison, found, sets = producer.ledger.poison, held(store, at.incarnation), published(store)
    stamps = _stamps(found, sets) if plan.waits else None
    expected = expect(records, poison, at.incarnation, at.partitions, now, historian.told, stamps)
    verdict = judge(expected, found, await relayed(at), await words(at) if plan.waits else ())
    judge_sets(expected, found, sets, publisher.returned, decided_by(store), verdict)
    if stamps is not None:
        judge_launches(launcher.launches, expected, stamps, found, verdict)
    if mail is not None:
        deaths = len(crew.ended) + (struck.times if plan.fault.startswith("kill") else 0)
        judge_mail(expected, found, mail.mails, deaths, plan.park, verdict)
    if plan.load == "messy":
        scene.problems += order_matters(at, expected.applied, chance)
    redelivered = max(0, expected.repeated - producer.ledger.repeated)
    return Report(plan, struck, producer.ledger, verdict, redelivered, problems=scene.problems, ended=len(crew.ended))


async def _struck(plan: Plan, scene: Scene) -> Struck:
    """What the faults came to. Workers that are stuck are a problem of this trial, and it is judged all the same."""
    try:
        return await strike(plan.fault, scene, plan.times)
    except RuntimeError as stuck:
        scene.problems.append(str(stuck).partition("\n")[0].removesuffix(":"))
        return Struck(times=scene.turn, stuck=True)


def _crew(plan: Plan, at: Setup, mail: MailServer | None) -> Crew:
    clocks = CLOCKS if plan.fault == "clocks" else 0
    if mail is None:
        return Crew(at, plan.workers, plan.mutants, ROLES, clocks, **SETTINGS)
    settings = SETTINGS | mailfaults.SETTINGS | {"REGULARS_SMTP": mail.url}
    if plan.park:
        settings["REGULARS_AMBIGUOUS"] = "park"
    return Crew(at, plan.workers, plan.mutants, (*ROLES, "delivery"), clocks, **settings)


async def drained(at: Setup, store: Store, mail: bool = False, within: float = DRAINED_WITHIN) -> bool:
    """Whether all is worked off: no lag, nobody due, nothing waits to be relayed or sent, no batch for a while."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        before = store.last_commit()
        await asyncio.sleep(QUIET)
        waiting = store.waiting() + store.telling() + store.due(_now()) + (store.unsent() if mail else 0)
        if await lag(at.bootstrap) == 0 and waiting == 0 and store.last_commit() == before:
            return True
    return False


def _stamps(found: Held, sets: Published) -> dict[Identity, Stamp]:
    """When each event was decided, and by which edition."""
    return {
        identity: Stamp(EPOCH + at * MICROSECOND, sets.edition(ruleset))
        for identity, (at, ruleset) in found.stamps.items()
    }


async def relayed(at: Setup) -> set[tuple[str, int, int]]:
    """The places that the records of topic `dead-letters` name."""
    places = set()
    for record in await read(at.bootstrap, ["dead-letters"]):
        incarnation, topic, partition, offset = record.headers["place"].decode().split("/")
        assert incarnation == at.incarnation
        places.add((topic, int(partition), int(offset)))
    return places


def _now() -> int:
    return time.time_ns() // 1_000


async def words(at: Setup) -> set[str]:
    """The ids of the records on topic `notifications`."""
    return {json.loads(record.value or b"")["id"] for record in await read(at.bootstrap, ["notifications"])}


def _verify(at: Setup) -> list[str]:
    """The product's own proofs have to agree: counters recomputed, and every decision made again from the log."""
    return [
        *_agrees(ask(at, "retention", "verify", "--json"), "regulars retention verify"),
        *_agrees(ask(at, "rules", "verify", "--json"), "regulars rules verify"),
    ]


def _agrees(asked: tuple[int, Any, str], what: str) -> list[str]:
    code, document, said = asked
    if code == 0 and document is not None and not document["differences"] and not document.get("not_compared"):
        return []
    told = document and (document["differences"][:3] or document["not_compared"])
    return [f"{what}: exit code {code}, {told or said.strip()}"]
