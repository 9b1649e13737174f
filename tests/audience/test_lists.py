"""An absent list is the empty one for a launch, as it is for previews: templates may ask `== []`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, insert, select

from newsletter.audience.examples import by_ids
from newsletter.audience.sql import field_columns
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.store.engine import reading, writing
from newsletter.store.ledger.layout import json_array
from newsletter.store.tables import contact, institution

FIELDS = Fields((Field("contact", "interests", FieldType.LIST, own=True),))
PATHS = ["contact.interests", "institution.topics"]


def test_a_launch_and_a_preview_see_the_same_lists(engine: Engine) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    row: dict[str, Any] = {"sources": {}, "created_at": now, "updated_at": now}
    with writing(engine) as connection:
        for code, own in (("a", {}), ("b", {"interests": ["x"]})):
            connection.execute(insert(contact).values(code=code, fields=own, active=True, **row))
    columns = field_columns(PATHS, "en", FIELDS)
    joined = contact.outerjoin(institution, institution.c.id == contact.c.institution_id)
    statement = (
        select(contact.c.id, json_array(columns, engine.dialect.name)).select_from(joined).order_by(contact.c.id)
    )
    with reading(engine) as connection:
        launched = {id_: values for id_, values in connection.execute(statement)}  # noqa: C416 - rows are no pairs
        previews = by_ids(connection, launched, FIELDS)
    assert list(launched.values()) == [[[], []], [["x"], []]]
    assert [[each.value(path) for path in PATHS] for each in previews] == list(launched.values())
