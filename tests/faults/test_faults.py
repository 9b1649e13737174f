"""The short form of `make faults`: a few kills each, real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scenarios import SIDES, play

SEED = 20261124


@pytest.mark.parametrize("kind", list(SIDES))
def test_kills_lose_nothing_and_double_nothing(kind: str, tmp_path: Path) -> None:
    verdict = play(kind, tmp_path, messages=400, kills=5, seed=SEED)
    assert verdict.kills >= 3, "the sender was done before it could be killed"
    assert verdict.met, verdict
