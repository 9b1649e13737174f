"""Who would get an issue, contact by contact, and who is left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from newsletter.audience.count import Count, explain
from newsletter.audience.select import AudienceRule, recipients
from newsletter.audience.sql import to_sql
from newsletter.model.permission import Action, may
from newsletter.model.rule import Node
from newsletter.store.engine import reading
from newsletter.store.people import Person
from newsletter.store.tables import contact, institution
from newsletter.workflow.context import Context
from newsletter.workflow.people.contacts import masked
from newsletter.workflow.people.specimens import name_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class Addressee:
    """A contact of the audience; `reason` says what holds the message back, None where it goes."""

    id: int
    name: str
    institution: str
    language: str | None
    address: str | None  # masked for who may not see it
    reason: str | None


def count(ctx: Context, rule: AudienceRule) -> Count:
    with reading(ctx.engine) as connection:
        return explain(connection, rule, ctx.fields)


def names(ctx: Context, ids: Iterable[int]) -> dict[int, str]:
    """Contacts as pages name them."""
    columns = (contact.c[name] for name in ("id", "code", "title", "first_name", "last_name", "role"))
    with reading(ctx.engine) as connection:
        rows = connection.execute(select(*columns).where(contact.c.id.in_(set(ids)))).all()
    return {row.id: name_of(row) for row in rows}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the audience a page lists: who gets it (`served`) or who is left out, and of them whom a rule meets."""

    served: bool = True
    language: str = ""
    only: Node | None = None
    after: int = 0  # the id of the last one on the page before


def addressees(ctx: Context, rule: AudienceRule, person: Person, wanted: Wanted) -> Sequence[Addressee]:
    """One page of them, by their ids."""
    found = recipients(rule, ctx.fields).order_by(None).subquery()
    names = ("id", "code", "title", "first_name", "last_name", "role", "address")
    statement = (
        select(
            *(contact.c[name] for name in names),
            institution.c.name.label("institution"),
            found.c.language,
            found.c.skip,
        )
        .select_from(
            found.join(contact, contact.c.id == found.c.contact_id).outerjoin(
                institution, institution.c.id == contact.c.institution_id
            )
        )
        .where(found.c.skip.is_(None) if wanted.served else found.c.skip.is_not(None), contact.c.id > wanted.after)
        .order_by(contact.c.id)
        .limit(PAGE)
    )
    if wanted.language:
        statement = statement.where(found.c.language == wanted.language)
    if wanted.only is not None:
        statement = statement.where(to_sql(wanted.only, ctx.fields))
    sees = may(person.roles, Action.CONTACTS)
    with reading(ctx.engine) as connection:
        rows = connection.execute(statement).all()
    return [
        Addressee(
            row.id,
            name_of(row),
            row.institution or "",
            row.language,
            row.address if sees else masked(row.address),
            row.skip,
        )
        for row in rows
    ]
