"""The process that is killed: `regulars run …`, or a mutant of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tests.chaos.setup import Setup

ROLES = ("sources", "reader", "relay", "clock")
READY = b"running on"
"""What the worker says when every part of it has started."""


class Worker:
    """One worker process after another; they all write into one log."""

    def __init__(
        self, setup: Setup, mutant: str = "", roles: Sequence[str] = ROLES, name: str = "worker", **settings: str
    ) -> None:
        self.setup = setup
        self.roles = roles
        self.log = setup.home / f"{name}.log"
        self._command = [*command(mutant), "run", *roles]
        self._environment = setup.environment(**settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._begins = 0

    def start(self) -> None:
        """Start one; it is not ready yet."""
        assert self._process is None
        with self._open() as output:
            self._begins = output.tell()
            self._process = subprocess.Popen(
                self._command,
                cwd=self.setup.home,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def ready(self) -> bool:
        """Whether the worker at hand said so. RuntimeError when it ended by itself."""
        if READY in self._said():
            return True
        if not self.alive:
            raise RuntimeError(f"the worker ended by itself:\n{self.said()[-3000:]}")
        return False

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process at hand."""
        return None if self._process is None else self._process.pid

    def ended(self) -> int | None:
        """The exit code of the worker at hand if it ended by itself; it may be started again then."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self._process = None
        return code

    def freeze(self) -> None:
        """SIGSTOP: it stands still wherever it is, and keeps what it holds."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on, and does not know that time has passed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def said(self) -> str:
        """What the worker at hand wrote so far."""
        return self._said().decode("utf-8", "replace")

    def kill(self) -> None:
        """SIGKILL: nothing in the process hears of it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def wait(self, within: float) -> int:
        """The exit code of a worker that is to end by itself."""
        assert self._process is not None
        code = self._process.wait(within)
        self._process = None
        return code

    def stop(self, within: float = 30.0) -> int:
        """SIGTERM, then wait for the end: the exit code. Kills, and says −9, what does not end in time."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return -9
        finally:
            self._process = None

    def wait_ready(self, within: float = 60.0) -> None:
        """Block until it is ready."""
        deadline = time.monotonic() + within
        while not self.ready:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the worker is not ready:\n{self.said()[-3000:]}")
            time.sleep(0.02)

    def _said(self) -> bytes:
        with self.log.open("rb") as file:
            file.seek(self._begins)
            return file.read()

    def _open(self) -> BinaryIO:
        file = self.log.open("ab")
        file.seek(0, os.SEEK_END)
        return file


def command(mutant: str = "") -> list[str]:
    """The console script as it was installed, or a mutant that takes the same arguments."""
    if mutant:
        return [sys.executable, "-m", "tests.chaos.mutant", mutant]
    return [str(Path(sys.executable).parent / "regulars")]


def ask(setup: Setup, *arguments: str, **settings: str) -> tuple[int, Any, str]:
    """Run a command that prints JSON: exit code, document (None when it printed none), standard error."""
    done = subprocess.run(
        [*command(), *arguments],
        cwd=setup.home,
        env=setup.environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout.strip().startswith("{") else None, done.stderr
