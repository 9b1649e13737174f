"""The picture of an article that staff wrote: chosen, uploaded, cropped, described; its files change there alone.

The picture is one for all languages; what it says to whoever does not see it stands in the file of each language. A
file that names a picture of its own, such as a chart with words in it, keeps that one: `only` is the language that is
to have one, or whose own is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.errors import UsageError
from newsletter.gathering import frontmatter
from newsletter.gathering.amending import amended
from newsletter.gathering.frontmatter import PictureFront
from newsletter.i18n import say
from newsletter.model.article import Article, Picture
from newsletter.model.permission import Action, require
from newsletter.store.people import Person
from newsletter.workflow.content.amend import can_amend
from newsletter.workflow.content.articles import Read, Shelved, one
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.joining import follow
from newsletter.workflow.content.picture_files import kept, known
from newsletter.workflow.content.picturing import Pictured, Words, checked, framed, pictured, unchanged, whole
from newsletter.workflow.context import Context
from newsletter.workspace.curating import one_line
from newsletter.workspace.documents import Write

Changes = Mapping[str, Mapping[str, Any] | None]  # by language: what of the picture changes, None takes it off


@dataclass(frozen=True, slots=True)
class Open:
    """`own`: what each file that can be changed says of a picture itself; `first` is the language that names it.

    `others`: of one language alone, what the files of the others say.
    """

    found: Shelved
    own: Mapping[str, PictureFront | None]
    first: str
    pictured: Pictured
    others: Mapping[str, PictureFront | None]

    @property
    def same(self) -> list[str]:
        """Languages whose files name the picture that is shown."""
        shown = self.pictured.picture
        return [tag for tag, front in self.own.items() if shown and front and front.file == shown.source]

    @property
    def different(self) -> bool:
        """Whether the other languages show other pictures than the first."""
        shown = self.pictured.picture
        others = {tag: each.picture for tag, each in self.found.translations.items() if tag != self.first}
        sources = {picture.source for picture in others.values() if picture}
        return bool(shown and sources and shown.source not in sources)


def opened(ctx: Context, campaign: str, key: str, read: Read | None = None, only: str | None = None) -> Open:
    found = one(ctx, campaign, key, read)
    preference = dict.fromkeys([ctx.settings.default_language, *ctx.languages(ctx.campaign(campaign))])
    texts = {tag: found.translations[tag] for tag in (*preference, *found.translations) if tag in found.translations}
    every = {tag: _front(ctx, article) for tag, article in texts.items() if can_amend(article)}
    own = {tag: front for tag, front in every.items() if only in (None, tag)}
    if not own:
        raise UsageError(say("The picture of this article cannot be changed here: change it in an issue that uses it."))
    first = next((tag for tag, front in own.items() if front), next(iter(own)))
    picture = texts[first].picture
    words = tuple(_words(article, tag in own, picture) for tag, article in texts.items() if only in (None, tag))
    others = {tag: front for tag, front in every.items() if tag not in own}
    return Open(found, own, first, pictured(ctx, campaign, picture, words), others)


def choose(
    ctx: Context,
    campaign: str,
    key: str,
    source: str,
    person: Person,
    read: Read | None = None,
    only: str | None = None,
) -> str | None:
    """Another picture of the workspace, with what is said of it elsewhere. Says which approval falls."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, only=only)
        said = known(ctx, campaign, read or _read, checked(ctx, campaign, source))
        return _put(ctx, now, _instead(now, source, said.credit, said.alts), "choose a picture", person)


def upload(
    ctx: Context, campaign: str, key: str, name: str, content: bytes, person: Person, only: str | None = None
) -> str | None:
    """PictureError says what is wrong with it; nothing is kept then."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, only=only)
        source, writes = kept(ctx, campaign, name, content)
        return _put(ctx, now, _instead(now, source, "", {}), "upload a picture", person, writes)


def remove(ctx: Context, campaign: str, key: str, person: Person) -> str | None:
    """Off the article; its file stays and can be chosen again."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        now = opened(ctx, campaign, key)
        return _put(ctx, now, dict.fromkeys(now.same), "remove the picture", person)


