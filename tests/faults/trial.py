"""What every scenario is given: how much, how often, and which chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from newsletter.store.engine import open_engine, writing
from newsletter.store.tables import metadata
from tests.faults.lives import LIVES, laid_out, until
from tests.servers import PostgresServer


@dataclass(frozen=True)
class Trial:
    """`kills` faults at random instants of a send to `messages` contacts."""

    scenario: str
    folder: Path
    messages: int
    kills: int
    seed: int
    postgres: PostgresServer | None = None
    schema: str = ""  # a database on it with the empty schema

    @property
    def chance(self) -> random.Random:
        return random.Random(f"{self.seed} {self.scenario}")

    def instants(self, chance: random.Random) -> list[int]:
        """Numbers of accepted messages, so that all faults come in mid-send."""
        return sorted(chance.sample(range(1, max(self.kills + 1, self.messages * 9 // 10)), self.kills))

    def new_database(self) -> str:
        assert self.postgres is not None
        return self.postgres.new_database(self.schema)


@contextmanager
def shared_run(trial: Trial) -> Iterator[tuple[Engine, int]]:
    """A run that is ready to send, on PostgreSQL, for any number of workers."""
    engine = open_engine(trial.new_database())
    yield engine, laid_out(engine, "smtp", trial.messages)
    engine.dispose()


def empty_schema(postgres: PostgresServer) -> str:
    """A database with the empty schema, of which trials get copies."""
    url = postgres.new_database()
    engine = open_engine(url)
    with writing(engine) as connection:
        metadata.create_all(connection)
    engine.dispose()
    return url


def offset() -> Any:
    """Seconds by which a clock is wrong, to be changed while a process goes by it."""
    return LIVES.RawValue("d", 0.0)


def reached(accepted: Any, instant: int, *alive: Any) -> None:
    """Waits until so many messages were accepted; fewer where the senders are done."""
    until(lambda: len(accepted()) >= instant or not any(each.is_alive() for each in alive))
