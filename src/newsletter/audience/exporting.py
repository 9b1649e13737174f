"""Contacts as CSV, safe to open in a spreadsheet, and to import again: the guard is taken off on the way in."""

from __future__ import annotations

import csv
from typing import TextIO

from sqlalchemy import Connection, select

from newsletter.audience.reading import GUARD
from newsletter.audience.records import CORE, values_of
from newsletter.audience.sql import to_sql
from newsletter.model.fields import Fields
from newsletter.model.rule import EVERYBODY, Node
from newsletter.store.tables import contact, institution

# What makes a spreadsheet take a cell for a formula (ASVS 1.2.10), full-width forms among them.
FORMULA_SIGNS = tuple("=+-@\t\r＝＋－＠")


def guarded(cell: str) -> str:
    return GUARD + cell if cell.startswith(FORMULA_SIGNS) else cell


def export_contacts(connection: Connection, stream: TextIO, fields: Fields, rule: Node = EVERYBODY) -> int:
    """Writes the contacts that meet a rule, one a line, with a header of field names; returns how many.

    The stream is opened with newline="" (encoding utf-8-sig suits spreadsheets). Erased contacts are left out.
    """
    core = [name for name in CORE["contact"] if name != "institution_id"]
    own = [field.name for field in fields.of("contact") if field.own]
    writer = csv.writer(stream)
    writer.writerow(["institution", *core, *own])
    rows = connection.execution_options(yield_per=1000).execute(
        select(*contact.columns, institution.c.code.label("institution_code"))
        .select_from(contact.outerjoin(institution, institution.c.id == contact.c.institution_id))
        .where(contact.c.erased_at.is_(None), to_sql(rule, fields))
        .order_by(contact.c.id)
    )
    count = 0
    for row in rows.mappings():
        values = values_of("contact", dict(row))
        cells = [row["institution_code"], *(values.get(name) for name in (*core, *own))]
        writer.writerow([guarded(_text(cell)) for cell in cells])
        count += 1
    return count


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ";".join(map(str, value))
    return str(value)
