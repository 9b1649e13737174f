"""Pictures: the pages on which one is chosen, uploaded, cropped and described, wherever it stands; and their images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from newsletter.errors import NewsletterError
from newsletter.gathering.images import PictureError
from newsletter.i18n import Said, say
from newsletter.model.article import Picture
from newsletter.model.crop import ASPECTS, Crop
from newsletter.model.permission import Action
from newsletter.web.studio.desk import At, Desk, allowed, form_value
from newsletter.web.thumbnails import USES
from newsletter.workflow.content.picture_files import KINDS, LARGEST, PictureFile, lying, uploaded
from newsletter.workflow.content.pictures import lies_at
from newsletter.workflow.content.picturing import SHARP, SIDES, PictureChanged, Pictured, framed
from newsletter.workflow.context import Context

router = APIRouter()
EDIT = [allowed(Action.EDIT)]
SHOWN = 24  # a page
IMAGES = "/pictures"
TYPES = "image/jpeg,image/png,image/webp,image/gif"
Fallen = str | None  # which approval falls


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a picture stands: an article, or an item of an issue. `here` is the address of its page."""

    here: str
    back: str
    crumbs: list[tuple[str, str]]
    title: str
    language: str
    campaign: str
    now: Callable[[], Pictured]
    choose: Callable[[str], Fallen]
    upload: Callable[[str, bytes], Fallen]
    remove: Callable[[], Fallen]
    describe: Callable[[Mapping[str, str], Mapping[str, str], str], Fallen]
    crop: Callable[[Mapping[str, str], str, str], Fallen]
    of_issue: bool = False  # it holds for one issue
    changed: bool = False  # the issue says something else than the article, or `only` than the other languages
    only: str = ""  # the language of which alone all this is said


async def _form(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: form_value(form, name) for name in form}


TheForm = Annotated[dict[str, str], Depends(_form)]


@router.get(IMAGES)
def image(at: At, file: str, use: str = "thumb", crop: str = "") -> Response:
    """A picture of the workspace, or a part of it, at the size of a page."""
    if use not in USES:
        return Response(status_code=404)
    try:
        part = _part(crop)
        name, made = at.studio.thumbnails.find(at.ctx, file, use, part)
        headers = {"etag": f'"{name}"', "cache-control": "private, no-cache"}
        if at.request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        made = made or at.studio.thumbnails.make(at.ctx, file, use, part)
    except (NewsletterError, ValueError):  # the page beside it says why
        return Response(status_code=404)
    return Response(made.content, media_type=made.media_type, headers=headers)


@router.get(IMAGES + "/{campaign}", dependencies=EDIT)
def shots(at: At, campaign: str, asked: str = "", start: int = 0) -> Response:
    """The pictures that a text may show, as the editor offers them."""
    at.ctx.campaign(campaign)  # UsageError where there is none
    found, start = lying(at.ctx, campaign, at.studio.libraries.of, asked), max(0, start)
    return at.page("shots.html", total=len(found), failed="", address=address, **_some(found, start))


@router.post(IMAGES + "/{campaign}", dependencies=EDIT)
def add_shot(at: At, campaign: str, file: Annotated[UploadFile, File()]) -> Response:
    """An upload, as one of these pictures; else the sentence that says what is wrong with it."""
    at.ctx.campaign(campaign)
    found, failed = [], ""
    try:
        found = [uploaded(at.ctx, campaign, file.filename or "", file.file.read(LARGEST + 1), at.person)]
    except PictureError as error:
        failed = at.say(error)
    return at.page("shots.html", total=None, failed=failed, address=address, **_some(found, 0))


def _some(found: list[PictureFile], start: int) -> dict[str, Any]:
    """A page of them, and where the next begins."""
    end = start + SHOWN
    return {"found": found[start:end], "following": end if end < len(found) else None}


def address(path: str, use: str = "thumb", crop: Crop | None = None) -> str:
    sides = "_".join(str(value) for value in crop.plain().values()) if crop and not crop.whole else ""
    return f"{IMAGES}?{urlencode({'file': path, 'use': use} | ({'crop': sides} if sides else {}))}"


def thumbnail(ctx: Context, campaign: str, picture: Picture | None) -> str:
    """The address of a small image of it; nothing where it does not lie in the workspace."""
    path = _lies_at(ctx, campaign, picture.source) if picture else None
    return address(path, crop=picture.crop) if path and picture else ""


def in_text(ctx: Context, campaign: str, source: str) -> str:
    """The address of a picture that a text shows, likewise."""
    path = _lies_at(ctx, campaign, source)
    return address(path, "lead") if path else ""


def _lies_at(ctx: Context, campaign: str, source: str) -> str | None:
    """Likewise where the text names a place outside of the workspace: checking says so."""
    try:
        path = lies_at(ctx, campaign, source)
        return path if path and ctx.documents.exists(path) else None
    except NewsletterError:
        return None


def _part(sides: str) -> Crop | None:
    return Crop(**dict(zip(SIDES, map(float, sides.split("_")), strict=True))) if sides else None


