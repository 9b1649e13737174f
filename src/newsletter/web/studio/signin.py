"""Signing in and out, one-time links, and one's own account."""

from __future__ import annotations

import hmac
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from newsletter.errors import NewsletterError
from newsletter.i18n import say, told
from newsletter.store import people, sessions
from newsletter.store.engine import reading, writing
from newsletter.web.studio.desk import (
    At,
    Forged,
    Studio,
    device_of,
    on_loopback,
    place_of,
    studio_of,
    wanted_language,
)
from newsletter.web.views import LANGUAGES
from newsletter.workflow.people import staff
from newsletter.workflow.people.staff import SignedIn, SignInFailed

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:
    return _sign_in_page(request, next=next)


@router.post("/sign-in")
def sign_in(request: Request, who: Text = "", password: Text = "", code: Text = "", next: Text = "/") -> Response:
    _same_site(request)
    studio = studio_of(request)
    try:
        done = staff.sign_in(
            studio.workspace.context, who, password, code, place=place_of(request), device=device_of(request)
        )
    except SignInFailed as error:
        return _sign_in_page(request, next=next, who=who, error=told(error), status=422)
    return _signed_in(studio, done, next)


@router.post("/sign-in/demo")
def sign_in_demo(request: Request, who: Text, next: Text = "/") -> Response:
    """A person of the demo, without a password; only on this machine."""
    _same_site(request)
    studio = studio_of(request)
    if not (studio.demo and on_loopback(request)):
        raise Forged(say("Signing in without a password is for the demo on one's own machine."))
    return _signed_in(studio, staff.sign_in_as(studio.workspace.context, who, device=device_of(request)), next)


@router.get("/welcome/{token}")
def welcome(request: Request, token: str) -> Response:
    person = staff.open_link(studio_of(request).workspace.context, token)
    return _render(request, "welcome.html", token=token, person=person, name="", address="", error="")


@router.post("/welcome/{token}")
def use_link(request: Request, token: str, name: Text = "", address: Text = "", password: Text = "") -> Response:
    _same_site(request)
    studio = studio_of(request)
    person = staff.open_link(studio.workspace.context, token)
    try:
        done = staff.use_link(
            studio.workspace.context, token, name=name, address=address, password=password, device=device_of(request)
        )
    except NewsletterError as error:
        values = {"token": token, "person": person, "name": name, "address": address, "error": told(error)}
        return _render(request, "welcome.html", 422, **values)
    return _signed_in(studio, done, "/")


@router.post("/sign-out")
def sign_out(at: At) -> Response:
    with writing(at.ctx.engine) as connection:
        sessions.end(connection, [at.session.id], at.ctx.clock.now())
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(at.studio.cookie, path="/", secure=at.studio.https, httponly=True, samesite="lax")
    return answer


@router.get("/account")
def account(at: At) -> Response:
    return _account(at)


@router.post("/account/language")
def set_language(at: At, chosen: Annotated[str, Form(alias="language")] = "") -> Response:
    with writing(at.ctx.engine) as connection:
        people.change(connection, at.person.id, language=chosen if chosen in LANGUAGES else None)
    return at.go("/account")


@router.post("/account/password")
def set_password(at: At, old: Text = "", new: Text = "") -> Response:
    try:
        staff.change_password(at.ctx, at.person, old, new, session_id=at.session.id)
    except NewsletterError as error:
        return _account(at, 422, password_error=at.say(error))
    return at.go("/account", say("The password is changed; all other sessions have ended."))


@router.post("/account/code")
def set_code(at: At, secret: Text = "", code: Text = "", remove: Text = "") -> Response:
    try:
        staff.set_totp(at.ctx, at.person, None if remove else secret, code)
    except (NewsletterError, ValueError) as error:
        return _account(at, 422, code_error=at.say(error if isinstance(error, NewsletterError) else say("Try again.")))
    return at.go("/account", say("The second factor is off.") if remove else say("From now on a code is asked for."))


@router.post("/account/sessions/end")
def end_sessions(at: At, session: Annotated[int, Form()] = 0) -> Response:
    """One of one's own sessions, or (0) all others."""
    now = at.ctx.clock.now()
    with writing(at.ctx.engine) as connection:
        mine = [each.id for each in sessions.of_person(connection, at.person.id, now) if each.id != at.session.id]
        sessions.end(connection, [each for each in mine if session in (0, each)], now)
    return at.go("/account", say("Ended."))


def _account(at: At, status: int = 200, **errors: str) -> HTMLResponse:
    secret, address = staff.new_totp(at.ctx, at.person)
    with reading(at.ctx.engine) as connection:
        mine = sessions.of_person(connection, at.person.id, at.ctx.clock.now())
        known = people.credentials(connection, at.person.id)
    picture = segno.make(address).svg_inline(scale=4, light="white", dark="black", border=3, omitsize=True)
    return at.page(
        "account.html",
        status,
        sessions=mine,
        has_code=known.totp_secret is not None,
        has_password=known.password is not None,
        secret=secret,
        picture=Markup(picture),  # noqa: S704 (made from a random secret)
        languages=LANGUAGES,
        password_error=errors.get("password_error", ""),
        code_error=errors.get("code_error", ""),
    )


def _sign_in_page(request: Request, status: int = 200, *, next: str, who: str = "", error: str = "") -> HTMLResponse:
    studio = studio_of(request)
    everybody = []
    if studio.demo and on_loopback(request):
        with reading(studio.workspace.context.engine) as connection:
            everybody = [each for each in people.everybody(connection) if each.slug in _named(studio)]
    return _render(request, "sign_in.html", status, next=_inside(next), who=who, error=error, everybody=everybody)


def _named(studio: Studio) -> set[str]:
    return set(studio.workspace.context.settings.people)


def _render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    studio = studio_of(request)
    values["association"] = studio.workspace.context.settings.association.name
    return HTMLResponse(studio.views.render(template, wanted_language(request), values), status)


def _signed_in(studio: Studio, done: SignedIn, next: str) -> Response:
    answer = RedirectResponse(_inside(next), 303)
    answer.set_cookie(
        studio.cookie, done.token, max_age=14 * 86_400, path="/", secure=studio.https, httponly=True, samesite="lax"
    )
    return answer


def _inside(url: str) -> str:
    """Only to pages of ours."""
    return url if url.startswith("/") and not url.startswith(("//", "/\\")) and "\n" not in url else "/"


def _same_site(request: Request) -> None:
    """There is no session yet whose token a form could carry; the browser says where the form stood."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forged(say("Sign in on the page of the studio itself."))
    origin = request.headers.get("origin")
    if origin and not hmac.compare_digest(origin.split("//")[-1].encode(), request.headers.get("host", "").encode()):
        raise Forged(say("Sign in on the page of the studio itself."))
