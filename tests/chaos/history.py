"""Files of history, brought in while the workers read."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.chaos.failpoints import Orders
from tests.chaos.load import Load
from tests.chaos.oracle import Told
from tests.chaos.setup import Setup
from tests.chaos.worker import command

LINES = 4_000


class Historian:
    """Writes files and imports them. Its customers are no others' customers: nobody can know who is first."""

    def __init__(self, setup: Setup, seed: int) -> None:
        self.told: list[Told] = []
        """What the files hold, in their order."""
        self._setup = setup
        self._load = Load(seed, setup.partitions, prefix="h")
        self._files = 0

    async def bring_in(self, chance: random.Random) -> list[str]:
        """Import another file; every other time the import is killed on its way, then run again: what was wrong."""
        path = self._write()
        if self._files % 2:
            importing = await self._import(path)
            await asyncio.sleep(chance.uniform(0.5, 2.5))
            if importing.returncode is None:
                importing.kill()
            await importing.communicate()
        return await self.again(path)

    async def dies(self, orders: Orders, passes: int) -> Path:
        """Import another file, up to failpoint `import`: the file."""
        path = self._write()
        orders.give("import", passes)
        importing = await self._import(path, "failpoints", orders.environment)
        await importing.communicate()
        orders.withdraw("import")
        if orders.obeyed(importing.pid) is None:
            raise RuntimeError(f"an import passed its failpoint, exit code {importing.returncode}")
        return path

    async def again(self, path: Path) -> list[str]:
        """Import a file: what was wrong."""
        importing = await self._import(path)
        _, said = await importing.communicate()
        return [f"regulars import: exit code {importing.returncode}, {said!r}"] if importing.returncode else []

    def _write(self) -> Path:
        self._files += 1
        path = self._setup.home / f"history-{self._files}.jsonl"
        lines = [self._load.line(f"/old-shop/{self._files}", dt.datetime.now(dt.UTC)) for _ in range(LINES)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        self.told += [_told(line) for line in lines]
        return path

    async def _import(
        self, path: Path, planted: str = "", settings: Mapping[str, str] = {}
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command(planted),
            "import",
            str(path),
            cwd=self._setup.home,
            env=self._setup.environment(**settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )


def _told(line: dict[str, Any]) -> Told:
    time = dt.datetime.fromisoformat(line["time"])
    data = json.loads(json.dumps(line["data"]), parse_float=Decimal, parse_int=Decimal)
    return Told(line["source"], line["id"], line["type"], line["subject"], time, time, data)
