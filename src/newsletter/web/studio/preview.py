"""The preview of an issue: as anybody would get it, on phone and desktop, in light and dark, in every language.

The message stands in a frame with an address and a policy of its own: it runs nothing, sends nothing, and sees nothing
of the studio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from newsletter.errors import NewsletterError, Problem, ProblemsFound, UsageError
from newsletter.i18n import Listed, Tongue, say
from newsletter.model.permission import Action
from newsletter.store import editions as stored
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed, plain, studio_of
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.checking.edition import Edition
from newsletter.workflow.composing import preview
from newsletter.workflow.people import specimens
from newsletter.workflow.people.specimens import Specimen
from newsletter.workflow.sending.testing import send_tests

router = APIRouter()
PICTURE = re.compile(r"([0-9a-f]{64})\.(?:jpg|png|gif)")
PICTURES = "/preview/assets"
FOR_EVER = {"cache-control": "private, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at; it stands in the address of the page."""

    language: str = ""
    as_: str = ""  # whom: the id of a contact, a worst case, or nothing for the public profile
    width: str = "desktop"
    scheme: str = "light"
    pictures: str = "on"
    part: str = "html"

    def url(self, path: str, **other: str) -> str:
        values = {"language": self.language, "as": self.as_, "width": self.width, "scheme": self.scheme}
        values |= {"pictures": self.pictures, "part": self.part} | {k.rstrip("_"): v for k, v in other.items()}
        usual = {"width": "desktop", "scheme": "light", "pictures": "on", "part": "html"}
        told = {name: value for name, value in values.items() if value and usual.get(name) != value}
        return f"{path}?{urlencode(told)}" if told else path


def asked(request: Request) -> View:
    given = request.query_params
    return View(
        language=given.get("language", ""),
        as_=given.get("as", ""),
        width="phone" if given.get("width") == "phone" else "desktop",
        scheme="dark" if given.get("scheme") == "dark" else "light",
        pictures="off" if given.get("pictures") == "off" else "on",
        part="text" if given.get("part") == "text" else "html",
    )


Asked = Annotated[View, Depends(asked)]


@router.get("/issues/{campaign}/{key}/preview")
def page(at: At, issue: ThisIssue, view: Asked) -> Response:
    return _page(at, issue, view)


@router.get("/issues/{campaign}/{key}/preview/frame")
def frame(at: At, issue: ThisIssue, view: Asked, last: str = "") -> Response:
    """The message alone."""
    try:
        made = at.studio.editions.last(issue, view.language) if last else _compose(at, issue, view)
        if made is None:
            raise UsageError(say("There is no earlier version to show."))
        message = _message(at, issue, made, view)[1]
    except NewsletterError as error:
        return plain(at.say(error), 422)
    return framed(at, message.html, pictures=view.pictures == "on")


@router.get("/issues/{campaign}/{key}/preview/source")
def source(at: At, issue: ThisIssue, view: Asked, of: str = "html") -> Response:
    """The HTML, or the whole message as it goes on the wire."""
    message = _message(at, issue, _compose(at, issue, view), view)[1]
    return plain(message.as_bytes().decode("utf-8", "replace") if of == "wire" else message.html, 200)


@router.get("/issues/{campaign}/{key}/preview/stamp")
def files_stamp(at: At, issue: ThisIssue) -> Response:
    """Another whenever a file of the issue has changed: an open page asks for it every two seconds."""
    return plain(at.studio.editions.stamp(at.ctx, issue), 200)


@router.get("/issues/{campaign}/{key}/preview/languages")
def languages(at: At, issue: ThisIssue, view: Asked) -> Response:
    """One small picture a language."""
    return at.page("preview_languages.html", issue=issue, view=view, languages=languages_of(at, issue))


@router.post("/issues/{campaign}/{key}/preview/find")
def find(at: At, issue: ThisIssue, view: Asked, who: Annotated[str, Form()]) -> Response:
    """Contacts to look through the eyes of; what is typed stands in no address."""
    return _page(at, issue, view, who=who, found=specimens.search(at.ctx, who, at.person))


