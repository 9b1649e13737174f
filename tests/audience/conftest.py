from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter.clock import FixedClock
from tests.audience.world import World, world


@pytest.fixture
def here(engine: Engine, tmp_path: Path, clock: FixedClock) -> World:
    """On each database."""
    return world(engine, tmp_path, clock)


@pytest.fixture
def there(sqlite_engine: Engine, tmp_path: Path, clock: FixedClock) -> World:
    """On SQLite alone, for what does not depend on the database."""
    return world(sqlite_engine, tmp_path, clock)
