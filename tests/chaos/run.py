"""`make chaos`: kill the worker again and again while a shop sells, then count. Exit code 1 when a count is wrong.

The product must pass; mutants of it, each with a planted fault, must not: a harness that lets them pass proves nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos import independence
from tests.chaos.mutants import CAUGHT_AS
from tests.chaos.trial import Plan, Report, run

MUTANT_KILLS = {"commit-first": 3, "no-inbox": 1, "ack-first": 3}
QUICK = 8, ("commit-first", "no-inbox")
"""Kills, and the mutants, of the slice for every change."""
COLUMNS: dict[str, Callable[[Report], Any]] = {
    "trial": lambda r: r.plan.mutant or "the product",
    "store": lambda r: r.plan.store,
    "broker": lambda r: r.plan.broker,
    "kill -9": lambda r: r.kills.times,
    "produced": lambda r: r.ledger.produced,
    "events": lambda r: r.verdict.events,
    "applied": lambda r: r.verdict.applied,
    "dead": lambda r: r.verdict.dead,
    "messages": lambda r: r.verdict.messages,
    "lost": lambda r: r.verdict.lost,
    "doubled": lambda r: r.verdict.doubled,
    "keys −": lambda r: r.verdict.keys_missing,
    "keys +": lambda r: r.verdict.keys_unexpected,
    "counters ≠": lambda r: r.verdict.counters,
    "redelivered": lambda r: r.redelivered,
    "recovery p50": lambda r: _seconds(r.kills.quantile(0.5)),
    "p95": lambda r: _seconds(r.kills.quantile(0.95)),
    "took": lambda r: _seconds(r.seconds),
}

AT_ONCE = 3
"""Trials at a time: each mostly waits for its broker to notice that a worker is gone."""

console = Console(width=200)


def main() -> int:
    """Run what the arguments ask for; the exit code."""
    independence.check()
    arguments = _arguments()
    plan = Plan(arguments.store, arguments.broker, arguments.kills, arguments.seed, arguments.rate)
    mutants: tuple[str, ...] = tuple(CAUGHT_AS)
    if arguments.quick:
        plan, mutants = replace(plan, kills=QUICK[0]), QUICK[1]
    plans = [plan, *(replace(plan, mutant=name, kills=MUTANT_KILLS[name]) for name in mutants)]
    if arguments.mutant:
        plans = [replace(plan, mutant=arguments.mutant, kills=arguments.kills or MUTANT_KILLS[arguments.mutant])]
    elif arguments.no_mutants:
        plans = [plan]
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        reports = list(pool.map(_run, plans))
    faults = [fault for report in reports for fault in _faults(report)]
    if arguments.json:
        print(json.dumps([_document(report) for report in reports], indent=2, ensure_ascii=False))
    else:
        _print(reports, faults)
    return 1 if faults else 0


def _run(plan: Plan) -> Report:
    what = plan.mutant or "the product"
    print(f"chaos: {what}, {plan.kills} kills, {plan.store}, {plan.broker}, seed {plan.seed} …", file=sys.stderr)
    return run(plan)


def _faults(report: Report) -> list[str]:
    """Why the run as a whole is bad, for one trial of it."""
    if report.plan.mutant:
        missed = [name for name in CAUGHT_AS[report.plan.mutant] if name not in report.verdict.wrong]
        return [f"{report.plan.mutant}: the harness would not notice, nothing was {name}" for name in missed]
    figures = ", ".join(f"{name} {value:,}" for name, value in report.verdict.wrong.items())
    return [*([figures] if figures else []), *report.problems]


def _print(reports: list[Report], faults: list[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in COLUMNS:
        table.add_column(title, justify="left" if title in ("trial", "store", "broker") else "right")
    for report in reports:
        table.add_row(*[f"{value:,}" if isinstance(value, int) else value for value in _row(report).values()])
    console.print(table)
    for report in reports:
        for example in report.verdict.examples if not report.plan.mutant else ():
            console.print(f"  {example}", markup=False, highlight=False)
    for fault in faults:
        console.print(f"wrong: {fault}", style="bold red", markup=False, highlight=False)
    if not faults:
        console.print(" ".join(_told(report) for report in reports))


def _told(report: Report) -> str:
    if not report.plan.mutant:
        return "Nothing lost, nothing twice."
    return f"{report.plan.mutant} was caught: {', '.join(CAUGHT_AS[report.plan.mutant])}."


def _row(report: Report) -> dict[str, Any]:
    return {title: value(report) for title, value in COLUMNS.items()}


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _document(report: Report) -> dict[str, Any]:
    figures = asdict(report.verdict)
    return {
        "plan": asdict(report.plan),
        "kills": report.kills.times,
        "while_starting": report.kills.while_starting,
        "recoveries": [round(each, 3) for each in report.kills.recoveries],
        "produced": report.ledger.produced,
        "redelivered": report.redelivered,
        "seconds": round(report.seconds, 1),
        "problems": report.problems,
        "faults": _faults(report),
        **figures,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--broker", choices=("tansu", "kafka"), default="tansu")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=80.0, help="records a second")
    parser.add_argument("--mutant", choices=tuple(CAUGHT_AS), help="only this one, with --kills")
    parser.add_argument("--no-mutants", action="store_true", help="only the product")
    parser.add_argument("--quick", action="store_true", help="a slice for every change")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
