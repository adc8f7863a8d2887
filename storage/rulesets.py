"""What a shop has published: rule sets with their files, which one is live, and who did what to it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, text

from rules.published import identity
from storage.store import Store

Files = Mapping[str, bytes]
"""Name (`rules.published`) → bytes."""

_LIVE = text("SELECT value FROM meta WHERE name = 'live-rules'")
_HOLD = text(
    """INSERT INTO meta (name, value) VALUES ('live-rules', '')
       ON CONFLICT (name) DO UPDATE SET value = meta.value RETURNING value"""
)
"""Reads which one is live and keeps others from changing it until the end of the transaction; readers go on."""
_GO_LIVE = text("UPDATE meta SET value = :id WHERE name = 'live-rules'")
_ONE = text('SELECT id, at, "by", note, files, paused FROM ruleset WHERE id = :id')
_OLDER = text("SELECT id FROM ruleset WHERE id <> :id ORDER BY at DESC, id LIMIT :most")
_KEEP = text(
    """INSERT INTO ruleset (id, at, "by", note, files, paused) VALUES (:id, :at, :by, :note, :files, :paused)
       ON CONFLICT (id) DO NOTHING"""
)
_AUDIT = text('INSERT INTO audit (at, "by", what, detail) VALUES (:at, :by, :what, :detail)')
_AUDITED = text('SELECT at, "by", what, detail FROM audit ORDER BY id DESC LIMIT :most')


class Published(Struct, frozen=True):
    """A published state: `at` when it was first published (microseconds), `by` whom. `paused`: see `RuleSet.paused`."""

    id: str
    at: int
    by: str
    note: str
    files: Files
    paused: tuple[str, ...] = ()


class Act(Struct, frozen=True):
    """Who does it, when, and a word about why."""

    by: str
    at: int
    note: str = ""


class Change(Struct, frozen=True):
    """What was live before, if anything was, and what is now."""

    before: Published | None
    after: Published

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return self.before is not None and self.before.id == self.after.id


class Audited(Struct, frozen=True):
    """One act; `detail` is JSON."""

    at: int
    by: str
    what: str
    detail: str


class NothingPublished(Exception):
    """There is no rule set in the store yet: start a worker, or publish the files with `regulars rules publish`."""

    def __str__(self) -> str:
        return str(self.__doc__)


def live_id(connection: Connection) -> str | None:
    """Which set decides now; None before the first was published."""
    return connection.execute(_LIVE).scalar() or None


def published(connection: Connection, id: str) -> Published | None:
    """A set that was published; None when it never was. Raises ValueError for files that cannot be unpacked."""
    row = connection.execute(_ONE, {"id": id}).one_or_none()
    if row is None:
        return None
    return Published(
        row.id, row.at, row.by, row.note, unpacked(bytes(row.files)), tuple(msgspec.json.decode(row.paused))
    )


def live(connection: Connection) -> Published | None:
    """The set that decides now, with its files."""
    id = live_id(connection)
    return None if id is None else published(connection, id)


def older_ids(connection: Connection, id: str, most: int) -> list[str]:
    """Sets other than that one, the newest first."""
    return list(connection.execute(_OLDER, {"id": id, "most": most}).scalars())


def audited(connection: Connection, most: int) -> list[Audited]:
    """The latest acts, the last one first."""
    return [Audited(*row) for row in connection.execute(_AUDITED, {"most": most})]


def publish(store: Store, files: Files, act: Act) -> Change:
    """Make these files live; what is paused stays so. The same files again change nothing."""
    with store.write() as connection:
        before = _held(connection)
        return _changed(connection, before, files, before.paused if before is not None else (), act, "publish", {})


def publish_first(store: Store, files: Files, act: Act) -> Published:
    """Make these files live unless others are already; what is live then."""
    with store.write() as connection:
        before = _held(connection)
        return before or _changed(connection, None, files, (), act, "publish", {}).after


def pause(store: Store, what: str, act: Act) -> Change:
    """Pause a rule, by its id, or `ALL_MARKETING`. Raises NothingPublished."""
    return _paused(store, lambda now: now | {what}, act, "pause", what)


def resume(store: Store, what: str, act: Act) -> Change:
    """Let what was paused go on. Raises NothingPublished."""
    return _paused(store, lambda now: now - {what}, act, "resume", what)


def note_down(connection: Connection, act: Act, what: str, detail: Mapping[str, object]) -> None:
    """A line of table `audit`."""
    said = {**detail, "note": act.note} if act.note else detail
    row = {"at": act.at, "by": act.by, "what": what, "detail": msgspec.json.encode(said).decode()}
    connection.execute(_AUDIT, row)


def packed(files: Files) -> bytes:
    """Column `files`."""
    return zlib.compress(msgspec.msgpack.encode({name: files[name] for name in sorted(files)}))


def unpacked(blob: bytes) -> Files:
    """Column `files` back to a value; raises ValueError when it is not one."""
    try:
        return msgspec.msgpack.decode(zlib.decompress(blob), type=dict[str, bytes])
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError("these are no files") from error


def _paused(
    store: Store, change: Callable[[frozenset[str]], frozenset[str]], act: Act, what: str, which: str
) -> Change:
    with store.write() as connection:
        before = _held(connection)
        if before is None:
            raise NothingPublished
        paused = tuple(sorted(change(frozenset(before.paused))))
        return _changed(connection, before, before.files, paused, act, what, {"rule": which})


def _held(connection: Connection) -> Published | None:
    """What is live, and nobody else changes that before this transaction ends."""
    id = connection.execute(_HOLD).scalar_one()
    return published(connection, id) if id else None


def _changed(
    connection: Connection,
    before: Published | None,
    files: Files,
    paused: tuple[str, ...],
    act: Act,
    what: str,
    detail: Mapping[str, object],
) -> Change:
    after = Published(identity(files, paused), act.at, act.by, act.note, files, paused)
    change = Change(before, after)
    if change.same:
        return change
    row = {"id": after.id, "at": act.at, "by": act.by, "note": act.note, "files": packed(files)}
    connection.execute(_KEEP, row | {"paused": msgspec.json.encode(paused).decode()})
    connection.execute(_GO_LIVE, {"id": after.id})
    note_down(connection, act, what, {"ruleset": after.id, **detail})
    return change
