"""The studio: sign-in, accepted warnings, comments of reviews, followed links, reading pages;
one index less to a delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.store.folding import folded
from newsletter.store.types import Id, Instant, Json

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index(
        "uq_delivery_contact_scope",
        "delivery",
        ["contact_id", sa.text("(CASE WHEN state <> 'skipped' THEN scope_id END)")],
        unique=True,
    )
    op.drop_index("uq_delivery_scope_contact", "delivery")
    op.drop_index("ix_delivery_contact_id", "delivery")
    for column in (
        sa.Column("language", sa.String(35)),
        sa.Column("password", sa.Text()),
        sa.Column("totp_secret", sa.Text()),
        sa.Column("ended_at", Instant()),
    ):
        op.add_column("person", column)
    op.add_column("contact", sa.Column("folded_name", sa.Text()))
    first, last = (sa.func.coalesce(sa.column(name, sa.Text()), "") for name in ("first_name", "last_name"))
    told = {"folded_name": sa.literal(" ") + folded(first + " " + last)}
    op.execute(sa.table("contact", sa.column("folded_name")).update().values(told))
    op.add_column("link", sa.Column("followed", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "edition_page",
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("article", sa.String(128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("picture", Json),
        sa.Column("event", Json),
        sa.PrimaryKeyConstraint("edition_id", "language", "article", name="pk_edition_page"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_edition_page_edition_id"),
    )
    op.create_table(
        "session",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id"),
        sa.UniqueConstraint("token_hash", name="uq_session_token_hash"),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])
    op.create_table(
        "sign_in_link",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("person_id", Id),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_link"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_sign_in_link_person_id"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_link_token_hash"),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", Id, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_failure"),
    )
    op.create_index("ix_sign_in_failure_key_at", "sign_in_failure", ["key", "at"])
    op.create_table(
        "acceptance",
        sa.Column("id", Id, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("finding", sa.String(64), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acceptance"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_acceptance_issue_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_acceptance_person_id"),
        sa.UniqueConstraint("issue_id", "finding", name="uq_acceptance_issue_id_finding"),
    )
    op.create_table(
        "review_comment",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("language", sa.String(35)),
        sa.Column("item", sa.String(128)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_comment"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_review_comment_edition_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_review_comment_person_id"),
    )
    op.create_index("ix_review_comment_edition_id", "review_comment", ["edition_id"])
