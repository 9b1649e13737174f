"""Keys of issues: every way in takes the same ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.workflow.context import draft_path, issue_name
from tests.workflow.office import lay, office

BAD = ["../../zz", "2026/12", "a b", "Ü", "campaign", "-a", "2026-12\n", ""]


@pytest.mark.parametrize("key", BAD)
def test_what_is_no_key_is_refused_in_words(key: str) -> None:
    with pytest.raises(UsageError, match="key"):
        draft_path("news", key)
    with pytest.raises(UsageError):
        issue_name(f"news/{key}")


@pytest.mark.parametrize("key", ["2026-12", "spring", "2026-w07", "7"])
def test_keys_of_small_letters_digits_and_hyphens_are_taken(key: str) -> None:
    assert draft_path("news", key) == f"campaigns/news/{key}.yaml"
    assert issue_name(f"news/{key}") == ("news", key)


def test_gathering_with_a_bad_key_writes_nothing(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        before = sorted(tmp_path.rglob("*.yaml"))
        with pytest.raises(UsageError):
            ws.gather("news", key="../../zz", person="ana")
        assert sorted(tmp_path.rglob("*.yaml")) == before
