"""A store whose disk fills up: a small file system of its own, and a ballast that takes what is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.servers import Server
from tests.services import ServiceMissingError

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

SIZES = {"sqlite": 160, "postgres": 256}
"""MB of the file system: SQLite's write-ahead log alone grows to 64, an empty PostgreSQL takes 50 and its log 64."""
FULL = (8.0, 20.0, 3.0)
"""Seconds without room, in turn."""
AGAIN = 0.1
"""Seconds between fillings: what is freed meanwhile is taken at once."""
STARTED_AGAIN = 1.0
BACK = 90.0
"""Seconds that PostgreSQL may take to recover once there is room."""
POSTGRES = {"max_wal_size": "64MB", "min_wal_size": "32MB"}
SAYS = {"sqlite": " is full: ", "postgres": "the store cannot take a batch yet"}
"""Store → what somebody must say. PostgreSQL may panic before it can say that it is full."""


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """A new empty file system of `size` MB, gone afterwards. ServiceMissingError where we may not mount one."""
    with tempfile.TemporaryDirectory(prefix="regulars-disk-") as folder:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}m,mode=0755", "tmpfs", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServiceMissingError(f"a small disk cannot be mounted here (it takes root): {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


async def disk_full(scene: Scene) -> None:
    """Something fills the disk under the store for some seconds, and every other time PostgreSQL panics.

    Its supervisor starts it again whenever it has ended.
    """
    disk, kind = scene.setup.disk, "sqlite" if scene.setup.store.startswith("sqlite") else "postgres"
    assert disk is not None
    before = _said(scene, SAYS[kind])
    async with _supervised(scene.setup.postgres):
        ballast = disk / "ballast"
        until = time.monotonic() + FULL[scene.turn % len(FULL)]
        try:
            while time.monotonic() < until:
                await asyncio.to_thread(_fill, ballast)
                if scene.setup.postgres is not None and scene.turn % 2 == 0:
                    await asyncio.to_thread(_use_up_the_log, scene.setup.postgres)
                await asyncio.sleep(AGAIN)
        finally:
            ballast.unlink()
        await _answers(scene)
    if _said(scene, SAYS[kind]) == before:
        scene.problems.append("nobody said that the store's disk was full")


def _fill(ballast: Path) -> None:
    """Take what room there is."""
    with ballast.open("ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def _use_up_the_log(server: Server) -> None:
    """PostgreSQL panics when its write-ahead log needs a new file and has no room: go through those it has."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("SELECT pg_logical_emit_message(true, 'chaos', 'x'), pg_switch_wal()")


def _said(scene: Scene, words: str) -> int:
    return sum(worker.log.read_text("utf-8", "replace").count(words) for worker in scene.crew.workers)


@contextlib.asynccontextmanager
async def _supervised(server: Server | None) -> AsyncIterator[None]:
    async def tend() -> None:
        while server is not None:
            if server.ended():
                with contextlib.suppress(RuntimeError):
                    await asyncio.to_thread(server.start)
            await asyncio.sleep(STARTED_AGAIN)

    tending = asyncio.create_task(tend())
    try:
        yield
    finally:
        tending.cancel()
        await asyncio.gather(tending, return_exceptions=True)


async def _answers(scene: Scene) -> None:
    server = scene.setup.postgres
    deadline = time.monotonic() + BACK
    while server is not None and not await asyncio.to_thread(server.answers):
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not come back within {BACK:g} s")
        await asyncio.sleep(AGAIN)
