"""The recipients' pages: web version, articles, links, pictures, preferences, unsubscribing.

No cookie, nobody signed in; a GET changes nothing but the number of times that a link was followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from babel.dates import format_date, format_datetime
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from ruamel.yaml import YAML

from newsletter.app import Workspace
from newsletter.i18n import direction, locale, match, pick
from newsletter.tokens import Purpose
from newsletter.web.views import built
from newsletter.workflow.context import Context
from newsletter.workflow.people import preferences
from newsletter.workflow.people.preferences import Reader
from newsletter.workflow.results import reading

HERE = Path(__file__).parent
MAIL = "default-src 'none'; img-src 'self' https:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
ASSET = re.compile(r"([0-9a-f]{64})\.(?:jpg|png|gif)")

router = APIRouter()


def add_public(app: FastAPI, workspace: Workspace) -> None:
    """Adds the pages to an application."""
    app.state.workspace = workspace
    app.include_router(router)


def context_of(request: Request) -> Context:
    """With the definitions as they are now."""
    workspace: Workspace = request.app.state.workspace
    return replace(workspace.context)


Here = Annotated[Context, Depends(context_of)]


@router.api_route("/a/{name}", methods=["GET", "HEAD"])
def picture(ctx: Here, name: str) -> Response:
    found = ASSET.fullmatch(name)
    stored = reading.asset(ctx, found[1]) if found else None
    if stored is None:
        return Response(status_code=404)
    return Response(stored.content, media_type=stored.media_type, headers=FOR_EVER)


@router.api_route("/l/{issue}/{number}", methods=["GET", "HEAD"])
def link(request: Request, ctx: Here, issue: int, number: int) -> Response:
    """To where the link leads now; a link checker's HEAD is not counted."""
    target = reading.target_of(ctx, issue, number) if 0 < issue < 2**63 and 0 < number < 2**31 else None
    if target is None:
        return _nowhere(request, ctx)
    if request.method == "GET":
        reading.followed(ctx, issue, number)
    return RedirectResponse(target, 302, headers={"referrer-policy": "no-referrer", "cache-control": "no-store"})


@router.get("/i/{campaign}/{key}/{language}")
def web_version(request: Request, ctx: Here, campaign: str, key: str, language: str) -> Response:
    edition = reading.sent_edition(ctx, campaign, key)
    found = reading.web_version(ctx, edition, language) if edition else None
    if found is None:
        return _nowhere(request, ctx)
    return HTMLResponse(_here(ctx, found), headers={"content-security-policy": MAIL, "cache-control": "max-age=300"})


@router.get("/i/{campaign}/{key}/{language}/{article}")
def article(request: Request, ctx: Here, campaign: str, key: str, language: str, article: str) -> Response:
    edition = reading.sent_edition(ctx, campaign, key)
    found = reading.reading_page(ctx, edition, language, article) if edition else None
    if edition is None or found is None:
        return _nowhere(request, ctx)
    texts = {name: Markup(_here(ctx, getattr(found, name))) for name in ("title", "summary", "body")}  # noqa: S704
    whole = f"/i/{campaign}/{key}/{language}" if match([language], edition.languages) else ""
    picture = found.picture and {**found.picture, "url": _here(ctx, str(found.picture["url"]))}
    event = _event(found.event, found.language) if found.event else []
    values = texts | {"page": found, "whole": whole, "picture": picture, "event": event}
    return _page(ctx, "article.html", language, values)


@router.get("/favicon.ico")
def no_icon() -> Response:
    """Browsers ask for one, whatever the page says."""
    return Response(status_code=204)


@router.get("/u")
@router.get("/p")
def no_token(request: Request, ctx: Here) -> Response:
    return _nowhere(request, ctx, 200)


@router.get("/u/{token}")
def unsubscribe_page(request: Request, ctx: Here, token: str) -> Response:
    reader = preferences.reader_of(ctx, Purpose.UNSUBSCRIBE, token)
    return _nowhere(request, ctx) if reader is None else _unsubscribe(ctx, reader, "ask")


@router.post("/u/{token}")
def unsubscribe(
    request: Request,
    ctx: Here,
    token: str,
    one_click: Annotated[str, Form(alias="List-Unsubscribe")] = "",
    step: Annotated[str, Form()] = "",
) -> Response:
    """By a mail program (RFC 8058: answered at once, no redirect), or by the buttons of the page."""
    reader = preferences.reader_of(ctx, Purpose.UNSUBSCRIBE, token)
    if reader is None:
        return _nowhere(request, ctx)
    if one_click == "One-Click" or step == "end":
        preferences.end(ctx, reader, reader.publication, page="unsubscribe page" if step else "one click")
        return _unsubscribe(ctx, reader, "done")
    if step == "undo":
        preferences.begin(ctx, reader, reader.publication, page="unsubscribe page")
        return _unsubscribe(ctx, reader, "undone")
    return _unsubscribe(ctx, reader, "forwarded" if step == "forwarded" else "ask")


