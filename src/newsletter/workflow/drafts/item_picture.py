"""The picture of an issue's item: what the issue shows otherwise than the article, which stays as it is.

So a gathered article gets another picture, a part of its own, or the alternative text that its source left out. With
`only` it is said of one language, and the others stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.article import Article, Library, Picture
from newsletter.model.crop import Crop
from newsletter.model.draft import Draft, Edit, Item
from newsletter.model.permission import Action, require
from newsletter.rendering.selection import picture_of
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.content.articles import Read
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.picture_files import kept, known
from newsletter.workflow.content.picturing import Pictured, Words, checked, framed, pictured, unchanged
from newsletter.workflow.context import Context
from newsletter.workflow.drafts.drafting import article_in, rewrite
from newsletter.workspace.curating import find_item, one_line, set_edit
from newsletter.workspace.documents import Write
from newsletter.workspace.loading import load_yaml

OF_PICTURE = ("picture", "alt", "credit", "crop")
Turn = Callable[["Open"], Mapping[str, Edit]]  # the edits that are other now, by language


@dataclass(frozen=True, slots=True)
class Open:
    """`articles`: the article in each language of the issue that has it; `first` names the picture.

    `others`: of one language alone, the pictures that the others show.
    """

    item: Item
    articles: Mapping[str, Article]
    first: str
    pictured: Pictured
    others: Mapping[str, Picture | None]

    def edit(self, language: str) -> Edit:
        return self.item.edits.get(language) or Edit()

    @property
    def same(self) -> list[str]:
        """Languages that show the picture of the first, or none as it does."""
        return [each.language for each in self.pictured.words if not each.other]

    @property
    def changed(self) -> bool:
        """Whether the issue says anything else than the article."""
        return any(getattr(self.edit(tag), name) is not None for tag in self.articles for name in OF_PICTURE)

    @property
    def different(self) -> bool:
        """Whether the other languages show other pictures, or none where this one does."""
        own = self.pictured.picture
        return bool(self.others) and (own and own.source) not in {each and each.source for each in self.others.values()}


def opened(ctx: Context, row: IssueRow, item: str, library: Library, only: str | None = None) -> Open:
    return _opened(ctx, row, find_item(ctx.draft(row.campaign, row.key), item), library, only)


def _opened(ctx: Context, row: IssueRow, item: Item, library: Library, only: str | None) -> Open:
    languages = ctx.languages(ctx.campaign(row.campaign))
    found = {tag: article for tag in languages if (article := article_in(item, library, tag)) is not None}
    if not found:
        raise UsageError(say("This article has no text in a language of the issue yet."))
    shown = {tag: picture_of(article.picture, item.edits.get(tag) or Edit()) for tag, article in found.items()}
    if only is not None and only not in found:
        raise UsageError(say("This article has no text in that language yet."))
    others = {tag: picture for tag, picture in shown.items() if only not in (None, tag)}
    found = {tag: article for tag, article in found.items() if tag not in others}
    first = next((tag for tag in found if shown[tag]), next(iter(found)))
    words = tuple(_words(tag, found[tag].title, shown[tag], shown[first]) for tag in found)
    return Open(item, found, first, pictured(ctx, row.campaign, shown[first], words), others)


def choose(
    ctx: Context, row: IssueRow, item: str, source: str, person: Person, read: Read, only: str | None = None
) -> str | None:
    """Another picture of the workspace, with what is said of it elsewhere. Says which approval falls."""
    said = known(ctx, row.campaign, read, checked(ctx, row.campaign, source))
    return _turn(ctx, row, item, person, lambda now: _instead(now, source, said.credit, said.alts), only=only)


def upload(
    ctx: Context, row: IssueRow, item: str, name: str, content: bytes, person: Person, only: str | None = None
) -> str | None:
    """PictureError says what is wrong with it; nothing is kept then."""
    require(person.name, person.roles, Action.EDIT)
    writes: list[Write] = []

    def uploaded(now: Open) -> dict[str, Edit]:
        source, new = kept(ctx, row.campaign, name, content)
        writes.extend(new)
        return _instead(now, source, "", {})

    return _turn(ctx, row, item, person, uploaded, writes, only)


def remove(ctx: Context, row: IssueRow, item: str, person: Person, only: str | None = None) -> str | None:
    """None in this issue; the article keeps its own."""

    def without(now: Open) -> dict[str, Edit]:
        return {tag: _with(now, tag, picture="" if now.articles[tag].picture else None) for tag in now.same}

    return _turn(ctx, row, item, person, without, only=only)


def own(ctx: Context, row: IssueRow, item: str, person: Person) -> str | None:
    """The article's own picture again, as it says it."""
    return _turn(ctx, row, item, person, lambda now: {tag: _with(now, tag) for tag in now.articles})


