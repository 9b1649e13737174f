"""Contrast, by day and by night: 4.5 to 1 between each text and the ground it stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.checks.checked import Checked, Spot
from newsletter.checks.css import Colour, StyleRule, colour, contrast, hexadecimal, specificity, xpath
from newsletter.checks.finding import Finding, error
from newsletter.i18n import say

LEAST = 4.5  # WCAG 2.2, level AA
BLACK: Colour = (0, 0, 0)

CONTRAST = error(
    "contrast",
    say("Readers with weaker eyes, or in bright light, cannot read it."),
    say("Take a darker text or a lighter ground (in dark mode the other way round)."),
)
NO_GROUND = error(
    "colour-without-ground",
    say("Where a program shows a ground of its own, the text may vanish."),
    say("Set the background wherever you set a colour."),
)

GROUND = ("background-color", "background")
Night = Mapping[Any, Mapping[str, Colour]]


def check(checked: Checked) -> Iterator[Finding]:
    night = _night(checked)
    for spot in checked.shown:
        yield from _day(checked, spot)
        if night:
            yield from _by_night(checked, spot, night)


def _day(checked: Checked, spot: Spot) -> Iterator[Finding]:
    text = colour(spot.style.get("color", ""))
    ground = colour(spot.style.get("background-color", ""))
    if text is not None and ground is None:
        yield checked.found(
            NO_GROUND,
            say("The text colour %(colour)s is set without a background", colour=hexadecimal(text)),
            spot.element,
        )
    elif ground is not None:
        yield from _compared(checked, spot, text or BLACK, ground)


def _by_night(checked: Checked, spot: Spot, night: Night) -> Iterator[Finding]:
    """What the rules for dark mode make of it, else what stands inline."""
    text = _effective(spot.element, night, "color") or BLACK
    ground = _effective(spot.element, night, "background-color")
    if ground is not None:
        yield from _compared(checked, spot, text, ground, dark=True)


def _compared(checked: Checked, spot: Spot, text: Colour, ground: Colour, *, dark: bool = False) -> Iterator[Finding]:
    ratio = contrast(text, ground)
    if ratio < LEAST:
        values = {"text": hexadecimal(text), "ground": hexadecimal(ground), "ratio": f"{ratio:.1f}"}
        if dark:
            what = say("%(text)s on %(ground)s has a contrast of %(ratio)s in dark mode", **values)
        else:
            what = say("%(text)s on %(ground)s has a contrast of %(ratio)s", **values)
        yield checked.found(CONTRAST, what, spot.element)


def _effective(element: Any, night: Night, name: str) -> Colour | None:
    """The colour that an element has, of its own or from around it."""
    while element is not None:
        found = night.get(element, {}).get(name)
        if found is not None:
            return found
        element = element.getparent()
    return None


def _night(checked: Checked) -> Night:
    """The colours of each element in dark mode; empty where the message has no rules for it."""
    dark = [rule for rule in checked.rules if "prefers-color-scheme" in rule.media and "dark" in rule.media]
    if not dark:
        return {}
    night: dict[Any, dict[str, Colour]] = {}
    for spot in checked.spots:
        night[spot.element] = _inline(spot)
    for rule in sorted(dark, key=lambda rule: specificity(rule.selector)):
        path = xpath(rule.selector)
        for element in checked.root.xpath(path) if path else ():
            if element in night:
                night[element].update(_stronger(rule, night[element]))
    return night


def _inline(spot: Spot) -> dict[str, Colour]:
    """Of its own alone; what is around it is asked when it is needed."""
    found = {}
    if "color" in spot.own and (text := colour(spot.own["color"])):
        found["color"] = text
    for value in (*(spot.own.get(name) for name in GROUND), spot.element.get("bgcolor")):
        if value and (ground := colour(value)):
            return {**found, "background-color": ground}
    return found


def _stronger(rule: StyleRule, inline: Mapping[str, Colour]) -> Iterator[tuple[str, Colour]]:
    """What a rule sets: over inline styles only with !important."""
    for name, value in rule.declarations.items():
        kind = "background-color" if name in GROUND else name
        found = colour(value) if kind in ("color", "background-color") else None
        if found is not None and ("!important" in value or kind not in inline):
            yield kind, found
