"""Staff: who there is, what each may do, and the links with which they come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.permission import ALLOWED, IN_WORDS, Action, Role
from newsletter.store import people, sessions
from newsletter.store.engine import reading
from newsletter.web.studio.desk import At, allowed
from newsletter.workflow.context import LOCAL
from newsletter.workflow.people import staff
from newsletter.workflow.scheduling.deciding import SCHEDULE

router = APIRouter()
Text = Annotated[str, Form()]
Roles = Annotated[list[str] | None, Form()]


@router.get("/people")
def everybody(at: At) -> Response:
    return _page(at)


@router.post("/people", dependencies=[allowed(Action.CONFIGURE)])
def add(at: At, name: Text = "", address: Text = "", role: Roles = None) -> Response:
    try:
        person = staff.add_person(at.ctx, name, address, role or [], at.person)
    except NewsletterError as error:
        return _page(at, 422, error=at.say(error), name=name, address=address, chosen=role or [])
    return _page(at, link=_link(at, person.id), linked=person.name)


@router.post("/people/{id_}/roles", dependencies=[allowed(Action.CONFIGURE)])
def set_roles(at: At, id_: int, role: Roles = None) -> Response:
    try:
        staff.set_roles(at.ctx, id_, role or [], at.person)
    except NewsletterError as error:
        return _page(at, 422, error=at.say(error))
    return at.go("/people", say("The roles are changed."))


@router.post("/people/{id_}/link", dependencies=[allowed(Action.CONFIGURE)])
def make_link(at: At, id_: int) -> Response:
    with reading(at.ctx.engine) as connection:
        person = people.by_id(connection, id_)
    return _page(at, link=_link(at, id_), linked=person.name)


@router.post("/people/{id_}/end", dependencies=[allowed(Action.CONFIGURE)])
def end(at: At, id_: int) -> Response:
    try:
        staff.end_person(at.ctx, id_, at.person)
    except NewsletterError as error:
        return _page(at, 422, error=at.say(error))
    return at.go("/people", say("They can no longer sign in; their name stays in the record."))


def _link(at: At, id_: int) -> str:
    return f"{str(at.request.base_url).rstrip('/')}/welcome/{staff.invite(at.ctx, id_, at.person)}"


def _page(at: At, status: int = 200, **shown: object) -> HTMLResponse:
    now = at.ctx.clock.now()
    with reading(at.ctx.engine) as connection:
        everybody = [each for each in people.everybody(connection) if each.slug not in (LOCAL, SCHEDULE)]
        signed_in = {each.id: len(sessions.of_person(connection, each.id, now)) for each in everybody}
    table = {role.value: [IN_WORDS[action] for action in Action if role in ALLOWED[action]] for role in Role}
    empty = {"error": "", "name": "", "address": "", "chosen": [], "link": "", "linked": ""}
    return at.page("people.html", status, people=everybody, signed_in=signed_in, table=table, **(empty | shown))
