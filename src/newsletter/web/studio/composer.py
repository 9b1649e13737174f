"""The composer: what an issue says. Articles into sections, their texts in every language, subjects."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.model.article import Library
from newsletter.model.draft import Edit, ItemState
from newsletter.model.permission import Action
from newsletter.rendering.selection import picture_of
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed, form_value, plain
from newsletter.web.studio.issues import ThisIssue
from newsletter.web.studio.pictures import thumbnail
from newsletter.web.studio.preview import framed
from newsletter.workflow.composing.glimpse import Glimpse, glimpse
from newsletter.workflow.drafts import drafting
from newsletter.workflow.drafts.board import board, reach
from newsletter.workflow.drafts.drafting import Conflict, Done, Texts
from newsletter.workspace.curating import find_item, section_of

router = APIRouter()
EDIT = [allowed(Action.EDIT)]
BASE = "/issues/{campaign}/{key}/content"
Field = Annotated[str, Form()]


async def _form(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: form_value(form, name) for name in form}


TheForm = Annotated[dict[str, str], Depends(_form)]


@router.get(BASE)
def content(at: At, issue: ThisIssue, language: str = "", undo: int = 0) -> Response:
    shown = board(at.ctx, issue, _library(at, issue))
    if language not in shown.languages:
        language = shown.languages[0]
    title = at.ctx.campaign(issue.campaign).title
    return at.page("content.html", issue=issue, board=shown, shown_in=language, undo=undo, title=title)


@router.get(BASE + "/reach")
def how_many(at: At, issue: ThisIssue) -> Response:
    """The coverage grid with numbers of contacts: it comes after the page, as it counts them all."""
    return at.page(
        "coverage.html", issue=issue, board=board(at.ctx, issue, _library(at, issue)), reach=reach(at.ctx, issue)
    )


@router.post(BASE + "/items/{item}/state", dependencies=EDIT)
def set_state(at: At, issue: ThisIssue, item: str, state: Field, language: Field = "") -> Response:
    if state not in set(ItemState):
        raise UsageError(say("%(state)r is no state of an article.", state=state))
    done = drafting.set_state(at.ctx, issue, item, ItemState(state), at.person)
    return _back(at, issue, done, item, language)


@router.post(BASE + "/items/{item}/move", dependencies=EDIT)
def move(
    at: At, issue: ThisIssue, item: str, way: Field = "", section: Field = "", before: Field = "", language: Field = ""
) -> Response:
    """Up or down, or to a section (and there before another item)."""
    if way:
        done = drafting.step(at.ctx, issue, item, -1 if way == "up" else 1, at.person)
    else:
        done = drafting.move(at.ctx, issue, item, section, before or None, at.person)
    return _back(at, issue, done, item, language)


@router.post(BASE + "/add", dependencies=EDIT)
def add(at: At, issue: ThisIssue, article: Field, section: Field, language: Field = "") -> Response:
    done = drafting.add(at.ctx, issue, article, section, at.person)
    return _back(at, issue, done, "", language)


@router.post(BASE + "/undo", dependencies=EDIT)
def undo(at: At, issue: ThisIssue, change: Annotated[int, Form()]) -> Response:
    drafting.undo(at.ctx, issue, change, at.person)
    return at.go(f"/issues/{issue.name}/content", say("Undone."))


@router.get(BASE + "/history")
def history(at: At, issue: ThisIssue) -> Response:
    changes = drafting.history(at.ctx, issue, limit=50)
    shown = board(at.ctx, issue, _library(at, issue))
    titles = {line.item.id: line.cells[shown.languages[0]].texts.title for line in shown.lines}
    sections = {part.id: part.title for part in shown.parts}
    told = [(change, drafting.told(change.operation)) for change in changes]
    return at.page("history.html", issue=issue, changes=told, titles=titles, sections=sections)


@router.post(BASE + "/history", dependencies=EDIT)
def put_back(at: At, issue: ThisIssue, change: Annotated[int, Form()]) -> Response:
    return _back(at, issue, drafting.put_back(at.ctx, issue, change, at.person), "", "")


# One item


@router.get(BASE + "/items/{item}")
def edit_item(at: At, issue: ThisIssue, item: str, language: str = "") -> Response:
    return _item(at, issue, item, language)


@router.post(BASE + "/items/{item}", dependencies=EDIT)
def save_item(at: At, issue: ThisIssue, item: str, form: TheForm) -> Response:
    """By the form, or (a script asks for JSON) while somebody writes."""
    language, by_script = form.get("language", ""), at.request.headers.get("accept") == "application/json"
    if language not in _languages(at, issue):
        raise UsageError(say("This newsletter has no edition in %(language)r.", language=language))
    texts = Texts(form.get("title", ""), form.get("summary", ""), form.get("body", ""))
    try:
        done = drafting.set_texts(at.ctx, issue, item, language, texts, at.person, made_from=form.get("made_from", ""))
    except Conflict as conflict:
        return _item(at, issue, item, language, texts=texts, conflict=conflict, status=409)
    except NewsletterError as error:
        return _item(at, issue, item, language, texts=texts, failed=at.say(error), status=422)
    if by_script:
        now = _texts(at, issue, item, language)
        at_ = at.studio.views.render(
            "saved.html", at.language, {"at": at.ctx.clock.now(), "zone": at.ctx.settings.time_zone}
        )
        return JSONResponse(
            {"made_from": now.hash, "said": at_.strip(), "fallen": at.say(done.fallen) if done.fallen else None}
        )
    said = say("Saved; %(fallen)s.", fallen=done.fallen) if done.fallen else say("Saved.")
    here = f"/issues/{issue.name}/content/items/{item}"
    return at.go(f"{here}/picture" if form.get("then") == "picture" else f"{here}?language={language}", said)


@router.get(BASE + "/items/{item}/glimpse")
def glimpse_frame(at: At, issue: ThisIssue, item: str, language: str = "", of: str = "") -> Response:
    """The article as the message shows it: as typed a moment ago (`of`), else as it is saved."""
    try:
        made = at.studio.editions.glimpse(of) or _glimpse(at, issue, item, language)
    except NewsletterError as error:
        return plain(at.say(error), 422)
    at.studio.editions.keep(made)  # its pictures are asked for next
    texts = {"made": made, "tag": language}
    below = at.studio.views.render("glimpse.html", at.language, texts) if made.body else ""
    return framed(at, made.html.replace("</body>", f"{below}</body>", 1))


@router.post(BASE + "/items/{item}/glimpse", dependencies=EDIT)
def glimpse_of(at: At, issue: ThisIssue, item: str, form: TheForm) -> Response:
    """Changes nothing: what is typed is shown, or why it cannot be, and the address of its frame."""
    language = form.get("language", "")
    texts = Texts(form.get("title", ""), form.get("summary", ""), form.get("body", ""))
    try:
        name = at.studio.editions.keep(_glimpse(at, issue, item, language, texts))
    except NewsletterError as error:
        return JSONResponse({"said": at.say(error)})  # an answer: half a merge field is there at every keystroke
    return JSONResponse({"frame": f"/issues/{issue.name}/content/items/{item}/glimpse?language={language}&of={name}"})


def _glimpse(at: Desk, issue: IssueRow, item: str, language: str, texts: Texts | None = None) -> Glimpse:
    if language not in _languages(at, issue):
        raise UsageError(say("This newsletter has no edition in %(language)r.", language=language))
    return glimpse(at.ctx, issue, _library(at, issue), item, language, texts)


@router.post(BASE + "/items/{item}/put-back", dependencies=EDIT)
def put_texts_back(at: At, issue: ThisIssue, item: str, language: Field, change: Annotated[int, Form()]) -> Response:
    drafting.put_texts_back(at.ctx, issue, item, language, change, at.person)
    return at.go(f"/issues/{issue.name}/content/items/{item}?language={language}", say("The earlier text is back."))


def _item(
    at: Desk,
    issue: IssueRow,
    item: str,
    language: str,
    *,
    texts: Texts | None = None,
    conflict: Conflict | None = None,
    failed: str = "",
    status: int = 200,
) -> Response:
    languages = _languages(at, issue)
    language = language if language in languages else languages[0]
    draft = at.ctx.draft(issue.campaign, issue.key)
    found, library = find_item(draft, item), _library(at, issue)
    saved = drafting.texts_of(found, library, language)
    others = {tag: drafting.texts_of(found, library, tag) for tag in languages}
    article = drafting.article_in(found, library, language)
    picture = picture_of(article.picture, found.edits.get(language) or Edit()) if article else None
    source = next((tag for tag in languages if tag != language and others[tag].body), None)
    values: dict[str, Any] = {
        "texts": texts or saved,
        "saved": saved,
        "article": article,
        "picture": picture,
        "thumbnail": thumbnail(at.ctx, issue.campaign, picture),
        "there": {tag: bool(each.title) for tag, each in others.items()},
        "source": source,
        "source_texts": others[source] if source else None,
        "changes": drafting.history(at.ctx, issue, f"edit {item} {language}"),
        "section": section_of(draft, item)[0].id,
    }
    return at.page(
        "item.html",
        status,
        issue=issue,
        item=found,
        tag=language,
        languages=languages,
        conflict=conflict,
        failed=failed,
        **values,
    )


def _texts(at: Desk, issue: IssueRow, item: str, language: str) -> Texts:
    library = _library(at, issue)
    return drafting.texts_of(find_item(at.ctx.draft(issue.campaign, issue.key), item), library, language)


def _library(at: Desk, issue: IssueRow) -> Library:
    return at.studio.libraries.of(at.ctx, issue.campaign)


def _languages(at: Desk, issue: IssueRow) -> list[str]:
    return at.ctx.languages(at.ctx.campaign(issue.campaign))


def _back(at: Desk, issue: IssueRow, done: Done, item: str, language: str) -> Response:
    """To the board, at the item, with a way to undo."""
    asked = [f"language={language}"] if language in _languages(at, issue) else []
    asked += [f"undo={done.change}"] if done.change else []
    said = say("Done.") if done.change else say("Nothing was to be changed.")
    said = say("Done; %(fallen)s.", fallen=done.fallen) if done.fallen else said
    answer = at.go(f"/issues/{issue.name}/content" + ("?" + "&".join(asked) if asked else ""), said)
    if item:
        answer.headers["location"] += f"#{item}"
    return answer
