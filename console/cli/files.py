"""`regulars send` and `regulars import`: files of events, a CloudEvent a line."""

from __future__ import annotations

import asyncio
import zlib
from gzip import BadGzipFile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from console import compose
from console.cli.config import settings
from console.cli.guard import guarded
from console.cli.output import BAD, USAGE, err, fail, print_json, say, several
from console.publishing import deciding
from console.settings import Settings
from streams import broker as brokers
from streams import history
from streams.apply import Outcome
from streams.broker import PRODUCTS
from streams.send import Sent, send_file

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="JSON lines; plain or .gz.")]
BROKEN = (BadGzipFile, EOFError, zlib.error, IsADirectoryError, PermissionError)
"""What a file that is cut off, damaged or not ours raises while it is read."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def send(file: File, json: Json = False) -> None:
    """Send a file of events to topic `events`, and its articles to `products`, acknowledged by the broker."""
    config = settings()
    with guarded(), _Bar(file, "sending") as bar:
        try:
            sent = asyncio.run(_send(config, file, bar))
        except BROKEN as error:
            fail(f"{file}: cannot be read to its end: {error}; what came before is sent", USAGE)
    if json:
        print_json(sent)
    else:
        say(f"{several(sent.sent, 'event')} sent to topic events{_articles(sent)}")
        for number in sent.refused[:20]:
            say(
                f"{file}:{number}: not sent: the line is no JSON object with a `subject` (the customer id, or the sku)",
                err,
            )
        if len(sent.refused) > 20:
            say(f"… and {len(sent.refused) - 20:,} more lines", err)
    if sent.refused:
        raise typer.Exit(BAD)


def _articles(sent: Sent) -> str:
    return f", {several(sent.articles, 'article')} to topic {PRODUCTS}" if sent.articles else ""


async def _send(config: Settings, file: Path, bar: _Bar) -> Sent:
    broker = await brokers.connect(
        compose.find_broker(config), config.partitions, config.replication, config.topic_retention_days
    )
    return await send_file(broker, file, bar.to)


def import_(file: File, json: Json = False) -> None:
    """Bring history into the store: counters, orders, profiles, articles. Fires no rules; workers wait."""
    config = settings()
    total = Outcome()

    def told(position: int, outcome: Outcome) -> None:
        nonlocal total
        total += outcome
        bar.to(position)

    with guarded():
        store = compose.open_store(config)
        try:
            rules = deciding(config, store)
            with _Bar(file, "importing") as bar:
                history.import_file(store, rules, file, config.partitions, told)
        except BROKEN as error:
            fail(f"{file}: cannot be read to its end: {error}; what came before is imported", USAGE)
        finally:
            store.close()
    _report(total, json)


def _report(total: Outcome, json: bool) -> None:
    summary = {"applied": total.applied, "articles": total.articles}
    summary |= {"duplicates": total.duplicates, "dead_letters": total.dead}
    if json:
        print_json(summary)
    else:
        kept = f"{several(total.articles, 'article')} kept, " if total.articles else ""
        say(
            f"{several(total.applied, 'event')} imported, {total.duplicates:,} were there already, {kept}"
            f"{total.dead:,} refused{'; regulars dead-letters list tells why' if total.dead else ''}"
        )
    if total.dead:
        raise typer.Exit(BAD)


class _Bar:
    """A progress bar over the bytes of a file; on standard error, and only on a terminal."""

    def __init__(self, file: Path, verb: str) -> None:
        self._progress = Progress(
            TextColumn(f"{verb} {{task.fields[name]}}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task = self._progress.add_task(verb, total=file.stat().st_size, name=file.name)

    def to(self, position: int) -> None:
        """So many bytes are done."""
        self._progress.update(self._task, completed=position)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._progress.stop()
