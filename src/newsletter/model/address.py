"""Email addresses: syntax, normal form, and the domain as it goes on the wire.

Normal form (the input of the address key): NFC lower-case local part @ UTS-46 ASCII domain; dots and plus stay as
they are, because only the receiving host knows what they mean.
"""

from __future__ import annotations

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email


class AddressError(ValueError):
    """Why this is no address to send to."""


def check_address(address: str) -> str:
    """The address as given, trimmed; AddressError says what is wrong with it. Does no DNS."""
    given = unicodedata.normalize("NFC", address.strip())
    try:
        validate_email(given, check_deliverability=False, allow_smtputf8=True, test_environment=True)
        ascii_domain(given.rpartition("@")[2])
    except (EmailNotValidError, idna.IDNAError) as error:
        raise AddressError(str(error)) from error
    return given


def ascii_domain(domain: str) -> str:
    """UTS-46 / IDNA 2008 (the standard library's codec is IDNA 2003 and turns faß.de into fass.de)."""
    return idna.encode(domain.rstrip("."), uts46=True).decode().lower()


def wire_address(address: str) -> str:
    """local@xn--domain: what stands in the envelope and in headers."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def normalise_address(address: str) -> str:
    local, _, domain = address.strip().rpartition("@")
    return f"{unicodedata.normalize('NFC', local).lower()}@{ascii_domain(domain)}"


def domain_of(address: str) -> str:
    return ascii_domain(address.rpartition("@")[2])


def needs_smtputf8(address: str) -> bool:
    return not address.rpartition("@")[0].isascii()
