"""The picture of an issue's item: what the issue shows otherwise than the article."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter.i18n import say
from newsletter.web.studio.desk import At
from newsletter.web.studio.issues import ThisIssue
from newsletter.web.studio.pictures import EDIT, Spot, add_picture, done
from newsletter.workflow.drafts import item_picture as pictures

router = APIRouter()
BASE = "/issues/{campaign}/{key}/content/items/{item}/picture"


def spot_of(at: At, issue: ThisIssue, item: str) -> Spot:
    library, read = at.studio.libraries.of(at.ctx, issue.campaign), at.studio.libraries.of
    found = pictures.opened(at.ctx, issue, item, library)
    first = found.articles[found.first]
    content, this = f"/issues/{issue.name}/content", (at.ctx, issue, item)
    back = f"{content}/items/{item}?language={found.first}"
    return Spot(
        here=f"{content}/items/{item}/picture",
        back=back,
        crumbs=[
            (f"/issues/{issue.name}", at.title(issue)),
            (f"{content}?language={found.first}#{item}", say("Content")),
            (back, first.title),
        ],
        title=first.title,
        language=first.language,
        campaign=issue.campaign,
        now=lambda: pictures.opened(*this, library).pictured,
        choose=partial(pictures.choose, *this, person=at.person, read=read),
        upload=partial(pictures.upload, *this, person=at.person),
        remove=partial(pictures.remove, *this, person=at.person),
        describe=lambda alts, credits, hash_: pictures.describe(*this, alts, credits, at.person, made_from=hash_),
        crop=lambda given, aspect, hash_: pictures.crop(*this, given, aspect, at.person, made_from=hash_),
        of_issue=True,
        changed=found.changed,
    )


add_picture(router, BASE, spot_of)


@router.post(BASE + "/own", dependencies=EDIT)
def own(at: At, issue: ThisIssue, item: str, spot: Annotated[Spot, Depends(spot_of)]) -> Response:
    fallen = pictures.own(at.ctx, issue, item, at.person)
    return at.go(spot.here, done(say("The article's own picture is back"), fallen))
