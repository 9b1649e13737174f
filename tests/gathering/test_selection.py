from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from newsletter.gathering.selection import Occasion, propose
from newsletter.model.article import Article, Event, Library
from newsletter.model.campaign import Campaign, Section
from newsletter.model.draft import Draft, DraftSection, Item, ItemState

DAY = date(2026, 12, 1)
OCCASION = Occasion(DAY)


def campaign(*sections: Section) -> Campaign:
    return Campaign.model_validate(
        {
            "title": "M",
            "publication": "m",
            "template": "t",
            "subject": {"en": "S"},
            "sender": {"name": "A", "address": "a@b.example"},
            "sections": list(sections),
        }
    )


def library(*articles: Article) -> Library:
    return {each.key: {each.language: each} for each in articles}


def article(key: str, **more: object) -> Article:
    return replace(Article(key=key, language="en", title=key), **more)  # type: ignore[arg-type]


def draft(**states: ItemState) -> Draft:
    items = [Item(id=f"i{number}", article=key, state=state) for number, (key, state) in enumerate(states.items(), 1)]
    return Draft(sections=[DraftSection(id="s", items=items)])


def proposed(section: Section, articles: Library, occasion: Occasion = OCCASION) -> list[str]:
    return propose(campaign(section), {section.id: list(articles)}, articles, occasion)[section.id]


def test_filters_of_kind_topic_and_age() -> None:
    articles = library(
        article("a", kind="notice", topics=("health",), date=date(2026, 11, 1)),
        article("b", topics=("health", "pensions"), date=date(2026, 10, 31)),
        article("c", topics=("pensions",)),
    )
    assert proposed(Section(id="s", kinds=["notice"]), articles) == ["a"]
    assert proposed(Section(id="s", topics=["pensions"]), articles) == ["b", "c"]
    assert proposed(Section(id="s", since_days=30), articles) == ["a", "c"]  # no date: nobody knows it to be old


def test_orders_and_limit() -> None:
    articles = library(
        article("b", title="Écrit", date=date(2026, 11, 2)),
        article("a", title="zebra", date=date(2026, 11, 3)),
        article("c", title="Apple"),
        article("d", title="b", date=date(2026, 11, 2)),
    )
    assert proposed(Section(id="s"), articles) == ["a", "b", "d", "c"]
    assert proposed(Section(id="s", order="oldest"), articles) == ["b", "d", "a", "c"]
    assert proposed(Section(id="s", order="title"), articles) == ["c", "d", "a", "b"]
    assert proposed(Section(id="s", limit=2), articles) == ["a", "b"]


def test_events_by_their_date_without_those_that_are_over() -> None:
    def event(day: int, month: int = 12) -> Event:
        return Event(start=datetime(2026, month, day, 9, tzinfo=UTC), end=datetime(2026, month, day, 17, tzinfo=UTC))

    articles = library(
        article("late", kind="event", event=event(20)),
        article("soon", kind="event", event=event(1)),
        article("over", kind="event", event=event(30, 11)),
    )
    assert proposed(Section(id="s", order="event"), articles) == ["soon", "late"]


def test_an_article_goes_to_the_first_section_that_takes_it() -> None:
    articles = library(article("a"), article("b"), article("c"))
    sections = campaign(Section(id="lead", limit=1), Section(id="rest"))
    candidates = {"lead": list(articles), "rest": list(articles)}
    assert propose(sections, candidates, articles, OCCASION) == {"lead": ["a"], "rest": ["b", "c"]}


def test_what_the_draft_knows_is_not_proposed_again_wherever_people_put_it() -> None:
    articles = library(article("a"), article("b"), article("c"), article("d"))
    occasion = Occasion(DAY, draft(a=ItemState.OUT, b=ItemState.IN).model_copy(update={"proposed": ["c"]}))
    assert proposed(Section(id="s"), articles, occasion) == ["d"]


def test_the_limit_counts_what_is_used() -> None:
    articles = library(article("c"), article("d"))
    states = {"a": ItemState.IN, "b": ItemState.OUT}
    assert proposed(Section(id="s", limit=2), articles, Occasion(DAY, draft(**states))) == ["c"]
    states["b"] = ItemState.NEW
    assert proposed(Section(id="s", limit=2), articles, Occasion(DAY, draft(**states))) == []


def test_earlier_issues() -> None:
    old = date(2026, 1, 1)
    articles = library(article("used"), article("kept", date=old), article("declined"), article("fresh", date=DAY))
    first = draft(used=ItemState.IN, kept=ItemState.KEPT, declined=ItemState.OUT)
    section = Section(id="s", since_days=30)
    assert proposed(section, articles, Occasion(DAY, earlier=[first])) == ["kept", "fresh"]
    second = draft(kept=ItemState.IN)
    assert proposed(section, articles, Occasion(DAY, earlier=[first, second])) == ["fresh"]
    third = draft(kept=ItemState.KEPT)
    assert proposed(section, articles, Occasion(DAY, earlier=[first, second, third])) == ["kept", "fresh"]
