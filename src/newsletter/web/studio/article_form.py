"""The form of an article: its fields as front matter, and front matter as fields."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.gathering.frontmatter import Front
from newsletter.workflow.content import articles
from newsletter.workflow.content.amend import Open
from newsletter.workflow.content.event_fields import MOMENTS, OF_ONE, SPOKEN, read_event, shown
from newsletter.workspace.curating import one_line


def front_of(form: Mapping[str, str], now: Open | None = None) -> Front:
    """FieldsWrong says what cannot be read. What a form of `now` does not ask for stays as it is."""
    event = now.event if now and "start" not in form else read_event(form)
    topics = now.topics if now and "topics" not in form else _listed(form.get("topics", ""))
    values: dict[str, object] = {
        "key": form.get("article", ""),
        "language": form.get("language", ""),
        "title": one_line(form.get("title", "")),
        "summary": one_line(form.get("summary", "")),
        "date": form.get("date", "").strip(),
        "link": form.get("link", "").strip(),
        "topics": topics,
    }
    return articles.front_of(values).model_copy(update={"event": event})


def _listed(text: str) -> list[str]:
    return [topic for each in text.split(",") if (topic := one_line(each))]


def fields_of(now: Open) -> dict[str, str]:
    """A text as it stands."""
    return {
        "title": now.article.title,
        "summary": now.article.summary,
        "body": now.article.body,
        "link": now.front.link or "",
        "date": now.front.date.isoformat() if now.front.date else "",
        "topics": ", ".join(now.topics),
        "made_from": now.hash,
        **shown(now.event),
    }


def names_event(form: Mapping[str, str]) -> bool:
    names = (*MOMENTS, *OF_ONE)
    return any(form.get(name) for name in names) or any(name.startswith(SPOKEN) for name in form)


def spoken(form: Mapping[str, str], languages: list[str]) -> list[str]:
    """The languages to tick: those that are ticked already, in their order, then the workspace's."""
    ticked = [name.removeprefix(SPOKEN) for name, value in form.items() if name.startswith(SPOKEN) and value]
    return list(dict.fromkeys([*ticked, *languages]))
