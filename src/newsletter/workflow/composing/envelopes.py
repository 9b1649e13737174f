"""The envelope of an issue's messages: sender, list, feedback, attachments."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from newsletter.i18n import pick
from newsletter.message.envelope import Attachment, Envelope, Mailbox
from newsletter.model.campaign import Campaign
from newsletter.store import editions
from newsletter.store.issues import IssueRow
from newsletter.workflow.audience import is_statutory
from newsletter.workflow.context import Context


def envelope_for(ctx: Context, issue: IssueRow, campaign: Campaign, language: str) -> Envelope:
    sender = campaign.sender_for(language)
    publication = ctx.publications[campaign.publication]
    list_name = pick(publication.name, ctx.settings.default_language) or campaign.publication
    return Envelope(
        sender=Mailbox(sender.address, sender.name),
        language=language,
        message_id_domain=ctx.settings.host,
        reply_to=Mailbox(campaign.reply_to) if campaign.reply_to else None,
        list_id=f"{list_name} <{campaign.publication}.{ctx.settings.host}>",
        feedback_id=f"{issue.campaign}.{issue.key}:{language}:newsletter:{sender_id(ctx.settings.host)}",
        unsubscribe=not is_statutory(ctx, campaign),
        attachments=tuple(_attachments(ctx, issue, campaign, language)),
    )


def sender_id(host: str) -> str:
    """The stable rightmost part of Feedback-ID: 5 to 15 characters."""
    return re.sub(r"[^a-z0-9]", "", host.lower())[:15].ljust(5, "x")


def _attachments(ctx: Context, issue: IssueRow, campaign: Campaign, language: str) -> list[Attachment]:
    found = []
    for each in campaign.attachments:
        if each.languages and language not in each.languages:
            continue
        path = f"campaigns/{issue.campaign}/{each.path}"
        path = path if ctx.documents.exists(path) else each.path
        name = pick(each.name, language, ctx.settings.default_language) or path.rsplit("/", 1)[-1]
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        found.append(Attachment(name, kind, ctx.documents.read(path)))
    return found


def restore(connection: Connection, data: Mapping[str, Any]) -> Envelope:
    """The envelope of a frozen edition, from its JSON and its assets."""
    attachments = []
    for name, kind, sha256 in data["attachments"]:
        found = editions.find_asset(connection, sha256)
        assert found is not None  # assets of an edition cannot be deleted
        attachments.append(Attachment(name, kind, found.content))
    name, address = data["sender"]
    reply_to = data["reply_to"]
    return Envelope(
        sender=Mailbox(address, name),
        language=data["language"],
        message_id_domain=data["message_id_domain"],
        reply_to=Mailbox(reply_to[1], reply_to[0]) if reply_to else None,
        list_id=data["list_id"],
        feedback_id=data["feedback_id"],
        unsubscribe=data["unsubscribe"],
        automatic=data["automatic"],
        attachments=tuple(attachments),
        headers=tuple((name, value) for name, value in data["headers"]),
    )