@router.get("/p/{token}")
def preferences_page(request: Request, ctx: Here, token: str) -> Response:
    reader = preferences.reader_of(ctx, Purpose.PREFERENCES, token)
    return _nowhere(request, ctx) if reader is None else _preferences(ctx, reader)


@router.post("/p/{token}")
def choose(
    request: Request,
    ctx: Here,
    token: str,
    publication: Annotated[list[str] | None, Form()] = None,
    language: Annotated[str, Form()] = "",
    none: Annotated[str, Form()] = "",
) -> Response:
    reader = preferences.reader_of(ctx, Purpose.PREFERENCES, token)
    if reader is None:
        return _nowhere(request, ctx)
    if none:
        preferences.end(ctx, reader, None, page="preferences page")
    else:
        preferences.choose(ctx, reader, publication or [], language, page="preferences page")
    now = preferences.reader_of(ctx, Purpose.PREFERENCES, token)
    assert now is not None
    return _preferences(ctx, now, kept=True)


def _event(event: Mapping[str, Any], language: str) -> list[tuple[str, str, str]]:
    """What an event item adds, in order: which word, the text, and where a link leads."""
    where, start = locale(language), datetime.fromisoformat(event["start"])
    until = datetime.fromisoformat(event["end"]) if event["end"] else None
    when = format_datetime(start, "EEEE d MMMM y, HH:mm", locale=where)
    if until is not None:
        same = until.date() == start.date()
        when += f" – {format_datetime(until, 'HH:mm' if same else 'EEEE d MMMM y, HH:mm', locale=where)}"
    lines = [("when", f"{when} ({event['zone']})", "")]
    if event["place"]:
        lines.append(("where", event["place"], ""))
    if event["deadline"]:
        lines.append(("deadline", format_date(date.fromisoformat(event["deadline"][:10]), "long", locale=where), ""))
    if event["registration"]:
        lines.append(("register", event["registration"], event["registration"]))
    return lines


def _here(ctx: Context, text: str) -> str:
    """Our own addresses as this very place, by whichever name it is reached."""
    return text.replace(f"{ctx.settings.public_url}/", "/")


def _unsubscribe(ctx: Context, reader: Reader, step: str) -> HTMLResponse:
    return _page(ctx, "unsubscribe.html", reader.language, {"reader": reader, "step": step})


def _preferences(ctx: Context, reader: Reader, *, kept: bool = False) -> HTMLResponse:
    return _page(ctx, "preferences.html", reader.chosen_language or reader.language, {"reader": reader, "kept": kept})


def _nowhere(request: Request, ctx: Context, status: int = 404) -> HTMLResponse:
    asked = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return _page(ctx, "nowhere.html", match(asked, ctx.settings.languages) or ctx.settings.default_language, {}, status)


# Rendering


@dataclass(frozen=True)
class Words:
    """The page's own words in one language, else in English."""

    language: str

    def __call__(self, key: str, *values: object) -> str:
        return (pick(_words()[key], self.language, "en") or key).format(*values)


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Mapping[str, str]]:
    loaded: Mapping[str, Mapping[str, str]] = YAML(typ="safe").load((HERE / "words.yaml").read_text("utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _page(ctx: Context, template: str, language: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    def named(tag: str) -> str:
        name = str(locale(tag).languages.get(tag.split("-")[0], tag))
        return name[:1].upper() + name[1:]

    def publication(name: str) -> str:
        known = ctx.publications.get(name)
        return (pick(known.name, language, ctx.settings.default_language) if known else None) or name

    association = ctx.settings.association
    common = {
        "t": Words(language),
        "language": language,
        "dir": direction(language),
        "association": pick(association.name, language, ctx.settings.default_language) or "",
        "publications": ctx.publications,
        "publication": publication,
        "languages": ctx.settings.languages,
        "named": named,
        "direction": direction,
        "built": built,
    }
    html = _templates().get_template(template).render(common | dict(values))
    return HTMLResponse(html, status, headers={"referrer-policy": "no-referrer", "x-robots-tag": "noindex"})
