"""journeys: several decisions of one step in an event, requests, customers in the order of their time"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBERED = """
    INSERT INTO decision (customer, seq, n, rule, step, entry, at, outcome, reason, due, message)
    SELECT customer, seq, row_number() OVER (PARTITION BY customer, seq ORDER BY rule, step), rule, step, '', at,
      outcome, reason, NULL, message
    FROM decision_by_step"""


def upgrade() -> None:
    """A new table, since SQLite cannot change a primary key."""
    op.rename_table("decision", "decision_by_step")
    op.create_table(
        "decision",
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer", "seq", "n"),
    )
    op.execute(NUMBERED)
    op.drop_table("decision_by_step")
    op.create_table(
        "request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    waiting = sa.text("status = 'waiting'")
    due = sa.text("next_due IS NOT NULL")
    op.drop_index("customer_due", "customer")
    op.create_index("customer_due", "customer", ["next_due", "id"], postgresql_where=due, sqlite_where=due)
    op.create_index("request_waiting", "request", ["at"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_index("request_customer", "request", ["customer", "seq"])
