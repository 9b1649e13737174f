"""Articles: all that was gathered, and new ones, written, pasted or uploaded."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import PlainTextResponse, Response
from markupsafe import Markup

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.model.article import Article
from newsletter.model.permission import Action
from newsletter.web.studio.article_form import fields_of, front_of, names_event, spoken
from newsletter.web.studio.desk import At, Desk, allowed, form_value
from newsletter.web.studio.issues import the_issue
from newsletter.web.studio.pictures import in_text, thumbnail
from newsletter.workflow.content import amend, articles, joining, outdated, readable
from newsletter.workflow.content.articles import Shelved
from newsletter.workflow.content.event_fields import FieldsWrong
from newsletter.workflow.drafts import placing
from newsletter.workspace.curating import many_lines

router = APIRouter()
EDIT = [allowed(Action.EDIT)]
SHOWN = 100  # a page


async def _form(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: form_value(form, name) for name in form}


TheForm = Annotated[dict[str, str], Depends(_form)]


@router.get("/articles")
def article_list(at: At, state: str = "", campaign: str = "", start: int = 0) -> Response:
    every = articles.shelf(at.ctx, at.studio.libraries.of)
    shown = [each for each in every if state in ("", each.state) and campaign in ("", each.campaign)]
    start = max(0, start)
    return at.page(
        "articles.html",
        found=shown[start : start + SHOWN],
        total=len(shown),
        following=start + SHOWN if start + SHOWN < len(shown) else None,
        states={value: sum(each.state == value for each in every) for value in ("new", "in", "kept", "out")},
        titles={name: title for name, title, _ in _campaigns(at)},
        languages={name: languages for name, _, languages in _campaigns(at)},
        asked=state if state in ("new", "in", "kept", "out") else "",
        campaign=campaign,
    )


@router.get("/articles/new", dependencies=EDIT)
def new_article(at: At, campaign: str = "", article: str = "", language: str = "") -> Response:
    return _new(at, {"campaign": campaign, "article": article, "language": language})


@router.post("/articles/new", dependencies=EDIT)
def write_article(at: At, form: TheForm) -> Response:
    try:
        campaign = known_campaign(at, form)
        front = front_of(form)
        key = articles.write_article(at.ctx, campaign, front, many_lines(form.get("body", "")), at.person)
    except NewsletterError as error:
        return _new(at, form, error)
    return at.go(_next(campaign, key, form), say("The article is kept."))


@router.post("/articles/upload", dependencies=EDIT)
def upload(
    at: At, file: Annotated[UploadFile, File()], campaign: Annotated[str, Form()], article: Annotated[str, Form()] = ""
) -> Response:
    """The file's text in the form: nothing is kept before somebody has looked."""
    values = {"campaign": campaign, "article": article}
    try:
        known_campaign(at, values)
        content = file.file.read(articles.LARGEST + 1)
        found = articles.uploaded(at.ctx, campaign, file.filename or "", content)
    except NewsletterError as error:
        return _new(at, values, error)
    texts = {"language": found.language, "title": found.title, "summary": found.summary, "body": found.body}
    return _new(at, values | texts, read=True)


@router.post("/articles/clean", dependencies=EDIT)
def clean(html: Annotated[str, Form()]) -> Response:
    """What was pasted, as Markdown."""
    return PlainTextResponse(articles.from_clipboard(html))


@router.get("/articles/{campaign}/{article}")
def article_page(at: At, campaign: str, article: str) -> Response:
    return _page(at, campaign, article)


