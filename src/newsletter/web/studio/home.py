"""The first page: what needs somebody, what comes next, what went out last."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.web.studio.desk import At
from newsletter.workflow.overview import needs, next_issues

router = APIRouter()


@router.get("/")
def home(at: At) -> Response:
    return at.page("home.html", needs=needs(at.ctx, at.person), campaigns=next_issues(at.ctx))
