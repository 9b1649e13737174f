"""Expression indexes for own fields that say `indexed: true`: segments that ask them stay quick over many contacts."""

from __future__ import annotations

import re

from sqlalchemy import Engine, text

from newsletter.audience.sql import value_of
from newsletter.model.fields import Field, Fields
from newsletter.store.engine import writing
from newsletter.store.tables import contact, institution

TABLES = {"contact": contact, "institution": institution}


def ensure_indexes(engine: Engine, fields: Fields) -> None:
    """Makes the indexes that are missing; one whose field is no longer indexed does no harm and stays."""
    wanted = [field for field in fields if field.own and field.indexed]
    if wanted:
        with writing(engine) as connection:
            for field in wanted:
                connection.execute(text(_statement(engine, field)))


def _statement(engine: Engine, field: Field) -> str:
    """The expression is compiled as conditions are, so that the planner finds it again in them."""
    value = value_of(field, TABLES[field.owner]).compile(engine, compile_kwargs={"literal_binds": True})
    expression = re.sub(rf"\b{field.owner}\.", "", str(value))  # an index names columns of its own table
    name = f"ix_{field.owner}_own_{field.name}"
    return f"CREATE INDEX IF NOT EXISTS {name} ON {field.owner} (({expression}))".replace(":", "\\:")
