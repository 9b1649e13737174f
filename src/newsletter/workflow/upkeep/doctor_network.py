"""What other servers must say of us before a real send: the sender's domain in DNS, and our certificate.

Rules: facts of Gmail's, Yahoo's and Microsoft's sender requirements (SPF and DKIM, DMARC at least `p=none`), RFC 7208,
RFC 6376, RFC 9989. Where no name server answers, that is said, and nothing is wrong by it.
"""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from newsletter.errors import NewsletterError
from newsletter.model.address import ascii_domain
from newsletter.model.campaign import Campaign
from newsletter.settings import DkimSettings, OutboxSettings, Settings, provider_secret
from newsletter.workflow.upkeep.doctor_finding import Examined
from newsletter.workspace.documents import Documents
from newsletter.workspace.loading import load_yaml

SECONDS = 3.0
EXPIRES_SOON = timedelta(days=14)
DKIM_KEY = "NEWSLETTER_DKIM_KEY"
RESERVED = ("example", "test", "invalid", "localhost", "example.org", "example.com", "example.net")


class NoNameServer(Exception):
    """Nobody answers: DNS cannot be asked from here."""


def examine_network(documents: Documents, settings: Settings, resolver: Resolver | None = None) -> Iterator[Examined]:
    """Of a workspace that really sends; one that only rehearses needs none of this."""
    if not any(not isinstance(settings.transports[name], OutboxSettings) for name in settings.send_with):
        return
    ask = Names(resolver)
    for domain in sorted(_sender_domains(documents, settings)):
        try:
            yield from _domain(ask, domain, settings.dkim)
        except NoNameServer as error:
            yield Examined(f"DNS {domain}", True, f"cannot be asked from here ({error})")
    if settings.public_url.startswith("https://"):
        yield _certificate(urlsplit(settings.public_url).hostname or "")


class Names:
    """Look-ups, with a short patience."""

    def __init__(self, resolver: Resolver | None) -> None:
        self._resolver = resolver
        if resolver is None:
            try:
                self._resolver = Resolver()
            except DNSException:  # no name server is configured
                return
        assert self._resolver is not None
        self._resolver.lifetime = SECONDS

    def texts(self, name: str) -> list[str]:
        return [b"".join(each.strings).decode("latin-1") for each in self._ask(name, "TXT")]

    def mail_servers(self, name: str) -> int:
        return len(self._ask(name, "MX"))

    def _ask(self, name: str, kind: str) -> list:  # type: ignore[type-arg]
        if self._resolver is None:
            raise NoNameServer("no name server is set up")
        try:
            return list(self._resolver.resolve(name, kind))
        except (NXDOMAIN, NoAnswer):
            return []
        except DNSException as error:
            raise NoNameServer(type(error).__name__) from error


def _sender_domains(documents: Documents, settings: Settings) -> set[str]:
    """Of all campaigns that can be read, and of the envelope; what is reserved for examples has no DNS."""
    addresses = [getattr(each, "envelope_from", None) for each in settings.transports.values()]
    for path in documents.list("campaigns/*/campaign.yaml"):
        try:
            campaign = load_yaml(documents.text(path), path, Campaign)
        except (NewsletterError, OSError):
            continue  # `newsletter check` says what is wrong
        addresses += [campaign.sender_for(language).address for language in settings.languages]
    domains = {ascii_domain(each.rpartition("@")[2]) for each in addresses if each}
    return {each for each in domains if not any(each == name or each.endswith(f".{name}") for name in RESERVED)}


def _domain(ask: Names, domain: str, dkim: DkimSettings | None) -> Iterator[Examined]:
    spf = [text for text in ask.texts(domain) if text.lower().startswith("v=spf1")]
    mend = f'Publish one TXT record at {domain} that names your sending service, e.g. "v=spf1 include:... -all".'
    yield _examined(f"SPF {domain}", len(spf) == 1, spf, mend)
    dmarc = next((found for name in _above(domain) if (found := _dmarc(ask, name))), [])
    mend = f'Publish a TXT record at _dmarc.{domain}, at least "v=DMARC1; p=none": Gmail and Microsoft want it.'
    yield _examined(f"DMARC {domain}", len(dmarc) == 1, dmarc, mend)
    answers = ask.mail_servers(domain)
    mend = f"Without an MX record at {domain}, answers and bounces get lost."
    yield Examined(f"MX {domain}", answers > 0, f"{answers} mail servers", "" if answers else mend)
    if dkim is not None and dkim.domain == domain:
        yield _signing(ask, dkim)


def _dmarc(ask: Names, domain: str) -> list[str]:
    return [text for text in ask.texts(f"_dmarc.{domain}") if text.lower().startswith("v=dmarc1")]


def _above(domain: str) -> list[str]:
    """The domain and those above it that are no top-level domain: RFC 9989's tree walk, shortened."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def _signing(ask: Names, dkim: DkimSettings) -> Examined:
    name = f"{dkim.selector}._domainkey.{dkim.domain}"
    what, texts = f"DKIM {name}", ask.texts(name)
    tags = dict(part.strip().partition("=")[::2] for part in "".join(texts).split(";") if part.strip())
    key = provider_secret(DKIM_KEY)
    if key is None:
        return Examined(what, False, f"{DKIM_KEY} is not set", "Set it to the private key (PEM).")
    public = load_pem_private_key(key.encode(), None).public_key()
    ours = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    if "".join(tags.get("p", "").split()) == ours:
        return Examined(what, True, "the published key is ours")
    found = "another key is published" if tags.get("p") else "no key is published"
    return Examined(what, False, found, f"Publish a TXT record at {name}: v=DKIM1; k=rsa; p={ours}")


def _examined(what: str, ok: bool, texts: list[str], mend: str) -> Examined:
    found = "; ".join(texts) if texts else "no record"
    shown = found[:120] if len(texts) < 2 else f"{len(texts)} records: {found[:100]}"
    return Examined(what, ok, shown, "" if ok else mend)


def _certificate(host: str, port: int = 443, *, context: ssl.SSLContext | None = None) -> Examined:
    """Whether recipients' programs will trust the public address, and how long still."""
    what = f"TLS {host}"
    try:
        with (
            socket.create_connection((host, port), SECONDS) as plain,
            (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=host) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Examined(what, False, error.verify_message, "Renew or mend the certificate of public_url.")
    except OSError as error:
        return Examined(what, True, f"cannot be reached from here ({type(error).__name__})")
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    ok = ends - datetime.now(UTC) > EXPIRES_SOON
    return Examined(what, ok, f"trusted until {ends:%Y-%m-%d}", "" if ok else "Renew the certificate of public_url.")
