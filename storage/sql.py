"""The statements of the hot path, in SQL that SQLite and PostgreSQL share."""

from sqlalchemy import text

from storage.many import insert, select, update

TAKE = text(
    """INSERT INTO partition (topic, id, epoch, position, backend, at, seen, bad)
       VALUES (:topic, :id, 1, -1, :backend, 0, 0, 0)
       ON CONFLICT (topic, id) DO UPDATE SET epoch = partition.epoch + 1, backend = excluded.backend
       RETURNING epoch"""
)

FENCE = text(
    """UPDATE partition SET position = coalesce(CAST(:position AS BIGINT), position), at = :at
       WHERE topic = :topic AND id = :id AND epoch = :epoch
       RETURNING seen, bad, halted, (SELECT value FROM meta WHERE name = 'live-rules') AS ruleset"""
)

HEALTH = text("UPDATE partition SET seen = :seen, bad = :bad WHERE topic = :topic AND id = :id")
HALT = text("UPDATE partition SET halted = :why WHERE topic = :topic AND id = :id")
RESUME = text(
    """INSERT INTO partition (topic, id, epoch, position, at, seen, bad) VALUES (:topic, :id, 0, -1, 0, :pardoned, 0)
       ON CONFLICT (topic, id) DO UPDATE SET halted = NULL, seen = excluded.seen, bad = 0"""
)

SEEN = select(
    "digest bytea", "SELECT i.digest, i.content FROM {asked} CROSS JOIN inbox i WHERE i.digest = asked.digest"
)
RECEIVE = insert("inbox", "digest bytea, content bytea, at bigint", "ON CONFLICT DO NOTHING")

CUSTOMERS = select(
    "id text", "SELECT c.id, c.version, c.state, c.next_due FROM {asked} CROSS JOIN customer c WHERE c.id = asked.id"
)
NEW_CUSTOMER = insert(
    "customer",
    """orders int, net_minor bigint, last_order_at bigint, next_due bigint, state bytea, id text, version bigint,
       shard int""",
    "ON CONFLICT DO NOTHING",
)
SAVE_CUSTOMER = update(
    "customer",
    "orders int, net_minor bigint, last_order_at bigint, next_due bigint, state bytea",
    where="id text, version bigint",
    also="version = customer.version + 1",
)

PLAN = update("customer", "next_due bigint", where="id text, version bigint")

ORDERS = select(
    "customer text, key text",
    """SELECT o.customer, o.key, o.state FROM {asked} CROSS JOIN "order" o
       WHERE o.customer = asked.customer AND o.key = asked.key""",
)
ORDERS_OF = text('SELECT key, state FROM "order" WHERE customer = :customer AND key > :after ORDER BY key LIMIT :most')
SAVE_ORDER = insert(
    '"order"',
    "customer text, key text, state bytea",
    "ON CONFLICT (customer, key) DO UPDATE SET state = excluded.state",
)

LOG = insert(
    "event",
    """customer text, seq bigint, at bigint, time bigint, source text, id text, type text, ruleset text, amount bigint,
       data bytea""",
)
LOGGED = select(
    "customer text, seq bigint",
    """SELECT e.customer, e.seq, e.at, e.time, e.source, e.id, e.type, e.amount, e.data FROM {asked} CROSS JOIN event e
       WHERE e.customer = asked.customer AND e.seq = asked.seq""",
)

COUNT = insert(
    "counter",
    "measure text, period text, dims text, shard int, value bigint",
    "ON CONFLICT (measure, period, dims, shard) DO UPDATE SET value = counter.value + excluded.value",
)

DECIDE = insert(
    "decision",
    """customer text, seq bigint, n int, rule text, step int, entry text, at bigint, outcome text, reason text,
       due bigint, message text""",
)

REQUEST = insert(
    "request",
    """id text, customer text, rule text, step int, entry text, kind text, what text, amount bigint, seq bigint,
       at bigint, status text""",
    "ON CONFLICT (id) DO NOTHING",
)

QUEUE = insert(
    "message",
    """key text, customer text, rule text, step int, template text, channel text, class text, created_at bigint,
       due_at bigint, expires_at bigint, context bytea, status text, attempts int""",
    "ON CONFLICT (key) DO NOTHING",
)

OUTBOX = insert("outbox", "topic text, key bytea, value bytea")

DEAD_LETTER = text(
    """INSERT INTO dead_letter (incarnation, topic, partition, "offset", at, reason, field, detail, key, value,
         headers, relayed)
       VALUES (:incarnation, :topic, :partition, :offset, :at, :reason, :field, :detail, :key, :value, :headers,
         FALSE)
       ON CONFLICT DO NOTHING"""
)
