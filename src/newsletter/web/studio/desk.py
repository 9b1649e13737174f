"""Who is at the studio, and what they may do: the one thing that every page asks for."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from newsletter.app import Workspace
from newsletter.errors import NewsletterError
from newsletter.i18n import match, pick, say
from newsletter.model.permission import Action, may, require
from newsletter.store import people, sessions
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.sessions import SEEN_EVERY, SessionRow
from newsletter.web import views
from newsletter.web.editions import Editions
from newsletter.web.headers import policy
from newsletter.web.kept import Lately
from newsletter.web.libraries import Libraries
from newsletter.web.thumbnails import Thumbnails
from newsletter.web.views import LANGUAGES, Views
from newsletter.workflow.context import Context

SAFE = ("GET", "HEAD", "OPTIONS")


class SignInNeeded(Exception):
    """Nobody is signed in: the page for that is shown, and leads back."""


class Forged(NewsletterError):
    """A form that does not come from a page of ours."""


@dataclass
class Studio:
    """What all requests share."""

    workspace: Workspace
    https: bool = False
    demo: bool = False  # sign in without a password, on this machine only
    wake: Callable[[], None] = field(default=lambda: None)  # something is due: do not wait for the tick
    views: Views = field(default_factory=lambda: Views("studio"))
    editions: Editions = field(default_factory=Editions)
    libraries: Libraries = field(default_factory=Libraries)
    thumbnails: Thumbnails = field(default_factory=Thumbnails)
    counted: Lately[tuple[str, int], Any] = field(
        default_factory=lambda: Lately(50, 10.0)
    )  # what is counted, of which run or version

    @property
    def cookie(self) -> str:
        return "__Host-session" if self.https else "session"

    def mac(self, purpose: str, text: str) -> str:
        ring = self.workspace.context.secrets.key_ring
        return hmac.digest(ring.keys[ring.current], f"{purpose}\0{text}".encode(), "sha256")[:18].hex()


@dataclass
class Desk:
    """One request: who, where, in which language; makes pages and redirects."""

    request: Request
    studio: Studio
    session: SessionRow
    person: Person
    token: str

    @cached_property
    def ctx(self) -> Context:
        """With the definitions as they are now."""
        shared = self.studio.workspace.context
        return replace(shared, _renderer=shared.renderer)  # one warm process for all requests

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.ctx)

    @property
    def language(self) -> str:
        return self.person.language or wanted_language(self.request)

    @property
    def csrf(self) -> str:
        return self.studio.mac("csrf", self.token)

    @cached_property
    def style_nonce(self) -> str:
        """For the styles that CodeMirror makes; the policy of a page which says it lets them in, and no other does."""
        return secrets.token_urlsafe(16)

    def may(self, action: str) -> bool:
        return may(self.person.roles, Action(action))

    def require(self, action: Action) -> None:
        require(self.person.name, self.person.roles, action)

    def title(self, issue: IssueRow | str) -> str:
        """An issue as people call it: `Monthly digest 2026-12`."""
        campaign, _, key = (issue if isinstance(issue, str) else issue.name).partition("/")
        try:
            return f"{self.ctx.campaign(campaign).title} {key}".strip()
        except NewsletterError:  # gone, or unreadable: checking names it
            return f"{campaign}/{key}"

    def publication(self, name: str) -> str:
        """A publication as its subscribers call it."""
        known = self.ctx.publications.get(name)
        return (known and pick(known.name, self.language, self.ctx.settings.default_language)) or name

    def titles(self, issue: IssueRow) -> dict[str, str]:
        """Articles as people call them, by key."""
        preference = self.ctx.settings.default_language, *self.ctx.settings.languages
        library = self.studio.libraries.of(self.ctx, issue.campaign)
        return {key: (pick(texts, *preference) or next(iter(texts.values()))).title for key, texts in library.items()}

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A whole page, or the fragment that a template is."""
        common: dict[str, Any] = {
            "desk": self,
            "settings": self.ctx.settings,
            "zone": self.ctx.settings.time_zone,
            "path": self.request.url.path,
            "said": self._said(),
        }
        page = self.studio.views.render(template, self.language, common | values)
        asked = "style_nonce" in vars(self)
        return HTMLResponse(page, status, {"content-security-policy": policy(self.style_nonce)} if asked else None)

    def say(self, sentence: str | Exception) -> str:
        """In the reader's language, if it is one of ours."""
        return str(views.said(self.language, sentence))

    def go(self, url: str, said: str = "") -> RedirectResponse:
        """After a change: to a page, which says what was done. `said` holds no address."""
        if said:
            coded = base64.urlsafe_b64encode(self.say(said).encode()).decode().rstrip("=")
            mark = "&" if "?" in url else "?"
            url = f"{url}{mark}said={coded}.{self.studio.mac('said', coded)}"
        return RedirectResponse(url, 303)

    def _said(self) -> str:
        coded, _, mac = self.request.query_params.get("said", "").partition(".")
        if not coded or not hmac.compare_digest(mac.encode(), self.studio.mac("said", coded).encode()):
            return ""
        return base64.urlsafe_b64decode(coded + "==").decode("utf-8", "replace")


