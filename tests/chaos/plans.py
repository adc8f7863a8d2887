"""Which trials `--quick` and `--full` are made of."""

from __future__ import annotations

from itertools import zip_longest

from tests.chaos.failpoints import POINTS
from tests.chaos.faults import NEEDS_MAIL
from tests.chaos.trial import Plan

SMALL, LARGE, NODES = ("sqlite", "tansu"), ("postgres", "kafka"), ("postgres", "kafka3")
TIMES = {
    "kill": 20,
    "kill-at": 66,
    "freeze": 6,
    "freeze-inside": 3,
    "broker-restart": 10,
    "postgres-restart": 6,
    "cut-store": 6,
    "cut-broker": 6,
    "freeze-net-store": 6,
    "freeze-net-broker": 6,
    "import": 4,
    "kill-sent": 6,
    "smtp-hang": 2,
    "smtp-cut": 6,
    "lock-store": 2,
    "clock": 6,
    "bad-rules": 2,
    "node-kill": 6,
    "two-nodes": 2,
    "broker-long": 1,
    "store-long": 1,
    "scale": 4,
    "disk-full": 3,
    "publish": 8,
    "clocks": 6,
    "lost-pokes": 1,
    "launch": 10,
}
"""How often each happens in a trial when nobody says `--times`."""
MUTANTS = {
    "commit-first": Plan(*SMALL, "kill", 1, 3, mutant="commit-first"),
    "no-inbox": Plan(*SMALL, "kill", 1, 1, mutant="no-inbox"),
    "ack-first": Plan(*SMALL, "kill", 1, 3, mutant="ack-first"),
    "no-fence": Plan("postgres", "tansu", "freeze-inside", 2, 3, mutant="no-fence"),
    "last-wins": Plan(*SMALL, "kill", 1, 1, mutant="last-wins", load="messy"),
    "moody": Plan(*SMALL, "kill", 1, 1, mutant="moody"),
    "deaf": Plan(*SMALL, "kill", 1, 1, mutant="deaf"),
    "clock-blind": Plan(*SMALL, "clock", 1, 2, mutant="clock-blind"),
    "lenient": Plan(*SMALL, "bad-rules", 1, 1, mutant="lenient"),
    "forgetful-relay": Plan(*SMALL, "kill-at", 1, 1, mutant="forgetful-relay", point="before-relay"),
    "leaky-dead-letters": Plan(*SMALL, "kill-at", 1, 1, mutant="leaky-dead-letters", point="before-forward"),
    "smudged-dead-letters": Plan(*SMALL, "kill", 1, 1, mutant="smudged-dead-letters"),
    "mark-first": Plan(*SMALL, "kill", 1, 3, mutant="mark-first", mail=True),
    "no-sending": Plan(*SMALL, "kill-sent", 1, 1, mutant="no-sending", mail=True),
    "new-key": Plan(*SMALL, "kill", 1, 1, mutant="new-key", mail=True),
    "unstoppable": Plan(*SMALL, "kill", 1, 1, mutant="unstoppable"),
    "stays": Plan(*SMALL, "kill", 1, 1, mutant="stays"),
    "todays-rules": Plan(*SMALL, "publish", 1, 2, mutant="todays-rules"),
    "takes-first": Plan(*SMALL, "kill-at", 1, 1, mutant="takes-first", point="poke"),
    "never-again": Plan(*SMALL, "lost-pokes", 1, 1, mutant="never-again"),
    "moves-on": Plan(*SMALL, "launch", 1, 1, mutant="moves-on", point="launch-chosen"),
    "halfway-publish": Plan(*SMALL, "publish", 1, 1, mutant="halfway-publish", point="publishing"),
    "looks-now-and-then": Plan(*SMALL, "publish", 1, 1, mutant="looks-now-and-then", point="publishing"),
}
"""SQLite locks the whole store, so that only PostgreSQL needs the fence against a transaction under way."""
SLOWLY = {"claimed", "sending", "sent", "poked", "planned", "launch-chosen", "launch-half", "launch-noted", "published"}
"""Failpoints for a full run."""
_QUICKLY = ",".join(point for point in POINTS if point not in SLOWLY)
QUICK = [
    Plan(*SMALL, "kill-at", 2, 13, load="messy", point=_QUICKLY),
    MUTANTS["no-fence"],
    Plan(*SMALL, "kill", 1, 4),
    MUTANTS["commit-first"],
    Plan(*SMALL, "kill-at", 1, 1, mutant="no-inbox,takes-first", point="poke"),
    MUTANTS["last-wins"],
    MUTANTS["lenient"],
    Plan(
        *SMALL, "kill-at", 1, 1, mutant="moody,forgetful-relay,smudged-dead-letters,unstoppable", point="before-relay"
    ),
    MUTANTS["leaky-dead-letters"],
    Plan("postgres", "tansu", "freeze", 2, 1),
    Plan(*LARGE, "kill", 2, 2),
    Plan(*SMALL, "kill-sent", 2, 1, mail=True),
]
"""The slice for every change; the longest first."""
ALONE = {"kill", "kill-at", "node-kill", "two-nodes", "scale"}
"""Faults that take other brokers, or another number of workers, than the rest."""
BOTH = (
    *("freeze", "freeze-inside", "import", "lock-store", "clock", "bad-rules"),
    *("publish", "clocks", "lost-pokes", "launch", *sorted(NEEDS_MAIL)),
)
"""Faults that say something of their own on SQLite and the embedded broker."""
_FULL = [
    *(Plan(*LARGE, fault, 2, TIMES[fault]) for fault in TIMES if fault not in ALONE),
    *(Plan(*SMALL, fault, 2, TIMES[fault]) for fault in BOTH),
    *(Plan(*where, "kill", 2, 10, mail=True) for where in (LARGE, SMALL)),
    *(
        Plan(*where, fault, 2, 3, mail=True, park=True)
        for where in (LARGE, SMALL)
        for fault in ("kill-sent", "smtp-cut")
    ),
    *(Plan(*where, "kill", 2, 10, load="messy") for where in (LARGE, SMALL)),
    *(Plan(*where, "kill-at", 2, TIMES["kill-at"], mail=True) for where in (LARGE, SMALL)),
    *(Plan(*where, "kill", workers, TIMES["kill"]) for where in (LARGE, SMALL) for workers in (1, 2)),
    *(Plan(*NODES, fault, 3, TIMES[fault]) for fault in ("node-kill", "two-nodes", "kill", "freeze", "freeze-inside")),
    *(Plan(*where, "scale", 1, TIMES["scale"]) for where in (NODES, LARGE, SMALL)),
    Plan(*SMALL, "disk-full", 2, TIMES["disk-full"]),
    *MUTANTS.values(),
]
_BY_WEIGHT = [[each for each in _FULL if (each.store, each.broker) == where] for where in (NODES, LARGE, SMALL)]
FULL = [each for row in zip_longest(*_BY_WEIGHT) for each in row if each is not None]
FULL += [each for each in _FULL if each not in FULL]
"""Those that run at once weigh differently: three brokers, one, and none but the embedded one."""
