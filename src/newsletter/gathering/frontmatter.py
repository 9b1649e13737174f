"""The front matter of an article file: read with file:line and the nearest key for every mistake, and written."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from ruamel.yaml import YAML

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.linking import web_address
from newsletter.i18n import normalise, say
from newsletter.loading import load_yaml
from newsletter.model.article import Article, Event, Picture
from newsletter.model.crop import Crop

Kind = Literal["article", "foreword", "quotation", "figure", "event", "notice"]


def _web(value: str) -> str:
    if web_address(value) is None:
        raise ValueError(say("%(url)r is no address of a web page: it begins with https://", url=value))
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(say("%(value)r is no time zone such as Europe/Zurich", value=value)) from None
    return value


def _text(value: object) -> object:
    """A number or a date where a text is meant, as YAML reads `title: 2026`; blanks around it fall away."""
    if isinstance(value, (int, float, date)) and not isinstance(value, bool):
        value = str(value)
    return value.strip() if isinstance(value, str) else ("" if value is None else value)


def _day(value: object) -> object:
    return value.date() if isinstance(value, datetime) else value


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else ([] if value is None else value)


def _tag(value: object) -> object:
    return normalise(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text)]
Web = Annotated[str, AfterValidator(_web)]
Day = Annotated[date, BeforeValidator(_day)]
Tag = Annotated[str, BeforeValidator(_tag)]
Zone = Annotated[str, AfterValidator(_zone)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PictureFront(_Strict):
    file: str = Field(
        description="In the campaign's folder or in the workspace, or an https address, brought over by gathering"
    )
    alt: Text = Field(default="", description="What the picture says, for whoever does not see it")
    credit: Text = ""
    crop: Crop | None = Field(default=None, description="The part that is shown; else the whole")


class EventFront(_Strict):
    start: datetime | date = Field(description="Local time in `zone`")
    end: datetime | date | None = None
    zone: Zone = "UTC"
    place: Text = ""
    languages: Annotated[list[Tag], BeforeValidator(_list)] = Field(default_factory=list)
    registration: Web | None = None
    deadline: datetime | date | None = None


class Front(_Strict):
    """What stands between the `---` lines of an article file."""

    key: Text = Field(default="", pattern=r"^[^\s/\\]*$", description="Shared by translations; else the file name")
    language: Tag | None = Field(default=None, description="Else the file name's, name.fr.md; else detected")
    title: Text = ""
    summary: Text = Field(default="", description="The lead; the message shows it below the title")
    date: Day | None = Field(default=None, description="Of publication; sections order and choose by it")
    link: Web | None = Field(default=None, description="Where the headline leads; else to a reading page")
    topics: Annotated[list[Text], BeforeValidator(_list)] = Field(default_factory=list)
    kind: Kind | None = None
    author: Text = Field(default="", description="Who signs a foreword or quotation, with function")
    picture: PictureFront | None = None
    event: EventFront | None = None
    dates: dict[str, Day] = Field(default_factory=dict, description="Further dates that the text names")
    source: Text | None = Field(default=None, description="Only in gathered texts: where they come from")
    source_hash: Text | None = Field(default=None, description="Of the text as it was gathered")
    made_from: Text | None = Field(default=None, description="The hash of the text that this one translates")

    @property
    def the_kind(self) -> str:
        return self.kind or ("event" if self.event else "article")

    @property
    def the_picture(self) -> Picture | None:
        front = self.picture
        return Picture(front.file, front.alt, front.credit, front.crop) if front else None

    @property
    def the_event(self) -> Event | None:
        event = self.event
        if event is None:
            return None
        zone = ZoneInfo(event.zone)
        return Event(
            start=_instant(event.start, zone),
            end=None if event.end is None else _instant(event.end, zone),
            zone=event.zone,
            place=event.place,
            languages=tuple(event.languages),
            registration=event.registration,
            deadline=_instant(event.deadline, zone) if isinstance(event.deadline, datetime) else event.deadline,
        )


def split(text: str, file: str) -> tuple[Front, str, int]:
    """Front matter, body, and the line on which the body begins. A file without front matter is all body."""
    lines = text.split("\n")
    start = 0
    front = Front()
    if lines[0].rstrip() == "---":
        end = next((number for number, line in enumerate(lines) if number and line.rstrip() in ("---", "...")), None)
        if end is None:
            message = say("The front matter is not closed: put a line `---` below it.")
            raise ProblemsFound([Problem(message, file, 1)])
        # The blank first line keeps the numbers those of the file.
        front = load_yaml("\n" + "\n".join(lines[1:end]) + "\n", file, Front)
        start = end + 1
    while start < len(lines) - 1 and not lines[start].strip():
        start += 1
    return front, "\n".join(lines[start:]).strip("\n").rstrip(), start + 1


def write(article: Article, *, source_hash: str) -> str:
    """A gathered article as a file of the workspace; `split` reads the same text from it.

    `source_hash` is the text hash of the article as its source has it, pictures not yet brought over.
    """
    front: dict[str, Any] = {
        "key": article.key,
        "language": article.language,
        "title": article.title,
        "summary": article.summary,
        "date": article.date,
        "link": article.link,
        "topics": list(article.topics),
        "kind": article.kind if article.kind != "article" else None,
        "author": article.author,
        "picture": _picture(article.picture),
        "source": article.source,
        "source_hash": source_hash,
    }
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump({name: value for name, value in front.items() if value not in (None, "", [])}, stream)
    return f"---\n{stream.getvalue()}---\n{article.body}\n"


def _picture(picture: Picture | None) -> dict[str, str] | None:
    if picture is None:
        return None
    pairs = {"file": picture.source, "alt": picture.alt, "credit": picture.credit}
    return {name: value for name, value in pairs.items() if value}


def _instant(value: datetime | date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def write_own(front: Front, body: str) -> str:
    """A text that staff wrote, as a file of the workspace; `split` reads the same from it."""
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(front.model_dump(exclude_defaults=True), stream)
    return f"---\n{stream.getvalue()}---\n{body}\n"
