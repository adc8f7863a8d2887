"""Which trials `--quick` and `--full` are made of."""

from __future__ import annotations

from tests.chaos.trial import Plan

SMALL, LARGE = ("sqlite", "tansu"), ("postgres", "kafka")
TIMES = {
    "kill": 50,
    "freeze": 10,
    "freeze-inside": 5,
    "broker-restart": 6,
    "postgres-restart": 8,
    "cut-store": 8,
    "cut-broker": 8,
    "freeze-net-store": 6,
    "freeze-net-broker": 6,
    "import": 6,
}
"""How often each happens in a trial."""
MUTANTS = {
    "commit-first": Plan(*SMALL, "kill", 1, 3, mutant="commit-first"),
    "no-inbox": Plan(*SMALL, "kill", 1, 1, mutant="no-inbox"),
    "ack-first": Plan(*SMALL, "kill", 1, 3, mutant="ack-first"),
    "no-fence": Plan("postgres", "tansu", "freeze-inside", 2, 3, mutant="no-fence"),
}
"""SQLite locks the whole store, so that only PostgreSQL needs the fence against a transaction under way."""
QUICK = [
    Plan(*SMALL, "kill", 1, 8),
    MUTANTS["no-fence"],
    MUTANTS["commit-first"],
    MUTANTS["no-inbox"],
    Plan("postgres", "tansu", "freeze", 2, 1),
]
"""The slice for every change."""
FULL = [
    *(Plan(*LARGE, "kill", workers, TIMES["kill"] // 2) for workers in (1, 2)),
    *(Plan(*SMALL, "kill", workers, TIMES["kill"]) for workers in (1, 2)),
    *(Plan(*LARGE, fault, 2, TIMES[fault]) for fault in TIMES if fault != "kill"),
    *(Plan(*SMALL, fault, 2, TIMES[fault] // 2) for fault in ("freeze", "freeze-inside", "import")),
    *MUTANTS.values(),
]
