"""Who gets an issue, who is left out, and by which reason."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.model.fields import Field, UnknownField
from newsletter.model.rule import Compare, Node
from newsletter.model.suppression import REASON_IN_WORDS
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.audience import audience_rule
from newsletter.workflow.checking.blanks import lacking
from newsletter.workflow.people.addressees import PAGE, Wanted, addressees, count

router = APIRouter()


@router.get("/issues/{campaign}/{key}/recipients")
def page(
    at: At, issue: ThisIssue, run: str = "", who: str = "in", language: str = "", after: int = 0, empty: str = ""
) -> Response:
    """Answers at once; `run` counts, which takes a moment where contacts are many. `empty`: only those for whom this
    field is."""
    campaign, field = at.ctx.campaign(issue.campaign), _field(at, empty)
    values: dict[str, Any] = {
        "issue": issue,
        "campaign": campaign,
        "languages": _languages(at, issue),
        "who": "out" if who == "out" else "in",
        "chosen": language,
        "words": {str(reason): text for reason, text in REASON_IN_WORDS.items()},
        "run": bool(run),
        "empty": field,
        "size": PAGE,
    }
    if run:
        rule = audience_rule(at.ctx, issue.campaign, campaign, values["languages"])
        values["count"] = count(at.ctx, rule)
        only = _lacking(at, issue, language, field.path) if field else None
        wanted = Wanted(who != "out", language, only, after=max(0, min(after, 2**62)))
        values["rows"] = addressees(at.ctx, rule, at.person, wanted)
    return at.page("recipients.html", **values)


def _field(at: Desk, path: str) -> Field | None:
    try:
        return at.ctx.fields[path] if path else None
    except UnknownField:
        return None


def _lacking(at: Desk, issue: IssueRow, language: str, path: str) -> Node:
    """As the checks count them, where the messages are known; else everybody for whom the field is empty."""
    known = at.studio.editions.known(at.ctx, issue)
    made = known.composition.languages.get(language) if known else None
    return (lacking(made.compiled, at.ctx.fields, path) if made else None) or Compare(path, "==", None)


def _languages(at: Desk, issue: IssueRow) -> list[str]:
    """Those that the issue has, as far as that is known; else those that the campaign is written in."""
    known = at.studio.editions.known(at.ctx, issue)
    return known.languages if known else at.ctx.languages(at.ctx.campaign(issue.campaign))