def _page(at: Desk, campaign: str, article: str, failed: str = "") -> Response:
    found = articles.one(at.ctx, known_campaign(at, {"campaign": campaign}), article, at.studio.libraries.of)
    titles = {name: title for name, title, _ in _campaigns(at)}
    own_names = {each.path: (each.label or {}).get(at.language) for each in at.ctx.fields}
    library = at.studio.libraries.of(at.ctx, campaign)
    lacking = [tag for tag in _languages(at, campaign) if tag not in found.translations]
    return at.page(
        "article.html",
        422 if failed else 200,
        found=found,
        failed=failed,
        title=titles[campaign],
        rooms=placing.rooms(at.ctx, campaign, article, at.language) if at.may("edit") else [],
        using=placing.using(at.ctx, campaign, article) if at.may("edit") else [],
        can_amend=amend.can_amend,
        changeable=any(amend.can_amend(each) for each in found.translations.values()),
        thumbnail=thumbnail(at.ctx, campaign, found.first.picture),
        readable=partial(_readable, at, campaign, {path: name for path, name in own_names.items() if name}),
        lacking=lacking,
        likely=[(each, library[each.key]) for each in joining.likely(article, library)] if lacking else [],
        changed={tag: outdated.changed_since(at.ctx, found.translations, tag) for tag in found.outdated},
        sources={tag: articles.source_of(at.ctx, found, tag) for tag in found.outdated},
    )


def _readable(
    at: Desk, campaign: str, own_names: dict[str, str], article: Article, core: dict[str, str]
) -> dict[str, Markup]:
    """Title, summary and body as HTML, which `readable` makes safe; `core`: what fields that all have are called."""
    names = core | own_names
    shown = partial(in_text, at.ctx, campaign)
    html = readable.body(article.body, article.language, own=article.own, names=names, picture=shown)
    return {
        "title": Markup(readable.line(article.title, own=article.own, names=names)),  # noqa: S704
        "summary": Markup(readable.line(article.summary, own=article.own, names=names)),  # noqa: S704
        "body": Markup(html),  # noqa: S704
    }


@router.post("/articles/{campaign}/{article}/still-right", dependencies=EDIT)
def still_right(at: At, campaign: str, article: str, language: Annotated[str, Form()]) -> Response:
    articles.still_right(at.ctx, known_campaign(at, {"campaign": campaign}), article, language, at.person)
    return at.go(f"/articles/{campaign}/{article}", say("Noted: the translation is still right."))


@router.get("/articles/{campaign}/{article}/{language}/edit", dependencies=EDIT)
def edit(at: At, campaign: str, article: str, language: str) -> Response:
    return _edit(at, campaign, article, language)


@router.post("/articles/{campaign}/{article}/{language}/edit", dependencies=EDIT)
def save(at: At, campaign: str, article: str, language: str, form: TheForm) -> Response:
    made_from, text = form.get("made_from", ""), many_lines(form.get("body", ""))
    try:
        known = known_campaign(at, {"campaign": campaign})
        front = front_of(form, amend.opened(at.ctx, known, article, language))
        fallen = amend.amend(at.ctx, known, article, language, front, text, at.person, made_from=made_from)
    except NewsletterError as error:
        return _edit(at, campaign, article, language, form, error)
    said = say("Saved; %(fallen)s.", fallen=fallen) if fallen else say("Saved.")
    return at.go(_next(campaign, article, form), said)


def _next(campaign: str, article: str, form: dict[str, str]) -> str:
    """To the article, or where the button that saved it leads."""
    return f"/articles/{campaign}/{quote(article)}" + ("/picture" if form.get("then") == "picture" else "")


def _edit(
    at: Desk,
    campaign: str,
    article: str,
    language: str,
    form: dict[str, str] | None = None,
    error: NewsletterError | None = None,
) -> Response:
    """The form with what was typed, or as the text stands; after a conflict the text as it stands beside it."""
    now = amend.opened(at.ctx, known_campaign(at, {"campaign": campaign}), article, language)
    conflict = isinstance(error, amend.TextChanged)
    fields = {"zone": at.ctx.settings.time_zone} | fields_of(now) if form is None else form
    return at.page(
        "edit_article.html",
        409 if conflict else 422 if error else 200,
        form=defaultdict(str, fields | ({"made_from": now.hash} if conflict else {})),
        errors=_errors(at, error),
        event=names_event(fields),
        tags=spoken(fields, _languages(at, campaign)),
        stands=now.article if conflict else None,
        picture=now.article.picture,
        thumbnail=thumbnail(at.ctx, campaign, now.article.picture),
        tag=language,
        campaign=campaign,
        back=f"/articles/{campaign}/{quote(article)}",
        failed=at.say(error) if error else "",
    )


