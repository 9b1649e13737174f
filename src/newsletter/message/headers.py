"""Header fields, exact on the wire: each function gives a value, folded by CRLF and a blank where it is long."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from newsletter.i18n import say
from newsletter.message.encoding import encoded_words, header_text, tidy, tidy_name
from newsletter.message.envelope import Mailbox
from newsletter.model.address import ascii_domain

_atoms = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*").fullmatch
_unsafe_in_address = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069<>,;:\"()\\\[\]]").search
_unsafe_in_field = re.compile(r"[^ -~]").search
_token_name = re.compile(r"[A-Za-z0-9!#$&+\-^_.]+").fullmatch


class HeaderError(ValueError):
    """This cannot stand in a header field."""


def wire(address: str) -> str:
    """The address as headers and envelopes have it; HeaderError for what would break out of them."""
    local, at, domain = address.rpartition("@")
    if not (local and at) or _unsafe_in_address(address):
        raise HeaderError(say("this is no address that a header can hold"))
    try:
        return f"{local}@{ascii_domain(domain)}"
    except UnicodeError as error:  # idna's
        raise HeaderError(say("this is no domain: %(error)s", error=error)) from error


def mailbox(address: str, name: str, used: int) -> str:
    """`Name <address>` after `used` columns; the name quoted or encoded as it needs."""
    bare = wire(address)
    name = tidy_name(name)
    if not name:
        return bare
    shown = _phrase(name, used)
    together = f"{shown} <{bare}>"
    return together if len(together) <= 76 - used else f"{shown}\r\n <{bare}>"


def _phrase(name: str, used: int) -> str:
    if name.isascii() and "=?" not in name and len(name) <= 70 - used:
        if _atoms(name):
            return name
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return encoded_words(name, used, phrase=True)


def mailbox_of(box: Mailbox, used: int) -> str:
    return mailbox(box.address, box.name, used)


def subject(text: str) -> str:
    return header_text(text, len("Subject: "))


@lru_cache(maxsize=256)
def date(instant: datetime) -> str:
    """RFC 5322, in UTC with a numeric zone."""
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0))


def list_id(text: str) -> str:
    """RFC 2919: `Name <label.domain>`, in ASCII alone: encoded-words do not belong in List-* fields."""
    name, _, label = text.rpartition("<")
    label = label.rstrip("> ")
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", label) or len(label) > 255:
        raise HeaderError(say("%(label)r is no List-ID such as monthly.news.example.org", label=label))
    plain = unicodedata.normalize("NFKD", tidy(name)).encode("ascii", "ignore").decode().replace('"', "").strip()
    plain = plain.replace("\\", "").replace("=?", "")[:60].strip()
    if not plain:
        return f"<{label}>"
    return f"{plain} <{label}>" if _atoms(plain) else f'"{plain}" <{label}>'


def feedback_id(campaign: str, publication: str, issue: str, sender: str) -> str:
    """Feedback-ID of groups and, rightmost, a sender of 5 to 15 characters that never changes; nothing personal.

    Google drops identifiers that stand twice, so a campaign named as its publication gets a mark.
    """
    groups = [re.sub(r"[^A-Za-z0-9._-]+", "-", part)[:40] for part in (campaign, publication, issue)]
    own = re.sub(r"[^A-Za-z0-9]+", "", sender)[:15].ljust(5, "0")
    if groups[0] == groups[1]:
        groups[1] = f"p-{groups[1]}"
    return ":".join([*groups, own])


def plain(name: str, value: str) -> str:
    """A value that stands as it is, on one line: encoded-words are not valid in it, and there is no place to fold."""
    if _unsafe_in_field(value) or len(name) + 2 + len(value) > 998:
        raise HeaderError(say("%(name)s takes printable ASCII of at most 990 characters", name=name))
    return value


def field_name(name: str) -> str:
    if not re.fullmatch(r"[!-9;-~]+", name):
        raise HeaderError(say("%(name)r is no name of a header field", name=name))
    return name


def file_name(name: str) -> str:
    """A name as it can be given on: readers take a pair around all of it for quoting (Python's drops it from `<x>` and
    `"x"`), so such a pair becomes underscores."""
    name = tidy(name).strip()
    return f"_{name[1:-1]}_" if len(name) > 1 and (name[0], name[-1]) in (("<", ">"), ('"', '"')) else name


def parameter(name: str, value: str) -> str:
    """A parameter of Content-Type or Content-Disposition on a line of its own; RFC 2231 for what is not ASCII, or looks
    like an encoded word, which readers decode."""
    value = tidy(value)
    if _token_name(value) and len(value) <= 60:
        return f";\r\n {name}={value}"
    if value.isascii() and "=?" not in value and len(value) <= 60:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{escaped}"'
    coded = "utf-8''" + quote(value, safe="", errors="replace")
    if len(coded) <= 60:
        return f";\r\n {name}*={coded}"
    parts = re.findall(r".{1,60}(?<!%)(?<!%.)", coded)
    return "".join(f";\r\n {name}*{number}*={part}" for number, part in enumerate(parts))
