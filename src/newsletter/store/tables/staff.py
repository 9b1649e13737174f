"""Who works here, how they sign in, and what they did."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from newsletter.store.tables.base import metadata
from newsletter.store.types import Id, Instant, Json

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
