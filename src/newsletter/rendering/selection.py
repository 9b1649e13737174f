"""Which article stands where in which language: the draft and the articles, resolved for one edition language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from newsletter.i18n import match
from newsletter.model.article import Article, Library, Picture, Translations
from newsletter.model.campaign import Campaign, Missing, Section
from newsletter.model.draft import Draft, Edit, Item, ItemState

USED = (ItemState.NEW, ItemState.IN)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item in one language. `edited` names the fields that staff replaced: these may hold merge fields."""

    item: Item
    article: Article
    edited: frozenset[str]
    other: bool  # shown in another language than the edition's

    def own(self, field: str) -> bool:
        """Whether staff wrote this field, so that merge fields are allowed in it."""
        return self.article.own or field in self.edited


@dataclass(frozen=True, slots=True)
class ChosenSection:
    spec: Section
    items: tuple[Chosen, ...]


def choose(
    campaign: Campaign, draft: Draft, library: Library, language: str, preference: Sequence[str]
) -> list[ChosenSection]:
    """The sections of an edition, in the campaign's order, without empty ones.

    `preference` orders the languages in which an article is shown where it lacks the edition's.
    """
    by_id = {section.id: section for section in draft.sections}
    chosen = []
    for spec in campaign.sections:
        items = by_id[spec.id].items if spec.id in by_id else []
        found = tuple(_choose(campaign, items, library, language, preference))
        if found:
            chosen.append(ChosenSection(spec, found))
    return chosen


def _choose(
    campaign: Campaign, items: Sequence[Item], library: Library, language: str, preference: Sequence[str]
) -> Iterator[Chosen]:
    for item in items:
        translations = library.get(item.article)
        if item.state not in USED or not translations:
            continue
        found = _language(translations, language, preference, campaign.missing_language)
        if found is not None:
            edit = item.edits.get(language) or Edit()
            article, edited = _edited(translations[found], edit)
            yield Chosen(item, article, edited, other=match([language], [found]) is None)


def _language(translations: Translations, language: str, preference: Sequence[str], missing: Missing) -> str | None:
    found = match([language], translations)
    if found is None and missing is Missing.SHOW_OTHER:
        found = match(preference, translations) or next(iter(translations))
    return found


def _edited(article: Article, edit: Edit) -> tuple[Article, frozenset[str]]:
    texts = {name: value for name in ("title", "summary", "body") if (value := getattr(edit, name)) is not None}
    return replace(article, **texts, picture=picture_of(article.picture, edit)), frozenset(texts)


def picture_of(own: Picture | None, edit: Edit) -> Picture | None:
    """What an item shows: the article's own picture with what staff say otherwise, another one, or none."""
    if edit.picture is not None:
        return Picture(edit.picture, edit.alt or "", edit.credit or "", edit.crop) if edit.picture else None
    other = {name: value for name in ("alt", "credit", "crop") if (value := getattr(edit, name)) is not None}
    return replace(own, **other) if own else None
