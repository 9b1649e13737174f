"""What the composer shows: an issue's sections with their items in every language, and what is not in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.audience.count import explain
from newsletter.i18n import match, pick
from newsletter.model.article import Library, outdated
from newsletter.model.campaign import Campaign, Missing
from newsletter.model.draft import Draft, DraftSection, Edit, Item, ItemState
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.workflow.audience import audience_rule
from newsletter.workflow.context import Context
from newsletter.workflow.drafts.drafting import USED, Texts, article_in, texts_of


@dataclass(frozen=True, slots=True)
class Cell:
    """An item in one language."""

    language: str
    texts: Texts
    there: bool  # a text of this language, the article's or staff's
    edited: bool
    outdated: bool
    shown_in: str | None  # the other language in which readers of this one get it


@dataclass(frozen=True, slots=True)
class Line:
    item: Item
    section: str
    cells: dict[str, Cell]
    gone: bool  # the article is no longer there


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the campaign, in reading order, with what is used."""

    id: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Loose:
    """An article of the newsletter that the draft does not have."""

    key: str
    title: str
    language: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    languages: tuple[str, ...]
    parts: tuple[Part, ...]
    kept: tuple[Line, ...]
    out: tuple[Line, ...]
    loose: tuple[Loose, ...]
    shows_other: bool  # an article that lacks a language is shown in another

    @property
    def used(self) -> list[Line]:
        return [line for part in self.parts for line in part.lines]

    @property
    def lines(self) -> list[Line]:
        return [*self.used, *self.kept, *self.out]

    def gaps(self, language: str) -> int:
        """Used items without a text in a language."""
        return sum(not line.cells[language].there for line in self.used)


def board(ctx: Context, row: IssueRow, library: Library) -> Board:
    campaign, draft = ctx.campaign(row.campaign), ctx.draft(row.campaign, row.key)
    languages = tuple(ctx.languages(campaign))
    preference = [ctx.settings.default_language, *ctx.settings.languages]

    def line(section: DraftSection, item: Item) -> Line:
        cells = {tag: _cell(item, library, tag, campaign, preference) for tag in languages}
        return Line(item, section.id, cells, item.article not in library)

    lines = [line(section, item) for section in draft.sections for item in section.items]
    return Board(
        languages,
        tuple(_parts(campaign, draft, lines, ctx.settings.default_language)),
        tuple(each for each in lines if each.item.state is ItemState.KEPT),
        tuple(each for each in lines if each.item.state is ItemState.OUT),
        tuple(_loose(draft, library, preference)),
        campaign.missing_language is Missing.SHOW_OTHER,
    )


def reach(ctx: Context, row: IssueRow) -> dict[str, int]:
    """Contacts by the language in which they get this issue; it counts the whole audience."""
    campaign = ctx.campaign(row.campaign)
    rule = audience_rule(ctx, row.campaign, campaign, ctx.languages(campaign))
    with reading(ctx.engine) as connection:
        return explain(connection, rule, ctx.fields).languages


def _cell(item: Item, library: Library, language: str, campaign: Campaign, preference: Sequence[str]) -> Cell:
    article = article_in(item, library, language)
    translations = library.get(item.article, {})
    edit = item.edits.get(language, Edit())
    shown_in = None
    if article is None and translations and campaign.missing_language is Missing.SHOW_OTHER:
        shown_in = match(preference, translations) or next(iter(translations))
    return Cell(
        language,
        texts_of(item, library, language),
        there=article is not None,
        edited=any((edit.title, edit.summary, edit.body)),
        outdated=article is not None and outdated(article, translations),
        shown_in=shown_in,
    )


def _parts(campaign: Campaign, draft: Draft, lines: Sequence[Line], language: str) -> list[Part]:
    return [
        Part(
            spec.id,
            pick(spec.title, language) or next(iter(spec.title.values()), spec.id),
            tuple(each for each in lines if each.section == spec.id and each.item.state in USED),
        )
        for spec in campaign.sections
    ]


def _loose(draft: Draft, library: Library, preference: Sequence[str]) -> list[Loose]:
    there = {item.article for item in draft.items()}
    found = []
    for key, translations in library.items():
        if key in there:
            continue
        language = match(preference, translations) or next(iter(translations))
        found.append(Loose(key, translations[language].title, language, tuple(translations)))
    return found
