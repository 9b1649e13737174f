"""Where the links of an issue lead, as far as the network allows: asked for, never waited for by a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.checks import Checked, Finding, merge
from newsletter.checks.finding import Where, warning
from newsletter.gathering.fetch import Limits
from newsletter.gathering.reaching import Reached, reach
from newsletter.i18n import say
from newsletter.store.links import LinkRow

NOWHERE = say("Whoever follows it gets nowhere.")
GONE = warning("link-gone", NOWHERE, say("Mend the address, or take the link out."))
LED = warning("link-led-gone", NOWHERE, say("Lead the link to a page that is there."))
UNTRIED = say("Links were not tried: there is no way to the Internet from here.")
LOST = (Reached.GONE, Reached.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Link:
    """An address, and where the messages show it; `where.link` is its number where it was led elsewhere."""

    address: str
    where: Where


def links_reached(
    messages: Iterable[Checked],
    targets: dict[str, int],
    rows: Sequence[LinkRow] = (),
    *,
    limits: Limits | None = None,
    seconds: float = 20,
) -> tuple[list[Finding], str]:
    """Those that lead to nothing, with their places, and a sentence where none could be tried. Each is asked once."""
    links = as_led(standing(messages, targets), rows)
    found = reach([each.address for each in links], limits=limits, seconds=seconds)
    untried = bool(found) and all(each is Reached.UNTRIED for each in found.values())
    return lost(links, found), UNTRIED if untried else ""


def standing(messages: Iterable[Checked], targets: dict[str, int]) -> list[Link]:
    """The links that messages show, by the addresses that the issue says."""
    places: dict[str, list[list[Finding]]] = {}
    for message in messages:
        for address, elements in _shown(message, targets).items():
            places.setdefault(address, []).append([message.found(GONE, "", element) for element in elements])
    return [Link(address, merge(found)[0].where) for address, found in places.items()]


def as_led(links: Sequence[Link], rows: Sequence[LinkRow]) -> list[Link]:
    """Where the links lead now; also those of earlier versions of the issue that were led elsewhere."""
    led = {row.original: row for row in rows if row.target != row.original}
    there = {each.address for each in links}
    now = [_as_led(each, led[each.address]) if each.address in led else each for each in links]
    return now + [_as_led(Link(row.original, _noted(row)), row) for row in led.values() if row.original not in there]


def lost(links: Iterable[Link], reached: Mapping[str, Reached]) -> list[Finding]:
    """What there is to say of the links that lead to nothing."""
    return [_gone(each, reached[each.address]) for each in links if reached.get(each.address) in LOST]


def _as_led(link: Link, row: LinkRow) -> Link:
    return Link(row.target, replace(link.where, link=row.number))


def _noted(row: LinkRow) -> Where:
    """Where a link stood when it was noted."""
    return Where((row.language,) if row.language else (), (row.article,) if row.article else ())


def _gone(link: Link, reached: Reached) -> Finding:
    rule = GONE if link.where.link is None else LED
    if reached is Reached.GONE:
        what = say("There is no page at %(address)s any more", address=link.address)
    else:
        what = say("There is no such host: %(address)s", address=link.address)
    return replace(rule.at(what), where=link.where)


def _shown(message: Checked, targets: dict[str, int]) -> dict[str, list[object]]:
    """The elements of a message that lead to others' pages, by address."""
    found: dict[str, list[object]] = {}
    for address, element in _places(message, targets):
        found.setdefault(address, []).append(element)
    return found


def _places(message: Checked, targets: dict[str, int]) -> Iterator[tuple[str, object]]:
    """The targets of our own numbered addresses, and what is linked directly."""
    numbers = {str(number): target for target, number in targets.items()}
    ours = f"{message.public_url}/"
    for link in message.root.iter("a"):
        address = link.get("href") or ""
        if address.startswith(f"{ours}l/"):
            address = numbers.get(address.rsplit("/", 1)[-1], "")
        if address.startswith(("http://", "https://")) and not address.startswith(ours):
            yield address, link
