"""Weight: what Gmail cuts off."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.checks.checked import Checked
from newsletter.checks.finding import Finding, error, warning
from newsletter.i18n import Number, say

MOST, MUCH = 100_000, 80_000  # bytes; Gmail clips at about 102 KB, and drops <style> and footer with it

WHY = say("Gmail cuts a message off at about 102 KB: the footer with the unsubscribe link is gone.")
CLIPPED = error("size", WHY, say("Use fewer or shorter articles, or text cards instead of image cards."))
HEAVY = warning("size", WHY, say("It is near the limit: use text cards instead of some image cards."))


def check(checked: Checked) -> Iterator[Finding]:
    size = len(checked.html.encode())
    if size > MUCH:
        yield checked.found(
            CLIPPED if size > MOST else HEAVY, say("The message has %(size)s KB", size=Number(size // 1000))
        )
