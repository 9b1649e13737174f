"""Whom a preview is shown as: a real contact, the public profile, or a worst case that is looked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, or_, select

from newsletter.audience import examples
from newsletter.audience.select import meets
from newsletter.audience.sql import to_sql
from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.message.parts import CompiledLanguage
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree
from newsletter.model.campaign import Campaign
from newsletter.model.contact import full_name
from newsletter.model.permission import Action, may
from newsletter.model.recipient import Recipient
from newsletter.model.rule import Compare
from newsletter.store.engine import reading
from newsletter.store.people import Person
from newsletter.store.tables import contact, institution
from newsletter.workflow.audience import audience_rule
from newsletter.workflow.context import Context
from newsletter.workflow.people import lookup
from newsletter.workflow.people.contacts import masked

PUBLIC, LONGEST, EMPTIEST, LARGEST = "", "longest", "emptiest", "largest"
NAMES = ("title", "first_name", "last_name")
FOUND = 20  # contacts that a search lists
CANDIDATES = 200  # contacts whose messages are compared for the largest


@dataclass(frozen=True, slots=True)
class Found:
    """A contact that a search found. `address` is masked for those who may not see it."""

    id: int
    name: str
    institution: str
    language: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Specimen:
    """A recipient to be shown, with the contacts before and after them in the same language."""

    recipient: Recipient
    previous: int | None = None
    next: int | None = None


def search(ctx: Context, asked: str, person: Person) -> list[Found]:
    """Contacts as the search of every page finds them: by name, institution, domain or whole address."""
    sees = may(person.roles, Action.CONTACTS)
    ids = lookup.contacts(ctx, asked)
    with reading(ctx.engine) as connection:
        rows = connection.execute(_listed().where(contact.c.id.in_(ids)).limit(FOUND)).all()
    return [
        Found(row.id, name_of(row), row.institution or "", row.language, row.address if sees else masked(row.address))
        for row in rows
    ]


def specimen(
    ctx: Context, name: str, campaign: Campaign, compiled: CompiledLanguage, wanted: str, person: Person
) -> Specimen:
    """`wanted`: the id of a contact, nothing for the public profile, or one of the worst cases.

    The address of a real contact is left out for those who may not see addresses.
    """
    language = compiled.language
    if wanted == PUBLIC:
        return Specimen(examples.public(campaign.public, ctx.fields, language))
    among = _audience(ctx, name, campaign, language)
    with reading(ctx.engine) as connection:
        id_ = int(wanted) if wanted.isascii() and wanted.isdigit() else _worst(connection, ctx, compiled, wanted, among)
        shown = examples.by_ids(connection, [id_], ctx.fields, language) if id_ is not None else []
        if not shown:
            raise UsageError(say("There is no such contact: look for another by name, institution or address."))
        ids = select(contact.c.id).where(among).limit(1)
        before = connection.scalar(ids.where(contact.c.id < id_).order_by(contact.c.id.desc()))
        after = connection.scalar(ids.where(contact.c.id > id_).order_by(contact.c.id))
    return Specimen(shown[0] if may(person.roles, Action.CONTACTS) else replace(shown[0], address=""), before, after)


def first_reader(ctx: Context, name: str, campaign: Campaign, language: str) -> Recipient:
    """A contact who reads a language and has a name, else any who does, else the public profile."""
    reads = select(contact.c.id).where(_audience(ctx, name, campaign, language)).order_by(contact.c.id).limit(1)
    surely = contact.c.language.is_not(None), func.coalesce(contact.c.last_name, "") != ""
    with reading(ctx.engine) as connection:
        for statement in (reads.where(*surely), reads):
            if (found := connection.scalar(statement)) is not None:
                return examples.by_ids(connection, [found], ctx.fields, language)[0]
    return examples.public(campaign.public, ctx.fields, language)


def name_of(row: Any) -> str:
    return full_name(row.title, row.first_name, row.last_name) or row.role or row.code


def _listed() -> Select[Any]:
    columns = ("id", "code", "title", "first_name", "last_name", "role", "language", "address")
    return (
        select(*(contact.c[each] for each in columns), institution.c.name.label("institution"))
        .select_from(contact.outerjoin(institution, institution.c.id == contact.c.institution_id))
        .where(contact.c.active.is_(True), contact.c.erased_at.is_(None))
        .order_by(contact.c.id)
    )


def _audience(ctx: Context, name: str, campaign: Campaign, language: str) -> ColumnElement[bool]:
    """Those whom the campaign is for and who read this language, or say nothing about theirs."""
    rule = audience_rule(ctx, name, campaign, [language])
    own = contact.c.language
    reads = or_(own.is_(None), own == language, func.substr(own, 1, len(language) + 1) == f"{language}-")
    return meets(rule, ctx.fields) & reads


def _worst(
    connection: Connection, ctx: Context, compiled: CompiledLanguage, wanted: str, among: ColumnElement[bool]
) -> int | None:
    length: ColumnElement[int] = sum(
        (func.length(func.coalesce(contact.c[each], "")) for each in NAMES), start=literal(0)
    )
    ids = select(contact.c.id).where(among)
    longest = ids.order_by(length.desc(), contact.c.id)
    if wanted == LONGEST:
        return connection.scalar(longest.limit(1))
    if wanted == EMPTIEST:
        empty = [to_sql(Compare(path, "==", None), ctx.fields) for path in compiled.fields]
        number: ColumnElement[int] = sum((case((each, 1), else_=0) for each in empty), start=literal(0))
        return connection.scalar(ids.order_by(number.desc(), contact.c.id).limit(1))
    if wanted == LARGEST:
        some = examples.by_ids(connection, connection.scalars(longest.limit(CANDIDATES)), ctx.fields, compiled.language)
        return max(some, key=lambda each: _size(compiled, each)).contact_id if some else None
    return None


def _size(compiled: CompiledLanguage, recipient: Recipient) -> int:
    """About the length of a recipient's message, in characters: what is fixed in it, and the values."""
    values = field_values(recipient, compiled.fields)
    number = bind_tree(compiled.tree, compiled.fields, compiled.language)(values)
    if number is None:
        return 0
    fixed = sum(len(part) for part in compiled.variants[number].html if isinstance(part, str))
    return fixed + sum(len(str(value)) for value in values if value is not None)
