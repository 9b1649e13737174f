"""Subject and preview text as a contact's inbox shows them: what is saved, or what somebody types right now.

Rendered plainly, as a splice would give (invariant 6); no variant is explored, no picture made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from newsletter.checks.text import LONGEST_SUBJECT, PREVIEW
from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.article import Library
from newsletter.model.contact import full_name
from newsletter.model.crop import Crop
from newsletter.model.draft import Draft
from newsletter.model.recipient import Recipient
from newsletter.rendering.manuscript import Manuscript, Source, Templates
from newsletter.store.issues import IssueRow
from newsletter.tokens import INERT_ID
from newsletter.workflow.composing.compose import Setting, planned_at
from newsletter.workflow.composing.links import LinkRegister
from newsletter.workflow.content.pictures import Pictures
from newsletter.workflow.context import Context
from newsletter.workflow.people.specimens import first_reader
from newsletter.workspace.curating import one_line

LINES = ("subject", "preview")
_EMPTY = {
    "line.mjml": Source("<mjml><mj-body></mj-body></mjml>", file="preview"),
    "line.txt": Source("{{ preview }}", file="preview"),
}


@dataclass(frozen=True, slots=True)
class Lines:
    subject: str
    preview: str

    @property
    def too_long(self) -> bool:
        return len(self.subject) > LONGEST_SUBJECT

    @property
    def off(self) -> bool:
        """The preview text is shorter or longer than inboxes like it."""
        return not PREVIEW[0] <= len(self.preview) <= PREVIEW[1]


@dataclass(frozen=True, slots=True)
class Inbox:
    """`usual`: what stands there where the issue has no lines of its own; `reader` is nobody where none is known."""

    lines: Lines
    usual: Lines
    reader: str


def inbox(ctx: Context, row: IssueRow, library: Library, language: str, typed: Mapping[str, str]) -> Inbox:
    """`typed`: the issue's own lines by name; an empty one is as good as none. Errors are those of a line."""
    campaign, draft = ctx.campaign(row.campaign), ctx.draft(row.campaign, row.key)
    setting = Setting(
        ctx,
        row,
        campaign,
        _without(draft, language),
        library,
        LinkRegister(ctx.settings.public_url, row.id),
        _NoPictures(ctx, row.campaign, row.key),
        planned_at(ctx, campaign, draft),
    )
    manuscript = setting.manuscript(language, ctx.languages(campaign))
    if manuscript is None:
        raise UsageError(say("No article of the issue has a text in this language yet."))
    reader = first_reader(ctx, row.campaign, campaign, language)
    own = {name: Source(text, file="", staff=True) for name in LINES if (text := one_line(typed.get(name, "")))}
    usual = _read(ctx, manuscript, reader, {})
    return Inbox(_read(ctx, manuscript, reader, own) if own else usual, usual, _name(reader))


class _NoPictures(Pictures):
    """No line shows one."""

    def view(self, source: str, use: str, crop: Crop | None = None) -> dict[str, Any] | None:
        return None

    def logo(self, path: str) -> dict[str, Any] | None:
        return None


def _without(draft: Draft, language: str) -> Draft:
    others = {name: {tag: line for tag, line in getattr(draft, name).items() if tag != language} for name in LINES}
    return draft.model_copy(update=others)


def _read(ctx: Context, manuscript: Manuscript, reader: Recipient, own: Mapping[str, Source]) -> Lines:
    given = manuscript.templates
    texts = {name: each for name, each in given.sources.items() if isinstance(each, Source) and each.staff}
    lines = (own.get(name, getattr(given, name)) for name in LINES)
    made = replace(manuscript, templates=Templates({**texts, **_EMPTY}, "line.mjml", "line.txt", *lines))
    rendered = ctx.renderer.render(made, reader, ctx.personal.links(INERT_ID))
    return Lines(rendered.subject.strip(), rendered.text.strip())


def _name(reader: Recipient) -> str:
    if reader.contact_id is None:
        return ""
    parts = (reader.value(f"contact.{name}") for name in ("title", "first_name", "last_name"))
    return full_name(*(str(part) if part else None for part in parts)) or str(reader.value("contact.role") or "")