def same_again(ctx: Context, row: IssueRow, item: str, person: Person, only: str) -> str | None:
    """The picture that another language of the issue shows in this one too."""

    def again(now: Open) -> dict[str, Edit]:
        if not now.different:
            raise UsageError(say("This language shows the picture of the others already."))
        tag, shown = next(iter(now.others.items()))
        other, own = now.edit(tag), now.articles[only].picture
        if other.picture is None and shown and shown.source != (own and own.source):  # the article itself differs
            other = Edit(picture=shown.source, credit=shown.credit or None, crop=shown.crop)
        return {only: _with(now, only, picture=other.picture, credit=other.credit, crop=other.crop)}

    return _turn(ctx, row, item, person, again, only=only)


def describe(
    ctx: Context,
    row: IssueRow,
    item: str,
    alts: Mapping[str, str],
    credits: Mapping[str, str],
    person: Person,
    *,
    made_from: str,
    only: str | None = None,
) -> str | None:
    """Alternative texts by language; a credit for all (by the name of none), or each language's own."""

    def described(now: Open) -> dict[str, Edit]:
        unchanged(now.pictured, made_from)
        edits = {}
        for tag in now.articles:
            words = {"alt": one_line(alts.get(tag, ""))}
            if tag in now.same:
                words["credit"] = one_line(credits.get(tag, credits.get("", "")))
            edits[tag] = _saying(now, tag, words)
        return edits

    return _turn(ctx, row, item, person, described, only=only)


def crop(
    ctx: Context,
    row: IssueRow,
    item: str,
    given: Mapping[str, str],
    aspect: str,
    person: Person,
    *,
    made_from: str,
    only: str | None = None,
) -> str | None:
    """Another part of the same picture, which stays whole in its file."""

    def cropped(now: Open) -> dict[str, Edit]:
        part = framed(unchanged(now.pictured, made_from), given, aspect)
        return {tag: _saying(now, tag, {"crop": part or Crop()}) for tag in now.same}

    return _turn(ctx, row, item, person, cropped, only=only)


def _turn(
    ctx: Context,
    row: IssueRow,
    item: str,
    person: Person,
    turn: Turn,
    writes: Sequence[Write] = (),
    only: str | None = None,
) -> str | None:
    """`writes`: files that `turn` has found to be needed; they come before the draft that names them."""
    library = library_of(ctx, row.campaign, ctx.campaign(row.campaign))

    def turned(text: str, path: str) -> str:
        now = _opened(ctx, row, find_item(load_yaml(text, path, Draft), item), library, only)
        edits = {tag: edit for tag, edit in turn(now).items() if edit != now.edit(tag)}
        for tag, edit in edits.items():
            text = set_edit(text, item, tag, edit, path)
        for write in writes:
            ctx.documents.apply(write, person.id)
        return text

    return rewrite(ctx, row, f"picture {item}", person, turned).fallen


def _words(language: str, title: str, picture: Picture | None, shown: Picture | None) -> Words:
    other = (picture and picture.source) != (shown and shown.source)
    alt, credit = (picture.alt, picture.credit) if picture else ("", "")
    return Words(language, title, alt, credit, writable=picture is not None, other=other)


def _with(now: Open, language: str, **picture: Any) -> Edit:
    """The edit with these words on the picture, and no others."""
    return now.edit(language).model_copy(update=dict.fromkeys(OF_PICTURE) | picture)


def _instead(now: Open, source: str, credit: str, alts: Mapping[str, str]) -> dict[str, Edit]:
    if now.pictured.picture is not None and source == now.pictured.picture.source:
        return {}
    edits = {}
    for tag in now.same:
        own = now.articles[tag].picture
        if own is not None and own.source == source:
            edits[tag] = _with(now, tag)
        else:
            edits[tag] = _with(now, tag, picture=source, alt=alts.get(tag), credit=credit or None)
    return edits


def _saying(now: Open, language: str, words: Mapping[str, Any]) -> Edit:
    """Only what is other than the article's own is kept, so that a later change of the article comes through."""
    edit, own = now.edit(language), now.articles[language].picture
    if edit.picture is not None:
        usual: dict[str, Any] = {"alt": "", "credit": "", "crop": Crop()}
    elif own is not None:
        usual = {"alt": own.alt, "credit": own.credit, "crop": own.crop or Crop()}
    else:
        return edit
    return edit.model_copy(update={name: None if value == usual[name] else value for name, value in words.items()})
