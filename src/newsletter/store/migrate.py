"""The schema of a database, brought up to date by Alembic; and the guard of the suppression key."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, insert, inspect, select, text

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.store.engine import reading, writing
from newsletter.store.tables import meta
from newsletter.tokens import AddressKeys

HEAD = "0008"  # the newest revision in migrations/versions; a test holds it to Alembic's
FINGERPRINT = "suppression_key_fingerprint"


class SchemaError(NewsletterError):
    """The database is newer than this program."""


class WrongKey(NewsletterError):
    """The suppression key is not the one that this database was made with."""


def current(engine: Engine) -> str | None:
    """The revision of a database; None where it is empty."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with reading(engine) as connection:
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(engine: Engine) -> str | None:
    """Makes or upgrades the schema; says the revision it came from where it was another, else None.

    Two processes at once are safe: the one that comes second finds it done.
    """
    found = current(engine)
    if found == HEAD:
        return None
    if found is not None and found > HEAD:
        raise SchemaError(
            say(
                "This database has the schema %(found)s, made by a newer newsletter (this one knows "
                "%(known)s): upgrade it.",
                found=found,
                known=HEAD,
            )
        )
    from alembic import command  # imported only when there is something to do: it takes a quarter of a second
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(20261124)"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return found or "nothing"


def has_fingerprint(engine: Engine) -> bool:
    """Whether the database was opened with a suppression key before."""
    if not inspect(engine).has_table(meta.name):
        return False
    with reading(engine) as connection:
        return connection.execute(select(meta.c.value).where(meta.c.key == FINGERPRINT)).first() is not None


def check_fingerprint(engine: Engine, keys: AddressKeys) -> None:
    """Records the suppression key's fingerprint at the first run; WrongKey ever after where it differs."""
    with reading(engine) as connection:
        found = connection.execute(select(meta.c.value).where(meta.c.key == FINGERPRINT)).scalar()
    if found is None:
        with writing(engine) as connection:
            there = connection.execute(select(meta.c.value).where(meta.c.key == FINGERPRINT)).scalar()
            if there is None:
                connection.execute(insert(meta).values(key=FINGERPRINT, value=keys.fingerprint))
            found = there or keys.fingerprint
    if found != keys.fingerprint:
        raise WrongKey(
            say(
                "NEWSLETTER_SUPPRESSION_KEY is not the key that this database was made with. With another "
                "key nobody who unsubscribed would be recognised. Restore .newsletter/secrets.env, or the "
                "environment, from a backup."
            )
        )
