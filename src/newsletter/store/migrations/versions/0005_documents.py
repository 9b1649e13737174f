"""Documents in the database: their bytes by hash, a version that rises with every change, and what was removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import Id, Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_table("document")  # nothing has ever written to it
    op.create_table(
        "document_content",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_document_content"),
    )
    op.create_table(
        "document",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("version", Id, nullable=False),
        sa.Column("changed_by", Id, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_document"),
        sa.ForeignKeyConstraint(["sha256"], ["document_content.sha256"], name="fk_document_sha256"),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name="fk_document_changed_by"),
    )
    op.create_index("ix_document_version", "document", ["version"])