@router.post("/issues/{campaign}/{key}/preview/test", dependencies=[allowed(Action.EDIT)])
def test(at: At, issue: ThisIssue, view: Asked) -> Response:
    """This message, in this language and as this contact, to the person who looks at it."""
    if not at.person.address:
        raise UsageError(say("Your account has no address, so nothing can be sent to you: add it on the staff page."))
    made = _compose(at, issue, view)
    language = _language(at, issue, view)
    shown = _specimen(at, issue, made, view).recipient
    only = replace(made.composition, languages={language: made.composition.languages[language]})
    tested = send_tests(at.ctx, only, [at.person.address], at.person, as_={language: shown})
    if not all(each.went for each in tested):  # the server's words may hold an address: they stand in no URL
        raise NewsletterError(say("It did not go out: %(tested)s", tested=Listed(each.told for each in tested)))
    where = say("The test went to you, into the practice folder.")
    if at.ctx.settings.send_with:
        where = say("The test went to your address.")
    return at.go(view.url(f"/issues/{issue.name}/preview"), where)


@router.get(PICTURES + "/{name}")
def picture(request: Request, name: str) -> Response:
    """A picture of a message in a frame, which has no session: whoever asks knows the hash of its bytes already."""
    found, studio = PICTURE.fullmatch(name), studio_of(request)
    made = studio.editions.picture(found[1]) if found else None
    if found and made is None:
        with reading(studio.workspace.context.engine) as connection:
            made = stored.find_asset(connection, found[1])
    if made is None or not made.media_type.startswith("image/"):
        return Response(status_code=404)
    return Response(made.content, media_type=made.media_type, headers=FOR_EVER)


def framed(at: Desk, html: str, *, pictures: bool = True) -> HTMLResponse:
    """HTML of a message for a sandboxed frame of ours; its links open nothing."""
    html = html.replace(f"{at.ctx.settings.public_url}/a/", f"{PICTURES}/")
    html = re.sub(r"(<head[^>]*>)", r'\1<base target="_blank">', html, count=1)
    images = "'self'" if pictures else "'none'"
    policy = (
        f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
    )
    return HTMLResponse(html, headers={"content-security-policy": policy})


def languages_of(at: Desk, issue: IssueRow) -> list[str]:
    return at.ctx.languages(at.ctx.campaign(issue.campaign))


def _page(at: Desk, issue: IssueRow, view: View, **found: Any) -> HTMLResponse:
    """Where the issue cannot be composed: why, with file and line, above what could be shown last."""
    tags = languages_of(at, issue)
    if view.language not in tags:
        view = replace(view, language=tags[0])
    values: dict[str, Any] = {"issue": issue, "view": view, "languages": tags, "here": f"/issues/{issue.name}/preview"}
    values["stamp"] = at.studio.editions.stamp(at.ctx, issue)  # before it is composed
    values |= {"who": "", "found": None, "problems": [], "message": None, "specimen": None, "last": False} | found
    try:
        made = _compose(at, issue, view)
        values["specimen"], values["message"] = _message(at, issue, made, view)
        values["headers"], values["size"] = _wire(values["message"])
    except NewsletterError as error:
        values["problems"] = error.problems if isinstance(error, ProblemsFound) else [Problem(at.say(error))]
        values["last"] = at.studio.editions.last(issue, view.language) is not None
    return at.page("preview.html", 422 if values["problems"] and at.request.method == "POST" else 200, **values)


def _language(at: Desk, issue: IssueRow, view: View) -> str:
    tags = languages_of(at, issue)
    return view.language if view.language in tags else tags[0]


def _compose(at: Desk, issue: IssueRow, view: View) -> Edition:
    return at.studio.editions.language(at.ctx, issue, _language(at, issue, view))


def _specimen(at: Desk, issue: IssueRow, made: Edition, view: View) -> Specimen:
    language = _language(at, issue, view)
    if language not in made.languages:
        raise UsageError(
            say(
                "This issue has nothing in %(language)s yet: add articles in it, or a translation.",
                language=Tongue(language),
            )
        )
    compiled = made.composition.languages[language].compiled
    return specimens.specimen(at.ctx, issue.campaign, made.composition.campaign, compiled, view.as_, at.person)


def _message(at: Desk, issue: IssueRow, made: Edition, view: View) -> tuple[Specimen, preview.Message]:
    shown = _specimen(at, issue, made, view)
    each = made.composition.languages[_language(at, issue, view)]
    return shown, preview.message(at.ctx, each.compiled, each.envelope, shown.recipient, at.ctx.clock.now())


def _wire(message: preview.Message) -> tuple[str, int]:
    """The header fields, and the size in bytes."""
    wire = message.as_bytes()
    return wire.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace").replace("\r\n", "\n"), len(wire)
