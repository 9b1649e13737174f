"""Who gets an issue, who is left out, and by which reason."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.model.suppression import REASON_IN_WORDS
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.addressees import PAGE, addressees, count
from newsletter.workflow.audience import audience_rule

router = APIRouter()


@router.get("/issues/{campaign}/{key}/recipients")
def page(at: At, issue: ThisIssue, run: str = "", who: str = "in", language: str = "", after: int = 0) -> Response:
    """Answers at once; `run` counts, which takes a moment where contacts are many."""
    campaign = at.ctx.campaign(issue.campaign)
    values: dict[str, Any] = {
        "issue": issue,
        "campaign": campaign,
        "languages": _languages(at, issue),
        "who": "out" if who == "out" else "in",
        "chosen": language,
        "words": {str(reason): text for reason, text in REASON_IN_WORDS.items()},
        "run": bool(run),
        "size": PAGE,
    }
    if run:
        rule = audience_rule(at.ctx, issue.campaign, campaign, values["languages"])
        values["count"] = count(at.ctx, rule)
        values["rows"] = addressees(
            at.ctx, rule, at.person, served=who != "out", language=language, after=max(0, min(after, 2**62))
        )
    return at.page("recipients.html", **values)


def _languages(at: Desk, issue: IssueRow) -> list[str]:
    """Those that the issue has, as far as that is known; else those that the campaign is written in."""
    known = at.studio.editions.known(at.ctx, issue)
    return known.languages if known else at.ctx.languages(at.ctx.campaign(issue.campaign))
