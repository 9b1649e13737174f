"""One article as its message shows it, while somebody writes it: nothing is saved, and only this article is made.

Rendered plainly for the campaign's public profile, which is what a splice would give (invariant 6), so no variant is
explored and no contact is read. It stands alone: what depends on its neighbours (the third picture of a section) is
seen in the preview of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import unescape

from newsletter.audience import examples
from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.article import Library
from newsletter.model.draft import Draft, Item, ItemState
from newsletter.rendering.manuscript import Manuscript, Source, Templates
from newsletter.store import links as stored_links
from newsletter.store.editions import AssetRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.tokens import INERT_ID
from newsletter.workflow.composing.compose import Setting, planned_at
from newsletter.workflow.composing.links import LinkRegister
from newsletter.workflow.content.pictures import Pictures
from newsletter.workflow.context import Context
from newsletter.workflow.drafts.drafting import Texts, edit_for
from newsletter.workspace.curating import find_item

TAG = re.compile(r"<[^>]*>|\s+")
_BODY = (
    '<mjml><mj-body><mj-raw>{% for section in sections %}{% for item in section["items"] %}<!--body-->'
    "{{ item.body }}<!--end-->{% endfor %}{% endfor %}</mj-raw></mj-body></mjml>"
)


@dataclass(frozen=True, slots=True)
class Glimpse:
    html: str  # the message with this article alone
    body: str  # HTML of the text where the message itself does not show it, else nothing
    assets: Mapping[str, AssetRow]


def glimpse(
    ctx: Context, row: IssueRow, library: Library, item: str, language: str, texts: Texts | None = None
) -> Glimpse:
    """`texts`: what is typed, instead of what is saved."""
    campaign, draft = ctx.campaign(row.campaign), ctx.draft(row.campaign, row.key)
    found = find_item(draft, item)
    if texts is not None:
        found = found.model_copy(update={"edits": {**found.edits, language: edit_for(found, library, language, texts)}})
    with reading(ctx.engine) as connection:
        targets = stored_links.numbers(connection, row.id)
    register = LinkRegister(
        ctx.settings.public_url, row.id, campaign.utm, direct=not campaign.link_addresses, targets=targets
    )
    pictures = Pictures(ctx, row.campaign, row.key)
    planned = planned_at(ctx, campaign, draft)
    setting = Setting(ctx, row, campaign, _alone(draft, found), library, register, pictures, planned)
    manuscript = setting.manuscript(language, ctx.languages(campaign))
    if manuscript is None:
        raise UsageError(say("The article has no text in this language yet, so no message shows it."))
    reader, links = examples.public(campaign.public, ctx.fields, language), ctx.personal.links(INERT_ID)
    html = ctx.renderer.render(manuscript, reader, links).html
    own = ctx.renderer.render(_body_only(manuscript), reader, links).html
    body = own.rpartition("<!--end-->")[0].rpartition("<!--body-->")[2]
    return Glimpse(html, "" if _words(body) in _words(html) else body, pictures.assets)


def _alone(draft: Draft, item: Item) -> Draft:
    used = item.model_copy(update={"state": ItemState.IN})
    sections = [
        section.model_copy(update={"items": [used] if any(each.id == item.id for each in section.items) else []})
        for section in draft.sections
    ]
    return draft.model_copy(update={"sections": sections})


def _body_only(manuscript: Manuscript) -> Manuscript:
    own = {"glimpse.mjml": Source(_BODY, file="preview"), "glimpse.txt": Source("", file="preview")}
    sources = {**manuscript.templates.sources, **own}
    return replace(manuscript, templates=Templates(sources, html="glimpse.mjml", text="glimpse.txt"))


def _words(html: str) -> str:
    return unescape(TAG.sub("", html))
