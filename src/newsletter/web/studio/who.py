"""Did we send it to X? One sentence, the exact message, and the contact's history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.permission import Action
from newsletter.web.studio.desk import At, Desk, allowed, plain
from newsletter.web.studio.preview import framed
from newsletter.workflow.people import lookup
from newsletter.workflow.people.deliveries import DeliveryRow
from newsletter.workflow.results import sent

router = APIRouter()


@router.get("/who")
def asked_for(at: At) -> Response:
    """The question alone: what was typed stands in no address, so it is not kept."""
    return at.page("who.html", answer=None)


@router.post("/who")
def who(at: At, asked: Annotated[str, Form()] = "") -> Response:
    return at.page("who.html", answer=lookup.ask(at.ctx, asked, at.person) if asked.strip() else None)


@router.get("/contacts/{contact_id}")
def contact(at: At, contact_id: int) -> Response:
    found = lookup.history(at.ctx, contact_id, at.person)
    if found is None:
        raise UsageError(say("There is no such contact: it may have been erased."))
    return at.page("contact.html", contact=found)


@router.get("/deliveries/{delivery_id}")
def delivery(at: At, delivery_id: int) -> Response:
    row, message, problem = _row(at, delivery_id), None, ""
    try:
        message = sent.sent(at.ctx, row, at.person)
    except sent.NoMessage as error:
        problem = at.say(error)
    return at.page("delivery.html", row=row, message=message, problem=problem)


@router.get("/deliveries/{delivery_id}/message")
def message(at: At, delivery_id: int) -> Response:
    """The message alone, for the frame."""
    try:
        found = sent.sent(at.ctx, _row(at, delivery_id), at.person)
    except sent.NoMessage as error:
        return plain(at.say(error), 422)
    return framed(at, found.html, pictures=True)


@router.get("/deliveries/{delivery_id}/message.eml", dependencies=[allowed(Action.CONTACTS)])
def exact(at: At, delivery_id: int) -> Response:
    _row(at, delivery_id)
    headers = {"content-disposition": f'attachment; filename="delivery-{delivery_id}.eml"'}
    return Response(sent.exact(at.ctx, delivery_id, at.person), media_type="message/rfc822", headers=headers)


def _row(at: Desk, delivery_id: int) -> DeliveryRow:
    row = sent.row_of(at.ctx, delivery_id, at.person)
    if row is None:
        raise UsageError(say("There is no such message."))
    return row
