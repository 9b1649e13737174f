"""Row 1: none -> pending / skipped. The staged audience (store.ledger.ranking) becomes deliveries, a bite of positions
a commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Insert,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    not_,
    null,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON

from newsletter.store.ledger.sql import may_not_write, sql
from newsletter.store.tables import contact, delivery, institution, run, run_audience
from newsletter.store.types import Instant, Json

Values = Mapping[str, Sequence[ColumnElement[Any]]]

Due = Mapping[str, datetime]
NO_WAVES: Due = {}

NO_ADDRESS = "no address"
NO_LANGUAGE = "no language of this edition"

# Unique per issue for real sends, unique per run for a rehearsal.
SERVES = case((run.c.rehearsal, -run.c.id), else_=run.c.issue_id)

# The losers of the unique indexes: whoever shares an address with one that is served, or was served meanwhile.
COVERED = """
    INSERT INTO delivery (run_id, issue_id, contact_id, institution_id, state, reason, language, address, address_key,
                          domain, due_at, not_before, changed_at)
    SELECT run.id, run.issue_id, a.contact_id, c.institution_id, 'skipped',
           COALESCE((SELECT 'covered by contact ' || w.contact_id || ', who has the same address'
                       FROM delivery w
                      WHERE w.serves = CASE WHEN run.rehearsal THEN -run.id ELSE run.issue_id END
                        AND w.address_key = c.address_key AND w.contact_id <> c.id),
                    'covered by an earlier send of this issue'),
           a.language, c.address, c.address_key, c.domain, run.due_at, run.due_at, :now
      FROM run_audience a JOIN run ON run.id = a.run_id LEFT JOIN contact c ON c.id = a.contact_id
     WHERE a.run_id = :run AND a.position <= :upto
       AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.run_id = :run AND d.contact_id = a.contact_id)
"""

LAID_OUT = "DELETE FROM run_audience WHERE run_id = :run AND position <= :upto"

POSITION = "UPDATE run SET position = :upto WHERE id = :run"


@dataclass(frozen=True, slots=True)
class Bite:
    """Staged positions up to `upto`: so many contacts."""

    upto: int
    contacts: int


NEXT_BITE = """
    SELECT MAX(position) AS upto, COUNT(*) AS contacts
      FROM (SELECT position FROM run_audience WHERE run_id = :run ORDER BY position LIMIT :size) AS bite
"""


def next_bite(connection: Connection, run_id: int, size: int) -> Bite | None:
    """The first staged positions that are left."""
    row = connection.execute(sql(NEXT_BITE), {"run": run_id, "size": size}).one()
    return Bite(row.upto, row.contacts) if row.contacts else None


def lay_out(connection: Connection, insertion: Insert, run_id: int, bite: Bite, *, now: datetime) -> None:
    """Row 1 for a bite, and the launch's position, in one commit. `insertion` is made once, by `insertion`."""
    values = {"run": run_id, "upto": bite.upto, "now": now}
    if _inserted(connection, insertion, values) < bite.contacts:
        connection.execute(sql(COVERED, instants=("now",)), values)
    connection.execute(sql(LAID_OUT), values)
    connection.execute(sql(POSITION), values)


def _inserted(connection: Connection, insertion: Insert, values: Mapping[str, Any]) -> int:
    """Python's sqlite3 counts no rows of a statement that begins with WITH; SQLite itself does."""
    result = connection.execute(insertion, values)
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("SELECT changes()").scalar_one())
    return result.rowcount


