"""The SQL of the message queue. Parts in braces are filled in once, from constants of this file."""

from __future__ import annotations

from sqlalchemy import TextClause, bindparam, text


def many(statement: str) -> TextClause:
    """A statement whose `:keys` is a list."""
    return text(statement).bindparams(bindparam("keys", expanding=True))


SKIP_LOCKED = "FOR UPDATE OF m SKIP LOCKED"
"""What `lock` is on PostgreSQL; SQLite has one writer and needs none."""

# Open, due, and neither overtaken by an older due one of its customer, channel and class nor behind one in flight.
# `done_at IS NULL` lets the index `message_open` serve `m`. It must not stand in the part about `o`: whenever the
# statistics are older than a burst of messages PostgreSQL takes that index for nearly empty and would read all of it
# for each message (measured: minutes at 60,000; as it is, 0.3 s, and 1 ms once the table is analysed).
READY = """
    m.done_at IS NULL AND m.status = 'queued' AND m.due_at <= :now AND NOT EXISTS (
        SELECT 1 FROM message o
        WHERE o.customer = m.customer AND o.channel = m.channel AND o.class = m.class
          AND (o.status IN ('claimed', 'sending') OR (
              o.status = 'queued' AND o.due_at <= :now
              AND (o.created_at, o.step, o.key) < (m.created_at, m.step, m.key))))"""
_PICK = "SELECT m.key FROM message m WHERE {ready} AND m.class {which} ORDER BY m.due_at, m.key LIMIT :limit"
FIRST = text(_PICK.format(ready=READY, which="= 'transactional'"))
REST = text(_PICK.format(ready=READY, which="<> 'transactional'"))

# PostgreSQL: two dispatchers must not take two messages of one group, though neither sees the other's claim yet.
# Who gets the group's lock checks READY again with a snapshot taken after; who does not, does not wait.
LOCK_GROUPS = many("""
    WITH picked AS MATERIALIZED (SELECT key, customer, channel, class FROM message WHERE key IN :keys)
    SELECT key FROM picked
    WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws(chr(31), customer, channel, class), 0))""")
CLAIM = """
    UPDATE message SET status = 'claimed', token = :token
    WHERE key IN (SELECT m.key FROM message m WHERE m.key IN :keys AND {ready} {lock})
    RETURNING key, customer, rule, step, template, channel, class, due_at, expires_at, attempts, context, token,
        created_at"""

BEGIN = text("""
    UPDATE message SET status = 'sending', attempts = attempts + 1
    WHERE key = :key AND token = :token AND status = 'claimed'""")
RELEASE = text("""
    UPDATE message SET status = 'queued', token = NULL
    WHERE key = :key AND token = :token AND status = 'claimed'""")
RETRY = text("""
    UPDATE message SET status = 'queued', token = NULL, due_at = :at, error = :error
    WHERE key = :key AND token = :token AND status IN ('claimed', 'sending')""")
WAKE = """
    UPDATE message SET due_at = :now
    WHERE key IN (
        SELECT m.key FROM message m
        WHERE m.done_at IS NULL AND m.status = 'queued' AND m.due_at > :now
          AND m.error IN ('rule-paused', 'rule-gone', 'offer-gone')
        ORDER BY m.key {lock})"""
FINISH = text("""
    UPDATE message SET status = :status, error = :error, done_at = :now, token = NULL
    WHERE key = :key AND token = :token AND (status = 'sending' OR (status = 'claimed' AND :status <> 'sent'))""")

IN_DOUBT = text("""
    UPDATE message SET status = status WHERE key = :key AND token = :token AND status = 'sending'
    RETURNING key, customer, channel, attempts""")
AGAIN = text("""
    UPDATE message SET status = 'queued', token = NULL, due_at = :at, error = 'ambiguous'
    WHERE key = :key""")
ASIDE = text("""
    UPDATE message SET status = 'ambiguous', error = 'ambiguous', done_at = :now, token = NULL
    WHERE key = :key""")

# Without `done_at IS NULL`: PostgreSQL might take the index `message_open` for it, see READY.
_UNSENT = """
    SELECT key, customer, channel, status FROM message
    WHERE key IN :keys AND status IN ('queued', 'claimed', 'sending') ORDER BY key"""
LOCK_UNSENT = many(_UNSENT)
LOCK_UNSENT_ROWS = many(_UNSENT + " FOR UPDATE")
CANCEL = text("""
    UPDATE message SET status = 'cancelled', error = :error, done_at = :now, token = NULL WHERE key = :key""")
NO_SECOND_TRY = text("UPDATE message SET expires_at = :now WHERE key = :key AND coalesce(expires_at, :now) >= :now")
CANCEL_REQUESTS = many("UPDATE request SET status = 'cancelled' WHERE id IN :keys AND status = 'waiting'")

IN_FLIGHT = text("SELECT key, token, status FROM message WHERE done_at IS NULL AND status IN ('claimed', 'sending')")

RECIPIENT = text("SELECT state FROM customer WHERE id = :customer")
OUTBOX = text("INSERT INTO outbox (topic, key, value) VALUES ('events', :key, :value)")

OPEN = text("SELECT count(*) FROM message WHERE done_at IS NULL AND due_at <= :due")
BY_STATUS = text("SELECT status, count(*) FROM message GROUP BY status")
DUE = text("SELECT count(*), min(due_at) FROM message WHERE done_at IS NULL AND status = 'queued' AND due_at <= :now")
OF_CUSTOMER = text("""
    SELECT key, rule, step, template, channel, class, status, created_at, due_at, expires_at, attempts, error, done_at
    FROM message WHERE customer = :customer ORDER BY created_at DESC, step DESC, key""")
