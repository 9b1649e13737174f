"""The studio as an application: its pages put together, and what happens when one cannot be shown."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Number, say
from newsletter.model.permission import NotAllowed
from newsletter.store.documents import ChangedMeanwhile
from newsletter.web.headers import LARGEST
from newsletter.web.studio import (
    approval,
    article_pictures,
    articles,
    checking,
    colleagues,
    composer,
    differences,
    home,
    issues,
    item_pictures,
    links,
    pictures,
    preview,
    progress,
    recipients,
    scheduling,
    signin,
    subjects,
    trying,
    who,
)
from newsletter.web.studio.desk import SAFE, Forged, SignInNeeded, Studio, language_of, remember_language, studio_of
from newsletter.web.views import DIST, built, said

PAGES = (
    signin,
    home,
    issues,
    colleagues,
    preview,
    scheduling,
    checking,
    trying,
    composer,
    subjects,
    articles,
    progress,
    who,
    recipients,
    approval,
    links,
    differences,
    pictures,
    article_pictures,
    item_pictures,
)
KEPT = "public, max-age=31536000, immutable"


DETAILS = {
    400: say("What the browser sent cannot be read: go back, and send it again."),
    405: say("This address takes no such request: go back, and begin from the page."),
    413: say("This is too large: at most %(size)s MB.", size=Number(LARGEST // 1_000_000)),
}
NOT_DONE = say("This could not be done")


def make_studio(studio: Studio) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, title="Newsletter studio")
    app.state.studio = studio
    for module in PAGES:
        app.include_router(module.router)
    app.add_api_route("/static/{name}", static, methods=["GET"], include_in_schema=False)
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(NewsletterError, _error)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    for impossible in (OverflowError, DataError, UnicodeEncodeError):
        app.add_exception_handler(impossible, _impossible)
    return app


def static(name: str, v: str = "") -> Response:
    """A built script or style: anybody may have it."""
    file = DIST / name
    if name.startswith(".") or file not in DIST.iterdir() or not file.is_file():
        raise HTTPException(404)
    # Chunks carry their hash in the name; the others are asked for with it.
    kept = name.startswith("chunk-") or (v != "" and built(name).endswith(v))
    kind = "text/css" if name.endswith(".css") else "text/javascript" if name.endswith(".js") else "text/plain"
    return FileResponse(file, media_type=kind, headers={"cache-control": KEPT if kept else "no-cache"})


def _sign_in(request: Request, error: Exception) -> Response:
    """To the sign-in, and back; a script is told, so that it keeps what was typed."""
    if request.headers.get("hx-request") or request.headers.get("x-csrf"):
        return _page(
            request, 401, say("Your session has ended"), say("Sign in again in another tab; what you typed stays here.")
        )
    back = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(back)}", 303)


def _error(request: Request, error: Exception) -> Response:
    status = 403 if isinstance(error, (NotAllowed, Forged)) else 409 if isinstance(error, ChangedMeanwhile) else 422
    if isinstance(error, UsageError) and str(error).startswith("There is no"):
        status = 404
    return _page(request, status, NOT_DONE, error)


def _not_understood(request: Request, error: Exception) -> Response:
    return _page(request, 422, NOT_DONE, say("The form lacks something: go back and fill it in."))


def _impossible(request: Request, error: Exception) -> Response:
    """A number or a text that no database holds: beyond 63 bits, with a NUL, or with half a character."""
    if request.method in SAFE:
        return _http(request, HTTPException(404))
    return _page(request, 422, NOT_DONE, say("The form holds a number or a sign that cannot be kept."))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    remember_language(request)
    if error.status_code == 404:
        return _page(
            request, 404, say("There is no such page"), say("It may have been moved, or the address is cut off.")
        )
    return _page(request, error.status_code, NOT_DONE, DETAILS.get(error.status_code, ""))


def _page(request: Request, status: int, title: str, text: str | Exception) -> HTMLResponse:
    language = language_of(request)
    values = {"title": title, "text": said(language, text)}
    return HTMLResponse(studio_of(request).views.render("error.html", language, values), status)
