"""Shared fixtures: a clock that stands still, and a fresh database of each kind.

PostgreSQL is started privately where its programs are found. What is missing is named, with how to get it; where
NEWSLETTER_TEST_REQUIRE lists it (continuous integration), the test fails instead of being skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from newsletter.clock import FixedClock
from newsletter.store.engine import open_engine, writing
from newsletter.store.tables import metadata
from tests.emptied import Emptied
from tests.servers import PostgresServer, missing


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    found = PostgresServer.find()
    if found is None:
        missing("postgresql", "PostgreSQL's initdb and pg_ctl are not here: apt-get install postgresql")
    assert found is not None
    with found.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_schema(postgres: PostgresServer) -> str:
    """A database with the empty schema; tests get copies, which is quicker than making 30 tables each."""
    url = postgres.new_database()
    made = open_engine(url)
    with writing(made) as connection:
        connection.execute(text("SET client_min_messages = warning"))
        metadata.create_all(connection)
    made.dispose()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An empty database with the schema, of each kind in turn."""
    found: Engine = request.getfixturevalue("sqlite_engine" if request.param == "sqlite" else "postgres_engine")
    return found


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path / 'test.sqlite'}")
    with writing(made) as connection:
        metadata.create_all(connection)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def emptied(postgres: PostgresServer, postgres_schema: str) -> Emptied:
    return Emptied(postgres, postgres_schema)


@pytest.fixture
def postgres_engine(emptied: Emptied) -> Iterator[Engine]:
    made = open_engine(emptied.take())
    yield made
    made.dispose()


def pytest_configure(config: pytest.Config) -> None:
    os.environ.pop("DATABASE_URL", None)
    for name in [name for name in os.environ if name.startswith("NEWSLETTER_") and "TEST" not in name]:
        del os.environ[name]
