"""Whether the links of an issue lead anywhere: who asked when, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import Id, Instant, Json

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "link_trial",
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("addresses", Json, nullable=False),
        sa.Column("tried_at", Instant()),
        sa.Column("silent", Json),
        sa.PrimaryKeyConstraint("issue_id", name="pk_link_trial"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_link_trial_issue_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_link_trial_person_id"),
    )
