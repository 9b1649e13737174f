"""The schema that migrations make is the schema of the tables, on both databases; a wrong key stops everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from newsletter.store import migrate
from newsletter.store.engine import open_engine, reading, writing
from newsletter.store.tables import metadata
from newsletter.tokens import AddressKeys


@pytest.fixture
def empty(engine: Engine) -> Engine:
    with writing(engine) as connection:
        metadata.drop_all(connection)
    return engine


def test_migrations_make_exactly_the_tables(empty: Engine) -> None:
    assert migrate.upgrade(empty) == "nothing"
    assert migrate.upgrade(empty) is None
    assert migrate.current(empty) == migrate.HEAD
    with reading(empty) as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert found == []


def test_the_known_head_is_that_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


@contextmanager
def older(engine: Engine, revision: str) -> Iterator[Connection]:
    """A database as an earlier version left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


def test_names_of_the_first_schema_are_found_after_upgrading(empty: Engine) -> None:
    with older(empty, "0001") as connection:
        connection.execute(text(CONTACT), {"first": "Awa", "last": "N’Diaye-Ékra"})
    assert migrate.upgrade(empty) == "0001"
    with reading(empty) as connection:
        found = connection.execute(text("SELECT folded_name FROM contact")).scalar_one()
    assert found.split() == ["awa", "n", "diaye", "ekra"]
    assert found.startswith(" ")


CONTACT = """INSERT INTO contact (code, first_name, last_name, active, fields, sources, created_at, updated_at)
VALUES ('c1', :first, :last, true, '{}', '{}', '2026-11-24T10:00:00.000000Z', '2026-11-24T10:00:00.000000Z')"""


def test_links_of_an_older_schema_lead_where_they_did(empty: Engine) -> None:
    with older(empty, "0003") as connection:
        connection.execute(text(ISSUE))
        connection.execute(text("INSERT INTO link (issue_id, number, target) VALUES (1, 1, 'https://a.example/')"))
    assert migrate.upgrade(empty) == "0003"
    with reading(empty) as connection:
        assert connection.execute(text("SELECT original FROM link")).scalar_one() == "https://a.example/"


ISSUE = """INSERT INTO issue (id, campaign, key, state, created_at, updated_at)
VALUES (1, 'news', '1', 'draft', '2026-11-24T10:00:00.000000Z', '2026-11-24T10:00:00.000000Z')"""


def test_deliveries_of_an_older_schema_serve_whom_they_served(empty: Engine) -> None:
    with older(empty, "0005") as connection:
        for statement in (ISSUE, *RUN):
            connection.execute(text(statement))
        for contact, state in ((1, "accepted"), (2, "skipped"), (2, "pending")):
            connection.execute(text(DELIVERY), {"contact": contact, "state": state})
    assert migrate.upgrade(empty) == "0005"
    with reading(empty) as connection:
        served = connection.execute(text("SELECT contact_id, serves FROM delivery ORDER BY id")).all()
    assert [tuple(row) for row in served] == [(1, 1), (2, None), (2, 1)]


AT = "'2026-11-24T10:00:00.000000Z'"
RUN = (
    f"INSERT INTO person (id, slug, name, roles, created_at) VALUES (1, 'ana', 'Ana', '[]', {AT})",
    f"""INSERT INTO edition (id, issue_id, number, hash, language_hashes, definition, languages, frozen_by, frozen_at)
        VALUES (1, 1, 1, 'x', '{{}}', '{{}}', '{{}}', 1, {AT})""",
    f"""INSERT INTO run (id, issue_id, edition_id, number, rehearsal, state, publication, statutory, transport,
                         token_key, due_at, launched_by, launched_at)
        VALUES (1, 1, 1, 1, false, 'sending', 'news', false, 'smtp', 1, {AT}, 1, {AT})""",
)
DELIVERY = f"""INSERT INTO delivery (run_id, issue_id, scope_id, contact_id, state, due_at, not_before, changed_at)
               VALUES (1, 1, 1, :contact, :state, {AT}, {AT}, {AT})"""


def test_a_newer_database_is_refused(empty: Engine) -> None:
    migrate.upgrade(empty)
    with writing(empty) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.SchemaError, match="newer newsletter"):
        migrate.upgrade(empty)


def test_another_suppression_key_is_refused(tmp_path: Path) -> None:
    made = open_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    migrate.upgrade(made)
    migrate.check_fingerprint(made, AddressKeys(b"a" * 32))
    migrate.check_fingerprint(made, AddressKeys(b"a" * 32))
    with pytest.raises(migrate.WrongKey, match="backup"):
        migrate.check_fingerprint(made, AddressKeys(b"b" * 32))
    made.dispose()
