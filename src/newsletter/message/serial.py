"""Compiled messages as JSON, and the hashes that approvals name.

The JSON text is canonical (sorted keys, no blanks, no escapes beyond what JSON wants), and hashes are taken over it;
compression only saves room in the database.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from newsletter.message.envelope import Envelope
from newsletter.message.parts import Compiled, CompiledLanguage, Part, Slot, Tree


def dumps(value: Any) -> bytes:
    """Canonical JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def pack(compiled: Compiled) -> bytes:
    """A variant for the database."""
    return zlib.compress(dumps(variant(compiled)))


def unpack(packed: bytes) -> Compiled:
    return from_variant(json.loads(zlib.decompress(packed)))


def content_hash(*values: Any) -> str:
    """SHA-256 over JSON-able values, in order; bytes count as themselves."""
    digest = hashlib.sha256()
    for value in values:
        data = value if isinstance(value, bytes) else dumps(value)
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def variant(compiled: Compiled) -> dict[str, Any]:
    return {
        "subject": _parts(compiled.subject),
        "text": _parts(compiled.text),
        "html": _parts(compiled.html),
    }


def from_variant(data: dict[str, Any]) -> Compiled:
    return Compiled(_from_parts(data["subject"]), _from_parts(data["text"]), _from_parts(data["html"]))


def language(compiled: CompiledLanguage) -> dict[str, Any]:
    """All of a language as one JSON-able value: what its hash is taken over."""
    return {
        "language": compiled.language,
        "fields": list(compiled.fields),
        "tree": compiled.tree.root,
        "variants": [variant(each) for each in compiled.variants],
    }


def from_language(data: dict[str, Any]) -> CompiledLanguage:
    return CompiledLanguage(
        language=data["language"],
        fields=tuple(data["fields"]),
        tree=Tree(data["tree"]),
        variants=tuple(from_variant(each) for each in data["variants"]),
    )


def envelope(surrounding: Envelope) -> dict[str, Any]:
    """An envelope as a JSON-able value; of attachments the name and the hash."""
    reply_to = surrounding.reply_to
    return {
        "sender": [surrounding.sender.name, surrounding.sender.address],
        "language": surrounding.language,
        "message_id_domain": surrounding.message_id_domain,
        "reply_to": [reply_to.name, reply_to.address] if reply_to else None,
        "list_id": surrounding.list_id,
        "feedback_id": surrounding.feedback_id,
        "unsubscribe": surrounding.unsubscribe,
        "automatic": surrounding.automatic,
        "headers": [list(pair) for pair in surrounding.headers],
        "attachments": [
            [each.name, each.media_type, hashlib.sha256(each.content).hexdigest()] for each in surrounding.attachments
        ],
    }


def joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Neighbouring literals as one, empty ones left out: equal messages have equal parts."""
    made: list[Part] = []
    for literal, group in groupby(parts, lambda part: isinstance(part, str)):
        if not literal:
            made.extend(group)
        elif text := "".join(part for part in group if isinstance(part, str)):
            made.append(text)
    return tuple(made)


def key(slot: Slot) -> str:
    """One text for equal slots."""
    return dumps([slot.mode, slot.expression]).decode()


def _parts(parts: Iterable[Part]) -> list[Any]:
    return [part if isinstance(part, str) else {"mode": part.mode, "slot": part.expression} for part in joined(parts)]


def _from_parts(data: Iterable[Any]) -> tuple[Part, ...]:
    return tuple(part if isinstance(part, str) else Slot(part["mode"], part["slot"]) for part in data)
