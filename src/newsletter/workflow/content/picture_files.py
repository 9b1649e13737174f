"""The pictures that lie in a workspace: found by name and credit, kept when one is uploaded, and shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from newsletter.errors import NewsletterError
from newsletter.gathering.bringing import kept_as
from newsletter.gathering.images import OF_WEB, PLACES, Asset, PictureError, make_asset
from newsletter.gathering.moving import MOST_FRAMES
from newsletter.gathering.naming import slug
from newsletter.i18n import say
from newsletter.model.article import ENDINGS
from newsletter.model.crop import Crop
from newsletter.model.permission import Action, require
from newsletter.store.people import Person
from newsletter.workflow.content.articles import Read
from newsletter.workflow.content.pictures import of_web
from newsletter.workflow.context import Context
from newsletter.workspace.documents import Write

LARGEST = 20_000_000  # bytes of an upload
KINDS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff")
FOLDERS = ("campaigns", "pictures", "templates")  # not, for example, the practice folder with all its messages
NAME = 48  # characters, of up to four bytes


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture of the workspace; `source` is what an article of the newsletter calls it."""

    path: str
    source: str
    credit: str = ""
    titles: tuple[str, ...] = ()  # of the articles that show it, one each
    alts: Mapping[str, str] = field(default_factory=dict)  # what it says to whoever does not see it, by language

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class Known:
    """What articles say of a picture: its credit, and alternative texts by language."""

    credit: str
    alts: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Use:
    """One text that shows a picture."""

    article: tuple[str, str]  # newsletter and key
    language: str
    title: str
    alt: str
    credit: str


def lying(ctx: Context, campaign: str, read: Read, asked: str = "") -> list[PictureFile]:
    """Those of the newsletter first. `asked`: words of the name, of a credit or of an article that shows it."""
    near = f"campaigns/{campaign}/"
    paths = sorted(_paths(ctx), key=lambda path: (not path.startswith(near), path))
    uses = _uses(ctx, read, set(paths))
    words = asked.casefold().split()
    found = [path for path in paths if all(word in _said(path, uses[path]) for word in words)]
    return [_file(path, path.removeprefix(near), uses[path]) for path in found]


def known(ctx: Context, campaign: str, read: Read, source: str) -> Known:
    """What is said of a picture elsewhere, so that nobody writes it twice."""
    near = f"campaigns/{campaign}/{source}"
    path = near if ctx.documents.exists(near) else source
    uses = _uses(ctx, read, {path})[path]
    return Known(_first(each.credit for each in uses), _alts(uses))


def kept(ctx: Context, campaign: str, name: str, content: bytes) -> tuple[str, list[Write]]:
    """An upload as a file of the newsletter: upright, without what the camera noted. What an article calls it.

    PictureError says what is wrong with it. The same picture again is the file that there is.
    """
    if len(content) > LARGEST:
        raise PictureError(say("The file is too large: at most %(most)s MB.", most=LARGEST // 1_000_000))
    name = PurePosixPath(name.replace("\\", "/")).name or "picture"
    made = make_asset(content, use="kept", name=name, formats=OF_WEB)
    if made.still:
        raise PictureError(
            say(
                "%(name)s moves for too long: shorten it to %(frames)s frames and %(most)s MB, or upload one of them.",
                name=name,
                frames=MOST_FRAMES,
                most=PLACES["kept"].moving // 1_000_000,
            )
        )
    stem = slug(PurePosixPath(name).stem)[:NAME].strip("-") or "picture"
    ending, number = ENDINGS[made.media_type], 1
    while True:
        source = f"pictures/{stem}.{ending}" if number == 1 else f"pictures/{stem}-{number}.{ending}"
        path = f"campaigns/{campaign}/{source}"
        if not ctx.documents.exists(path):
            return source, [Write(path, "upload a picture", made.content)]
        if ctx.documents.read(path) == made.content:
            return source, []
        number += 1


def uploaded(ctx: Context, campaign: str, name: str, content: bytes, person: Person) -> PictureFile:
    """An upload that lies in the newsletter from now on, whatever comes to show it."""
    require(person.name, person.roles, Action.EDIT)
    source, writes = kept(ctx, campaign, name, content)
    for write in writes:
        ctx.documents.apply(write, person.id)
    return PictureFile(f"campaigns/{campaign}/{source}", source)


def readable(ctx: Context, path: str) -> bytes:
    """The bytes of a picture of the workspace, and of nothing that hides in it."""
    if any(part.startswith(".") for part in PurePosixPath(path).parts) or not path.lower().endswith(KINDS):
        raise PictureError(say("There is no picture %(name)s.", name=path))
    return ctx.documents.read(path)


def shown(content: bytes, path: str, use: str, crop: Crop | None) -> Asset:
    return make_asset(content, use=use, name=path, crop=crop)


def _paths(ctx: Context) -> Iterator[str]:
    every = (path for folder in FOLDERS for path in ctx.documents.list(f"{folder}/**"))
    return (path for path in every if path.lower().endswith(KINDS))


def _uses(ctx: Context, read: Read, paths: set[str]) -> dict[str, list[_Use]]:
    """Who shows which of these pictures; a newsletter that cannot be read is left out (checking names it)."""
    found: dict[str, list[_Use]] = defaultdict(list)
    for name in ctx.campaigns:
        try:
            library = read(ctx, name)
        except NewsletterError:
            continue
        for article in (each for translations in library.values() for each in translations.values()):
            picture = article.picture
            if picture is not None and (path := _path(name, picture.source, paths)):
                use = _Use((name, article.key), article.language, article.title, picture.alt, picture.credit)
                found[path].append(use)
    return found


def _path(campaign: str, source: str, paths: set[str]) -> str | None:
    names = kept_as(source) if of_web(source) else [source]
    return next((path for name in names for path in (f"campaigns/{campaign}/{name}", name) if path in paths), None)


def _file(path: str, source: str, uses: list[_Use]) -> PictureFile:
    titles: dict[tuple[str, str], str] = {}
    for each in uses:
        titles.setdefault(each.article, each.title)
    return PictureFile(path, source, _first(each.credit for each in uses), tuple(titles.values()), _alts(uses))


def _alts(uses: list[_Use]) -> dict[str, str]:
    return {each.language: each.alt for each in reversed(uses) if each.alt}


def _said(path: str, uses: list[_Use]) -> str:
    return " ".join((path, *(f"{each.title} {each.credit}" for each in uses))).casefold()


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
