"""Institutions of an import: found by code, added or changed value by value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select, update

from newsletter.audience.job import Bite, Row
from newsletter.audience.json_sql import among
from newsletter.audience.records import columns_of, values_of
from newsletter.store.tables import institution


def take(bite: Bite, rows: list[Row]) -> None:
    """Adds and updates the institutions of one bite."""
    known = _known(bite, (row.values["code"] for row in rows))
    added, changed = [], []
    for row in rows:
        row.found = known.get(row.values["code"])
        if row.found is None:
            if row.values.get("name"):
                added.append(row)
            else:
                bite.refuse(row.line, "a new institution needs a name")
            continue
        row.id = row.found["id"]
        owners = bite.kinds.owners(row.found["sources"])
        row.changes = bite.writer.changes(row.found["values"], owners, row.values)
        if row.changes:
            changed.append(row)
    add(bite, [row.values for row in added])
    bite.change(_UPDATE, changed, _changed(changed))
    bite.remember("institution", changed)
    refused = sum(1 for row in rows if row.found is None) - len(added)
    bite.counts.update(
        added=len(added), updated=len(changed), unchanged=len(rows) - len(added) - len(changed) - refused
    )


def add(bite: Bite, told: list[dict[str, Any]]) -> None:
    """Adds institutions by their values."""
    columns = {**columns_of("institution", told), "sources": [bite.sources(values) for values in told]}
    bite.add(institution, columns, created_at=bite.now, updated_at=bite.now)


def _known(bite: Bite, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    rows = bite.connection.execute(select(institution).where(among(institution.c.code, codes))).mappings().all()
    bite.kinds.learn(bite.connection, (row["sources"] for row in rows))
    return {row["code"]: {**row, "values": values_of("institution", dict(row))} for row in rows}


_CHANGED = [c.name for c in institution.columns if c.name not in ("id", "code", "created_at", "updated_at")]
_UPDATE = (
    update(institution)
    .where(institution.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in [*_CHANGED, "updated_at"]})
)


def _changed(rows: list[Row]) -> dict[str, list[Any]]:
    columns = columns_of("institution", [{**row.found["values"], **row.changes} for row in rows if row.found])
    del columns["code"]
    return columns
