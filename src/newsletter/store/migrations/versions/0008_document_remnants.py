"""Bytes of documents that may be nobody's; at first all are looked at."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    remnant = op.create_table(
        "document_remnant",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_document_remnant"),
    )
    op.create_index("ix_document_remnant_at", "document_remnant", ["at"])
    long_ago = sa.literal(datetime(2000, 1, 1, tzinfo=UTC), Instant())
    kept = sa.select(sa.table("document_content", sa.column("sha256")).c.sha256, long_ago)
    op.execute(sa.insert(remnant).from_select(["sha256", "at"], kept))
