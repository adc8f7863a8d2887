"""Mail as files in a maildir: for trying out, for tests, and for a mail program that picks it up there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from delivery.channels.address import Sender
from delivery.channels.base import Outgoing
from delivery.channels.mail import build, stable_name, to_bytes
from delivery.errors import Retryable


class Maildir:
    """One file a message, named by its stable key: written twice, it is one file. Never Ambiguous.

    The folder is made when first used. A file appears in `new/` whole and on disk, or not at all.
    """

    def __init__(self, folder: Path, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, outgoing: Outgoing) -> None:
        """Returns when the file is on disk. Raises Retryable `disk`, Final `bad-address`."""
        mail, _ = build(outgoing, self._sender)
        try:
            await asyncio.to_thread(self._write, stable_name(outgoing.key), to_bytes(mail, "\n"))
        except OSError as error:
            raise Retryable("disk") from error

    async def close(self) -> None:
        """Nothing to let go of."""

    def _write(self, name: str, content: bytes) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._is_there(name):
            return
        with _temporary(self._folder / "tmp" / f"{name}.{os.getpid()}.{os.urandom(4).hex()}") as path:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            path.rename(self._folder / "new" / name)
        _sync(self._folder / "new")

    def _is_there(self, name: str) -> bool:
        """Whether it was written before; a mail program that has read it moved it to `cur/<name>:2,S`."""
        read = self._folder / "cur"
        return (self._folder / "new" / name).exists() or any(one.startswith(f"{name}:") for one in os.listdir(read))


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A path that holds nothing afterwards, whatever happens."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
