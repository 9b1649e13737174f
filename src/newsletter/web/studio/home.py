"""The first page: what needs somebody, what comes next, what went out last."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.i18n import say
from newsletter.model.permission import Action
from newsletter.web.studio.desk import At, allowed
from newsletter.workflow.results.overview import needs, next_issues
from newsletter.workflow.sending.origin import confirm_origin, strange

router = APIRouter()


@router.get("/")
def home(at: At) -> Response:
    found = needs(at.ctx, at.person)
    return at.page("home.html", needs=found, campaigns=next_issues(at.ctx), copied=strange(at.ctx))


@router.post("/origin", dependencies=[allowed(Action.CONFIGURE)])
def confirm(at: At) -> Response:
    confirm_origin(at.ctx, at.person)
    return at.go("/", say("Confirmed: real sends leave from this database with these settings."))
