"""What is written and approved: issues, frozen editions with pages and links, approvals, the schedule."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from newsletter.store.tables.base import metadata
from newsletter.store.types import Id, Instant, Json

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
    Column("original", Text, nullable=False, server_default=""),  # what the issue says; its number is found by it
    Column("article", String(128)),
    Column("language", String(35)),
    Column("changed_at", Instant),
    Column("changed_by", ForeignKey("person.id")),
    Column("followed", Integer, nullable=False, server_default="0"),  # how often, by whomever: no person is kept
)

# Whether the links of an issue lead anywhere, as tried last; null until the trial has come to its end.
link_trial = Table(
    "link_trial",
    metadata,
    Column("issue_id", ForeignKey("issue.id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("addresses", Json, nullable=False),
    Column("tried_at", Instant),
    Column("silent", Json),  # what became of those that did not answer, by address
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

# The definitions, where their home is the database and not a folder (`newsletter push`).
document = Table(
    "document",
    metadata,
    Column("path", Text, primary_key=True),
    Column("sha256", ForeignKey("document_content.sha256")),  # null: removed; the row tells those who had it
    Column("version", Id, nullable=False),  # the number of its last change in document_version: they only rise
    Column("changed_by", ForeignKey("person.id"), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "version"),
)

# Their bytes, those that documents have left a short while ago too: who reads as of a moment finds what there was then.
document_content = Table(
    "document_content",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# Bytes that may be nobody's: laid down before their document is, or left by it. Housekeeping looks at these alone.
document_remnant = Table(
    "document_remnant",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("at", Instant, nullable=False),  # when it was laid down or left last
    Index(None, "at"),
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
