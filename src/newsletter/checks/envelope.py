"""What surrounds the content: sender, list headers, and what the law wants in every message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser

from newsletter.checks.checked import Checked, collapsed, text_of
from newsletter.checks.finding import Finding, Rule, error, warning
from newsletter.model.address import AddressError, check_address, domain_of

# Mail in their name from another server fails DMARC.
FREE_MAIL = frozenset(
    (
        *("gmail.com", "googlemail.com", "yahoo.com", "outlook.com", "hotmail.com", "live.com", "aol.com"),
        *("icloud.com", "gmx.de", "gmx.net", "web.de"),
    )
)

SENDER = error(
    "sender",
    "Mail servers refuse a message whose sender they cannot verify.",
    "Set `sender` in campaign.yaml to an address at a domain of the association.",
)
REPLY_TO = error("reply-to", "Answers get lost.", "Set `reply_to` in campaign.yaml to an address that is read.")
ADDRESS = error(
    "postal-address",
    "The law wants the sender's postal address in every message.",
    "Write it under [association.postal_address] in newsletter.toml, and print it in the template's footer.",
)
UNSUBSCRIBE = error(
    "unsubscribe",
    "The law, Gmail and Yahoo want a visible way out in every message to subscribers.",
    "Link {{ links.unsubscribe }} in the template's footer, in HTML and text.",
)
NO_WAY_OUT = error(
    "unsubscribe-statutory",
    "Nobody can unsubscribe from a statutory notice, and a link that says so misleads.",
    "Take the link out where campaign.statutory holds.",
)
PREFERENCES = error(
    "preferences",
    "Readers cannot change their language or what they get.",
    "Link {{ links.preferences }} in the template's footer, in HTML and text.",
)
WEB = error(
    "web-version",
    "Readers whose program shows the message badly have no other way to it.",
    "Link {{ links.web }} in the template, in HTML and text.",
)
LIST_HEADERS = error(
    "list-headers",
    "Gmail and Yahoo want one-click unsubscribing in these headers (RFC 8058), and statutory notices without them.",
    "Set public_url to an https address; if it is one, report this as a fault of the program.",
)
LIST_ID = warning(
    "list-id", "Readers and filters sort mail by it.", "If the campaign has a publication, report this as a fault."
)


def check(checked: Checked) -> Iterator[Finding]:
    yield from _addresses(checked)
    yield from _footer(checked)
    if checked.wire:
        yield from _headers(checked, BytesHeaderParser().parsebytes(checked.wire))


def _addresses(checked: Checked) -> Iterator[Finding]:
    envelope = checked.envelope
    if envelope is None:
        return
    for rule, name, box in ((SENDER, "sender", envelope.sender), (REPLY_TO, "reply-to", envelope.reply_to)):
        if box is None:
            continue
        try:
            check_address(box.address)
        except AddressError as reason:
            yield checked.found(rule, f"the {name} address cannot be used: {reason}")
            continue
        if rule is SENDER and (doubt := _unverifiable(domain_of(box.address), checked.expected.signing_domain)):
            yield checked.found(rule, doubt)
    if not envelope.sender.name.strip():
        yield checked.found(SENDER, "the sender has no name")


def _unverifiable(domain: str, signing: str) -> str | None:
    """Why a receiver could not tie the sender to a signature (DMARC, relaxed alignment)."""
    if domain in FREE_MAIL:
        return f"the sender is at {domain}"
    if signing and not any(
        one == other or one.endswith(f".{other}") for one, other in ((domain, signing), (signing, domain))
    ):
        return f"the sender is at {domain}, but messages are signed by {signing}"
    return None


def _footer(checked: Checked) -> Iterator[Finding]:
    expected = checked.expected
    address = collapsed(expected.postal_address)
    if not address:
        yield checked.found(ADDRESS, "no postal address is known")
    else:
        for part, text in (("HTML", text_of(checked.root)), ("plain text", collapsed(checked.text))):
            if address not in text:
                yield checked.found(ADDRESS, f"the postal address does not stand in the {part}")
    links = [(PREFERENCES, "preferences", expected.preferences), (WEB, "the web version", expected.web)]
    if expected.unsubscribe:
        if checked.statutory:
            yield from _statutory(checked, expected.unsubscribe)
        else:
            links.append((UNSUBSCRIBE, "unsubscribing", expected.unsubscribe))
    for rule, name, target in links:
        yield from _linked(checked, rule, name, target)


def _linked(checked: Checked, rule: Rule, name: str, target: str) -> Iterator[Finding]:
    if not target:
        return
    if not any(link.get("href") == target and text_of(link) for link in checked.root.iter("a")):
        yield checked.found(rule, f"the HTML has no link for {name}")
    if target not in checked.text:
        yield checked.found(rule, f"the plain text has no link for {name}")


def _statutory(checked: Checked, unsubscribe: str) -> Iterator[Finding]:
    base = unsubscribe.rsplit("/", 1)[0] + "/"
    if base in checked.html or base in checked.text:
        yield checked.found(NO_WAY_OUT, "a statutory notice has an unsubscribe link")


_URI = re.compile(r"<(https?://[^>\s]+)>")


def _headers(checked: Checked, headers: Message) -> Iterator[Finding]:
    ways = headers.get_all("List-Unsubscribe", [])
    clicks = headers.get_all("List-Unsubscribe-Post", [])
    if checked.statutory:
        if ways or clicks:
            yield checked.found(LIST_HEADERS, "a statutory notice has a header List-Unsubscribe")
        return
    if len(ways) != 1 or [str(each).strip() for each in clicks] != ["List-Unsubscribe=One-Click"]:
        yield checked.found(LIST_HEADERS, "List-Unsubscribe and List-Unsubscribe-Post are not there once each")
    elif "=?" in str(ways[0]):
        yield checked.found(LIST_HEADERS, "List-Unsubscribe is written as an encoded word")
    elif not any(uri.startswith("https://") for uri in _URI.findall(str(ways[0]))):
        yield checked.found(LIST_HEADERS, "List-Unsubscribe has no https address")
    if not headers.get("List-ID"):
        yield checked.found(LIST_ID, "there is no header List-ID")