def wanted_language(request: Request) -> str:
    """By the browser's Accept-Language."""
    asked = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return match([tag for tag in asked if tag], LANGUAGES) or "en"


def language_of(request: Request) -> str:
    """That of whoever is signed in, where the page got so far; else the browser's."""
    return str(getattr(request.state, "language", "") or wanted_language(request))


def remember_language(request: Request) -> None:
    """For an answer that no page makes, such as that there is none."""
    _, person = _signed_in(request)
    request.state.language = (person and person.language) or wanted_language(request)


def studio_of(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


def _signed_in(request: Request) -> tuple[SessionRow | None, Person | None]:
    studio = studio_of(request)
    ctx, token = studio.workspace.context, request.cookies.get(studio.cookie, "")
    with reading(ctx.engine) as connection:
        session = sessions.find(connection, token, ctx.clock.now()) if token else None
        return session, people.by_id(connection, session.person_id) if session else None


async def desk(request: Request) -> Desk:
    """Who is signed in; for a form also: whether it comes from a page of ours."""
    studio = studio_of(request)
    token = request.cookies.get(studio.cookie, "")
    ctx = studio.workspace.context
    now = ctx.clock.now()
    session, person = _signed_in(request)
    if session is None or person is None or person.left:
        raise SignInNeeded
    if request.method not in SAFE:
        await check_form(request, studio.mac("csrf", token))
        if now - session.seen_at > SEEN_EVERY:
            with writing(ctx.engine) as connection:
                sessions.seen(connection, session.id, now)
    found = Desk(request, studio, session, person, token)
    request.state.language = found.language
    return found


async def check_form(request: Request, expected: str) -> None:
    """Against forged requests: a token of the session in the form or in a header, and the browser's own word."""
    given = request.headers.get("x-csrf")
    if given is None:
        given = str((await request.form()).get("csrf", ""))
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none") or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forged(
            say("This page was opened before you signed in again: go back, load it anew, and repeat the step.")
        )


At = Annotated[Desk, Depends(desk)]


def allowed(action: Action) -> Any:
    """For a route: only who holds a role for this."""

    def check(at: At) -> None:
        at.require(action)

    return Depends(check)


def device_of(request: Request) -> str:
    """The browser and the system, in words that their owner recognises."""
    agent = request.headers.get("user-agent", "")
    browsers = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Mac OS": "macOS"}
    browser = next((name for sign, name in browsers.items() if sign in agent), "Browser")
    system = next((name for sign, name in (systems | {"Linux": "Linux"}).items() if sign in agent), "")
    return f"{browser}, {system}" if system else browser


def place_of(request: Request) -> str:
    return request.client.host if request.client else ""


def on_loopback(request: Request) -> bool:
    return place_of(request) in ("127.0.0.1", "::1", "testclient")


def form_value(form: Mapping[str, Any], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def plain(text: str, status: int) -> Response:
    return Response(text, status, media_type="text/plain; charset=utf-8")
