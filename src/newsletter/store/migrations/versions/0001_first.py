"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import Id, Instant, Json

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_asset"),
    )
    op.create_table(
        "feed",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fetched_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("url", name="pk_feed"),
    )
    op.create_table(
        "institution",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", Json, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("topics", Json, nullable=False),
        sa.Column("fields", Json, nullable=False),
        sa.Column("sources", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_institution"),
        sa.UniqueConstraint("code", name="uq_institution_code"),
    )
    op.create_index("ix_institution_country", "institution", ["country"], unique=False)
    op.create_index("ix_institution_region", "institution", ["region"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "person",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("roles", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("slug", name="uq_person_slug"),
    )
    op.create_table(
        "worker",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("heartbeat_at", Instant(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_audit_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("institution_id", Id, nullable=True),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("address_key", sa.String(length=32), nullable=True),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("fields", Json, nullable=False),
        sa.Column("sources", Json, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("erased_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], name="fk_contact_institution_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("code", name="uq_contact_code"),
    )
    op.create_index("ix_contact_address_key", "contact", ["address_key"], unique=False)
    op.create_index("ix_contact_institution_id", "contact", ["institution_id"], unique=False)
    op.create_table(
        "document_version",
        sa.Column("id", Id, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_document_version_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document_version"),
    )
    op.create_index("ix_document_version_path", "document_version", ["path"], unique=False)
    op.create_table(
        "issue",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("planned_at", Instant(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("changed_by", Id, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name="fk_issue_changed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_issue"),
        sa.UniqueConstraint("campaign", "key", name="uq_issue_campaign_key"),
    )
    op.create_table(
        "request",
        sa.Column("id", Id, nullable=False),
        sa.Column("worker_id", Id, nullable=False),
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_request_worker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
    )
    op.create_table(
        "source",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_source_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
    )
    op.create_table(
        "consent",
        sa.Column("id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("publication", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("source_id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_consent_contact_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_consent_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_contact_id", "consent", ["contact_id"], unique=False)
    op.create_table(
        "edition",
        sa.Column("id", Id, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("language_hashes", Json, nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("frozen_by", Id, nullable=False),
        sa.Column("frozen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["frozen_by"], ["person.id"], name="fk_edition_frozen_by"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_edition_issue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_edition"),
        sa.UniqueConstraint("issue_id", "number", name="uq_edition_issue_id_number"),
    )
    op.create_table(
        "firing",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("planned_wall", sa.String(length=19), nullable=False),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("issue_id", Id, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("fired_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_firing_issue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_firing"),
        sa.UniqueConstraint("campaign", "planned_wall", name="uq_firing_campaign_planned_wall"),
    )
    op.create_table(
        "link",
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("article", sa.String(length=128), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.Column("changed_by", Id, nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name="fk_link_changed_by"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_link_issue_id"),
        sa.PrimaryKeyConstraint("issue_id", "number", name="pk_link"),
    )
    op.create_table(
        "service_message",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("issue_id", Id, nullable=True),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_service_message_issue_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_service_message_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_service_message"),
    )
    op.create_table(
        "subscription",
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("publication", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("source_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_subscription_contact_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_subscription_source_id"),
        sa.PrimaryKeyConstraint("contact_id", "publication", name="pk_subscription"),
    )
    op.create_index(
        "ix_subscription_publication_state", "subscription", ["publication", "state", "contact_id"], unique=False
    )
    op.create_table(
        "suppression",
        sa.Column("id", Id, nullable=False),
        sa.Column("address_key", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("source_id", Id, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_suppression_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
        sa.UniqueConstraint("address_key", "scope", name="uq_suppression_address_key_scope"),
    )
    op.create_table(
        "approval",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("edition_hash", sa.String(length=64), nullable=False),
        sa.Column("recipient_count", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("language_hash", sa.String(length=64), nullable=True),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("void_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_approval_edition_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_approval_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
    )
    op.create_index("ix_approval_edition_id", "approval", ["edition_id"], unique=False)
    op.create_table(
        "edition_asset",
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_edition_asset_edition_id"),
        sa.ForeignKeyConstraint(["sha256"], ["asset.sha256"], name="fk_edition_asset_sha256", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("edition_id", "sha256", name="pk_edition_asset"),
    )
    op.create_table(
        "edition_variant",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("segments", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_edition_variant_edition_id"),
        sa.PrimaryKeyConstraint("id", name="pk_edition_variant"),
        sa.UniqueConstraint("edition_id", "language", "number", name="uq_edition_variant_edition_id_language_number"),
    )
    op.create_table(
        "run",
        sa.Column("id", Id, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("publication", sa.String(length=64), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("token_key", sa.Integer(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("give_up_after", sa.Integer(), server_default="172800", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("launched_by", Id, nullable=False),
        sa.Column("launched_at", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('launching', 'sending', 'paused', 'done', 'cancelled')", name="ck_run_state"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name="fk_run_edition_id"),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_run_issue_id"),
        sa.ForeignKeyConstraint(["launched_by"], ["person.id"], name="fk_run_launched_by"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("issue_id", "number", name="uq_run_issue_id_number"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("scope_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("institution_id", Id, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("variant", sa.Integer(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("address_key", sa.String(length=32), nullable=True),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("field_values", Json, nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trying_since", Instant(), nullable=True),
        sa.Column("claim_id", Id, nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("ordered_by", Id, nullable=True),
        sa.Column("fate", sa.String(length=16), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'accepted', 'rejected', 'unconfirmed', 'skipped')",
            name="ck_delivery_state",
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_delivery_issue_id"),
        sa.ForeignKeyConstraint(["ordered_by"], ["person.id"], name="fk_delivery_ordered_by"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_delivery_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index(
        "ix_delivery_claimable",
        "delivery",
        ["run_id", "not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_delivery_contact_id", "delivery", ["contact_id"], unique=False)
    op.create_index(
        "ix_delivery_open",
        "delivery",
        ["state", "run_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('sending', 'unconfirmed')"),
        postgresql_where=sa.text("state IN ('sending', 'unconfirmed')"),
    )
    op.create_index("ix_delivery_run_state", "delivery", ["run_id", "state"], unique=False)
    op.create_index(
        "uq_delivery_scope_address",
        "delivery",
        ["scope_id", "address_key"],
        unique=True,
        sqlite_where=sa.text("state <> 'skipped'"),
        postgresql_where=sa.text("state <> 'skipped'"),
    )
    op.create_index(
        "uq_delivery_scope_contact",
        "delivery",
        ["scope_id", "contact_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'skipped'"),
        postgresql_where=sa.text("state <> 'skipped'"),
    )
    op.create_table(
        "run_audience",
        sa.Column("run_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("variant", sa.Integer(), nullable=True),
        sa.Column("skip", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_audience_run_id"),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_run_audience"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempt",
        sa.Column("id", Id, nullable=False),
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker_id", Id, nullable=False),
        sa.Column("request_id", Id, nullable=True),
        sa.Column("transport", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("ordered_by", Id, nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('intent', 'accepted', 'rejected', 'deferred', 'unsent', 'unconfirmed')", name="ck_attempt_state"
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_attempt_delivery_id"),
        sa.ForeignKeyConstraint(["ordered_by"], ["person.id"], name="fk_attempt_ordered_by"),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_attempt_request_id"),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name="fk_attempt_worker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.UniqueConstraint("delivery_id", "number", name="uq_attempt_delivery_id_number"),
    )
    op.create_index(
        "ix_attempt_open",
        "attempt",
        ["worker_id"],
        unique=False,
        sqlite_where=sa.text("state = 'intent'"),
        postgresql_where=sa.text("state = 'intent'"),
    )
    op.create_index(
        "uq_attempt_accepted",
        "attempt",
        ["delivery_id"],
        unique=True,
        sqlite_where=sa.text("state = 'accepted' AND ordered_by IS NULL"),
        postgresql_where=sa.text("state = 'accepted' AND ordered_by IS NULL"),
    )
    op.create_table(
        "event",
        sa.Column("id", Id, nullable=False),
        sa.Column("delivery_id", Id, nullable=True),
        sa.Column("attempt_id", Id, nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("provider_event", sa.Text(), nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_event_attempt_id"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_event_delivery_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("provider_event", name="uq_event_provider_event"),
    )
    op.create_index("ix_event_delivery_id", "event", ["delivery_id"], unique=False)
