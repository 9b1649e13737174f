"""What recipients decide on their own pages, known by the signed token of a message that they got.

Opening a page changes nothing. The token of a preview or a test (an inert id) leads to pages that change nothing at
all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from newsletter.audience import consent
from newsletter.audience.consent import Act, new_source
from newsletter.i18n import match
from newsletter.model.contact import SourceKind, SubscriptionState
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, delivery, run
from newsletter.tokens import INERT_ID, Purpose
from newsletter.workflow.context import Context
from newsletter.workflow.people.contacts import masked


@dataclass(frozen=True, slots=True)
class Reader:
    """Who came with a token: the contact of a delivery."""

    contact_id: int | None  # none: the page of a preview, or of somebody who was erased
    publication: str
    masked: str  # the address as the page shows it
    language: str
    chosen_language: str | None
    active: frozenset[str]  # publications that they get by subscription


def reader_of(ctx: Context, purpose: Purpose, token: str) -> Reader | None:
    """None for a token that is not ours: the page then says nothing about anybody."""
    id_ = ctx.secrets.key_ring.verify(purpose, token)
    if id_ is None:
        return None
    if id_ == INERT_ID:
        return Reader(None, "", "", ctx.settings.default_language, None, frozenset())
    statement = (
        select(delivery.c.contact_id, delivery.c.language, run.c.publication, contact.c.address, contact.c.erased_at)
        .add_columns(contact.c.language.label("chosen"))
        .select_from(
            delivery.join(run, run.c.id == delivery.c.run_id).outerjoin(contact, contact.c.id == delivery.c.contact_id)
        )
        .where(delivery.c.id == id_)
    )
    with reading(ctx.engine) as connection:
        row = connection.execute(statement).first()
        if row is None:
            return None
        states = consent.states(connection, row.contact_id)
    here = None if row.erased_at is not None or row.address is None else row.contact_id
    return Reader(
        contact_id=here,
        publication=row.publication,
        masked=masked(row.address) or "",
        language=row.language or ctx.settings.default_language,
        chosen_language=row.chosen,
        active=frozenset(name for name, state in states.items() if state == SubscriptionState.ACTIVE),
    )


def end(ctx: Context, reader: Reader, publication: str | None, *, page: str) -> None:
    """Ends one subscription, or all. Said again, it changes nothing; a send that is under way heeds it."""
    if reader.contact_id is None:
        return
    with writing(ctx.engine) as connection:
        act = _act(ctx, connection, reader, page)
        if publication is None:
            consent.unsubscribe_all(connection, reader.contact_id, act)
        else:
            consent.unsubscribe(connection, reader.contact_id, publication, act)


def begin(ctx: Context, reader: Reader, publication: str, *, page: str) -> None:
    """Takes an unsubscription back, or subscribes."""
    if reader.contact_id is None or publication not in ctx.publications or ctx.publications[publication].statutory:
        return
    with writing(ctx.engine) as connection:
        consent.subscribe(connection, reader.contact_id, publication, _act(ctx, connection, reader, page))


def choose(ctx: Context, reader: Reader, publications: Collection[str], language: str, *, page: str) -> None:
    """Exactly these publications, and the language; what a recipient chose no import overwrites."""
    if reader.contact_id is None:
        return
    offered = [name for name, each in ctx.publications.items() if not each.statutory]
    with writing(ctx.engine) as connection:
        act = _act(ctx, connection, reader, page)
        for name in offered:
            if name in publications and name not in reader.active:
                consent.subscribe(connection, reader.contact_id, name, act)
            elif name not in publications and name in reader.active:
                consent.unsubscribe(connection, reader.contact_id, name, act)
        tag = match([language], ctx.settings.languages)
        if tag is not None and tag != reader.chosen_language:
            row = connection.execute(select(contact.c.sources).where(contact.c.id == reader.contact_id)).one()
            sources = {**row.sources, "language": act.source_id}
            values = {"language": tag, "sources": sources, "updated_at": act.at}
            connection.execute(contact.update().where(contact.c.id == reader.contact_id).values(values))


def _act(ctx: Context, connection: Connection, reader: Reader, page: str) -> Act:
    now = ctx.clock.now()
    source = new_source(connection, SourceKind.RECIPIENT, page, now)
    return Act(source, now, language=reader.language)
