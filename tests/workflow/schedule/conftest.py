from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from newsletter.store import people
from newsletter.store.engine import writing
from newsletter.workflow.context import LOCAL
from tests.dispatch.world import NOW
from tests.workflow.schedule.keeping import define, process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "campaigns/monthly").mkdir(parents=True)
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers/publications.yaml").write_text("monthly: {name: {en: Monthly}, kind: news}\n")
    define(tmp_path)
    return tmp_path


@pytest.fixture
def one(engine: Engine, folder: Path) -> Any:
    """A process that has looked once, on the Monday before."""
    with writing(engine) as connection:
        roles = ["reader", "author", "steward", "approver", "admin"]
        people.add(connection, LOCAL, name="Local", address=None, roles=roles, now=NOW)
    found = process(engine, folder)
    found.tick()
    yield found
    found.ctx.engine.dispose()
