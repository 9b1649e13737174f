"""The schema. Tables are singular and named with the words of docs/architecture.md; times end in `_at`.

Definitions live in the workspace as documents; everything here is a fact: what was imported, frozen, approved, sent,
learnt. Columns of own fields and of the sources of values are one JSON column each.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext

from newsletter.model.delivery import AttemptState, DeliveryState, RunState
from newsletter.store.folding import folded_name
from newsletter.store.types import Id, Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, values: type[DeliveryState] | type[AttemptState] | type[RunState]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _folded_name(context: DefaultExecutionContext) -> str | None:
    told = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return folded_name(told.get("first_name"), told.get("last_name"))


# Facts about this database itself: fingerprint of the suppression key, public URL, transport, owner.
meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("address", Text),
    Column("roles", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("language", String(35)),  # of the studio; null: what the browser asks for
    Column("password", Text),  # argon2 hash; null: cannot sign in by password yet
    Column("totp_secret", Text),  # base32; null: no second factor
    Column("ended_at", Instant),  # has left: keeps their name in the record, may do nothing
)

# A person signed in on one device. The cookie holds a random token, the row its hash; ended from anywhere.
session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("device", Text, nullable=False),  # browser and system, in words
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "person_id"),
)

# A link that works once: the first administrator, a new colleague, a forgotten password.
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("person_id", ForeignKey("person.id")),  # null: whoever comes first becomes an administrator
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

# Failed sign-ins, by a hash of what was typed and by a hash of where it came from: so that guessing is slowed.
sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "key", "at"),
)

# Where values came from: kind is recipient, staff or import (precedence in that order).
source = Table(
    "source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("person_id", ForeignKey("person.id")),
    Column("name", Text, nullable=False),  # the mapping and file of an import, the page of a recipient
    Column("file_hash", String(64)),
    Column("at", Instant, nullable=False),
)

institution = Table(
    "institution",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(64), nullable=False, unique=True),  # the association's own identifier
    Column("name", Text, nullable=False),
    Column("names", Json, nullable=False),  # by language
    Column("country", String(2)),  # ISO 3166-1 alpha-2
    Column("region", Text),
    Column("category", Text),
    Column("status", String(16), nullable=False),  # member, associate, suspended, left
    Column("languages", Json, nullable=False),  # in order of preference
    Column("time_zone", Text),
    Column("topics", Json, nullable=False),
    Column("fields", Json, nullable=False),  # own fields
    Column("sources", Json, nullable=False),  # field -> source id
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(None, "country"),
    Index(None, "region"),
)

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("institution_id", ForeignKey("institution.id")),
    Column("code", String(128), nullable=False, unique=True),  # external id, else made from institution and address
    Column("address", Text),  # as given; null once erased or where there is none
    Column("address_key", String(32)),
    Column("domain", Text),
    Column("title", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("folded_name", Text, default=_folded_name),  # both names, as a search compares them
    Column("role", Text),
    Column("language", String(35)),
    Column("time_zone", Text),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("fields", Json, nullable=False),
    Column("sources", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("erased_at", Instant),  # values are gone, key and state stay; no import revives the contact
    Index(None, "institution_id"),
    Index(None, "address_key"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("contact_id", ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True),
    Column("publication", String(64), primary_key=True),
    Column("state", String(16), nullable=False),  # active, ended, unconfirmed
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("source_id", ForeignKey("source.id")),
    Index("ix_subscription_publication_state", "publication", "state", "contact_id"),
)

# Append-only proof of every beginning and end of a subscription.
consent = Table(
    "consent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
    Column("publication", String(64), nullable=False),  # '*': all news, in "unsubscribe from all"
    Column("action", String(16), nullable=False),  # given, withdrawn
    Column("basis", String(32), nullable=False),  # consent, membership, legitimate-interest, statutory
    Column("wording", Text),
    Column("language", String(35)),
    Column("source_id", ForeignKey("source.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "contact_id"),
)

# scope: 'address' (dead, complained), 'news' (all news), or 'publication:<name>'.
suppression = Table(
    "suppression",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_key", String(32), nullable=False),
    Column("scope", String(80), nullable=False),
    Column("reason", String(32), nullable=False),  # unsubscribed, bounced, complained, erased, manual, ...
    Column("source_id", ForeignKey("source.id")),
    Column("at", Instant, nullable=False),
    UniqueConstraint("address_key", "scope"),
)

issue = Table(
    "issue",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # model.issue: the stored part; sending, paused, sent are derived
    Column("planned_at", Instant),
    Column("note", Text),  # why it is held, missed or cancelled
    Column("changed_by", ForeignKey("person.id")),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("campaign", "key"),
)

edition = Table(
    "edition",
    metadata,
    Column("id", Id, primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("language_hashes", Json, nullable=False),
    # publication, transports, planned time, audience rule, copies rule, ...: all that the hash covers, as text
    Column("definition", Json, nullable=False),
    # per language: subject text, field paths in order, decision tree
    Column("languages", Json, nullable=False),
    Column("frozen_by", ForeignKey("person.id"), nullable=False),
    Column("frozen_at", Instant, nullable=False),
    UniqueConstraint("issue_id", "number"),
)

edition_variant = Table(
    "edition_variant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("language", String(35), nullable=False),
    Column("number", Integer, nullable=False),
    Column("answers", Json, nullable=False),
    Column("segments", LargeBinary, nullable=False),  # zlib-compressed JSON, never pickle
    UniqueConstraint("edition_id", "language", "number"),
)

asset = Table(
    "asset",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("name", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("bytes", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

edition_asset = Table(
    "edition_asset",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("sha256", ForeignKey("asset.sha256", ondelete="RESTRICT"), primary_key=True),
)

# {public_url}/i/<campaign>/<key>/<language>/<article>: an article without a link of its own, as it was approved.
edition_page = Table(
    "edition_page",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("article", String(128), primary_key=True),
    Column("title", Text, nullable=False),  # HTML, as all three
    Column("summary", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("picture", Json),
    Column("event", Json),
)

# {public_url}/l/<issue id>/<number> -> target; mended for everyone by changing the row.
link = Table(
    "link",
    metadata,
    Column("issue_id", ForeignKey("issue.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("target", Text, nullable=False),
    Column("article", String(128)),
    Column("language", String(35)),
    Column("changed_at", Instant),
    Column("changed_by", ForeignKey("person.id")),
    Column("followed", Integer, nullable=False, server_default="0"),  # how often, by whomever: no person is kept
)

approval = Table(
    "approval",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("edition_hash", String(64), nullable=False),
    Column("recipient_count", Integer, nullable=False),
    Column("language", String(35)),  # null: the whole edition; else a sign-off of one language
    Column("language_hash", String(64)),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("decision", String(16), nullable=False),  # approved, changes
    Column("comment", Text),
    Column("at", Instant, nullable=False),
    Column("void_at", Instant),
    Index(None, "edition_id"),
)

# A warning of the checks that somebody accepted, with the reason: kept with the issue.
acceptance = Table(
    "acceptance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    Column("finding", String(64), nullable=False),  # hash of code, place and words: another finding is another warning
    Column("told", Text, nullable=False),  # what the warning said
    Column("reason", Text, nullable=False),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("issue_id", "finding"),
)

# What an approver says about a place of an edition.
review_comment = Table(
    "review_comment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("language", String(35)),
    Column("item", String(128)),  # an item of the draft, 'subject', or null: the whole
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "edition_id"),
)

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

# What a delivery takes up: null, and so no duplicate of anything, where it is skipped.
SERVED_SCOPE = "(CASE WHEN state <> 'skipped' THEN scope_id END)"

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("issue_id", ForeignKey("issue.id"), nullable=False),
    # Uniqueness: the issue's id for real sends, minus the run's id for a rehearsal (unique per run).
    Column("scope_id", Id, nullable=False),
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
    # deliveries of a contact too, so that a launch fills one index less.
    Index("uq_delivery_contact_scope", "contact_id", text(SERVED_SCOPE), unique=True),
    Index(
        "uq_delivery_scope_address",
        "scope_id",
        "address_key",
        unique=True,
        sqlite_where=text("state <> 'skipped'"),
        postgresql_where=text("state <> 'skipped'"),
    ),
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

firing = Table(
    "firing",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign", String(64), nullable=False),
    Column("planned_wall", String(19), nullable=False),  # local wall time: what the rule says
    Column("planned_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),  # model.recurrence.FiringState
    Column("issue_id", ForeignKey("issue.id")),
    Column("note", Text),
    Column("fired_at", Instant, nullable=False),
    UniqueConstraint("campaign", "planned_wall"),
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

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("person_id", ForeignKey("person.id")),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", Json, nullable=False),
    Index(None, "subject"),
)

# Old bytes of every document that was written through the program: history and undo.
document_version = Table(
    "document_version",
    metadata,
    Column("id", Id, primary_key=True),
    Column("path", Text, nullable=False),
    Column("before", LargeBinary),  # null: the document did not exist
    Column("operation", Text, nullable=False),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "path"),
)

# What a feed said last time, so that it is not fetched twice.
feed = Table(
    "feed",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("fetched_at", Instant, nullable=False),
)
