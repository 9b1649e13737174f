"""The short form of `make faults`: a few instants each, real processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS
from tests.faults.trial import Trial
from tests.servers import PostgresServer

SEED = 20261124


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if not scenario.postgres])
def test_nothing_is_lost_and_nothing_doubled(name: str, tmp_path: Path) -> None:
    prove(name, tmp_path)


@pytest.mark.postgresql
@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.postgres])
def test_nothing_is_lost_and_nothing_doubled_on_postgresql(
    name: str, tmp_path: Path, postgres: PostgresServer, postgres_schema: str
) -> None:
    with cluster_of_its_own(postgres) if SCENARIOS[name].alone else shared(postgres) as server:
        prove(name, tmp_path, server, postgres_schema)


def prove(name: str, folder: Path, postgres: PostgresServer | None = None, schema: str = "") -> None:
    size = SCENARIOS[name].short
    verdict = SCENARIOS[name].play(Trial(name, folder, size.messages, size.kills, SEED, postgres, schema))
    assert verdict.kills >= size.kills / 2, "the sender was done before it could be killed"
    assert verdict.met, verdict


@contextmanager
def shared(server: PostgresServer) -> Iterator[PostgresServer]:
    yield server


@contextmanager
def cluster_of_its_own(server: PostgresServer) -> Iterator[PostgresServer]:
    with PostgresServer(server.programs).running() as another:
        yield another
