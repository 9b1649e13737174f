"""DKIM signatures of our own (RFC 6376), for mail servers that do not sign. Needs the extra `dkim`."""

from __future__ import annotations

import re
from collections.abc import Callable

from newsletter.errors import NewsletterError

# RFC 8058 wants both List-Unsubscribe fields under the signature; dkimpy's own list leaves the second out.
SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "List-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "MIME-Version",
    "Content-Language",
    "Content-Type",
)
Sign = Callable[[bytes], bytes]


class DkimError(NewsletterError):
    """Signing is set up wrongly."""


def signer(domain: str, selector: str, key: str) -> Sign:
    """A function that puts a DKIM-Signature (relaxed/relaxed, rsa-sha256) before a message.

    `key` is an RSA private key in PEM. A message is always given the same signature, so that a retry sends the same
    bytes: there is no `t=`.
    """
    try:
        import dkim
    except ImportError as error:
        raise DkimError("Signing with DKIM needs the extra: pip install 'newsletter[dkim]'") from error

    class Signer(dkim.DKIM):  # type: ignore[misc]
        def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: object) -> bytes:
            made: bytes = super().gen_header([each for each in fields if each[0] != b"t"], *rest)
            return made

    def sign(message: bytes) -> bytes:
        head = message.partition(b"\r\n\r\n")[0]
        signature: bytes = Signer(message).sign(
            selector.encode(),
            domain.encode(),
            key.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=_present(head),
        )
        return signature + message

    try:
        sign(b"From: test@example.org\r\n\r\n")
    except dkim.DKIMException as error:
        raise DkimError(f"The DKIM key of {domain} cannot be used: it must be an RSA private key in PEM.") from error
    return sign


def _present(head: bytes) -> list[bytes]:
    """Signed fields that the message has; From twice, so that nobody can add another."""
    there = {name.lower() for name in re.findall(rb"^([!-9;-~]+):", head, re.MULTILINE)}
    return [b"From", *(name.encode() for name in SIGNED if name.lower().encode() in there)]
