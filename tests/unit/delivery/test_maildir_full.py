"""A mail folder without room: the kernel refuses to write on, as a full disk does; the message waits and leaves later.

In a process of its own: the limit of a file's size holds for all that a process writes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import asyncio, json, resource, sys
from pathlib import Path
from types import SimpleNamespace
from delivery.backoff import Backoff
from delivery.channels.address import parse_sender
from delivery.channels.files import Maildir
from delivery.editions import Unchanging
from delivery.dispatcher import Config, Dispatcher
from storage.store import Store
from tests.unit.delivery.queue import MINUTE, NOW, RULES, add_customer, add_message, results, rows

folder = Path(sys.argv[1])
store = Store(f"sqlite:///{folder / 'store.db'}")
store.migrate()
add_customer(store)
add_message(store, "m-1")
now = [NOW]


class Long:
    def render(self, name, channel, locale, context):
        return SimpleNamespace(subject=name, html="<p>x</p>", text="many words\\n" * 300_000, locale="en")


def tell(what):
    files = [path for part in ("tmp", "new", "cur") for path in (folder / "mail" / part).iterdir()]
    row = rows(store)["m-1"]
    told[what] = {"status": row["status"], "files": [path.stat().st_size for path in files],
                  "parts": [path.parent.name for path in files], "results": [state for _, state in results(store)]}


async def main():
    maildir = Maildir(folder / "mail", parse_sender("Shop <shop@example.com>"))
    config = Config(backoff=Backoff(60, 1, 60))
    editions = Unchanging(RULES, Long())
    dispatcher = Dispatcher(store, editions, {"email": maildir}, lambda: now[0], config, random=lambda: 0.5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for what, limit in (("full", 2**20), ("room", soft)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        await dispatcher.run_once()
        tell(what)
        now[0] += 10 * MINUTE


told = {}
asyncio.run(main())
print(json.dumps(told))
"""


def test_a_mail_that_the_disk_has_no_room_for_leaves_no_half_file_and_is_sent_when_there_is_room(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["full"] == {"status": "queued", "files": [], "parts": [], "results": []}
    assert "try 1: disk" in done.stderr, "the log says why it waits"
    assert (told["room"]["status"], told["room"]["parts"], told["room"]["results"]) == ("sent", ["new"], ["sent"])
    [size] = told["room"]["files"]
    assert size > 3_000_000
