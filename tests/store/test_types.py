from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import StatementError

from newsletter.store.engine import reading, writing
from newsletter.store.tables import source

LATE = datetime(2026, 3, 29, 3, 30, 0, 1, tzinfo=timezone(timedelta(hours=2)))


def test_an_instant_comes_back_as_the_same_moment_in_utc(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(source).values(kind="import", name="x", at=LATE))
    with reading(engine) as connection:
        at = connection.execute(select(source.c.at)).scalar_one()
    assert at == LATE
    assert at.tzinfo == UTC


def test_a_naive_time_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="no time zone"), writing(engine) as connection:
        connection.execute(insert(source).values(kind="import", name="x", at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_instants_sort_as_times_on_both_databases(engine: Engine) -> None:
    moments = [LATE + timedelta(microseconds=n * 7_777_777) for n in (3, 1, 2, 0)]
    with writing(engine) as connection:
        connection.execute(insert(source), [{"kind": "import", "name": "x", "at": at} for at in moments])
    with reading(engine) as connection:
        found = list(connection.execute(select(source.c.at).order_by(source.c.at)).scalars())
    assert found == sorted(moments)
