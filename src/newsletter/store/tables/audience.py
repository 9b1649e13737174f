"""Institutions, contacts, what they get and why, and who is not to be mailed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, text
from sqlalchemy.engine.default import DefaultExecutionContext

from newsletter.store.folding import folded_name
from newsletter.store.tables.base import metadata
from newsletter.store.types import Id, Instant, Json


def _folded_name(context: DefaultExecutionContext) -> str | None:
    told = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return folded_name(told.get("first_name"), told.get("last_name"))


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
