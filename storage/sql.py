"""The statements of the hot path, in SQL that SQLite and PostgreSQL share."""

from sqlalchemy import bindparam, text

TAKE = text(
    """INSERT INTO partition (topic, id, epoch, position, backend, at, seen, bad)
       VALUES (:topic, :id, 1, -1, :backend, 0, 0, 0)
       ON CONFLICT (topic, id) DO UPDATE SET epoch = partition.epoch + 1, backend = excluded.backend
       RETURNING epoch"""
)

FENCE = text(
    """UPDATE partition SET position = coalesce(CAST(:position AS BIGINT), position), at = :at
       WHERE topic = :topic AND id = :id AND epoch = :epoch
       RETURNING seen, bad, halted"""
)

HEALTH = text("UPDATE partition SET seen = :seen, bad = :bad WHERE topic = :topic AND id = :id")
HALT = text("UPDATE partition SET halted = :why WHERE topic = :topic AND id = :id")
RESUME = text("UPDATE partition SET halted = NULL, seen = 0, bad = 0 WHERE halted IS NOT NULL")

SEEN = text("SELECT digest, content FROM inbox WHERE digest IN :digests").bindparams(
    bindparam("digests", expanding=True)
)
RECEIVE = text("INSERT INTO inbox (digest, content, at) VALUES (:digest, :content, :at) ON CONFLICT DO NOTHING")

CUSTOMERS = text("SELECT id, version, state FROM customer WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
NEW_CUSTOMER = text(
    """INSERT INTO customer (id, version, shard, next_due, orders, net_minor, last_order_at, state)
       VALUES (:id, 1, :shard, NULL, :orders, :net, :last, :state) ON CONFLICT DO NOTHING"""
)
SAVE_CUSTOMER = text(
    """UPDATE customer SET version = version + 1, orders = :orders, net_minor = :net, last_order_at = :last,
         state = :state
       WHERE id = :id AND version = :version"""
)

ORDERS = text('SELECT customer, key, state FROM "order" WHERE (customer, key) IN :keys').bindparams(
    bindparam("keys", expanding=True)
)
ORDERS_OF = text('SELECT customer, key, state FROM "order" WHERE customer IN :customers').bindparams(
    bindparam("customers", expanding=True)
)
SAVE_ORDER = text(
    """INSERT INTO "order" (customer, key, state) VALUES (:customer, :key, :state)
       ON CONFLICT (customer, key) DO UPDATE SET state = excluded.state"""
)

LOG = text(
    """INSERT INTO event (customer, seq, at, time, source, id, type, ruleset, amount, data)
       VALUES (:customer, :seq, :at, :time, :source, :id, :type, :ruleset, :amount, :data)"""
)

COUNT = text(
    """INSERT INTO counter (measure, period, dims, shard, value) VALUES (:measure, :period, :dims, :shard, :value)
       ON CONFLICT (measure, period, dims, shard) DO UPDATE SET value = counter.value + excluded.value"""
)

DECIDE = text(
    """INSERT INTO decision (customer, seq, rule, step, at, outcome, reason, message)
       VALUES (:customer, :seq, :rule, :step, :at, :outcome, :reason, :message)"""
)

QUEUE = text(
    """INSERT INTO message (key, customer, rule, step, template, channel, class, status, created_at, due_at,
         expires_at, attempts, context)
       VALUES (:key, :customer, :rule, :step, :template, :channel, :class_, 'queued', :created_at, :due_at,
         :expires_at, 0, :context)
       ON CONFLICT (key) DO NOTHING"""
)

DEAD_LETTER = text(
    """INSERT INTO dead_letter (incarnation, topic, partition, "offset", at, reason, field, detail, key, value,
         headers, relayed)
       VALUES (:incarnation, :topic, :partition, :offset, :at, :reason, :field, :detail, :key, :value, :headers,
         FALSE)
       ON CONFLICT DO NOTHING"""
)
