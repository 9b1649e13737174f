"""The picture of an article."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from fastapi import APIRouter

from newsletter.i18n import say
from newsletter.web.studio.articles import known_campaign
from newsletter.web.studio.desk import At
from newsletter.web.studio.pictures import Spot, add_picture
from newsletter.workflow.content import article_picture as pictures

router = APIRouter()


def spot_of(at: At, campaign: str, article: str) -> Spot:
    name, read = known_campaign(at, {"campaign": campaign}), at.studio.libraries.of
    found = pictures.opened(at.ctx, name, article, read).found
    back = f"/articles/{campaign}/{quote(article)}"
    this = (at.ctx, name, article)
    return Spot(
        here=f"{back}/picture",
        back=back,
        crumbs=[("/articles", say("Articles")), (back, found.first.title)],
        title=found.first.title,
        language=found.first.language,
        campaign=name,
        now=lambda: pictures.opened(*this, read).pictured,
        choose=partial(pictures.choose, *this, person=at.person, read=read),
        upload=partial(pictures.upload, *this, person=at.person),
        remove=partial(pictures.remove, *this, person=at.person),
        describe=lambda alts, credits, hash_: pictures.describe(*this, alts, credits, at.person, made_from=hash_),
        crop=lambda given, aspect, hash_: pictures.crop(*this, given, aspect, at.person, made_from=hash_),
    )


add_picture(router, "/articles/{campaign}/{article}/picture", spot_of)
