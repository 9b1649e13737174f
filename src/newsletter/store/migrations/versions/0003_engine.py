"""The engine: limits that hold over a fleet, resting domains, canaries, definitions kept in the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import Id, Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("run", sa.Column("canary", sa.Integer()))
    op.add_column("run", sa.Column("canary_until", Instant()))
    used = sa.text("request_id IS NOT NULL")
    op.create_index("ix_attempt_request_id", "attempt", ["request_id"], sqlite_where=used, postgresql_where=used)
    op.create_table(
        "pace",
        sa.Column("transport", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(255), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("transport", "scope", "seconds", name="pk_pace"),
    )
    op.create_table(
        "hold",
        sa.Column("transport", sa.String(64), nullable=False),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("transport", "domain", name="pk_hold"),
    )
    op.create_table(
        "document",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("changed_by", Id, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_document"),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name="fk_document_changed_by"),
    )
