"""`make chaos`: let things go wrong again and again while a shop sells, then count. Exit code 1 when a count is wrong.

The product must pass; mutants of it, each with a planted fault, must not: a harness that lets them pass proves nothing.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos import independence, plans
from tests.chaos.faults import FAULTS
from tests.chaos.mutants import CAUGHT_AS, promise
from tests.chaos.trial import LOADS, Plan, Report, run
from tests.services import ServiceMissingError

COLUMNS: dict[str, Callable[[Report], Any]] = {
    "fault": lambda r: _named(r.plan),
    "store": lambda r: r.plan.store,
    "broker": lambda r: r.plan.broker,
    "workers": lambda r: r.plan.workers,
    "times": lambda r: r.struck.times,
    "events": lambda r: r.verdict.events,
    "lost": lambda r: r.verdict.lost,
    "doubled": lambda r: r.verdict.doubled,
    "keys −": lambda r: r.verdict.keys_missing,
    "keys +": lambda r: r.verdict.keys_unexpected,
    "steps": lambda r: r.verdict.steps,
    "poked": lambda r: r.verdict.by_poke,
    "steps −": lambda r: r.verdict.steps_missing,
    "steps +": lambda r: r.verdict.steps_unexpected,
    "counters ≠": lambda r: r.verdict.counters,
    "mails": lambda r: r.verdict.mails,
    "again": lambda r: r.verdict.twice,
    "in doubt": lambda r: r.verdict.doubts,
    "mails −": lambda r: r.verdict.mails_missing,
    "mails +": lambda r: r.verdict.mails_unexpected,
    "slowest": lambda r: _seconds(r.verdict.slowest_mail if r.verdict.mails else None),
    "uncounted": lambda r: r.verdict.mails_uncounted,
    "redelivered": lambda r: r.redelivered,
    "ended": lambda r: r.ended,
    "recovery p50": lambda r: _seconds(r.struck.quantile(0.5)),
    "p95": lambda r: _seconds(r.struck.quantile(0.95)),
    "took": lambda r: _seconds(r.seconds),
}
OF_MAIL = {"mails", "again", "in doubt", "mails −", "mails +", "slowest", "uncounted"}
"""Columns that say something only where mail is delivered."""

AT_ONCE = 3
"""Trials at a time: each mostly waits for its broker to notice that a worker is gone."""

console = Console(width=240)


def main() -> int:
    """Run what the arguments ask for; the exit code."""
    independence.check()
    arguments = _arguments()
    reports = list(_reports(_plans(arguments), arguments.rows))
    faults = [fault for report in reports for fault in _faults(report)]
    if arguments.json:
        print(json.dumps([_document(report) for report in reports], indent=2, ensure_ascii=False))
    else:
        _print(reports, faults)
    return 1 if faults else 0


def _reports(chosen: list[Plan], rows: Path | None) -> Iterator[Report]:
    """What came of each, in the order of `chosen`; as they end each is also a line of the file `rows`."""
    done: dict[int, Report | None] = {}
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(_run, plan): number for number, plan in enumerate(chosen)}
        for future in as_completed(running):
            report = done[running[future]] = future.result()
            if rows is not None and report is not None:
                with rows.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(_document(report), ensure_ascii=False) + "\n")
    return (report for _, report in sorted(done.items()) if report is not None)


def _plans(arguments: argparse.Namespace) -> list[Plan]:
    if arguments.quick or arguments.full:
        chosen = plans.QUICK if arguments.quick else plans.FULL
        chosen = [each for each in chosen if arguments.fault in (None, each.fault)]
    elif arguments.mutant:
        chosen = [plans.MUTANTS[arguments.mutant]]
    else:
        fault, workers = arguments.fault or "kill", arguments.workers or 1
        plan = Plan(arguments.store, arguments.broker, fault, workers, arguments.times or plans.TIMES[fault])
        chosen = [plan, *(plans.MUTANTS.values() if fault == "kill" else ())]
    if arguments.no_mutants:
        chosen = [each for each in chosen if not each.mutant]
    return [
        replace(
            each,
            seed=arguments.seed,
            rate=arguments.rate,
            times=arguments.times or each.times,
            workers=arguments.workers or each.workers,
            mail=arguments.mail or each.mail,
            park=arguments.park or each.park,
            load=arguments.load or each.load,
        )
        for each in chosen
    ]


def _run(plan: Plan) -> Report | None:
    what = f"{plan.fault} × {plan.times}, {plan.load}, {plan.mutant or 'the product'}, {plan.workers} workers"
    print(f"chaos: {what}, {plan.store}, {plan.broker}, seed {plan.seed} …", file=sys.stderr)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the shop's producer tells of every try while it waits
    try:
        report = run(plan)
    except ServiceMissingError as missing:
        if os.environ.get("CI") == "true":
            raise
        print(f"chaos: left out {what}: {missing}", file=sys.stderr)
        return None
    print(f"chaos: {what}: {', '.join(_faults(report)) or 'as it should be'}", file=sys.stderr)
    return report


def _faults(report: Report) -> list[str]:
    """Why the run as a whole is bad, for one trial of it."""
    mutants = report.plan.mutant.split(",") if report.plan.mutant else []
    missed = [(mutant, name) for mutant in mutants for name in CAUGHT_AS[mutant] if name not in report.verdict.wrong]
    if mutants and report.struck.stuck:
        return [f"{report.plan.mutant}: proves nothing, its workers were stuck"]
    if mutants:
        return [f"{mutant}: the harness would not notice, nothing was {name}" for mutant, name in missed]
    figures = ", ".join(f"{name} {value:,}" for name, value in report.verdict.wrong.items())
    return [*([figures] if figures else []), *report.problems]


def _print(reports: list[Report], faults: list[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    mailed = any(report.verdict.mails for report in reports)
    titles = [title for title in COLUMNS if mailed or title not in OF_MAIL]
    for title in titles:
        left = title in ("fault", "store", "broker")
        table.add_column(title, justify="left" if left else "right", no_wrap=True, overflow="fold")
    for report in reports:
        values = [COLUMNS[title](report) for title in titles]
        table.add_row(*[f"{value:,}" if isinstance(value, int) else value for value in values])
    console.print(table)
    for report in reports:
        for example in report.verdict.examples if not report.plan.mutant else ():
            console.print(f"  {example}", markup=False, highlight=False)
        if hits := report.struck.hits:
            places = ", ".join(f"{name} {times}" for name, times in hits.items())
            console.print(f"  {_named(report.plan)}: died at {places}", markup=False, highlight=False)
    for fault in faults:
        console.print(f"wrong: {fault}", style="bold red", markup=False, highlight=False)
    if not faults:
        caught = [_caught(mutant, report) for report in reports for mutant in report.plan.mutant.split(",") if mutant]
        sound = any(not report.plan.mutant for report in reports)
        console.print("Nothing lost, nothing twice." if sound else "", end=" ")
        console.print(f"Caught: {', '.join(caught)}." if caught else "")


def _caught(mutant: str, report: Report) -> str:
    figures = ", ".join(f"{name} {report.verdict.wrong[name]:,}" for name in CAUGHT_AS[mutant])
    return f"{mutant} (promise {promise(mutant)}: {figures})"


def _named(plan: Plan) -> str:
    parts = (plan.fault, "messy" if plan.load == "messy" else "", f"mutant {plan.mutant}" if plan.mutant else "")
    return ", ".join(filter(None, parts))


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _document(report: Report) -> dict[str, Any]:
    figures = asdict(report.verdict)
    return {
        "plan": asdict(report.plan),
        "times": report.struck.times,
        "while_starting": report.struck.while_starting,
        "hits": report.struck.hits,
        "recoveries": [round(each, 3) for each in report.struck.recoveries],
        "ended": report.ended,
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
    parser.add_argument("--broker", choices=("tansu", "kafka", "kafka3"), default="tansu")
    parser.add_argument("--fault", choices=tuple(FAULTS), help="kill when not said")
    parser.add_argument("--workers", type=int, choices=(1, 2, 3), help="how many read at once")
    parser.add_argument("--times", "--kills", type=int, help="how often the fault happens")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=80.0, help="records a second")
    parser.add_argument("--mutant", choices=tuple(CAUGHT_AS), help="only this one")
    parser.add_argument("--load", choices=tuple(LOADS), help="messy: out of order, and much of it again")
    parser.add_argument("--mail", action="store_true", help="the workers deliver, too")
    parser.add_argument("--park", action="store_true", help="they set aside what is in doubt")
    parser.add_argument("--no-mutants", action="store_true", help="only the product")
    parser.add_argument("--quick", action="store_true", help="a slice for every change")
    parser.add_argument("--full", action="store_true", help="every fault, on the stores and brokers it concerns")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=Path, metavar="FILE", help="a line of JSON for each trial, as soon as it ends")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
