"""Checks before a send: pure functions over a finished message (Checked) or an issue's content (Contents).

A new family of checks is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from newsletter.checks import colours, content, envelope, html, images, links, programs, size, text
from newsletter.checks.checked import Checked, Expected, Item
from newsletter.checks.content import Contents
from newsletter.checks.finding import Finding, Rule, Severity, Where, merge

Family = Callable[[Checked], Iterator[Finding]]

FAMILIES: tuple[Family, ...] = (
    html.check,
    programs.check,
    images.check,
    links.check,
    colours.check,
    size.check,
    text.check,
    envelope.check,
)


def examine(checked: Checked) -> list[Finding]:
    """All that is wrong with one message."""
    return [finding for family in FAMILIES for finding in family(checked)]


def examine_content(contents: Contents) -> list[Finding]:
    """All that is wrong with an issue before it becomes messages."""
    return list(content.check(contents))


__all__ = [
    "Checked",
    "Contents",
    "Expected",
    "Finding",
    "Item",
    "Rule",
    "Severity",
    "Where",
    "examine",
    "examine_content",
    "merge",
]