def same_again(ctx: Context, campaign: str, key: str, person: Person, only: str) -> str | None:
    """The picture of the other languages in this one too."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, only=only)
        if not now.different:
            raise UsageError(say("This language shows the picture of the others already."))
        return _put(ctx, now, {only: None}, "take back the picture of a language", person)


def describe(
    ctx: Context,
    campaign: str,
    key: str,
    alts: Mapping[str, str],
    credits: Mapping[str, str],
    person: Person,
    *,
    made_from: str,
    only: str | None = None,
) -> str | None:
    """Alternative texts by language; a credit for all (by the name of none), or each language's own."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, only=only)
        unchanged(now.pictured, made_from)
        changes = {}
        for tag, front in now.own.items():
            words = {"alt": one_line(alts.get(tag, "")), "credit": one_line(credits.get(tag, credits.get("", "")))}
            if front is None:
                if words["alt"] or (not now.same and tag == now.first and words["credit"] != _credit(now)):
                    changes[tag] = whole(now.pictured, words)
            else:
                changes[tag] = words if tag in now.same else {"alt": words["alt"]}
        return _put(ctx, now, changes, "describe the picture", person)


def crop(
    ctx: Context,
    campaign: str,
    key: str,
    given: Mapping[str, str],
    aspect: str,
    person: Person,
    *,
    made_from: str,
    only: str | None = None,
) -> str | None:
    """Another part of the same picture, which stays whole in its file."""
    require(person.name, person.roles, Action.EDIT)
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, only=only)
        unchanged(now.pictured, made_from)
        part = framed(now.pictured, given, aspect)
        turned = {"crop": part.plain() if part else None}
        changes = dict.fromkeys(now.same, turned) or {now.first: whole(now.pictured, turned)}
        return _put(ctx, now, changes, "crop the picture", person)


def _read(ctx: Context, campaign: str) -> Any:
    return library_of(ctx, campaign, ctx.campaign(campaign))


def _front(ctx: Context, article: Article) -> PictureFront | None:
    file = article.file or ""
    return frontmatter.split(ctx.documents.text(file), file)[0].picture


def _words(article: Article, writable: bool, shown: Picture | None) -> Words:
    own = article.picture
    other = bool(shown and own and own.source != shown.source)
    return Words(article.language, article.title, own.alt if own else "", own.credit if own else "", writable, other)


def _credit(now: Open) -> str:
    return now.pictured.picture.credit if now.pictured.picture else ""


def _instead(now: Open, source: str, credit: str, alts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Where the picture was named the new one is; a language of which its text is known names it as well."""
    if now.pictured.picture is not None and source == now.pictured.picture.source:
        return {}
    named = now.same or [now.first]
    told = [tag for tag, front in now.own.items() if alts.get(tag) and (front is None or tag in now.same)]
    return {
        tag: {"file": source, "crop": None, "credit": credit or None, "alt": alts.get(tag)}
        for tag in dict.fromkeys([*named, *told])
    }


def _put(
    ctx: Context, now: Open, changes: Changes, operation: str, person: Person, before: list[Write] | None = None
) -> str | None:
    """All is made before anything is written; what a file says already is not written again."""
    writes = list(before or [])
    for tag, values in {**changes, **_staying(now, changes)}.items():
        front, file = {**now.own, **now.others}[tag], now.found.translations[tag].file or ""
        told = {} if front is None else front.model_dump()
        if values is not None:
            values = {name: value for name, value in values.items() if (value or None) != (told.get(name) or None)}
        if values or (values is None and front is not None):
            text = amended(ctx.documents.text(file), file, {"picture": _ordered(values)})
            writes.append(Write(file, operation, text.encode()))
    if not writes:
        return None
    fallen = follow(ctx, now.found.campaign, {now.found.key}, person)
    for write in writes:
        ctx.documents.apply(write, person.id)
    return fallen


def _staying(now: Open, changes: Changes) -> dict[str, dict[str, Any]]:
    """Files that borrow the picture of a language which gets another one: from now on they name theirs."""
    lent, told = now.own[now.first], changes.get(now.first)
    if lent is None or told is None:
        return {}
    before = lent.model_dump()
    if all((value or None) == (before[name] or None) for name, value in told.items() if name != "alt"):
        return {}
    borrowed = {tag: now.found.translations[tag].picture for tag, front in now.others.items() if front is None}
    return {
        tag: {"file": each.source, "crop": each.crop.plain() if each.crop else None, "credit": each.credit or None}
        for tag, each in borrowed.items()
        if each is not None and each.source == lent.file
    }


def _ordered(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    order = ("file", "crop", "alt", "credit")
    return None if values is None else {name: values[name] or None for name in order if name in values}
