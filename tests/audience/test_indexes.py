from __future__ import annotations

from sqlalchemy import Engine, select, text

from newsletter.audience.indexes import ensure_indexes
from newsletter.audience.sql import value_of
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.store.engine import reading
from newsletter.store.tables import institution

TIER = Field("institution", "tier", FieldType.TEXT, own=True, indexed=True)
SIZE = Field("institution", "size", FieldType.NUMBER, own=True, indexed=True)
FREE = Field("institution", "free", FieldType.TEXT, own=True)


def test_an_indexed_own_field_has_an_index_that_its_conditions_use(engine: Engine) -> None:
    fields = Fields((TIER, SIZE, FREE))
    ensure_indexes(engine, fields)
    ensure_indexes(engine, fields)
    for field, wanted in ((TIER, "a"), (SIZE, 5)):
        asked = select(institution.c.id).where(value_of(field, institution) == wanted)
        plan = str(asked.compile(engine, compile_kwargs={"literal_binds": True}))
        with reading(engine) as connection:
            if engine.dialect.name == "sqlite":
                rows = connection.execute(text(f"EXPLAIN QUERY PLAN {plan}".replace(":", "\\:"))).all()
            else:
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                rows = connection.execute(text(f"EXPLAIN {plan}".replace(":", "\\:"))).all()
        assert f"ix_institution_own_{field.name}" in str(rows), rows
