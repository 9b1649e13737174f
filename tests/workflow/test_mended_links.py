"""Addresses that a link may be led to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from newsletter.errors import UsageError
from newsletter.workflow.checking.mended_links import checked

CTX: Any = SimpleNamespace(settings=SimpleNamespace(public_url="https://news.example.org"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://faß.example/straße?a=1#ü", "https://xn--fa-hia.example/stra%C3%9Fe?a=1#%C3%BC"),  # UTS 46, not "fass"
        ("https://example.org:8443/a%20b", "https://example.org:8443/a%20b"),
    ],
)
def test_an_address_goes_into_a_header_as_browsers_read_it(typed: str, kept: str) -> None:
    assert checked(CTX, typed) == kept


@pytest.mark.parametrize("typed", ["https://", "ftp://example.org", "https://exa mple.org/", "https://a..b.example/"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="no address of a web page"):
        checked(CTX, typed)
