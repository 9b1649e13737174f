"""The data of a message in one language, as templates see it; pure but for the two functions it is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from markupsafe import Markup

from newsletter.i18n import direction, locale
from newsletter.model.article import Article, Event, Picture
from newsletter.model.crop import Crop
from newsletter.rendering import markdown, shield, text, typography
from newsletter.rendering.manuscript import Body, Source
from newsletter.rendering.selection import Chosen, ChosenSection
from newsletter.rendering.shield import Place

PictureView = Mapping[str, Any]  # url, width, height
# Of a picture's source, at a place (lead, card or inline), cropped or whole.
Show = Callable[[str, str, Crop | None], PictureView | None]


@dataclass
class Content:
    """Builds the `sections` of one language, and collects the texts with merge fields as template sources."""

    language: str
    house: Mapping[str, bool | str]
    address: Callable[[Article], str]  # the link address of an article in the message
    picture: Show
    rewrite: Callable[[Article, str], str]  # the link address of what an article's body links to
    sources: dict[str, Source] = field(default_factory=dict)

    def sections(self, chosen: Sequence[ChosenSection], titles: Callable[[Mapping[str, str]], str]) -> list[Any]:
        return [
            {
                "id": section.spec.id,
                "title": titles(section.spec.title),
                "layout": section.spec.layout or "",
                "items": [self._item(each, section.spec.layout) for each in section.items],
            }
            for section in chosen
        ]

    def _item(self, chosen: Chosen, layout: str | None) -> dict[str, Any]:
        article = chosen.article
        about = of_article(article)
        html, plain = self._body(chosen, about)
        return {
            "key": article.key,
            "title": self._line(chosen, "title", about),
            "summary": self._line(chosen, "summary", about),
            "body": html,
            "text": plain,
            "url": self.address(article),
            "reading": not article.link,  # its address is a page of our own
            "date": article.date,
            "topics": list(article.topics),
            "kind": article.kind,
            "author": article.author,
            "language": article.language,
            "dir": direction(article.language),
            "label": _language_name(article.language, self.language) if chosen.other else "",
            "picture": self._picture(article.picture, "lead" if layout == "lead" else "card"),
            "event": about["event"],
        }

    def _picture(self, picture: Picture | None, use: str) -> PictureView | None:
        shown = self.picture(picture.source, use, picture.crop) if picture else None
        return {**shown, "alt": picture.alt, "credit": picture.credit} if picture and shown else None

    def _line(self, chosen: Chosen, name: str, about: Mapping[str, Any]) -> Any:
        """Title or summary: a text, or a template of its own where staff put merge fields into it."""
        article = chosen.article
        if chosen.own(name):
            shield.check(getattr(article, name), Place(article.file))
        value = typography.apply(getattr(article, name), article.language, self.house)
        if not (chosen.own(name) and "{{" in value):
            return value
        # A source in text: what it prints is escaped where the template prints it.
        return self._template(f"articles/{chosen.item.id}.{name}.txt", value, about, Place(article.file))

    def _body(self, chosen: Chosen, about: Mapping[str, Any]) -> tuple[Any, Any]:
        article, own = chosen.article, chosen.own("body")
        name = f"articles/{chosen.item.id}.body"
        place = Place() if "body" in chosen.edited else Place(article.file, article.body_line)
        how: dict[str, Any] = {
            "own": own,
            "house": self.house,
            "rewrite": partial(self.rewrite, article),
            "place": place,
        }
        html = markdown.to_html(
            article.body, article.language, picture=lambda source: self.picture(source, "inline", None), **how
        )
        plain = text.to_text(article.body, article.language, **how)
        if own and "{{" in article.body:
            return (
                self._template(name, html, about, place, shield.lines(html, article.body, place)),
                self._template(f"{name}.txt", plain, about, place, shield.lines(plain, article.body, place)),
            )
        return Markup(html), plain  # noqa: S704 - made by markdown.to_html, which sanitises

    def _template(
        self, name: str, source: str, about: Mapping[str, Any], place: Place, lines: tuple[int, ...] = ()
    ) -> Body:
        self.sources[name] = Source(source, file=place.file or name, lines=lines, staff=True)
        return Body(name, about)


def of_article(article: Article) -> dict[str, Any]:
    """What a text with merge fields sees of its own article."""
    return {
        "article": {"title": article.title, "date": article.date, "link": article.link or ""},
        "event": _event(article.event) if article.event else None,
        "dates": dict(article.dates),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "start": event.start,
        "end": event.end,
        "zone": event.zone,
        "place": event.place,
        "languages": list(event.languages),
        "registration": event.registration,
        "deadline": event.deadline,
    }


def _language_name(tag: str, language: str) -> str:
    """`en` in French: anglais."""
    named = locale(language).languages.get(tag.split("-")[0])
    return str(named or tag)


def issue_date(key: str, planned: date | None) -> date:
    """The planned day, else what the key says (`2026-12` is the first of the month)."""
    if planned is not None:
        return planned
    parts = [int(part) for part in key.split("-")[:3] if part.isdigit()]
    try:
        year, month, day = [*parts, 1, 1][:3]
        return date(year, month, day)
    except (ValueError, TypeError):
        return date(1970, 1, 1)
