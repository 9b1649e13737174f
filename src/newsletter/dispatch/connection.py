"""One connection of a dispatch: batch after batch, each with its intent before and its outcomes after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeGuard

from newsletter.dispatch import retry
from newsletter.dispatch.outcomes import Batch, carry, outgoing, records
from newsletter.dispatch.sending import Sending
from newsletter.dispatch.transports.base import (
    Ahead,
    Channel,
    ChannelState,
    Outcome,
    TransportRefused,
    TransportUnavailable,
)
from newsletter.model.delivery import DELIVERY_AFTER
from newsletter.store.ledger import Claimed, Record

OPEN_TRIES = 3


async def send_batches(sending: Sending) -> None:
    """Until nothing is due, or the dispatch is over. What was sent last is written down in any case.

    Where the channel can, the next recipient's envelope runs ahead of its intent: it holds no content.
    """
    post = sending.post
    channel: Channel | None = None
    outcomes: list[Record] = []
    following: Batch = []  # its envelope has been announced
    try:
        while True:
            if outcomes and sending.may_wait and not (following or sending.claims.at_hand()):
                await sending.exchange(outcomes, [])
                outcomes = []
            if following and not sending.over():
                batch, following = following, []
            elif not (batch := _composed(sending, await sending.claims.next_batch(sending.over))):
                return
            if channel is None and (channel := await _open(sending)) is None:
                _give_back(sending, batch)
                return
            intent = await sending.exchange(outcomes, [row.id for row, _ in batch])
            outcomes = []
            if not intent.attempts:
                channel = await _retracted(channel)
                if not intent.skipped:
                    await sending.look_whether_halted()
                continue
            messages = outgoing(batch, intent, post.clock)
            following = _announced(sending, channel)
            results = await carry(channel, messages, sending.drain)
            outcomes = records(messages, results, intent, post.clock.now())
            for each in outcomes:
                sending.tally.count(DELIVERY_AFTER[each.state])
            await sending.learn(batch, outcomes)
            channel = await _after(sending, channel, results)
    finally:
        if following:
            _give_back(sending, following)
        if outcomes:
            await sending.exchange(outcomes, [])
        if channel is not None:
            await _retracted(channel)
            await channel.close()


def _runs_ahead(channel: Channel) -> TypeGuard[Ahead]:
    return _is_ahead(type(channel))


@lru_cache
def _is_ahead(kind: type[Channel]) -> bool:
    """Kept, as it is asked twice a message, and looking for the methods takes as long as composing one."""
    return issubclass(kind, Ahead)


def _composed(sending: Sending, rows: Sequence[Claimed]) -> Batch:
    return [(row, sending.post.compose(row)) for row in rows]


def _give_back(sending: Sending, batch: Batch) -> None:
    sending.claims.give_back([row for row, _ in batch])


def _announced(sending: Sending, channel: Channel) -> Batch:
    """What this connection carries next, told to a channel that can make use of it."""
    if not _runs_ahead(channel) or sending.over():
        return []
    following = _composed(sending, sending.claims.take())
    for row, letter in following:
        channel.announce(row.address, letter.sender)
    return following


async def _retracted(channel: Channel) -> Channel | None:
    """The announced message does not come: a channel that began with it is of no use any more."""
    if _runs_ahead(channel) and await channel.retract():
        await channel.close()
        return None
    return channel


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
