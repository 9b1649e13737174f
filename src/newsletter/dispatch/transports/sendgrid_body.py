"""What SendGrid's mail/send is asked: one body for up to 1,000 recipients of a variant.

The variant's slots become substitution tags, one for each slot and mode, with values that are already escaped; the
subject and the header fields stand in each recipient's personalization, because substitutions do not reach headers.
Facts: SendGrid v3 API, mail/send, its limits and errors pages.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from newsletter.dispatch.transports.base import Outgoing
from newsletter.message import headers, serial
from newsletter.message.encoding import tidy, tidy_name
from newsletter.message.envelope import DeliveryData, Envelope, Mailbox
from newsletter.message.mime import Template
from newsletter.message.parts import Part, Slot
from newsletter.message.slots import Print, bind
from newsletter.message.splice import subject_text

RECIPIENTS = 1000  # a request
BYTES = 10_000  # of substitutions, and of custom_args, a recipient
BODY_BYTES = 28_000_000  # the limit is 30 MB

# Without these SendGrid rewrites links, adds a pixel and a List-Unsubscribe of its own.
TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}

_name_breakers = str.maketrans({";": " ", ",": " "})


class NotForSendGrid(ValueError):
    """Why a message cannot go this way."""


@dataclass(frozen=True, slots=True)
class Form:
    """A variant as SendGrid takes it: what all recipients share, and the tags to fill in."""

    template: Template
    shared: dict[str, Any]  # all of the body but the personalizations
    headers: dict[str, str]  # the same for all, and yet in each personalization: how levels merge is undocumented
    stem: str  # begins every tag, and occurs nowhere else
    tags: tuple[str, ...]
    slots: tuple[Print, ...]
    roomy: int  # so many characters fit in any case


def form(template: Template) -> Form:
    """NotForSendGrid where the variant as a whole cannot go this way."""
    envelope, parts = template.envelope, (*template.compiled.text, *template.compiled.html)
    stem = _stem(template, parts)
    slots = {serial.key(part): part for part in parts if isinstance(part, Slot)}
    tags = {key: f"-{stem}{number}-" for number, key in enumerate(slots)}
    shared: dict[str, Any] = {
        "from": _sender(envelope.sender),
        "content": [
            {"type": "text/plain", "value": _with_tags(template.compiled.text, tags)},
            {"type": "text/html", "value": _with_tags(template.compiled.html, tags)},
        ],
        "tracking_settings": TRACKING_OFF,
    }
    if envelope.reply_to:
        shared["reply_to"] = _mailbox(envelope.reply_to.address, envelope.reply_to.name)
    if template.fixed_subject is not None:
        shared["subject"] = _subject(tidy("".join(map(str, template.subject))))
    if envelope.attachments:
        shared["attachments"] = list(_attachments(envelope))
    return Form(
        template=template,
        shared=shared,
        headers=dict(_headers(envelope)),
        stem=stem,
        tags=tuple(tags.values()),
        slots=tuple(bind(each.expression, each.mode, template.fields, envelope.language) for each in slots.values()),
        roomy=(BYTES - len(_json(dict.fromkeys(tags.values(), "")))) // 6,
    )


def body(form: Form, personalizations: list[dict[str, Any]]) -> dict[str, Any]:
    return {**form.shared, "personalizations": personalizations}


def personalization(form: Form, message: Outgoing) -> dict[str, Any]:
    """One recipient's part of the body; NotForSendGrid says why it cannot be in it."""
    delivery: DeliveryData = message.data
    made: dict[str, Any] = {
        "to": [_mailbox(delivery.address, delivery.name)],
        "headers": _own_headers(form, delivery),
        # Kept by SendGrid for long and seen by its staff: numbers that say nothing to anybody else.
        "custom_args": {"x_delivery": str(message.delivery), "x_attempt": str(message.attempt)},
    }
    if form.slots:
        made["substitutions"] = _substitutions(form, delivery)
    if form.template.fixed_subject is None:
        made["subject"] = _subject(subject_text(form.template, delivery))
    return made


