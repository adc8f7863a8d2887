"""What the inbox forgets, and what it never does."""

from __future__ import annotations

import hashlib

from sqlalchemy import text

from storage.prune import KEPT, SLICES, prune_inbox
from storage.store import Store
from tests.unit.storage.kit import NOW, batch


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()[:16]


def left(store: Store) -> set[bytes]:
    with store.read() as connection:
        return {bytes(row[0]) for row in connection.execute(text("SELECT digest FROM inbox"))}


def test_a_whole_round_forgets_the_old_and_keeps_the_new_and_the_imported(store: Store) -> None:
    old, new, imported = ({digest(1_000 * kind + n) for n in range(600)} for kind in range(3))
    with batch(store) as opened:
        opened.receive(dict.fromkeys(old, b"content"), NOW - 1)
        opened.receive(dict.fromkeys(new, b"content"), NOW)
        opened.receive(dict.fromkeys(imported, b"content"), KEPT)
    assert sum(prune_inbox(store, part, NOW) for part in range(SLICES)) == 600
    assert left(store) == new | imported


def test_a_slice_forgets_its_own_first_byte_and_no_other(store: Store) -> None:
    first, last = b"\x00" * 16, b"\xff" * 16
    with batch(store) as opened:
        opened.receive({first: b"", last: b""}, NOW - 1)
    assert prune_inbox(store, SLICES - 1, NOW) == 1
    assert left(store) == {first}
    assert prune_inbox(store, 0, NOW) == 1
