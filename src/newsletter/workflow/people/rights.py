"""What a contact may ask for, done by staff: end subscriptions, a copy of the data, erasure. Each names the person."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from newsletter.audience.consent import Act, new_source, unsubscribe, unsubscribe_all
from newsletter.audience.erasure import erase
from newsletter.audience.exporting import export_contacts
from newsletter.audience.suppressions import key_of
from newsletter.errors import UsageError, nearest
from newsletter.i18n import say
from newsletter.model.address import AddressError, check_address
from newsletter.model.contact import SourceKind
from newsletter.model.permission import Action, require
from newsletter.store import audit
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.store.tables import contact
from newsletter.workflow.audience import parse_rule
from newsletter.workflow.context import Context


def contacts_of(ctx: Context, address: str) -> list[int]:
    """The contacts of a mailbox, which several may share; UsageError where nobody has it."""
    try:
        check_address(address)
    except AddressError as error:
        raise UsageError(say("This is no address: %(error)s", error=error)) from None
    key = key_of(address, ctx.secrets.address_keys)
    statement = select(contact.c.id).where(contact.c.address_key == key, contact.c.erased_at.is_(None))
    with reading(ctx.engine) as connection:
        found = list(connection.scalars(statement.order_by(contact.c.id)))
    if not found:
        raise UsageError(say("No contact has this address."))
    return found


def end_subscriptions(ctx: Context, address: str, publication: str | None, person: Person) -> str:
    """Ends one subscription, or all; statutory notices still come."""
    require(person.name, person.roles, Action.CONTACTS)
    if publication is not None and publication not in ctx.publications:
        raise UsageError(
            say(
                "There is no publication %(publication)r: %(hint)s",
                publication=publication,
                hint=nearest(publication, ctx.publications),
            )
        )
    ids = contacts_of(ctx, address)
    with writing(ctx.engine) as connection:
        now = ctx.clock.now()
        act = Act(new_source(connection, SourceKind.STAFF, "command line", now, person.id), now)
        for id_ in ids:
            if publication is None:
                unsubscribe_all(connection, id_, act)
            else:
                unsubscribe(connection, id_, publication, act)
    return f"{publication or 'All subscriptions'} ended for {len(ids)} contact{'s' if len(ids) > 1 else ''}."


def erase_contacts(ctx: Context, address: str, person: Person) -> int:
    """Erases the contacts of a mailbox; what was sent stays in the sums, without their data. Says how many."""
    require(person.name, person.roles, Action.CONTACTS)
    ids = contacts_of(ctx, address)
    with writing(ctx.engine) as connection:
        for id_ in ids:
            erase(connection, id_, person.id, ctx.clock.now())
    return len(ids)


def export(ctx: Context, file: Path, rule: str, person: Person) -> int:
    """Writes the contacts that meet a rule as CSV; says how many. The audit log keeps who took them."""
    require(person.name, person.roles, Action.CONTACTS)
    tree = parse_rule(ctx, rule)
    with reading(ctx.engine) as connection, open(file, "w", encoding="utf-8-sig", newline="") as stream:
        number = export_contacts(connection, stream, ctx.fields, tree)
    with writing(ctx.engine) as connection:
        data = {"count": number}
        audit.note(connection, "export", "contacts", at=ctx.clock.now(), person_id=person.id, data=data)
    return number
