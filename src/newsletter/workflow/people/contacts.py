"""What staff do with contacts: list, import, suppress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from newsletter.audience import presets, suppressions
from newsletter.audience.importing import Report, run_import
from newsletter.audience.indexes import ensure_indexes
from newsletter.audience.job import ImportJob
from newsletter.audience.sql import to_sql
from newsletter.errors import UsageError, nearest
from newsletter.i18n import say
from newsletter.model.address import AddressError, check_address
from newsletter.model.contact import full_name
from newsletter.model.mapping import ImportMapping
from newsletter.model.permission import Action, may, require
from newsletter.model.suppression import Reason
from newsletter.settings import STATE_FOLDER
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.store.tables import contact, institution
from newsletter.workflow.audience import parse_rule
from newsletter.workflow.context import Context


@dataclass(frozen=True, slots=True)
class ContactRow:
    code: str
    name: str
    role: str | None
    institution: str | None
    language: str | None
    address: str | None


def list_contacts(ctx: Context, rule: str, person: Person, *, limit: int) -> list[ContactRow]:
    """Contacts for whom a rule holds; addresses are masked for those who may not see them."""
    sees = may(person.roles, Action.CONTACTS)
    statement = (
        select(contact, institution.c.name.label("institution_name"))
        .select_from(contact.outerjoin(institution, institution.c.id == contact.c.institution_id))
        .where(contact.c.active.is_(True), contact.c.erased_at.is_(None), to_sql(parse_rule(ctx, rule), ctx.fields))
        .order_by(contact.c.id)
        .limit(limit)
    )
    with reading(ctx.engine) as connection:
        return [
            ContactRow(
                row.code,
                full_name(row.first_name, row.last_name),
                row.role,
                row.institution_name,
                row.language,
                row.address if sees else masked(row.address),
            )
            for row in connection.execute(statement)
        ]


def masked(address: str | None) -> str | None:
    """`a…@example.org`"""
    if address is None:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def import_file(
    ctx: Context,
    name: str,
    file: Path | None,
    person: Person,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Report:
    """Imports a file by a mapping of the workspace, or by a preset for another system's export."""
    require(person.name, person.roles, Action.CONTACTS)
    mapping = _mapping(ctx, name)
    if file is None:
        if mapping.file is None:
            raise UsageError(
                say("The mapping %(name)r names no file: newsletter audience import %(name)s FILE", name=name)
            )
        file = ctx.folder / mapping.file
    if not file.is_file():
        raise UsageError(say("There is no file %(file)s.", file=file))
    ensure_indexes(ctx.engine, ctx.fields)
    job = ImportJob(
        mapping=mapping,
        fields=ctx.fields,
        publications=ctx.publications,
        address_keys=ctx.secrets.address_keys,
        person_id=person.id,
        clock=ctx.clock,
        refused=_refused_file(ctx, name, file, dry_run),
        dry_run=dry_run,
    )
    return run_import(ctx.engine, job, file, on_progress)


def _refused_file(ctx: Context, name: str, file: Path, dry_run: bool) -> Path:
    """A file of its own for each import: what was refused last time stays."""
    at = f"{ctx.clock.now():%Y%m%d-%H%M%S}{'-dry' if dry_run else ''}"
    folder = ctx.folder / STATE_FOLDER if ctx.settings.documents == "folder" else file.parent  # there may be no folder
    return folder / f"refused-{name.replace('/', '-')}-{file.stem}-{at}.csv"


def suppress(ctx: Context, address: str, scope: str, person: Person, *, lift: bool) -> str:
    require(person.name, person.roles, Action.CONTACTS)
    try:
        check_address(address)
    except AddressError as error:
        raise UsageError(say("This is no address: %(error)s", error=error)) from None
    key, now = suppressions.key_of(address, ctx.secrets.address_keys), ctx.clock.now()
    with writing(ctx.engine) as connection:
        if lift:
            suppressions.lift(connection, key, scope, person.id, "by the command line", now)
            return f"Taken off the do-not-mail list ({scope})."
        suppressions.add(connection, key, scope, Reason.MANUAL, now)
        known = connection.scalar(select(contact.c.id).where(contact.c.address_key == key).limit(1))
    return f"On the do-not-mail list ({scope})." + ("" if known else " No contact has this address now.")


def _mapping(ctx: Context, name: str) -> ImportMapping:
    if name in presets.PRESETS:
        return presets.PRESETS[name]
    if name not in ctx.imports:
        known = [*ctx.imports, *presets.PRESETS]
        raise UsageError(
            say("There is no mapping subscribers/imports/%(name)s.yaml: %(hint)s", name=name, hint=nearest(name, known))
        )
    return ctx.mapping(name)
