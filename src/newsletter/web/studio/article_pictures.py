"""The picture of an article: of all its languages, or of one alone."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from newsletter.i18n import say
from newsletter.web.studio.articles import known_campaign
from newsletter.web.studio.desk import At
from newsletter.web.studio.pictures import EDIT, Spot, add_picture, done
from newsletter.workflow.content import article_picture as pictures

router = APIRouter()
BASE = "/articles/{campaign}/{article}/picture"
ALONE = BASE + "/in/{only}"


def spot_of(at: At, campaign: str, article: str) -> Spot:
    return _spot(at, campaign, article, None)


def spot_alone(at: At, campaign: str, article: str, only: str) -> Spot:
    return _spot(at, campaign, article, only)


def _spot(at: At, campaign: str, article: str, only: str | None) -> Spot:
    name, read = known_campaign(at, {"campaign": campaign}), at.studio.libraries.of
    opened = pictures.opened(at.ctx, name, article, read, only)
    found = opened.found
    shown = found.translations[only] if only else found.first
    page, every = f"/articles/{campaign}/{quote(article)}", f"/articles/{campaign}/{quote(article)}/picture"
    this, person = (at.ctx, name, article), at.person
    return Spot(
        here=f"{every}/in/{only}" if only else every,
        back=every if only else page,
        crumbs=[("/articles", say("Articles")), (page, shown.title), *([(every, say("Picture"))] if only else [])],
        title=shown.title,
        language=shown.language,
        campaign=name,
        now=lambda: pictures.opened(*this, read, only).pictured,
        choose=partial(pictures.choose, *this, read=read, person=person, only=only),
        upload=partial(pictures.upload, *this, person=person, only=only),
        remove=partial(pictures.same_again, *this, person=person, only=only)
        if only
        else partial(pictures.remove, *this, at.person),
        describe=lambda alts, credits, hash_: pictures.describe(
            *this, alts, credits, made_from=hash_, person=person, only=only
        ),
        crop=lambda given, aspect, hash_: pictures.crop(
            *this, given, aspect, made_from=hash_, person=person, only=only
        ),
        changed=bool(only) and opened.different,
        only=only or "",
    )


add_picture(router, BASE, spot_of)
add_picture(router, ALONE, spot_alone)


@router.post(ALONE + "/own", dependencies=EDIT)
def own(at: At, campaign: str, article: str, only: str, spot: Annotated[Spot, Depends(spot_alone)]) -> Response:
    fallen = pictures.same_again(at.ctx, spot.campaign, article, at.person, only)
    return at.go(spot.back, done(say("The picture of the other languages is back"), fallen))
