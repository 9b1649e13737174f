"""Before row 1: the audience, ranked in one statement, is counted, given its variants, and staged for the launch.

The ranking stands in temporary tables of the launch's connection, so making it shuts nobody out; then it is copied
into `run_audience` in bites, and survives a crash from there.

The order of the launch is that of the audience. A large one keeps it in blocks only, and within a block is in the order
of the address keys: so a bite of deliveries meets few pages of either unique index, although their orders have nothing
in common (half of the writing).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
)

from newsletter.store.ledger.layout import json_array
from newsletter.store.ledger.sql import sql
from newsletter.store.tables import contact, institution
from newsletter.store.types import Id

ranking = Table(
    "ranking",
    MetaData(),
    Column("position", Integer, primary_key=True),
    Column("contact_id", Id, nullable=False),
    Column("language", String(35)),
    Column("variant", Integer),
    Column("skip", Text),
    prefixes=["TEMPORARY"],
)

ordered = Table(
    "ordered",
    ranking.metadata,
    *(Column(each.name, each.type, primary_key=each.primary_key) for each in ranking.columns),
    prefixes=["TEMPORARY"],
)

BLOCK = 25_000  # a fortieth of the keys of a million contacts, and as many index pages of contacts

FindVariant = Callable[[Sequence[Any]], int | None]

# Nobody is served twice: whom an earlier run of the issue has served, or is about to, is not in this one.
LEAVE_OUT_SERVED = """
    DELETE FROM ranking
     WHERE EXISTS (SELECT 1 FROM delivery d
                    WHERE d.contact_id = ranking.contact_id
                      AND d.serves = :serves)
"""

ORDER_BLOCK = """
    INSERT INTO ordered (contact_id, language, variant, skip)
    SELECT r.contact_id, r.language, r.variant, r.skip
      FROM ranking r LEFT JOIN contact c ON c.id = r.contact_id
     WHERE r.position > :after AND r.position <= :upto
     ORDER BY CASE WHEN :large THEN c.address_key END, r.position  -- who share an address: the first in rank wins
"""

STAGE = """
    INSERT INTO run_audience (run_id, position, contact_id, language, variant, skip)
    SELECT :run, position, contact_id, language, variant, skip
      FROM ordered
     WHERE position > :after AND position <= :upto
"""

# One parameter for all positions: thousands of them would take longer to bind than the statement takes.
SET_VARIANT = {
    "sqlite": """
        UPDATE ranking SET variant = :variant
         WHERE position IN (SELECT value FROM json_each(:positions))
    """,
    "postgresql": """
        UPDATE ranking SET variant = :variant
         WHERE position IN (SELECT CAST(value AS integer) FROM jsonb_array_elements_text(CAST(:positions AS jsonb)))
    """,
}

COUNTS = """
    SELECT COUNT(*) AS contacts, COALESCE(SUM(CASE WHEN skip IS NULL THEN 1 ELSE 0 END), 0) AS recipients,
           COALESCE(MAX(position), 0) AS last
      FROM ranking
"""


def rank(connection: Connection, audience: Select[Any], *, one: Mapping[str, int], several: Sequence[str]) -> None:
    """The audience in its order. `one`: the variant of languages that have only one (0 where nothing is said);
    `several`: the languages whose variants must be found."""
    ranking.drop(connection, checkfirst=True)
    ranking.create(connection, checkfirst=False)
    chosen = audience.selected_columns
    language = chosen["language"]
    known = [(language == each, literal(number)) for each, number in one.items()]
    unknown = [(language == each, cast(null(), Integer)) for each in several]
    variant = case(*known, *unknown, else_=literal(0)) if known or unknown else literal(0)
    columns = chosen["contact_id"], language, chosen["skip"], variant
    ordered = audience.with_only_columns(*columns, maintain_column_froms=True)
    connection.execute(insert(ranking).from_select(["contact_id", "language", "skip", "variant"], ordered))


def leave_out_served(connection: Connection, serves: int) -> None:
    connection.execute(sql(LEAVE_OUT_SERVED), {"serves": serves})


def find_variants(
    connection: Connection, language: str, values: Sequence[ColumnElement[Any]], find: FindVariant, *, size: int
) -> list[int]:
    """Answers the template's conditions for each contact of a language; says whose answers have no variant."""
    without: list[int] = []
    _, _, last = counts(connection)
    for start in range(0, last, size):
        found: dict[int | None, list[int]] = {}
        for position, fields in _values(connection, language, values, start, start + size):
            found.setdefault(find(tuple(fields)), []).append(position)
        without += found.pop(None, [])
        for variant, positions in found.items():
            there = {"variant": variant, "positions": json.dumps(positions)}
            connection.execute(sql(SET_VARIANT[connection.dialect.name]), there)
    return without


def _values(
    connection: Connection, language: str, values: Sequence[ColumnElement[Any]], after: int, upto: int
) -> Iterable[tuple[int, list[Any]]]:
    """(position, field values); one JSON text a bite is read far more quickly than one a row."""
    dialect = connection.dialect.name
    pair = json_array([ranking.c.position, json_array(values, dialect)], dialect)
    together = func.jsonb_agg(pair) if dialect == "postgresql" else func.json_group_array(func.json(pair))
    joined = ranking.join(contact, contact.c.id == ranking.c.contact_id).outerjoin(
        institution, institution.c.id == contact.c.institution_id
    )
    here = ranking.c.position > after, ranking.c.position <= upto, ranking.c.skip.is_(None)
    read = select(cast(together, Text)).select_from(joined).where(*here, ranking.c.language == language)
    found: list[tuple[int, list[Any]]] = json.loads(connection.execute(read).scalar_one() or "[]")
    return found


def counts(connection: Connection) -> tuple[int, int, int]:
    """(contacts, those of them who are not left out, the last position)"""
    contacts, recipients, last = connection.execute(sql(COUNTS)).one()
    return int(contacts), int(recipients), int(last)


def named(connection: Connection, positions: Sequence[int]) -> Sequence[Row[int, str, str]]:
    """(contact id, language, institution's name): no address."""
    joined = ranking.join(contact, contact.c.id == ranking.c.contact_id).outerjoin(
        institution, institution.c.id == contact.c.institution_id
    )
    columns = contact.c.id, ranking.c.language, institution.c.name
    chosen = select(*columns).select_from(joined).where(ranking.c.position.in_(positions))
    return connection.execute(chosen.order_by(ranking.c.position)).all()


def order(connection: Connection) -> None:
    """Puts the ranking in the order of the launch."""
    ordered.drop(connection, checkfirst=True)
    ordered.create(connection, checkfirst=False)
    _, _, last = counts(connection)
    for after in range(0, last, BLOCK):
        connection.execute(sql(ORDER_BLOCK), {"after": after, "upto": after + BLOCK, "large": last > BLOCK})


def stage(connection: Connection, run_id: int, *, after: int, upto: int) -> None:
    """Copies a bite of what `order` made to where it survives a crash."""
    connection.execute(sql(STAGE), {"run": run_id, "after": after, "upto": upto})
