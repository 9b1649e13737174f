from __future__ import annotations

import pytest
from sqlalchemy import Engine

from newsletter.clock import FixedClock
from tests.dispatch.world import NOW, World, make_world


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def world(sqlite_engine: Engine, clock: FixedClock) -> World:
    """The ledger's own tests run on both databases; here a few do."""
    return make_world(sqlite_engine, clock, contacts=25)


@pytest.fixture
def any_world(engine: Engine, clock: FixedClock) -> World:
    return make_world(engine, clock, contacts=25)
