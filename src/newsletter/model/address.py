"""Email addresses: syntax, normal form, and the domain as it goes on the wire.

Normal form (the input of the address key): NFC lower-case local part @ UTS-46 ASCII domain; dots and plus stay as
they are, because only the receiving host knows what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from newsletter.i18n import say

# What nearly all addresses look like. They need none of the rules for international ones, which take many times as
# long; a property test holds that both ways agree.
_LOCAL = r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*"
_DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z])?"
_PLAIN_DOMAIN = re.compile(_DOMAIN, re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(f"{_LOCAL}@{_DOMAIN}", re.IGNORECASE | re.ASCII)
_SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


OFTEN = (  # what email-validator says oftenest, for translations
    say("An email address must have an @-sign."),
    say("There must be something before the @-sign."),
    say("There must be something after the @-sign."),
    say("An email address cannot have a period immediately after the @-sign."),
    say("The part after the @-sign is not valid. It should have a period."),
    say("The part after the @-sign is not valid. It is not within a valid top-level domain."),
    say("The part after the @-sign is a special-use or reserved name that cannot be used with email."),
)


class AddressError(ValueError):
    """Why this is no address to send to."""


def check_address(address: str) -> str:
    """The address as given, trimmed; AddressError says what is wrong with it. Does no DNS."""
    given = unicodedata.normalize("NFC", address.strip())
    if _is_plain(given):
        return given
    try:
        validate_email(given, check_deliverability=False, allow_smtputf8=True, test_environment=True)
        ascii_domain(given.rpartition("@")[2])
    except (EmailNotValidError, idna.IDNAError) as error:
        raise AddressError(say(str(error))) from error
    return given


def _is_plain(address: str) -> bool:
    return (
        len(address) <= 254
        and _PLAIN.fullmatch(address) is not None
        and address.index("@") <= 64
        and "--" not in address
        and address.rpartition(".")[2].lower() not in _SPECIAL
    )


def _is_plain_domain(domain: str) -> bool:
    return "--" not in domain and len(domain) <= 253 and _PLAIN_DOMAIN.fullmatch(domain) is not None


@lru_cache(maxsize=32768)
def ascii_domain(domain: str) -> str:
    """UTS-46 / IDNA 2008 (the standard library's codec is IDNA 2003 and turns faß.de into fass.de)."""
    if _is_plain_domain(domain):
        return domain.lower()
    return idna.encode(domain.rstrip("."), uts46=True).decode().lower()


def wire_address(address: str) -> str:
    """local@xn--domain: what stands in the envelope and in headers."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def normalise_address(address: str) -> str:
    local, _, domain = address.strip().rpartition("@")
    if local.isascii():
        return f"{local.lower()}@{ascii_domain(domain)}"
    return f"{unicodedata.normalize('NFC', local).lower()}@{ascii_domain(domain)}"


def domain_of(address: str) -> str:
    return ascii_domain(address.rpartition("@")[2])


def needs_smtputf8(address: str) -> bool:
    return not address.rpartition("@")[0].isascii()