def insertion(values: Values, dialect: str, due: Due = NO_WAVES) -> Insert:
    """The INSERT of a bite; its parameters are run, upto and now. `due`: when it is due, by time zone."""
    there = and_(run_audience.c.run_id == bindparam("run"), run_audience.c.position <= bindparam("upto"))
    # Materialised, so that the reason is looked up once a row; in the order of the key, which needs no sorting.
    ordered = _ranked(values, dialect, due).where(there).order_by(run_audience.c.position)
    ranked = ordered.cte("ranked").prefix_with("MATERIALIZED")
    left_out = ranked.c.reason.is_not(None)
    columns: dict[str, Any] = {
        "run_id": ranked.c.run_id,
        "issue_id": ranked.c.issue_id,
        "serves": case((left_out, null()), else_=ranked.c.serves),
        "contact_id": ranked.c.contact_id,
        "institution_id": ranked.c.institution_id,
        "state": case((left_out, "skipped"), else_="pending"),
        "reason": ranked.c.reason,
        "language": ranked.c.language,
        "variant": ranked.c.variant,
        "address": ranked.c.address,
        "address_key": ranked.c.address_key,
        "domain": ranked.c.domain,
        "field_values": case((left_out, null()), else_=ranked.c.field_values),
        "due_at": ranked.c.due_at,
        "not_before": ranked.c.due_at,
        "changed_at": bindparam("now", type_=Instant()),
    }
    chosen = select(*columns.values()).where(true())
    if dialect == "postgresql":
        return postgresql.insert(delivery).from_select(list(columns), chosen).on_conflict_do_nothing()
    return sqlite.insert(delivery).from_select(list(columns), chosen).on_conflict_do_nothing()


def _due(due: Due) -> ColumnElement[Any]:
    """By the contact's zone, else the institution's, else when the run is due."""
    zones: dict[datetime, list[str]] = {}
    for zone, at in due.items():
        zones.setdefault(at, []).append(zone)
    named = func.coalesce(contact.c.time_zone, institution.c.time_zone)
    whens = [(named.in_(each), literal(at, Instant())) for at, each in zones.items()]
    return case(*whens, else_=run.c.due_at) if whens else run.c.due_at


def _ranked(values: Values, dialect: str, due: Due) -> Select[Any]:
    """Staged contacts with all that a delivery needs, and the reason where one is left out."""
    is_active = "(COALESCE(contact.active, false) AND contact.erased_at IS NULL)"  # false: deleted since it was staged
    may_not = may_not_write("run_audience.contact_id", "contact.address_key", active=is_active)
    reason = case(
        (run_audience.c.skip.is_not(None), run_audience.c.skip),
        (run_audience.c.language.is_(None), literal(NO_LANGUAGE)),
        (contact.c.address_key.is_(None), literal(NO_ADDRESS)),
        else_=literal_column(may_not, Text()),
    )
    joined = (
        run_audience.join(run, run.c.id == run_audience.c.run_id)
        .outerjoin(contact, contact.c.id == run_audience.c.contact_id)
        .outerjoin(institution, institution.c.id == contact.c.institution_id)
    )
    return select(
        run_audience.c.run_id,
        run_audience.c.contact_id,
        run_audience.c.language,
        run_audience.c.variant,
        run.c.issue_id,
        _due(due).label("due_at"),
        SERVES.label("serves"),
        contact.c.institution_id,
        contact.c.address,
        contact.c.address_key,
        contact.c.domain,
        reason.label("reason"),
        _by_language(values, dialect).label("field_values"),
    ).select_from(joined)


def _by_language(values: Values, dialect: str) -> ColumnElement[Any]:
    arrays = [(run_audience.c.language == language, json_array(each, dialect)) for language, each in values.items()]
    return case(*arrays, else_=null()) if arrays else null()


def json_array(values: Sequence[ColumnElement[Any]], dialect: str) -> ColumnElement[Any]:
    """The field values as one JSON array, made by the database."""
    if dialect == "postgresql":
        return func.jsonb_build_array(*values, type_=Json)
    return func.json_array(*[_sqlite_json(each) for each in values], type_=Json)


def _sqlite_json(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """SQLite keeps JSON and booleans as text and numbers; `json()` says that they are JSON."""
    if isinstance(value.type, JSON):
        return func.json(value)
    if isinstance(value.type, Boolean):
        return func.json(case((value, "true"), (not_(value), "false")))
    return value
