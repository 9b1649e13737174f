"""The quick way for plain addresses agrees with the libraries' rules."""

from __future__ import annotations

import idna
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.address import AddressError, ascii_domain, check_address, normalise_address

PIECES = st.text(st.sampled_from("aZ09-_.+'xn--é@ "), min_size=0, max_size=12)
LABELS = st.lists(st.text(st.sampled_from("aZ09-n x_é"), max_size=66), min_size=1, max_size=4).map(".".join)
ENDS = st.sampled_from(["", ".com", ".test", ".example", ".invalid", ".local", ".x1", ".1", ".co.uk", ".onion"])


@given(PIECES, LABELS, ENDS)
def test_check_address_agrees_with_the_validator(local: str, domain: str, end: str) -> None:
    address = f"{local}@{domain}{end}".strip()
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=True, test_environment=True)
        idna.encode(address.rpartition("@")[2].rstrip("."), uts46=True)
        good = True
    except (EmailNotValidError, idna.IDNAError):
        good = False
    try:
        check_address(address)
        found = True
    except AddressError:
        found = False
    assert found == good


@given(LABELS, ENDS)
def test_ascii_domain_agrees_with_idna(domain: str, end: str) -> None:
    try:
        expected = idna.encode((domain + end).rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError:
        with pytest.raises(idna.IDNAError):
            ascii_domain(domain + end)
    else:
        assert ascii_domain(domain + end) == expected


def test_dots_and_plus_are_kept_and_case_is_not() -> None:
    assert normalise_address("Ann.B+x@Exämple.ORG") == "ann.b+x@xn--exmple-cua.org"
