"""Where a workspace is at home: its folder, its database, and which of the two its documents are read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, insert

from newsletter.clock import Clock
from newsletter.errors import UsageError
from newsletter.model.permission import Role
from newsletter.settings import FILE, Settings, load_settings, read_settings, state_folder
from newsletter.store import documents as stored
from newsletter.store import people
from newsletter.store.engine import open_engine, reading, writing
from newsletter.store.migrate import upgrade
from newsletter.store.people import Person
from newsletter.store.tables import document_version
from newsletter.workflow.context import LOCAL, named
from newsletter.workspace.database import DatabaseDocuments, Shelf
from newsletter.workspace.documents import Documents, FolderDocuments, Write

DOCUMENTS = "NEWSLETTER_DOCUMENTS"
HOMES = ("folder", "database")


@dataclass(frozen=True, slots=True)
class Home:
    folder: Path
    settings: Settings
    engine: Engine
    documents: Documents


def find_home(folder: Path, env: Mapping[str, str], clock: Clock, *, as_it_is: bool = False) -> Home:
    """NEWSLETTER_DOCUMENTS, else the folder's newsletter.toml, says where the documents lie.

    Where that is the database, nothing is read from the folder but which database it is, unless DATABASE_URL names it.
    Its schema is brought up to date first, as the settings lie in it; not where it is only looked at (`as_it_is`).
    """
    local = None if _told_apart(env) or not (folder / FILE).is_file() else load_settings(folder, env)
    where = env.get(DOCUMENTS) or (local.documents if local else "folder")
    if where not in HOMES:
        raise UsageError(f"{DOCUMENTS} is folder or database, not {where!r}.")
    if where == "folder":
        settings = local or load_settings(folder, env)
        engine = _engine(folder, settings.database)
        return Home(folder, settings, engine, _in_folder(folder, engine, clock))
    engine = _engine(folder, local.database if local else _told(folder, env))
    if not as_it_is:
        upgrade(engine)
    documents = DatabaseDocuments(Shelf(engine, clock))
    if not documents.exists(FILE):
        raise UsageError(
            "The database holds no documents yet: `newsletter push --workspace FOLDER` brings a folder's to it."
        )
    settings = read_settings(documents.read(FILE), env).model_copy(update={"documents": where})
    return Home(folder, settings, engine, documents)


def find_database(folder: Path, env: Mapping[str, str]) -> Engine:
    """The database that a folder belongs to, wherever the documents are read from; with its schema."""
    there = not env.get("DATABASE_URL") and (folder / FILE).is_file()
    engine = _engine(folder, load_settings(folder, env).database if there else _told(folder, env))
    upgrade(engine)
    return engine


def enter_people(engine: Engine, settings: Settings, clock: Clock) -> None:
    """Whoever the settings name may act by name."""
    now, roles = clock.now(), [role.value for role in Role]
    with writing(engine) as connection:
        people.add(connection, LOCAL, name="Local user", address=None, roles=roles, now=now)
        for slug, each in settings.people.items():
            people.add(connection, slug, name=each.name, address=each.address, roles=each.roles, now=now)


def someone(engine: Engine, folder: Path, slug: str | None, clock: Clock) -> Person:
    """Who acts, by name. Whom the folder's settings name is known from the beginning: before any document is there."""
    with reading(engine) as connection:
        empty = not stored.since(connection, 0)
    here = load_settings(folder, {}) if empty and (folder / FILE).is_file() else None
    enter_people(engine, here or Settings(), clock)
    return named(engine, slug)


def _told_apart(env: Mapping[str, str]) -> bool:
    """Whether the environment says all that is needed to find the documents in the database."""
    return env.get(DOCUMENTS) == "database" and bool(env.get("DATABASE_URL"))


def _told(folder: Path, env: Mapping[str, str]) -> str:
    url = env.get("DATABASE_URL")
    if not url:
        raise UsageError(f"Nothing in {folder} names a database: name it in DATABASE_URL.")
    return url


def _engine(folder: Path, url: str | None) -> Engine:
    return open_engine(url or f"sqlite:///{state_folder(folder) / 'newsletter.sqlite'}")


def _in_folder(folder: Path, engine: Engine, clock: Clock) -> FolderDocuments:
    def remember(write: Write, before: bytes | None, person_id: int) -> None:
        values = {"path": write.path, "before": before, "operation": write.operation, "person_id": person_id}
        with writing(engine) as connection:
            connection.execute(insert(document_version).values(**values, at=clock.now()))

    return FolderDocuments(folder, remember)
