"""A dispatch of a run in a small world, from its start to its report."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Engine

from newsletter.dispatch.breaker import Breaker
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Report
from newsletter.dispatch.transports.base import Transport
from newsletter.model.delivery import AttemptState, DeliveryState, RunState
from newsletter.store import ledger
from newsletter.store.engine import reading
from tests.dispatch.world import World, post

S, A = DeliveryState, AttemptState
PATIENT = Breaker(share=2)  # never opens


def send(world: World, transport: Transport, run: int, stop: asyncio.Event | None = None, **changes: Any) -> Report:
    return asyncio.run(dispatch(post(world, transport, **changes), run, stop=stop))


def run_state(engine: Engine, run: int) -> tuple[RunState, str | None]:
    with reading(engine) as connection:
        return ledger.state_of(connection, run)
