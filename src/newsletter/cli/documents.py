"""Documents between a folder and the database: push, pull."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.options import HERE, As, Folder
from newsletter.cli.output import counted, note, say

if TYPE_CHECKING:
    from newsletter.store.people import Person
    from newsletter.workflow.upkeep.exchange import Exchange

app = typer.Typer()

Files = Annotated[list[str] | None, typer.Argument(help="Only these files or folders.", metavar="FILES...")]
Force = Annotated[bool, typer.Option("--force", help="Where both sides changed a file, take the folder's.")]
Theirs = Annotated[bool, typer.Option("--force", help="Overwrite what was changed in the folder.")]


@app.command()
def push(files: Files = None, workspace: Folder = HERE, force: Force = False, as_: As = None) -> None:
    """Bring a folder's documents to the database, where programs with NEWSLETTER_DOCUMENTS=database read them.

    Documents are newsletter.toml, campaigns, templates and the definitions of subscribers; keys, lists of contacts and
    databases are none. All is brought or nothing; the history keeps what was there before, with who and when.

        newsletter push --as noor
    """
    from newsletter.workflow.upkeep.exchange import push as bring

    with _open(workspace, as_) as (to, person):
        done = bring(to, person, files or (), force=force)
    say(f"Pushed: {counted(len(done.written), 'document')} written, {len(done.removed):,} removed.")
    if done.waiting:
        note(f"Changed in the database alone: {', '.join(done.waiting)}. `newsletter pull` lays them here.")
    if done.left_out:
        note(f"Left out, as they are no documents: {', '.join(done.left_out)}.")


@app.command()
def pull(files: Files = None, workspace: Folder = HERE, force: Theirs = False) -> None:
    """Lay the database's documents into a folder, a new one too; what was changed in the folder alone stays.

    Where both sides changed a file, nothing is pulled, and the database's version is laid beside. With --force the
    folder's own versions are set aside.

        newsletter pull --workspace here
    """
    from newsletter.workflow.upkeep.exchange import pull as lay

    with _open(workspace, None) as (to, _):
        done = lay(to, files or (), force=force)
    say(f"Pulled: {counted(len(done.written), 'document')} written, {len(done.removed):,} removed.")
    if done.waiting:
        note(f"Changed here alone: {', '.join(done.waiting)}. `newsletter push` brings them to the database.")
    if done.aside:
        note(f"Your versions were set aside: {', '.join(done.aside)}.")


@contextmanager
def _open(folder: Path, slug: str | None) -> Iterator[tuple[Exchange, Person]]:
    """Folder and database, whichever of the two documents are read from; no keys are needed."""
    from newsletter.clock import SystemClock
    from newsletter.workflow.home import find_database, someone
    from newsletter.workflow.upkeep.exchange import exchange

    engine = find_database(folder, os.environ)
    try:
        clock = SystemClock()
        yield exchange(folder, engine, clock), someone(engine, folder, slug, clock)
    finally:
        engine.dispose()
