"""What a delivery takes up is a column of its own, null where it is skipped: sending changes no unique index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import Id

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("serves", Id))
    op.execute("UPDATE delivery SET serves = scope_id WHERE state <> 'skipped'")
    op.create_index("uq_delivery_contact", "delivery", ["contact_id", "serves"], unique=True)
    op.create_index("uq_delivery_address", "delivery", ["serves", "address_key"], unique=True)
    op.drop_index("uq_delivery_contact_scope", "delivery")
    op.drop_index("uq_delivery_scope_address", "delivery")
    op.drop_column("delivery", "scope_id")
