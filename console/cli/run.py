"""`regulars run`: the processes, all of them in one when none is named."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console import compose
from console.cli.config import settings
from console.cli.guard import check_mail, guarded
from console.cli.output import BAD, USAGE, err, fail, out, say
from console.demo.run import demo as run_demo
from console.demo.run import settings as demo_settings
from console.demo.view import summary
from console.logs import quiet
from console.settings import Settings
from streams.broker import Broker
from streams.broker import parse as parse_broker
from streams.embedded import EmbeddedBroker


def run(
    roles: Annotated[list[str] | None, typer.Argument(help=f"Any of: {', '.join(compose.ROLES)}.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Run Regulars until Ctrl+C or SIGTERM. Exit code 1 when a part cannot go on: let a supervisor restart it."""
    chosen = tuple(roles or compose.ROLES)
    unknown = sorted(set(chosen) - set(compose.ROLES))
    if unknown:
        fail(f"there is no process “{unknown[0]}”; there are: {', '.join(compose.ROLES)}", USAGE)
    quiet(logging.DEBUG if verbose else logging.INFO)
    config = settings()
    with guarded():
        if "delivery" in chosen:
            check_mail(config)
        asyncio.run(_run(config, chosen))


def demo(
    duration: Annotated[str, typer.Option("--for", help="How long: 60s, 2m; until Ctrl+C when left out.")] = "",
    json: Annotated[Path | None, typer.Option("--json", help="Write the summary there.", dir_okay=False)] = None,
) -> None:
    """Try it out: an embedded broker, all processes and a simulated shop. Touches nothing but .regulars/demo."""
    quiet(logging.ERROR)
    seconds = _seconds(duration)
    if json is not None and not json.parent.is_dir():
        fail(f"--json {json}: there is no folder {json.parent}", USAGE)
    with guarded():
        result = asyncio.run(run_demo(demo_settings(), seconds))
    out.print(summary(result))
    if json is not None:
        json.write_bytes(msgspec.json.encode(result) + b"\n")
    if result["lost"]:
        raise typer.Exit(BAD)


def _seconds(duration: str) -> float | None:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)?", duration)
    if match is None:
        if duration:
            fail(f"--for {duration}: write a duration like 60s, 2m or 1h", USAGE)
        return None
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"]


async def _run(config: Settings, roles: tuple[str, ...]) -> None:
    embedded = EmbeddedBroker(config.home) if config.broker == "embedded" else None
    broker = embedded.start() if embedded is not None else parse_broker(config.broker)
    try:
        worker = compose.Worker(config, roles, broker)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, worker.stop)
        await worker.run(ready=lambda: _ready(roles, broker))
    finally:
        if embedded is not None:
            embedded.stop()


def _ready(roles: tuple[str, ...], broker: Broker) -> None:
    say(f"regulars: {', '.join(roles)} running on {broker.bootstrap}; Ctrl+C ends it", err)
