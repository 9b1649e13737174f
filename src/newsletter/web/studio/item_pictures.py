"""The picture of an issue's item: what the issue shows otherwise than the article."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter.i18n import say
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk
from newsletter.web.studio.issues import ThisIssue
from newsletter.web.studio.pictures import EDIT, Spot, add_picture, done
from newsletter.workflow.drafts import item_picture as pictures

router = APIRouter()
BASE = "/issues/{campaign}/{key}/content/items/{item}/picture"
ALONE = BASE + "/in/{only}"


def spot_of(at: At, issue: ThisIssue, item: str) -> Spot:
    return _spot(at, issue, item, None)


def spot_alone(at: At, issue: ThisIssue, item: str, only: str) -> Spot:
    return _spot(at, issue, item, only)


def _spot(at: Desk, issue: IssueRow, item: str, only: str | None) -> Spot:
    library, read = at.studio.libraries.of(at.ctx, issue.campaign), at.studio.libraries.of
    found = pictures.opened(at.ctx, issue, item, library, only)
    first = found.articles[found.first]
    content, this = f"/issues/{issue.name}/content", (at.ctx, issue, item)
    back, every = f"{content}/items/{item}?language={found.first}", f"{content}/items/{item}/picture"
    person = at.person
    return Spot(
        here=f"{every}/in/{only}" if only else every,
        back=every if only else back,
        crumbs=[
            (f"/issues/{issue.name}", at.title(issue)),
            (f"{content}?language={found.first}#{item}", say("Content")),
            (back, first.title),
            *([(every, say("Picture"))] if only else []),
        ],
        title=first.title,
        language=first.language,
        campaign=issue.campaign,
        now=lambda: pictures.opened(*this, library, only).pictured,
        choose=partial(pictures.choose, *this, read=read, person=person, only=only),
        upload=partial(pictures.upload, *this, person=person, only=only),
        remove=partial(pictures.remove, *this, person=person, only=only),
        describe=lambda alts, credits, hash_: pictures.describe(
            *this, alts, credits, made_from=hash_, person=person, only=only
        ),
        crop=lambda given, aspect, hash_: pictures.crop(
            *this, given, aspect, made_from=hash_, person=person, only=only
        ),
        of_issue=True,
        changed=found.different if only else found.changed,
        only=only or "",
    )


add_picture(router, BASE, spot_of)
add_picture(router, ALONE, spot_alone)


@router.post(BASE + "/own", dependencies=EDIT)
def own(at: At, issue: ThisIssue, item: str, spot: Annotated[Spot, Depends(spot_of)]) -> Response:
    fallen = pictures.own(at.ctx, issue, item, at.person)
    return at.go(spot.here, done(say("The article's own picture is back"), fallen))


@router.post(ALONE + "/own", dependencies=EDIT)
def same_again(at: At, issue: ThisIssue, item: str, only: str, spot: Annotated[Spot, Depends(spot_alone)]) -> Response:
    fallen = pictures.same_again(at.ctx, issue, item, at.person, only)
    return at.go(spot.back, done(say("The picture of the other languages is back"), fallen))
