"""Documents between a folder and the database: `push` brings a folder's there, `pull` lays the database's here.

Both take what one side alone has changed since they last met. Where both have, nothing is done before somebody says
whose holds (`force`), and no version is lost: the database keeps its own in the history, a folder beside the workspace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from newsletter.clock import Clock
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Listed
from newsletter.model.permission import Action, require
from newsletter.settings import FILE, STATE_FOLDER, read_settings
from newsletter.store import documents as stored
from newsletter.store.documents import Act, Swap
from newsletter.store.engine import writing
from newsletter.store.people import Person
from newsletter.workspace.database import DatabaseDocuments, Index, Shelf
from newsletter.workspace.exchange import CONFLICTS, Compared, Folder, common_now, compare, digest, only
from newsletter.workspace.paths import is_document

THEIRS, MINE = "database", "folder"


class BothChanged(NewsletterError):
    """Folder and database have both changed a document; nothing was written."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A folder and a database, and what they had in common last."""

    folder: Folder
    engine: Engine
    clock: Clock


@dataclass(frozen=True, slots=True)
class Done:
    """`written` and `removed` at the one side; `waiting`: what the other side alone has changed, and was left there."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)  # where a folder's own versions lie that were overwritten
    left_out: list[str] = field(default_factory=list)  # what lies among a folder's documents and is none


def exchange(folder: Path, engine: Engine, clock: Clock) -> Exchange:
    return Exchange(Folder(folder.resolve()), engine, clock)


def push(to: Exchange, person: Person, files: Sequence[str] = (), *, force: bool = False) -> Done:
    """Brings what the folder changed to the database, all at once or nothing. `files`: only these, or in these folders.

    `force`: what both changed becomes as the folder has it.
    """
    mine = to.folder.hashes()
    if FILE not in mine:
        raise UsageError(f"{to.folder.root} is no workspace: it has no {FILE}.")
    _check_settings(to.folder.read(FILE))
    home = stored.home(to.engine)
    common, index = to.folder.remembered(home), DatabaseDocuments(Shelf(to.engine, to.clock)).index
    found = _compared(common, mine, index, files)
    if found.both and not force:
        raise BothChanged(
            f"Both the folder and the database have changed {Listed(found.both, 'and')} since they last met: nothing "
            "was pushed. `newsletter pull` lays the database's beside them, to bring them together; then "
            "`newsletter push --force` with their names, and the database keeps its own in the history."
        )
    changed = sorted([*found.mine, *found.both])
    _check_role(person, changed)
    _write(to, [Swap(path, mine.get(path), index.version_of(path)) for path in changed], person)
    now = {path: each for path, each in index.hashes.items() if path not in changed}
    now |= {path: mine[path] for path in changed if path in mine}
    to.folder.remember(home, common_now(common, mine, now))
    return Done(
        [path for path in changed if path in mine],
        [path for path in changed if path not in mine],
        found.theirs,
        left_out=to.folder.left_out(),
    )


def pull(to: Exchange, files: Sequence[str] = (), *, force: bool = False) -> Done:
    """Lays what the database changed into the folder. `files`: only these, or in these folders.

    `force`: whatever the folder changed becomes as the database has it; files that the database never had stay.
    """
    mine, home = to.folder.hashes(), stored.home(to.engine)
    shelf = Shelf(to.engine, to.clock)
    common, index = to.folder.remembered(home), DatabaseDocuments(shelf).index
    theirs = index.hashes
    if not theirs:
        raise UsageError("The database holds no documents yet: `newsletter push` brings a folder's to it.")
    found = _compared(common, mine, index, files)
    overwritten = [path for path in found.mine if path in theirs] if force else []
    changed = sorted([*found.theirs, *(found.both if force else ()), *overwritten])
    _check_paths(to.folder, [*changed, *found.both])
    if found.both and not force:
        there = [path for path in found.both if path in theirs]
        aside = [to.folder.set_aside(THEIRS, path, shelf.content(theirs[path])) for path in there]
        raise BothChanged(_both(found, aside))
    kept = [
        to.folder.set_aside(MINE, path, to.folder.read(path))
        for path in sorted([*overwritten, *(found.both if force else ())])
        if path in mine
    ]
    for path in changed:
        _lay(to.folder, path, shelf.content(theirs[path]) if path in theirs else None, mine.get(path))
    now = {path: each for path, each in mine.items() if path not in changed}
    now |= {path: theirs[path] for path in changed if path in theirs}
    to.folder.remember(home, common_now(common, now, theirs))
    waiting = [path for path in found.mine if path not in overwritten]
    removed = [path for path in changed if path not in theirs]
    return Done([path for path in changed if path in theirs], removed, waiting, kept)


def _compared(common: dict[str, str], mine: dict[str, str], index: Index, files: Sequence[str]) -> Compared:
    wanted = [each.removeprefix("./").rstrip("/") for each in files]
    found = compare(*(only(each, wanted) for each in (common, mine, index.hashes)))
    known = {*mine, *index.hashes, *common}
    lost = [each for each in wanted if not any(path == each or path.startswith(f"{each}/") for path in known)]
    if lost:
        raise UsageError(f"There is no document {Listed(lost, 'or')}, here or there.")
    return found


def _write(to: Exchange, swaps: list[Swap], person: Person) -> None:
    """The bytes first, so that the change itself is short; it waits for whoever is changing documents now."""
    wanted = {each.sha256: each.path for each in swaps if each.sha256 is not None}
    act = Act("push", person.id, to.clock.now())
    with writing(to.engine) as connection:
        there = stored.known(connection, sorted(wanted), act.at)
    for sha256, path in wanted.items():
        if sha256 not in there:
            with writing(to.engine) as connection:
                if stored.keep(connection, to.folder.read(path), act.at) != sha256:
                    raise NewsletterError(f"{path} was being changed: push again.")
    if swaps:
        with stored.alone(to.engine), writing(to.engine) as connection:
            for each in swaps:
                stored.swap(connection, each, act)


def _lay(folder: Folder, path: str, content: bytes | None, seen: str | None) -> None:
    file = folder.root / path
    if (digest(file.read_bytes()) if file.is_file() else None) != seen:
        raise NewsletterError(f"{path} was being changed: pull again.")
    folder.lay(path, content)


def _both(found: Compared, aside: list[str]) -> str:
    where = f"lie in {STATE_FOLDER}/{CONFLICTS}/{THEIRS}, to be brought together with yours" if aside else "are removed"
    return (
        f"Both the folder and the database have changed {Listed(found.both, 'and')} since they last met: nothing was "
        f"pulled. The database's {where}; then `newsletter push --force` with their names, or "
        "`newsletter pull --force` for the database's instead."
    )


def _check_paths(folder: Folder, paths: list[str]) -> None:
    """The database is not trusted to name files: what is no document, or lies behind a link, is not written."""
    strange = [ascii(path)[1:-1] for path in paths if not is_document(path)]
    if strange:
        raise UsageError(f"The database names what no document is: {Listed(strange)}. Nothing was pulled.")
    if linked := folder.linked(paths):
        raise UsageError(
            f"These lie behind a link, or where a folder is: {Listed(linked)}. Take it away first; nothing was pulled."
        )


def _check_settings(content: bytes) -> None:
    """What all programs will start with: readable, and without a password."""
    url = read_settings(content, {}).database
    try:
        at = make_url(url) if url else None
    except (ArgumentError, ValueError):
        at = None
    if at is not None and (at.password or "password" in at.query):
        raise UsageError(
            f"{FILE} names the database with its password: say it in DATABASE_URL instead, as no secrets are pushed."
        )


def _check_role(person: Person, paths: list[str]) -> None:
    """Who writes articles and drafts may push these; templates, campaigns and settings take an administrator."""
    parts = [(path, path.split("/")) for path in paths]
    texts = [path for path, part in parts if part[0] == "campaigns" and part[2:] != ["campaign.yaml"]]
    require(person.name, person.roles, Action.EDIT if len(texts) == len(paths) else Action.CONFIGURE)
