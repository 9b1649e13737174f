"""What surrounds the content: sender, list headers, and what the law wants in every message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser

from newsletter.checks.checked import Checked, collapsed, text_of
from newsletter.checks.finding import Finding, Rule, error, warning
from newsletter.i18n import say
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
    say("Mail servers refuse a message whose sender they cannot verify."),
    say("Give the campaign a sender at a domain of the association."),
)
REPLY_TO = error("reply-to", say("Answers get lost."), say("Give the campaign an address for replies that is read."))
ADDRESS = error(
    "postal-address",
    say("The law wants the sender's postal address in every message."),
    say("Write it in the settings, and print it in the template's footer."),
)
UNSUBSCRIBE = error(
    "unsubscribe",
    say("The law, Gmail and Yahoo want a visible way out in every message to subscribers."),
    say("Link {{ links.unsubscribe }} in the footer of the template, in HTML and in plain text."),
)
NO_WAY_OUT = error(
    "unsubscribe-statutory",
    say("Nobody can unsubscribe from a statutory notice, and a link that says so misleads."),
    say("Take the link out where campaign.statutory holds."),
)
PREFERENCES = error(
    "preferences",
    say("Readers cannot change their language or what they get."),
    say("Link {{ links.preferences }} in the footer of the template, in HTML and in plain text."),
)
WEB = error(
    "web-version",
    say("Readers whose program shows the message badly have no other way to it."),
    say("Link {{ links.web }} in the template, in HTML and in plain text."),
)
LIST_HEADERS = error(
    "list-headers",
    say(
        "Gmail and Yahoo want one-click unsubscribing in these headers (RFC 8058), and statutory notices without them."
    ),
    say("Set public_url in the settings to an https address; if it is one, report this as a fault of the program."),
)
LIST_ID = warning(
    "list-id",
    say("Readers and filters sort mail by it."),
    say("If the campaign has a publication, report this as a fault."),
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
    for rule, name, box in ((SENDER, say("sender"), envelope.sender), (REPLY_TO, say("reply"), envelope.reply_to)):
        if box is None:
            continue
        try:
            check_address(box.address)
        except AddressError as reason:
            yield checked.found(
                rule, say("The %(name)s address cannot be used: %(reason)s", name=name, reason=reason.args[0])
            )
            continue
        if rule is SENDER and (doubt := _unverifiable(domain_of(box.address), checked.expected.signing_domain)):
            yield checked.found(rule, doubt)
    if not envelope.sender.name.strip():
        yield checked.found(SENDER, say("The sender has no name"))


def _unverifiable(domain: str, signing: str) -> str | None:
    """Why a receiver could not tie the sender to a signature (DMARC, relaxed alignment)."""
    if domain in FREE_MAIL:
        return say("The sender is at %(domain)s, where nobody can prove who sends", domain=domain)
    if signing and not any(
        one == other or one.endswith(f".{other}") for one, other in ((domain, signing), (signing, domain))
    ):
        return say(
            "The sender is at %(domain)s, but messages are signed by %(signing)s", domain=domain, signing=signing
        )
    return None


def _footer(checked: Checked) -> Iterator[Finding]:
    expected = checked.expected
    address = collapsed(expected.postal_address)
    if not address:
        yield checked.found(ADDRESS, say("No postal address is known"))
    else:
        for what, text in (
            (say("The postal address does not stand in the message"), text_of(checked.root)),
            (say("The postal address does not stand in the plain text"), collapsed(checked.text)),
        ):
            if address not in text:
                yield checked.found(ADDRESS, what)
    links = [(PREFERENCES, say("preferences"), expected.preferences), (WEB, say("the web version"), expected.web)]
    if expected.unsubscribe:
        if checked.statutory:
            yield from _statutory(checked, expected.unsubscribe)
        else:
            links.append((UNSUBSCRIBE, say("unsubscribing"), expected.unsubscribe))
    for rule, name, target in links:
        yield from _linked(checked, rule, name, target)


def _linked(checked: Checked, rule: Rule, name: str, target: str) -> Iterator[Finding]:
    if not target:
        return
    if not any(link.get("href") == target and text_of(link) for link in checked.root.iter("a")):
        yield checked.found(rule, say("The message has no link for %(name)s", name=name))
    if target not in checked.text:
        yield checked.found(rule, say("The plain text has no link for %(name)s", name=name))


def _statutory(checked: Checked, unsubscribe: str) -> Iterator[Finding]:
    base = unsubscribe.rsplit("/", 1)[0] + "/"
    if base in checked.html or base in checked.text:
        yield checked.found(NO_WAY_OUT, say("A statutory notice has an unsubscribe link"))


_URI = re.compile(r"<(https?://[^>\s]+)>")


def _headers(checked: Checked, headers: Message) -> Iterator[Finding]:
    ways = headers.get_all("List-Unsubscribe", [])
    clicks = headers.get_all("List-Unsubscribe-Post", [])
    if checked.statutory:
        if ways or clicks:
            yield checked.found(LIST_HEADERS, say("A statutory notice has a header List-Unsubscribe"))
        return
    if len(ways) != 1 or [str(each).strip() for each in clicks] != ["List-Unsubscribe=One-Click"]:
        yield checked.found(LIST_HEADERS, say("List-Unsubscribe and List-Unsubscribe-Post are not there once each"))
    elif "=?" in str(ways[0]):
        yield checked.found(LIST_HEADERS, say("List-Unsubscribe is written as an encoded word"))
    elif not any(uri.startswith("https://") for uri in _URI.findall(str(ways[0]))):
        yield checked.found(LIST_HEADERS, say("List-Unsubscribe has no https address"))
    if not headers.get("List-ID"):
        yield checked.found(LIST_ID, say("There is no header List-ID"))
