"""Which of the gathered articles are proposed for an issue, and in which section. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from newsletter.model.article import Article, Event, Library
from newsletter.model.campaign import Campaign, Section
from newsletter.model.draft import Draft, ItemState

Proposals = Mapping[str, Sequence[str]]  # section id -> article keys


@dataclass(frozen=True, slots=True)
class Occasion:
    """The issue for which articles are chosen: its day, its draft so far, and the drafts of earlier issues."""

    day: date
    draft: Draft = field(default_factory=Draft)
    earlier: Sequence[Draft] = ()  # oldest first


def propose(
    campaign: Campaign, candidates: Mapping[str, Sequence[str]], library: Library, occasion: Occasion
) -> dict[str, list[str]]:
    """New articles for each section, in the campaign's order; an article goes to the first section that takes it.

    Nothing that the draft knows is proposed again, nor what an earlier issue used or declined. What an earlier issue
    kept for later comes again, whatever its date, and first.
    """
    taken = set(occasion.draft.known())
    kept = _kept(occasion.earlier)
    passed = {key for draft in occasion.earlier for key in draft.known()} - kept
    proposals: dict[str, list[str]] = {}
    for section in campaign.sections:
        offered = [key for key in candidates.get(section.id, ()) if key in library and key not in taken | passed]
        fitting = [key for key in dict.fromkeys(offered) if _fits(section, library[key].values(), occasion.day, kept)]
        ordered = sorted(fitting, key=lambda key: _rank(section, library[key].values()))
        chosen = sorted(ordered, key=lambda key: key not in kept)[: _room(section, occasion.draft)]
        proposals[section.id] = chosen
        taken.update(chosen)
    return proposals


def _kept(earlier: Iterable[Draft]) -> set[str]:
    """What is still kept for later: a later issue that used or declined it has settled it."""
    kept: set[str] = set()
    for draft in earlier:
        kept = (kept - draft.known()) | draft.kept()
    return kept


def _room(section: Section, draft: Draft) -> int | None:
    if section.limit is None:
        return None
    items = [item for each in draft.sections if each.id == section.id for item in each.items]
    return max(0, section.limit - sum(item.state in (ItemState.NEW, ItemState.IN) for item in items))


def _fits(section: Section, translations: Iterable[Article], day: date, kept: set[str]) -> bool:
    article = next(iter(translations))  # date, kind, topics and event are the same in all (model.article.complete)
    if section.kinds and article.kind not in section.kinds:
        return False
    if section.topics and not set(section.topics) & set(article.topics):
        return False
    if article.event is not None and _over(article.event, day):
        return False
    if section.since_days is None or article.date is None or article.key in kept:
        return True
    return article.date >= day - timedelta(days=section.since_days)


def _over(event: Event, day: date) -> bool:
    """Whether an event has ended before the issue's day: nobody can go there any more."""
    return (event.end or event.start).date() < day


def _rank(section: Section, translations: Iterable[Article]) -> tuple[float | str, str]:
    """By the section's order; articles without a date come last; the key settles ties."""
    article = next(iter(translations))
    match section.order:
        case "title":
            return article.title.casefold(), article.key
        case "event":
            return (article.event.start.timestamp() if article.event else float("inf")), article.key
        case order:
            if article.date is None:
                return float("inf"), article.key
            instant = datetime.combine(article.date, time(), UTC).timestamp()
            return (-instant if order == "newest" else instant), article.key
