"""One connection of a dispatch: batch after batch, each with its intent before and its outcomes after."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.dispatch import retry
from newsletter.dispatch.outcomes import carry, outgoing, records
from newsletter.dispatch.sending import Sending
from newsletter.dispatch.transports.base import (
    Channel,
    ChannelState,
    Outcome,
    TransportRefused,
    TransportUnavailable,
)
from newsletter.model.delivery import DELIVERY_AFTER
from newsletter.store.ledger import Record

OPEN_TRIES = 3


async def send_batches(sending: Sending) -> None:
    """Until nothing is due, or the dispatch is over. What was sent last is written down in any case."""
    post = sending.post
    channel: Channel | None = None
    outcomes: list[Record] = []
    try:
        while True:
            if outcomes and sending.may_wait and not sending.claims.at_hand():
                await sending.exchange(outcomes, [])
                outcomes = []
            if not (batch := await sending.claims.next_batch(sending.over)):
                return
            if channel is None and (channel := await _open(sending)) is None:
                sending.claims.give_back(batch)
                return
            letters = {row.id: post.compose(row) for row in batch}
            intent = await sending.exchange(outcomes, list(letters))
            outcomes = []
            if not intent.attempts:
                if not intent.skipped:
                    await sending.look_whether_halted()
                continue
            messages = outgoing(batch, letters, intent, post.clock)
            results = await carry(channel, messages, sending.drain)
            outcomes = records(messages, results, intent, post.clock.now())
            for each in outcomes:
                sending.tally.count(DELIVERY_AFTER[each.state])
            await sending.learn(batch, outcomes)
            channel = await _after(sending, channel, results)
    finally:
        if outcomes:
            await sending.exchange(outcomes, [])
        if channel is not None:
            await channel.close()


async def _open(sending: Sending) -> Channel | None:
    """None where the connection should end: it says so in `sending`."""
    for failures in range(1, OPEN_TRIES + 1):
        try:
            async with sending.drain.bounded() as timeout:
                return await sending.post.transport.open()
        except TimeoutError:
            if not timeout.expired():
                raise
            return None
        except TransportRefused as error:
            await sending.pause_run(str(error))
            return None
        except TransportUnavailable as error:
            if failures == OPEN_TRIES:
                sending.unavailable = str(error)
            elif await sending.stopped_within(retry.reopen_pause(failures)):
                break
    return None


async def _after(sending: Sending, channel: Channel, results: Sequence[Outcome]) -> Channel | None:
    """The channel for the next batch, or None where another must be opened."""
    states = {each.channel for each in results}
    if states <= {ChannelState.OPEN}:
        return channel
    refused = next((each.reply for each in results if each.channel is ChannelState.REFUSED), None)
    if refused is not None:
        await sending.pause_run(refused)
    await channel.close()
    return None
