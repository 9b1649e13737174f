"""Deliveries in doubt are asked after at the transport that carried them, for as long as it may know of them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from newsletter.dispatch.settling import probe
from newsletter.dispatch.transports.base import Probing
from newsletter.errors import UsageError
from newsletter.model.delivery import DeliveryState
from newsletter.store.engine import reading
from newsletter.store.tables import attempt, delivery
from newsletter.workflow.context import Context
from newsletter.workflow.sending.send import transport_for

ASKED_FOR = timedelta(days=3)  # what a provider does not know by then it will hardly learn


def ask_after_doubts(ctx: Context) -> int:
    """Says how many deliveries it settled. A run that went over to another transport may have doubts at each."""
    with reading(ctx.engine) as connection:
        found = _places(connection, ctx.clock.now() - ASKED_FOR)
    return sum(_ask(ctx, run, name) for run, name in found if name in ctx.settings.transports)


def _places(connection: Connection, since: datetime) -> list[tuple[int, str]]:
    """Runs that have doubts, each with the transports whose attempts they are."""
    last = attempt.c.delivery_id == delivery.c.id, attempt.c.number == delivery.c.attempts
    in_doubt = delivery.c.state == DeliveryState.UNCONFIRMED.value, delivery.c.changed_at > since
    chosen = select(delivery.c.run_id, attempt.c.transport).where(*last, *in_doubt).distinct()
    return sorted((row.run_id, row.transport) for row in connection.execute(chosen))


def _ask(ctx: Context, run: int, name: str) -> int:
    try:
        transport = transport_for(ctx, name)
    except UsageError:  # whoever sends with it is told what it lacks
        return 0
    if not isinstance(transport, Probing):
        return 0
    return asyncio.run(probe(ctx.engine, run, transport, clock=ctx.clock))
