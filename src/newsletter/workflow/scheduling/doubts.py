"""Deliveries in doubt are asked after at the transport, for as long as it may know of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from newsletter.dispatch.settling import probe
from newsletter.dispatch.transports.base import Probing
from newsletter.model.delivery import DeliveryState, RunState
from newsletter.store.engine import reading
from newsletter.store.tables import delivery, run
from newsletter.workflow.context import Context
from newsletter.workflow.sending.send import transport_for

ASKED_FOR = timedelta(days=3)  # what a provider does not know by then it will hardly learn


def ask_after_doubts(ctx: Context) -> int:
    """Of runs that nobody is sending now; says how many deliveries it settled."""
    since = ctx.clock.now() - ASKED_FOR
    in_doubt = delivery.c.run_id == run.c.id, delivery.c.state == DeliveryState.UNCONFIRMED.value
    resting = run.c.state.in_([RunState.DONE.value, RunState.PAUSED.value, RunState.CANCELLED.value])
    with reading(ctx.engine) as connection:
        found = connection.execute(
            select(run.c.id, run.c.transport)
            .where(resting, select(delivery.c.id).where(*in_doubt, delivery.c.changed_at > since).exists())
            .order_by(run.c.id)
        ).all()
    settled = 0
    for row in found:
        if row.transport in ctx.settings.transports:
            transport = transport_for(ctx, row.transport)
            if isinstance(transport, Probing):
                settled += asyncio.run(probe(ctx.engine, row.id, transport, clock=ctx.clock))
    return settled
