"""Where the links of an issue lead, as far as the network allows: asked for, never waited for by a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from newsletter.checks import Checked, Finding, merge
from newsletter.checks.finding import warning
from newsletter.gathering.fetch import Limits
from newsletter.gathering.reaching import Reached, reach
from newsletter.i18n import say

GONE = warning("link-gone", say("Whoever follows it gets nowhere."), say("Mend the address, or take the link out."))
UNTRIED = say("Links were not tried: there is no way to the Internet from here.")


def links_reached(
    messages: Iterable[Checked], targets: dict[str, int], *, limits: Limits | None = None, seconds: float = 20
) -> tuple[list[Finding], str]:
    """Those that lead to nothing, with their places, and a sentence where none could be tried. Each is asked once."""
    places = [place for message in messages for place in _places(message, targets)]
    found = reach([address for address, _, _ in places], limits=limits, seconds=seconds)
    told = [
        [_gone(message, element, address, found[address])]
        for address, message, element in places
        if _lost(found[address])
    ]
    untried = bool(found) and all(each is Reached.UNTRIED for each in found.values())
    return merge(told), UNTRIED if untried else ""


def _lost(reached: Reached) -> bool:
    return reached in (Reached.GONE, Reached.UNKNOWN)


def _gone(message: Checked, element: object, address: str, reached: Reached) -> Finding:
    if reached is Reached.GONE:
        what = say("There is no page at %(address)s any more", address=address)
    else:
        what = say("There is no such host: %(address)s", address=address)
    return message.found(GONE, what, element)


def _places(message: Checked, targets: dict[str, int]) -> Sequence[tuple[str, Checked, object]]:
    """The targets of our own numbered addresses, and what is linked directly."""
    numbers = {str(number): target for target, number in targets.items()}
    ours = f"{message.public_url}/"
    found = []
    for link in message.root.iter("a"):
        address = link.get("href") or ""
        if address.startswith(f"{ours}l/"):
            address = numbers.get(address.rsplit("/", 1)[-1], "")
        if address.startswith(("http://", "https://")) and not address.startswith(ours):
            found.append((address, message, link))
    return found
