from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.store.ledger.desk import Desk, make_desk


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return make_desk(engine)
