"""The pictures of a gathered article, brought over: a message shows no picture from somebody else's server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

from newsletter.errors import NewsletterError
from newsletter.gathering.fetch import PICTURE_TYPES, Answer, Validators
from newsletter.gathering.images import make_asset
from newsletter.model.article import Article

Fetch = Callable[[str, Validators | None], Answer]

MOST_PICTURES = 20  # of one article
_SHOWN = re.compile(r"(!\[(?:\\.|[^\]\\])*\]\()(https?://[^\s)]+)(\))")


def bring(article: Article, fetch: Fetch | None, notices: list[str]) -> tuple[Article, dict[str, bytes]]:
    """The article naming pictures of the campaign's folder, and their files by path in it.

    A picture that cannot be had is left out where it leads the article, stays an address in its text, and is a notice.
    """
    if fetch is None:
        return article, {}
    named = [article.picture.source] if article.picture else []
    addresses = dict.fromkeys([*named, *(found[2] for found in _SHOWN.finditer(article.body))])
    files: dict[str, bytes] = {}
    paths: dict[str, str] = {}
    for address in [each for each in addresses if each.startswith("http")][:MOST_PICTURES]:
        try:
            paths[address], content = _picture(address, fetch)
            files[paths[address]] = content
        except NewsletterError as error:
            notices.append(f"A picture of {article.title!r} is left out: {error}")
    picture = article.picture
    if picture is not None and picture.source.startswith("http"):
        path = paths.get(picture.source)
        picture = replace(picture, source=path) if path else None
    body = _SHOWN.sub(lambda found: f"{found[1]}{paths.get(found[2], found[2])}{found[3]}", article.body)
    return replace(article, picture=picture, body=body), files


def _picture(address: str, fetch: Fetch) -> tuple[str, bytes]:
    answer = fetch(address, None)
    if answer.content is None or answer.media_type not in PICTURE_TYPES:
        raise NewsletterError(f"{address} is no picture.")
    made = make_asset(answer.content, use="inline", name=address)
    ending = "png" if made.media_type == "image/png" else "jpg"
    return f"pictures/{hashlib.sha256(address.encode()).hexdigest()[:12]}.{ending}", made.content
