"""What is different in an issue as it stands: since the version last approved, or since the last issue."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Tongue, say
from newsletter.web.studio.desk import At
from newsletter.web.studio.issues import ThisIssue
from newsletter.web.studio.preview import Asked, languages_of
from newsletter.workflow.approving.comparing import approved_version, compare, last_issue

router = APIRouter()


@router.get("/issues/{campaign}/{key}/preview/difference")
def difference(at: At, issue: ThisIssue, view: Asked, to: str = "") -> Response:
    """`to`: approved, or issue; else the first of them that there is."""
    tags = languages_of(at, issue)
    language = view.language if view.language in tags else tags[0]
    sides = {"approved": approved_version(at.ctx, issue), "issue": last_issue(at.ctx, issue)}
    there = [name for name, side in sides.items() if side is not None]
    to = to if to in there else next(iter(there), "")
    values: dict[str, Any] = {
        "issue": issue,
        "view": view,
        "languages": tags,
        "language_shown": language,
        "sides": sides,
        "to": to,
    }
    values |= {"compared": None, "error": ""}
    if (earlier := sides.get(to)) is not None:
        try:
            made = at.studio.editions.language(at.ctx, issue, language).composition
            if language not in made.languages:
                raise UsageError(say("This issue has nothing in %(language)s yet.", language=Tongue(language)))
            library = at.studio.libraries.of(at.ctx, issue.campaign)
            values["compared"] = compare(at.ctx, made, earlier, language, library)
        except NewsletterError as error:
            values["error"] = at.say(error)
    return at.page("preview_difference.html", **values)