def add_picture(router: APIRouter, base: str, spot_of: Callable[..., Spot]) -> None:
    """The pages of a picture that stands at `base`; `spot_of` is a dependency."""
    there = Depends(spot_of)

    @router.get(base, dependencies=EDIT)
    def page(at: At, spot: Spot = there) -> Response:
        return _page(at, spot)

    @router.post(base, dependencies=EDIT)
    def describe(at: At, form: TheForm, spot: Spot = there) -> Response:
        try:
            fallen = spot.describe(_within("alt", form), _within("credit", form), form.get("made_from", ""))
        except NewsletterError as error:
            return _page(at, spot, error, form)
        return at.go(spot.here, done(say("Saved"), fallen))

    @router.post(base + "/upload", dependencies=EDIT)
    def upload(at: At, file: Annotated[UploadFile, File()], spot: Spot = there) -> Response:
        try:
            fallen = spot.upload(file.filename or "", file.file.read(LARGEST + 1))
        except NewsletterError as error:
            return _page(at, spot, error)
        return at.go(spot.here, done(say("The picture is uploaded"), fallen))

    @router.post(base + "/remove", dependencies=EDIT)
    def remove(at: At, spot: Spot = there) -> Response:
        try:
            fallen = spot.remove()
        except NewsletterError as error:
            return _page(at, spot, error)
        return at.go(spot.here, done(say("The picture is taken off; its file stays and can be chosen again"), fallen))

    @router.get(base + "/choose", dependencies=EDIT)
    def choice(at: At, asked: str = "", start: int = 0, spot: Spot = there) -> Response:
        return _choice(at, spot, asked, start)

    @router.post(base + "/choose", dependencies=EDIT)
    def choose(at: At, source: Annotated[str, Form()], spot: Spot = there) -> Response:
        try:
            fallen = spot.choose(source)
        except NewsletterError as error:
            return _choice(at, spot, failed=at.say(error))
        return at.go(spot.here, done(say("The picture is chosen"), fallen))

    @router.get(base + "/crop", dependencies=EDIT)
    def frame(at: At, spot: Spot = there) -> Response:
        return _frame(at, spot)

    @router.post(base + "/crop", dependencies=EDIT)
    def crop(at: At, form: TheForm, spot: Spot = there) -> Response:
        """Saves a part, or (`then`) shows what a part would be, or goes back to the whole."""
        given, aspect, then = form, form.get("aspect", ""), form.get("then", "")
        if then == "whole":
            given, aspect = {"x": "0", "y": "0", "width": "100", "height": "100"}, ""
        try:
            if then == "look":
                return _frame(at, spot, framed(spot.now(), given, aspect) or Crop(), aspect)
            fallen = spot.crop(given, aspect, form.get("made_from", ""))
        except NewsletterError as error:
            return _frame(at, spot, aspect=aspect, error=error, typed=form)
        return at.go(spot.here, done(say("Saved"), fallen))


def done(what: Said, fallen: Fallen) -> Said:
    return say("%(done)s; %(fallen)s.", done=what, fallen=fallen) if fallen else say("%(done)s.", done=what)


def _within(name: str, form: Mapping[str, str]) -> dict[str, str]:
    """`alt.fr` -> fr; a name without a language is for all."""
    fields = {each: value for each, value in form.items() if each == name or each.startswith(f"{name}.")}
    return {each.removeprefix(name).removeprefix("."): value for each, value in fields.items()}


def _status(error: NewsletterError | None) -> int:
    return 409 if isinstance(error, PictureChanged) else 422 if error else 200


def _page(
    at: Desk, spot: Spot, error: NewsletterError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    now = spot.now()
    values: dict[str, Any] = {"typed": typed or {}, "types": TYPES, "largest": LARGEST // 1_000_000, "sharp": SHARP}
    return at.page(
        "picture.html",
        _status(error),
        spot=spot,
        now=now,
        failed=at.say(error) if error else "",
        address=address,
        **values,
    )


def _choice(at: Desk, spot: Spot, asked: str = "", start: int = 0, failed: str = "") -> Response:
    found, start = lying(at.ctx, spot.campaign, at.studio.libraries.of, asked), max(0, start)
    return at.page(
        "picture_choice.html",
        422 if failed else 200,
        spot=spot,
        now=spot.now(),
        total=len(found),
        **_some(found, start),
        asked=asked,
        failed=failed,
        address=address,
        kinds=KINDS,
    )


def _frame(
    at: Desk,
    spot: Spot,
    shown: Crop | None = None,
    aspect: str | None = None,
    error: NewsletterError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    now = spot.now()
    crop = shown or now.crop
    values = {name: (typed or {}).get(name, value) for name, value in crop.plain().items()}
    return at.page(
        "picture_frame.html",
        _status(error),
        spot=spot,
        now=now,
        crop=crop,
        values=values,
        box=crop.box(*now.size) if now.size else None,
        aspect=now.aspect if aspect is None else aspect,
        aspects=ASPECTS,
        failed=at.say(error) if error else "",
        sharp=SHARP,
        address=address,
    )
