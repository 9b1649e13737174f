"""The reading pages of articles that have no link of their own: frozen with the edition, so that what anybody can read
is what was approved, and no file is needed to show it.

Merge fields are answered as in the web version: by the campaign's public profile, else by their fallback.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from newsletter.audience import examples
from newsletter.message.slots import Links
from newsletter.rendering.manuscript import Source, Templates
from newsletter.store.editions import PageRow
from newsletter.workflow.composing.composition import PARTS, Composition, items_of, linked
from newsletter.workflow.context import Context

END = "<!--end-->"
_ITEM = "".join(f"<!--{part}-->{{{{ item.{part} }}}}" for part in PARTS) + END
TEMPLATE = (
    '<mjml><mj-body><mj-raw>{% for section in sections %}{% for item in section["items"] %}'
    f"{_ITEM}{{% endfor %}}{{% endfor %}}</mj-raw></mj-body></mjml>"
)


def pages_of(ctx: Context, made: Composition) -> list[PageRow]:
    """One for each article and language to which a link of a message leads."""
    found: dict[tuple[str, str], PageRow] = {}
    for language, each in made.languages.items():
        if not linked(each.manuscript):
            continue
        for item, texts in zip(items_of(each.manuscript), _render(ctx, made, language), strict=True):
            key = (item["language"], item["key"])
            if item["reading"] and (key not in found or item["language"] == language):
                picture, event = _plain(item["picture"]), _plain(item["event"])
                found[key] = PageRow(*key, *texts, item["author"] or "", picture, event)
    return list(found.values())


def _render(ctx: Context, made: Composition, language: str) -> list[tuple[str, str, str]]:
    """Title, summary and body of every item of a message as HTML, in order."""
    manuscript = made.languages[language].manuscript
    own = {"reading.mjml": Source(TEMPLATE, file="reading page"), "reading.txt": Source("", file="reading page")}
    templates = Templates({**manuscript.templates.sources, **own}, html="reading.mjml", text="reading.txt")
    reader = examples.public(made.campaign.public, ctx.fields, language)
    html = ctx.renderer.render(replace(manuscript, templates=templates, personal=()), reader, Links()).html
    return [_parts(piece) for piece in html.split(END)[:-1]]


def _parts(piece: str) -> tuple[str, str, str]:
    rest, _, body = piece.rpartition("<!--body-->")
    rest, _, summary = rest.rpartition("<!--summary-->")
    return rest.rpartition("<!--title-->")[2], summary, body


def _plain(value: Any) -> dict[str, Any] | None:
    """A picture or an event as JSON holds it."""
    if not value:
        return None
    return {name: each.isoformat() if isinstance(each, date) else each for name, each in dict(value).items()}
