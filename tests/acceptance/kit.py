"""Regulars as its users have it: the console script, in a folder of its own, with nothing of our environment."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TRIED_OUT, RUN_BY_SHOPS = ("sqlite", "tansu"), ("postgres", "kafka")
ON_BOTH = [
    pytest.param(TRIED_OUT, id="sqlite-tansu"),
    pytest.param(RUN_BY_SHOPS, id="postgres-kafka", marks=pytest.mark.service),
]
"""Store and broker."""
LONG = 90.0
"""Seconds that a command may take on a busy machine before it counts as hanging."""


class Done(Struct, frozen=True):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str = ""

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)


def environment(**settings: str) -> dict[str, str]:
    """Ours without anything of Regulars in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGULARS_", "PG"))}
    kept.pop("COLUMNS", None)
    return kept | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | settings


class Worker:
    """A `regulars run …` in the background; its log is a file."""

    def __init__(self, folder: Path, command: list[str], settings: dict[str, str]) -> None:
        self.log_file = folder / f"run-{time.monotonic_ns()}.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def wait_until_ready(self) -> None:
        """Until it says that it runs."""
        wait_until(lambda: "running on" in self.log or self.process.poll() is not None, lambda: self.log)
        assert self.process.poll() is None, self.log

    def stop(self, polite: int = signal.SIGTERM) -> int:
        """Its exit code, after it was asked to end."""
        if self.process.poll() is None:
            self.process.send_signal(polite)
        try:
            return self.process.wait(LONG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the worker does not end:\n{self.log}") from None


class Shop:
    """A folder with the starter playbook, in which commands are run."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.settings = settings
        for part in ("rules", "templates"):
            wanted = shutil.ignore_patterns("*.py", "__pycache__", "engine", "language")
            shutil.copytree(ROOT / part, folder / part, ignore=wanted)

    def run(self, *words: str, **settings: str) -> Done:
        """`regulars WORDS`, output in pipes."""
        done = subprocess.run(
            ["regulars", *words],
            cwd=self.folder,
            env=environment(**self.settings, **settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def good(self, *words: str, **settings: str) -> Done:
        """The same, and it must go well."""
        done = self.run(*words, **settings)
        assert done.code == 0, done
        return done

    def on_terminal(self, columns: int, *words: str) -> Done:
        """The same on a terminal of that many columns; colours taken out."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(
            ["regulars", *words],
            cwd=self.folder,
            env=environment(**self.settings, TERM="xterm", COLUMNS=str(columns)),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        printed = b"".join(_read(ours))
        os.close(ours)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", printed.decode()).replace("\r\n", "\n")
        return Done(process.wait(LONG), text)

    @contextlib.contextmanager
    def running(self, *roles: str, **settings: str) -> Iterator[Worker]:
        """`regulars run`, ready; stopped at the end if it still runs."""
        worker = Worker(self.folder, ["regulars", "run", *roles], self.settings | settings)
        try:
            worker.wait_until_ready()
            yield worker
        finally:
            worker.stop()

    def write(self, name: str, *lines: Any) -> Path:
        """A file of one JSON value (or text as it stands) a line."""
        path = self.folder / name
        path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
        return path


def _read(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # Linux says EIO when the other side is closed
        while piece := os.read(terminal, 65_536):
            yield piece


def wait_until(true: Callable[[], bool], told: Callable[[], object] = lambda: "", within: float = LONG) -> None:
    """Until `true`; AssertionError with what `told` says when that takes too long."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


def event(id: str, type: str, customer: str, data: dict[str, Any], time: str | None = None) -> dict[str, Any]:
    """A CloudEvent; of now when no time is said."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/shop",
        "type": type,
        "subject": customer,
        "time": time or now(),
        "data": data,
    }


def now() -> str:
    """Now, in RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