@router.post("/articles/{campaign}/{article}/use", dependencies=EDIT)
def use(at: At, campaign: str, article: str, place: Annotated[str, Form()]) -> Response:
    """`place`: the key of an issue and one of its sections."""
    key, _, section = place.partition("/")
    try:
        row = the_issue(at, known_campaign(at, {"campaign": campaign}), key)
        done = placing.use(at.ctx, row, article, section, at.person)
    except NewsletterError as error:
        return _page(at, campaign, article, at.say(error))
    said = say("The article is in the issue %(issue)s.", issue=key)
    if done.fallen:
        said = say("The article is in the issue %(issue)s; %(fallen)s.", issue=key, fallen=done.fallen)
    return at.go(f"/issues/{row.name}/content", said)


@router.post("/articles/{campaign}/{article}/join", dependencies=EDIT)
def join(at: At, campaign: str, article: str, other: Annotated[str, Form()]) -> Response:
    try:
        key = joining.join(at.ctx, known_campaign(at, {"campaign": campaign}), article, other, at.person)
    except NewsletterError as error:
        return _page(at, campaign, article, at.say(error))
    return at.go(f"/articles/{campaign}/{quote(key)}", say("Joined: the texts are translations of each other now."))


@router.post("/articles/{campaign}/{article}/split", dependencies=EDIT)
def split(at: At, campaign: str, article: str, language: Annotated[str, Form()]) -> Response:
    try:
        joining.split(at.ctx, known_campaign(at, {"campaign": campaign}), article, language, at.person)
    except NewsletterError as error:
        return _page(at, campaign, article, at.say(error))
    return at.go(f"/articles/{campaign}/{quote(article)}", say("Taken apart: that text is an article of its own now."))


def _new(at: Desk, form: dict[str, str], error: NewsletterError | None = None, read: bool = False) -> Response:
    campaigns = _campaigns(at)
    campaign = form.get("campaign") or (campaigns[0][0] if campaigns else "")
    translated: Shelved | None = None
    if form.get("article") and campaign in {name for name, _, _ in campaigns}:
        translated = articles.one(at.ctx, campaign, form["article"], at.studio.libraries.of)
    values: dict[str, Any] = {
        "form": defaultdict(str, {"zone": at.ctx.settings.time_zone} | form | {"campaign": campaign}),
        "campaigns": campaigns,
        "languages": sorted({tag for _, _, tags in campaigns for tag in tags}),
        "translated": translated,
        "failed": at.say(error) if error else "",
        "errors": _errors(at, error),
        "read": read,
        "event": names_event(form),
        "tags": spoken(form, sorted({tag for _, _, tags in campaigns for tag in tags})),
    }
    return at.page("new_article.html", 422 if error else 200, **values)


def _errors(at: Desk, error: NewsletterError | None) -> dict[str, str]:
    """What is wrong with each field, where that is known."""
    return {name: at.say(each) for name, each in error.fields.items()} if isinstance(error, FieldsWrong) else {}


def known_campaign(at: Desk, form: dict[str, str]) -> str:
    name = form.get("campaign", "")
    if name not in at.ctx.campaigns:
        raise UsageError(say("There is no such newsletter: choose one of the list."))
    return name


def _campaigns(at: Desk) -> list[tuple[str, str, list[str]]]:
    """Name, title and languages of those that can be read."""
    found = []
    for name in at.ctx.campaigns:
        try:
            found.append((name, at.ctx.campaign(name).title, _languages(at, name)))
        except NewsletterError:  # checking names it
            continue
    return found


def _languages(at: Desk, campaign: str) -> list[str]:
    return at.ctx.languages(at.ctx.campaign(campaign))
