"""Findings name articles as people know them."""

from __future__ import annotations

from dataclasses import replace

from newsletter.checks.finding import Finding
from newsletter.i18n import pick
from newsletter.model.article import Library


def titled(finding: Finding, library: Library) -> Finding:
    """With the titles of its articles, in a language in which the finding was seen."""
    if not finding.where.articles:
        return finding
    known = ((key, library.get(key) or {}) for key in finding.where.articles)
    titles = (
        (pick({tag: each.title for tag, each in there.items()}, *finding.where.languages, *there) or key)
        for key, there in known
    )
    return replace(finding, where=replace(finding.where, titles=tuple(titles)))
