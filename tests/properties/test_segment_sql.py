"""A rule in SQL answers what it answers in Python, on both databases, whatever stands in the fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any as Anything

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from newsletter.audience.examples import by_ids
from newsletter.audience.records import columns_of
from newsletter.audience.sql import to_sql
from newsletter.model.fields import FieldType
from newsletter.model.rule import Node, evaluate
from newsletter.store.bulk import insert_columns
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, institution
from tests.properties.rules import FIELDS, trees, values_for

NOW = datetime(2026, 11, 24, tzinfo=UTC)
STAMPS = {"sources": {}, "created_at": NOW, "updated_at": NOW}


def lay(engine: Engine, people: list[tuple[dict[str, Anything], dict[str, Anything] | None]]) -> None:
    with writing(engine) as connection:
        connection.execute(delete(contact))
        connection.execute(delete(institution))
        for id_, (person, house) in enumerate(people, 1):
            if house is not None:
                told = {**house, "code": f"I{id_}", "name": "x", "status": house["status"] or ""}
                insert_columns(connection, institution, {"id": [id_], **columns_of("institution", [told])}, **STAMPS)
            told = {**person, "code": f"C{id_}", "institution_id": None if house is None else id_}
            insert_columns(connection, contact, {"id": [id_], **columns_of("contact", [told])}, **STAMPS)


PEOPLE = st.lists(
    st.tuples(values_for("contact"), st.one_of(st.none(), values_for("institution"))), min_size=1, max_size=3
)


@given(people=PEOPLE, rules=st.lists(trees(), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_equals_python(engine: Engine, people: list[Anything], rules: list[Node]) -> None:
    lay(engine, people)
    with reading(engine) as connection:
        recipients = by_ids(connection, range(1, len(people) + 1), FIELDS, "en")
        assert len(recipients) == len(people)
        for rule in rules:
            found = set(connection.scalars(select(contact.c.id).where(to_sql(rule, FIELDS))))
            assert found == {each.contact_id for each in recipients if evaluate(rule, each)}, rule


def test_the_fields_of_the_property_cover_every_type() -> None:
    assert {field.type for field in FIELDS if field.own} == set(FieldType)
