"""A workspace in one file, and back: definitions, keys and database, of one moment.

What was sent after that moment is not known to the copy, so what it brings back must not send by itself: open sends
come back paused, planned ones held, and nothing real leaves before an administrator confirms the database (origin.py).
"""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Engine, delete, insert, inspect, make_url, update

from newsletter.errors import NewsletterError, UsageError
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState
from newsletter.settings import FILE, SECRETS_FILE, STATE_FOLDER
from newsletter.store.engine import open_engine, writing
from newsletter.store.tables import issue, meta, run
from newsletter.workflow.context import Context
from newsletter.workflow.sending.origin import URL as ORIGIN
from newsletter.workspace.paths import FOLDERS

SQLITE, DUMP = "newsletter.sqlite", "database.dump"


def back_up(ctx: Context, file: Path) -> Path:
    """Writes the archive, for its owner alone: it holds addresses and keys. Sends may go on meanwhile."""
    if file.exists():
        raise UsageError(f"{file} is there already: name another file.")
    with tempfile.TemporaryDirectory() as scratch:
        database = _dump(ctx.engine, Path(scratch))
        part = file.with_name(f"{file.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            taken = {"comment": ctx.clock.now().strftime("%Y-%m-%d %H:%M UTC")}
            with tarfile.open(fileobj=stream, mode="w:gz", pax_headers=taken) as archive:
                for path in _files(ctx):
                    archive.add(path, path.relative_to(ctx.folder).as_posix(), recursive=False)
                if ctx.settings.documents == "database":
                    _add_documents(archive, ctx)
                archive.add(database, f"{STATE_FOLDER}/{database.name}")
        part.replace(file)
    return file


def restore(file: Path, folder: Path, *, url: str | None = None) -> int:
    """Into an empty folder (and for PostgreSQL an empty database, `url`); says how many sends were paused or held."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: restore into a new folder.")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".restoring-") as scratch:
        at = Path(scratch) / "workspace"
        at.mkdir()
        taken = _unpack(file, at)
        engine = _restored(at, url)
        try:
            stopped = _hold_everything(engine, taken)
        finally:
            engine.dispose()
        if folder.exists():
            folder.rmdir()
        at.replace(folder)
    return stopped


def _files(ctx: Context) -> Iterator[Path]:
    folder = ctx.folder
    if ctx.settings.documents == "folder":
        yield folder / FILE
        yield from (each for name in FOLDERS for each in sorted((folder / name).rglob("*")) if each.is_file())
    if (keys := folder / STATE_FOLDER / SECRETS_FILE).exists():
        yield keys


def _add_documents(archive: tarfile.TarFile, ctx: Context) -> None:
    """They are in the database too; as files they make the archive a workspace wherever it is unpacked."""
    for path in ctx.documents.list("**"):
        content, told = ctx.documents.read(path), tarfile.TarInfo(path)
        told.size, told.mtime = len(content), int(ctx.clock.now().timestamp())
        archive.addfile(told, io.BytesIO(content))


def _dump(engine: Engine, scratch: Path) -> Path:
    if engine.dialect.name == "postgresql":
        _run("pg_dump", ["--format=custom", f"--file={scratch / DUMP}"], engine.url)
        return scratch / DUMP
    with sqlite3.connect(str(engine.url.database)) as source, sqlite3.connect(scratch / SQLITE) as copy:
        source.backup(copy)
    copy.close()
    source.close()
    return scratch / SQLITE


def _unpack(file: Path, folder: Path) -> str:
    """Says when the backup was taken."""
    try:
        with tarfile.open(file) as archive:
            taken = archive.pax_headers.get("comment", "an unknown time")
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise UsageError(f"{file} is no backup that can be read ({type(error).__name__}).") from error
    if not (folder / FILE).is_file():
        raise UsageError(f"{file} is no backup of a workspace: it holds no {FILE}.")
    (folder / STATE_FOLDER).chmod(0o700)
    return taken


def _restored(folder: Path, url: str | None) -> Engine:
    dump = folder / STATE_FOLDER / DUMP
    if not dump.exists():
        return open_engine(f"sqlite:///{folder / STATE_FOLDER / SQLITE}")
    if url is None:
        raise UsageError("This backup is of a PostgreSQL database: name an empty one in DATABASE_URL.")
    engine = open_engine(url)
    if inspect(engine).get_table_names():
        engine.dispose()
        raise UsageError("The database that DATABASE_URL names is not empty: make a new one for what is restored.")
    _run("pg_restore", ["--no-owner", "--exit-on-error", f"--dbname={engine.url.database}", str(dump)], engine.url)
    dump.unlink()
    return engine


def _hold_everything(engine: Engine, taken: str) -> int:
    why = f"Restored from a backup of {taken}: what was sent since is not known here."
    going = run.c.state == RunState.SENDING.value
    planned = issue.c.state == IssueState.SCHEDULED.value
    with writing(engine) as connection:
        paused = connection.execute(update(run).where(going).values(state=RunState.PAUSED.value, reason=why)).rowcount
        held = connection.execute(update(issue).where(planned).values(state=IssueState.HELD.value, note=why)).rowcount
        connection.execute(delete(meta).where(meta.c.key == ORIGIN))
        connection.execute(insert(meta).values(key=ORIGIN, value=f"a backup of {taken}"))
    return paused + held


def _run(program: str, options: list[str], url: URL | str) -> None:
    """A program of PostgreSQL; the password goes by the environment, so that no list of processes shows it."""
    found = shutil.which(program)
    if found is None:
        raise NewsletterError(f"{program} is not installed: it comes with PostgreSQL's client programs.")
    at = make_url(url)
    names = {"PGHOST": at.host, "PGPORT": at.port, "PGUSER": at.username, "PGPASSWORD": at.password}
    names["PGDATABASE"] = at.database
    env = os.environ | {name: str(value) for name, value in names.items() if value is not None}
    done = subprocess.run([found, *options], env=env, capture_output=True, text=True, check=False)  # noqa: S603 (no shell)
    if done.returncode:
        raise NewsletterError(f"{program} failed: {' '.join(done.stderr.split())[:300]}")
