from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from newsletter.store.bulk import ROWS, ids_ahead, insert_columns
from newsletter.store.engine import bulk, reading, writing
from newsletter.store.tables import audit, institution, person

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STAMPS = {"created_at": NOW, "updated_at": NOW}
SAME = {"status": "member", "languages": ["fr", "en"], "topics": [], "names": {}, "sources": {"code": 1}, **STAMPS}


def test_values_come_back_as_they_were(engine: Engine) -> None:
    own = {"size": 3, "founded": "1900-01-01"}
    columns = {"code": ["A", "B"], "name": ["Caisse d'épargne", "50% ? :x %s"], "region": [None, "Asia"]}
    with writing(engine) as connection:
        insert_columns(connection, institution, {**columns, "fields": [own, {}]}, **SAME)
    with reading(engine) as connection:
        one, two = connection.execute(select(institution).order_by(institution.c.code)).all()
    assert (one.name, one.region, one.fields) == ("Caisse d'épargne", None, own)
    assert (two.name, two.region, two.fields) == ("50% ? :x %s", "Asia", {})
    assert one.languages == two.languages == ["fr", "en"]
    assert one.created_at == two.updated_at == NOW


def test_more_rows_than_a_statement_takes(engine: Engine) -> None:
    """A row of an import may begin many subscriptions: 500 of them make more rows than parameters are allowed for."""
    count = 20 * ROWS + 1
    with writing(engine) as connection:
        connection.execute(insert(person).values(id=1, slug="local", name="Local", roles=[], created_at=NOW))
        columns = {"subject": [f"contact:{n}" for n in range(count)], "at": [NOW + timedelta(n) for n in range(count)]}
        insert_columns(connection, audit, columns, person_id=1, action="import", data={"source": 1})
    with reading(engine) as connection:
        assert connection.scalar(select(func.count(func.distinct(audit.c.subject)))) == count
        assert connection.scalar(select(func.max(audit.c.at))) == NOW + timedelta(count - 1)


def test_no_rows_are_no_statement(engine: Engine) -> None:
    with writing(engine) as connection:
        insert_columns(connection, institution, {"code": [], "name": [], "fields": []}, **SAME)
        assert connection.scalar(select(func.count()).select_from(institution)) == 0


def test_ids_ahead_are_free_ascending_and_left_alone_by_others(engine: Engine) -> None:
    row = {"name": "x", "fields": {}, **SAME}
    with writing(engine) as connection:
        connection.execute(insert(institution).values(code="first", **row))
        ids = ids_ahead(connection, institution, 3)
        assert list(ids) == sorted(set(ids))
        insert_columns(connection, institution, {"id": ids, "code": ["a", "b", "c"]}, **row)
        connection.execute(insert(institution).values(code="next", **row))
        codes = connection.scalars(select(institution.c.code).order_by(institution.c.id)).all()
    assert codes == ["first", "a", "b", "c", "next"]


def test_an_error_in_a_bulk_leaves_the_connection_as_it_was(sqlite_engine: Engine) -> None:
    """The next ordinary commit on this connection must wait for the disk again."""

    with writing(sqlite_engine) as connection:
        insert_columns(connection, institution, {"code": ["a", "b"]}, name="x", fields={}, **SAME)

    def doubled() -> None:
        with bulk(sqlite_engine) as database, database.writing() as connection:
            left_open = connection.execute(select(institution.c.id))
            assert left_open.fetchone() is not None
            insert_columns(connection, institution, {"code": ["a"]}, name="x", fields={}, **SAME)

    with pytest.raises(IntegrityError):
        doubled()
    with reading(sqlite_engine) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
