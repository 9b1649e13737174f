"""A link that was mended keeps its number: what the issue says of it is kept beside where it leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("link", sa.Column("original", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE link SET original = target")
