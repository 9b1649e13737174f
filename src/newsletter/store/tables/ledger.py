"""What is sent, to whom, and what became of it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from newsletter.model.delivery import AttemptState, DeliveryState, RunState
from newsletter.store.tables.base import metadata
from newsletter.store.types import Id, Instant, Json


def _one_of(column: str, values: type[DeliveryState] | type[AttemptState] | type[RunState]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("publication", String(64), nullable=False),
    Column("statutory", Boolean, nullable=False),
    Column("transport", String(64), nullable=False),
    Column("token_key", Integer, nullable=False),  # so that retries carry the same links
    Column("audience", Integer),  # counted once, when ranked; the sum of the ledger is checked against it
    Column("position", Integer, nullable=False, server_default="0"),  # how far the launch has come in run_audience
    Column("due_at", Instant, nullable=False),
    Column("give_up_after", Integer, nullable=False, server_default="172800"),  # seconds since trying_since
    Column("reason", Text),  # why it is paused or cancelled
    Column("launched_by", ForeignKey("person.id"), nullable=False),
    Column("launched_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("canary", Integer),  # how many leave before the others wait for word of them; null: no canary
    Column("canary_until", Instant),  # when that wait ends; null while the first share has not left
    UniqueConstraint("issue_id", "number"),
    _one_of("state", RunState),
)

# The staging table of a launch: the audience, ranked, one row a contact. Rows leave it as they become deliveries.
run_audience = Table(
    "run_audience",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("contact_id", Id, nullable=False),
    Column("language", String(35)),
    Column("variant", Integer),
    Column("skip", Text),  # the reason, where the contact is left out
    sqlite_with_rowid=False,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    # What it takes up: the id for a real send, minus the run's id for a rehearsal (unique per run); null, and
    # so no duplicate of anything, where it is skipped.
    Column("serves", Id),
    Column("contact_id", Id, nullable=False),
    Column("institution_id", Id),
    Column("state", String(16), nullable=False),
    Column("reason", Text),  # why skipped or rejected, in words for people
    Column("language", String(35)),
    Column("variant", Integer),
    Column("address", Text),  # null once erased
    Column("address_key", String(32)),
    Column("domain", Text),
    Column("field_values", Json),  # what the edition's slots read, in its order
    Column("due_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),  # due_at at first; later when a deferred one may be tried again
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("trying_since", Instant),  # the first attempt, or the first since a person ordered another try
    Column("claim_id", Id),  # the worker that reserved it
    Column("claimed_until", Instant),
    Column("ordered_by", ForeignKey("person.id")),  # who ordered another try although it may arrive twice
    Column("fate", String(16)),
    Column("changed_at", Instant, nullable=False),
    _one_of("state", DeliveryState),
    # One delivery per issue and contact, and one per issue and address; skipped rows apart. The first finds all
    # deliveries of a contact too, so that a launch fills one index less; and neither changes while a message is sent.
    Index("uq_delivery_contact", "contact_id", "serves", unique=True),
    Index("uq_delivery_address", "serves", "address_key", unique=True),
    Index(
        "ix_delivery_claimable",
        "run_id",
        "not_before",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "ix_delivery_open",
        "state",
        "run_id",
        sqlite_where=text("state IN ('sending', 'unconfirmed')"),
        postgresql_where=text("state IN ('sending', 'unconfirmed')"),
    ),
    Index("ix_delivery_run_state", "run_id", "state"),
)

worker = Table(
    "worker",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),  # host and process id
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
    Column("stopped_at", Instant),
)

# One call of a transport; groups the attempts it carried (1 for SMTP, up to 1,000 for SendGrid).
request = Table(
    "request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("worker_id", ForeignKey("worker.id"), nullable=False),
    Column("transport", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("status", Text),
    Column("provider_id", Text),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("worker_id", ForeignKey("worker.id"), nullable=False),
    Column("request_id", ForeignKey("request.id")),
    Column("transport", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reply", Text),
    Column("provider_id", Text),
    Column("ordered_by", ForeignKey("person.id")),  # a named person who ordered it although it may arrive twice
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    UniqueConstraint("delivery_id", "number"),
    _one_of("state", AttemptState),
    # At most one accepted attempt, unless a named person ordered another.
    Index(
        "uq_attempt_accepted",
        "delivery_id",
        unique=True,
        sqlite_where=text("state = 'accepted' AND ordered_by IS NULL"),
        postgresql_where=text("state = 'accepted' AND ordered_by IS NULL"),
    ),
    Index(
        "ix_attempt_open",
        "worker_id",
        sqlite_where=text("state = 'intent'"),
        postgresql_where=text("state = 'intent'"),
    ),
    # What one event says of a request holds for all that it carried.
    Index(
        None,
        "request_id",
        sqlite_where=text("request_id IS NOT NULL"),
        postgresql_where=text("request_id IS NOT NULL"),
    ),
)

# How much of a limit is used up: per transport, and per recipient domain where `scope` names one. One row a window.
pace = Table(
    "pace",
    metadata,
    Column("transport", String(64), primary_key=True),
    Column("scope", String(255), primary_key=True),  # '': the transport as a whole
    Column("seconds", Integer, primary_key=True),  # the length of the window: 1, 60, 3600 or 86400
    Column("started_at", Instant, nullable=False),
    Column("used", Integer, nullable=False),
)

# A recipient domain that puts mail off, and is given a rest; the others go on.
hold = Table(
    "hold",
    metadata,
    Column("transport", String(64), primary_key=True),
    Column("domain", String(255), primary_key=True),
    Column("until", Instant, nullable=False),
    Column("tries", Integer, nullable=False),  # rests in a row: the next one is longer
    Column("reason", Text, nullable=False),  # the server's words
    Column("at", Instant, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id")),
    Column("attempt_id", ForeignKey("attempt.id")),
    Column("kind", String(32), nullable=False),
    Column("provider_event", Text, unique=True),  # duplicates of a webhook are dropped by this
    Column("data", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index(None, "delivery_id"),
)

# Test sends, review requests, confirmations, alarms: outside all sums.
service_message = Table(
    "service_message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("issue_id", ForeignKey("issue.id")),
    Column("person_id", ForeignKey("person.id")),
    Column("address", Text, nullable=False),
    Column("transport", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reply", Text),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
)
