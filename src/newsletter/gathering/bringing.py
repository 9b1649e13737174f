"""Pictures of the web, brought over: a message shows no picture from somebody else's server.

A gathered article names the files from then on. A text of one's own keeps the address as its author wrote it; the name
of the file comes from the address, so composing finds it without asking anybody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from newsletter.errors import NewsletterError
from newsletter.gathering.fetch import PICTURE_TYPES, Answer, Validators
from newsletter.gathering.images import make_asset
from newsletter.i18n import say
from newsletter.model.article import ENDINGS, Article

Fetch = Callable[[str, Validators | None], Answer]
Files = dict[str, bytes]

MOST_PICTURES = 20  # of one gathered article
_SHOWN = re.compile(r"(!\[(?:\\.|[^\]\\])*\]\()(https?://[^\s)]+)(\))")


def bring(article: Article, fetch: Fetch | None, lacking: dict[str, str]) -> tuple[Article, Files]:
    """The article naming pictures of the campaign's folder, and their files by path in it.

    A picture that cannot be had is left out where it leads the article, and stays an address in its text; `lacking`
    gets its address and the reason.
    """
    if fetch is None:
        return article, {}
    named = [article.picture.source] if article.picture else []
    addresses = dict.fromkeys([*named, *(found[2] for found in _SHOWN.finditer(article.body))])
    files: Files = {}
    paths: dict[str, str] = {}
    for address in [each for each in addresses if each.startswith("http")][:MOST_PICTURES]:
        try:
            paths[address], content = _picture(address, fetch, lacking)
            files[paths[address]] = content
        except NewsletterError as error:
            lacking[address] = say("A picture of %(title)r is left out: %(error)s", title=article.title, error=error)
    picture = article.picture
    if picture is not None and picture.source.startswith("http"):
        path = paths.get(picture.source)
        picture = replace(picture, source=path) if path else None
    body = _SHOWN.sub(lambda found: f"{found[1]}{paths.get(found[2], found[2])}{found[3]}", article.body)
    return replace(article, picture=picture, body=body), files


def bring_named(addresses: Iterable[str], there: Callable[[str], bool], fetch: Fetch, lacking: dict[str, str]) -> Files:
    """Pictures that texts show and that are not `there` yet: files by path in the campaign's folder.

    `lacking`: those that were tried and could not be had, which are not tried again.
    """
    files: Files = {}
    for address in addresses:
        if address not in lacking and not any(there(path) for path in kept_as(address)):
            try:
                path, content = _picture(address, fetch, lacking)
                files[path] = content
            except NewsletterError as error:
                lacking[address] = say("The picture %(address)s is left out: %(error)s", address=address, error=error)
    return files


def kept_as(address: str) -> list[str]:
    """Where in the campaign's folder the picture of an address may lie."""
    stem = hashlib.sha256(address.encode()).hexdigest()[:12]
    return [f"pictures/{stem}.{ending}" for ending in ENDINGS.values()]


def _picture(address: str, fetch: Fetch, lacking: dict[str, str]) -> tuple[str, bytes]:
    answer = fetch(address, None)
    if answer.content is None or answer.media_type not in PICTURE_TYPES:
        raise NewsletterError(say("%(address)s is no picture.", address=address))
    made = make_asset(answer.content, use="inline", name=address)
    if made.still:
        lacking[address] = say(
            "Of the moving picture %(address)s only the first frame is kept: it is too much for a message.",
            address=address,
        )
    ending = ENDINGS[made.media_type]
    return next(path for path in kept_as(address) if path.endswith(ending)), made.content
