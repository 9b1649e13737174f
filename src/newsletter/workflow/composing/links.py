"""The link addresses of an issue: one number a target, kept over editions, so that a link can be mended later."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.model.campaign import Utm
from newsletter.store.links import Place


@dataclass
class LinkRegister:
    """`{public_url}/l/<issue>/<n>` for each target; `direct` leaves targets as they are."""

    public_url: str
    issue_id: int
    utm: Utm | None = None
    direct: bool = False
    targets: dict[str, int] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)

    def address(self, target: str, place: Place = (None, None)) -> str:
        """The address that stands in the message for a target. `place`: the article and the message's language."""
        if urlsplit(target).scheme not in ("http", "https") or target.startswith(self.public_url):
            return target
        tagged = with_utm(target, self.utm)
        if self.direct:
            return tagged
        number = self.targets.setdefault(tagged, max(self.targets.values(), default=0) + 1)
        article, language = self.places.get(number, place)
        self.places[number] = (article if article == place[0] else None, language if language == place[1] else None)
        return f"{self.public_url}/l/{self.issue_id}/{number}"


def with_utm(target: str, utm: Utm | None) -> str:
    """The target with the campaign's parameters; one that the target has already stays as it is."""
    if utm is None:
        return target
    given = {f"utm_{name}": value for name, value in utm.model_dump().items() if value}
    parts = urlsplit(target)
    known = dict(parse_qsl(parts.query, keep_blank_values=True))
    added = urlencode({name: value for name, value in given.items() if name not in known})
    query = "&".join(part for part in (parts.query, added) if part)
    return urlunsplit(parts._replace(query=query))


def reading_page(public_url: str, campaign: str, key: str, article: str, language: str) -> str:
    """Where an article without a link of its own is read."""
    return f"{public_url}/i/{campaign}/{key}/{language}/{article}"


def web_version(public_url: str, campaign: str, key: str, language: str) -> str:
    return f"{public_url}/i/{campaign}/{key}/{language}"