def requests(batch: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """A batch as requests: no address twice in one, or SendGrid refuses it whole."""
    rest = list(batch)
    while rest:
        now: list[Outgoing] = []
        later: list[Outgoing] = []
        seen: set[str] = set()
        for message in rest:
            address = message.address.lower()
            (later if address in seen or len(now) == RECIPIENTS else now).append(message)
            seen.add(address)
        yield now
        rest = later


def _substitutions(form: Form, delivery: DeliveryData) -> dict[str, str]:
    values, links = delivery.values, delivery.links
    shown = [show(values, links) for show in form.slots]
    text = "".join(shown)
    if form.stem in text:
        raise NotForSendGrid("a field value holds what marks the merge fields of this message")
    if "\0" in text:
        shown = [each.replace("\0", "") for each in shown]
    filled = dict(zip(form.tags, shown, strict=True))
    # A character is at most six bytes of JSON, so the exact sum is worth its time only near the limit.
    if len(text) > form.roomy and (size := len(_json(filled))) > BYTES:
        raise NotForSendGrid(f"the merge fields of this recipient are {size} bytes; SendGrid takes {BYTES}")
    return filled


def _own_headers(form: Form, delivery: DeliveryData) -> dict[str, str]:
    own = {"X-Newsletter-Delivery": delivery.trace, **form.headers}
    if form.template.envelope.unsubscribe:
        own["List-Unsubscribe"] = f"<{delivery.links.unsubscribe}>"
    return own


def _headers(envelope: Envelope) -> Iterator[tuple[str, str]]:
    """What splice.py writes too, but for the fields that SendGrid reserves or writes itself."""
    if envelope.list_id:
        yield "List-ID", headers.list_id(envelope.list_id)
    if envelope.unsubscribe:
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    if envelope.feedback_id:
        yield "Feedback-ID", headers.plain("Feedback-ID", envelope.feedback_id)
    if envelope.automatic:
        yield "Auto-Submitted", "auto-generated"
    yield "Content-Language", headers.plain("Content-Language", envelope.language)
    yield "X-Auto-Response-Suppress", "OOF, AutoReply"
    yield from ((headers.field_name(name), headers.plain(name, value)) for name, value in envelope.headers)


def _stem(template: Template, parts: Sequence[Part]) -> str:
    """Letters and digits that occur in no literal text: a lookalike of a tag must stay as it is."""
    literals = "".join(part for part in parts if isinstance(part, str))
    attempt = 0
    while True:
        stem = "f" + serial.content_hash(serial.variant(template.compiled), attempt)[:10] + "n"
        if stem not in literals:
            return stem
        attempt += 1


def _with_tags(parts: Sequence[Part], tags: dict[str, str]) -> str:
    return "".join(part if isinstance(part, str) else tags[serial.key(part)] for part in parts)


def _sender(sender: Mailbox) -> dict[str, str]:
    if not headers.wire(sender.address).isascii():
        raise NotForSendGrid("SendGrid takes no sender's address outside ASCII")
    return _mailbox(sender.address, sender.name)


def _mailbox(address: str, name: str) -> dict[str, str]:
    try:
        email = headers.wire(address)
    except ValueError as error:
        raise NotForSendGrid(str(error)) from error
    if len(email) > 320:
        raise NotForSendGrid("the address is longer than 320 characters")
    shown = tidy_name(name)
    if ";" in shown or "," in shown:
        shown = tidy(shown.translate(_name_breakers))
    return {"email": email, "name": shown} if shown else {"email": email}


def _subject(text: str) -> str:
    if not text:
        raise NotForSendGrid("the subject is empty")
    return text


def _attachments(envelope: Envelope) -> Iterator[dict[str, str]]:
    for each in envelope.attachments:
        yield {
            "content": b64encode(each.content).decode(),
            "type": each.media_type,
            "filename": tidy(each.name),
            "disposition": "attachment",
        }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
