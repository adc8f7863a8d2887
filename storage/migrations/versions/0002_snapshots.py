"""snapshots: what events that were let go came to, and where a replay begins; leases need no time"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("let_go", sa.BigInteger(), nullable=False),
        sa.Column("staff_at", sa.BigInteger(), nullable=False),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.Column("next_seq", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("next_state", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("customer"),
    )
    op.create_table(
        "snapshot_order",
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "key"),
    )
    op.drop_column("message", "lease_until")
