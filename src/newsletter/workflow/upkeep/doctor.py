"""A look at everything that must be right before a send: settings, keys, database, folder, transports."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select, text

from newsletter.clock import SystemClock
from newsletter.dispatch.transports.base import TransportRefused, TransportUnavailable
from newsletter.errors import NewsletterError
from newsletter.settings import SECRETS_FILE, STATE_FOLDER, Secrets, Settings, load_secrets
from newsletter.store.engine import reading, sentence_of
from newsletter.store.migrate import HEAD, check_fingerprint, current, has_fingerprint
from newsletter.store.tables import audit
from newsletter.workflow.home import Home, find_home
from newsletter.workflow.upkeep.doctor_finding import Examined
from newsletter.workflow.upkeep.doctor_network import examine_network

SECONDS = 10.0
CLOCKS_APART = timedelta(seconds=5)


def examine(folder: Path) -> list[Examined]:
    """Every part is looked at, whatever was wrong before; nothing is changed but what a first run makes."""
    try:
        home = find_home(folder, os.environ, SystemClock(), as_it_is=True)
    except Exception as error:
        if not isinstance(error, NewsletterError) and sentence_of(error) is None:
            raise
        mend = "Mend newsletter.toml, whose lines are named, or where the documents are looked for."
        return [Examined("settings", False, sentence_of(error) or str(error), mend)]
    looks: list[tuple[str, Callable[[], Examined]]] = [
        ("settings", lambda: _settings(home.settings)),
        ("folder", lambda: _folder(home)),
        ("keys", lambda: _keys(home)),
        ("database", lambda: _database(home)),
        ("clock", lambda: _clock(home.engine)),
    ]
    try:
        around = [*_transports(home), *examine_network(home.documents, home.settings)]
        return [*(_looked(what, look) for what, look in looks), *around]
    finally:
        home.engine.dispose()


def _looked(what: str, look: Callable[[], Examined]) -> Examined:
    try:
        return look()
    except Exception as error:
        if (sentence := sentence_of(error)) is not None:
            return Examined(what, False, sentence, "Start the database, or mend DATABASE_URL.")
        return Examined(what, False, " ".join(str(error).split())[:300], "See what it says.")


def _settings(settings: Settings) -> Examined:
    if not settings.association.postal_address:
        mend = "Add [association.postal_address]: the law wants it in every message."
        return Examined("settings", False, "no postal address", mend)
    if not settings.public_url.startswith("https://"):
        mend = "Mail programs want https for unsubscribing: set public_url."
        return Examined("settings", False, f"public_url is {settings.public_url}", mend)
    return Examined("settings", True, f"{settings.public_url}, languages {', '.join(settings.languages)}")


def _folder(home: Home) -> Examined:
    if home.settings.documents == "database":
        return Examined("documents", True, f"{len(home.documents.list('**'))} in the database")
    with tempfile.NamedTemporaryFile(dir=home.folder):
        pass
    free = os.statvfs(home.folder)
    gigabytes = free.f_bavail * free.f_frsize / 1e9
    ok = gigabytes > 1
    mend = "" if ok else "Make room: sends stop on a full disk."
    return Examined("folder", ok, f"writable, {gigabytes:.1f} GB free", mend)


def _keys(home: Home) -> Examined:
    secrets = _secrets(home)
    file = home.folder / STATE_FOLDER / SECRETS_FILE
    if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Examined("keys", False, f"{file} can be read by others", f"chmod 600 {file}")
    return Examined("keys", True, f"{len(secrets.key_ring.keys)} signing keys, suppression key present")


def _secrets(home: Home) -> Secrets:
    """Keys are made at a first run only: where the database knows a key, another would make things worse."""
    return load_secrets(home.folder, make=not has_fingerprint(home.engine))


def _database(home: Home) -> Examined:
    with reading(home.engine) as connection:
        connection.execute(text("SELECT 1"))
    schema = current(home.engine)
    if schema != HEAD:
        return Examined("database", schema is None, f"schema {schema or 'not made yet'}", "newsletter db upgrade")
    check_fingerprint(home.engine, _secrets(home).address_keys)
    return Examined("database", True, f"{home.engine.dialect.name}, schema {schema}")


def _clock(engine: Engine) -> Examined:
    """Claims and schedules go by the clock: it must agree with the database's, and not run behind what was written."""
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        elif current(engine):
            written = connection.execute(select(func.max(audit.c.at))).scalar()
            theirs = max(written, datetime.now(UTC)) if written else datetime.now(UTC)
        else:
            theirs = datetime.now(UTC)
    apart = abs(theirs - datetime.now(UTC))
    if apart < CLOCKS_APART:
        return Examined("clock", True, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    found = f"{apart.total_seconds():.0f} s away from what the database says"
    return Examined("clock", False, found, "Let the system keep its time (NTP): schedules and claims go by it.")


def _transports(home: Home) -> Iterator[Examined]:
    from newsletter.dispatch.transports import make_transport

    for name, each in home.settings.transports.items():
        what = f"transport {name}"
        try:
            transport = make_transport(name, each, home.folder)
            asyncio.run(asyncio.wait_for(_open_and_close(transport), SECONDS))
        except (TransportRefused, TransportUnavailable, NewsletterError, TimeoutError, ValueError) as error:
            mend = f"Look at [transports.{name}] in newsletter.toml."
            yield Examined(what, False, str(error) or "no answer in time", mend)
        else:
            yield Examined(what, True, "a rehearsal folder" if transport.rehearsal else "answers, and lets us in")
    if not home.settings.send_with:
        yield Examined("send_with", True, "not set: everything is a rehearsal into the outbox")


async def _open_and_close(transport: object) -> None:
    channel = await transport.open()  # type: ignore[attr-defined]
    await channel.close()
