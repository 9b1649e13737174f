"""A variant compiled to bytes: everything of a message that does not differ per recipient, and the places that do.

multipart/alternative of text and HTML, quoted-printable, each in its language; attachments in a multipart/mixed
around it. The result is a row of pieces; splice.py puts a recipient's pieces between them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from newsletter.i18n import say
from newsletter.message import headers, serial
from newsletter.message.encoding import CRLF, SOFT_BREAK, long_piece
from newsletter.message.envelope import Attachment, Envelope
from newsletter.message.parts import Compiled, Part, Slot
from newsletter.message.slots import Print, bind
from newsletter.message.wire import is_ready

Piece = bytes | Slot


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What splice.message reads, and what the bodies for providers are made from."""

    compiled: Compiled
    envelope: Envelope
    fields: tuple[str, ...]
    lead: bytes  # header fields that stand before the personal ones
    literals: tuple[bytes, ...]
    slots: tuple[Print, ...]  # each once, however often it stands in the message
    arrange: Callable[[list[bytes]], tuple[bytes, ...]] = field(repr=False)  # literals + slots -> pieces in order
    subject: tuple[str | Print, ...]
    fixed_subject: str | None  # encoded, where it has no slots


def compile(compiled: Compiled, envelope: Envelope, fields: Sequence[str]) -> Template:
    """The template of a variant; HeaderError where the envelope cannot stand in header fields."""
    boundary = "=_" + serial.content_hash(serial.variant(compiled), serial.envelope(envelope))[:32]
    pieces = list(_merged(_message(compiled, envelope, boundary)))
    literals = [piece for piece in pieces if isinstance(piece, bytes)]
    slots = {serial.key(piece): piece for piece in pieces if isinstance(piece, Slot)}
    prints = {key: bind(slot.expression, slot.mode, fields, envelope.language) for key, slot in slots.items()}
    subject = bound(compiled.subject, fields, envelope.language)
    lead = _fields([("From", headers.mailbox_of(envelope.sender, len("From: ")))])
    if not all(map(is_ready, (lead, *literals))):
        raise headers.HeaderError(say("a line of the message would break out of it"))
    return Template(
        compiled=compiled,
        envelope=envelope,
        fields=tuple(fields),
        lead=lead,
        literals=tuple(literals),
        slots=tuple(prints.values()),
        arrange=_arrangement(pieces, list(slots)),
        subject=subject,
        fixed_subject=None if any(map(callable, subject)) else headers.subject("".join(map(str, subject))),
    )


def bound(parts: Sequence[Part], fields: Sequence[str], language: str) -> tuple[str | Print, ...]:
    """Parts whose slots are closures: what splice.fill reads."""
    return tuple(
        part if isinstance(part, str) else bind(part.expression, part.mode, fields, language) for part in parts
    )


def _arrangement(pieces: list[Piece], slots: list[str]) -> Callable[[list[bytes]], tuple[bytes, ...]]:
    """Picks all pieces of a message in one call in C: a loop in Python would cost as much as the encoding."""
    count = sum(isinstance(piece, bytes) for piece in pieces)
    literals = iter(range(count))
    order = [next(literals) if isinstance(piece, bytes) else count + slots.index(serial.key(piece)) for piece in pieces]
    return itemgetter(*order) if len(order) > 1 else tuple


def _merged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbouring literals as one."""
    for literal, group in groupby(pieces, lambda piece: isinstance(piece, bytes)):
        if literal:
            yield b"".join(piece for piece in group if isinstance(piece, bytes))
        else:
            yield from group


def _message(compiled: Compiled, envelope: Envelope, boundary: str) -> Iterator[Piece]:
    """Everything after the personal header fields. `=_` cannot occur in quoted-printable or base64."""
    yield _fields(_common(envelope))
    if not envelope.attachments:
        yield from _alternative(compiled, envelope.language, boundary)
        return
    mixed = f"{boundary}.m"
    yield _fields([("Content-Type", f'multipart/mixed;\r\n boundary="{mixed}"')])
    yield f"\r\n--{mixed}\r\n".encode()
    yield from _alternative(compiled, envelope.language, boundary)
    for attachment in envelope.attachments:
        yield f"\r\n--{mixed}\r\n".encode()
        yield _attached(attachment)
    yield f"\r\n--{mixed}--\r\n".encode()


def _common(envelope: Envelope) -> Iterator[tuple[str, str]]:
    if envelope.reply_to:
        yield "Reply-To", headers.mailbox_of(envelope.reply_to, len("Reply-To: "))
    if envelope.list_id:
        yield "List-ID", headers.list_id(envelope.list_id)
    if envelope.unsubscribe:
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    if envelope.feedback_id:
        yield "Feedback-ID", headers.plain("Feedback-ID", envelope.feedback_id)
    if envelope.automatic:
        yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "OOF, AutoReply"
    yield from ((headers.field_name(name), headers.plain(name, value)) for name, value in envelope.headers)
    yield "MIME-Version", "1.0"
    yield "Content-Language", headers.plain("Content-Language", envelope.language)


def _alternative(compiled: Compiled, language: str, boundary: str) -> Iterator[Piece]:
    yield _fields([("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"')])
    for kind, parts in (("plain", compiled.text), ("html", compiled.html)):
        yield f"\r\n--{boundary}\r\n".encode()
        yield _fields(
            [
                ("Content-Type", f"text/{kind}; charset=utf-8"),
                ("Content-Transfer-Encoding", "quoted-printable"),
                ("Content-Language", language),
            ]
        )
        yield b"\r\n"
        yield from _quoted(serial.joined(parts))
    yield f"\r\n--{boundary}--\r\n".encode()


def _quoted(parts: tuple[Part, ...]) -> Iterator[Piece]:
    """Each part from column 0 on: a soft break ends what does not end a line."""
    for number, part in enumerate(parts, 1):
        quoted = long_piece(part) if isinstance(part, str) else part
        yield quoted
        if number < len(parts) and not (isinstance(quoted, bytes) and quoted.endswith(CRLF)):
            yield SOFT_BREAK


def _attached(attachment: Attachment) -> bytes:
    kind = headers.plain("Content-Type", attachment.media_type)
    named = headers.parameter("filename", headers.file_name(attachment.name))
    encoded = b64encode(attachment.content)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    head = _fields(
        [
            ("Content-Type", kind),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", f"attachment{named}"),
        ]
    )
    return head + b"\r\n" + b"\r\n".join(lines)


def _fields(pairs: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in pairs).encode()
