from __future__ import annotations

from newsletter.checks import examine
from tests.checks.letter import letter


def test_what_gmail_cuts_off() -> None:
    def found(bytes_: int) -> list[tuple[str, bool]]:
        return [(finding.code, finding.error) for finding in examine(letter(extra=f"<!--{'x' * bytes_}-->"))]

    assert found(70_000) == []
    assert found(80_000) == [("size", False)]
    assert found(100_000) == [("size", True)]


def test_bytes_count_not_letters() -> None:
    assert [finding.code for finding in examine(letter(extra=f"<!--{'ع' * 45_000}-->"))] == ["size"]
