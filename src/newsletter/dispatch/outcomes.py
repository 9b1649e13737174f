"""From intents to messages that may leave, and from what a transport said to records for the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from newsletter.clock import Clock
from newsletter.dispatch import retry
from newsletter.dispatch.drain import Drain
from newsletter.dispatch.post import Letter
from newsletter.dispatch.transports.base import Channel, ChannelState, Outcome, Outgoing
from newsletter.model.delivery import AttemptState
from newsletter.store.ledger import Claimed, Intent, Record

Batch = Sequence[tuple[Claimed, Letter]]

FRESH = timedelta(seconds=30)  # a body whose intent is older is not written


def outgoing(batch: Batch, intent: Intent, clock: Clock) -> list[Outgoing]:
    """Those of the batch that may be written."""
    fresh = _freshness(intent.at or clock.now(), clock)
    return [
        Outgoing(
            delivery=row.id,
            attempt=intent.attempts[row.id][0],
            run=row.run_id,
            address=row.address,
            template=letter.template,
            data=letter.data,
            splice=letter.splice,
            ready=letter.ready,
            sender=letter.sender,
            fresh=fresh,
        )
        for row, letter in batch
        if row.id in intent.attempts
    ]


async def carry(channel: Channel, messages: Sequence[Outgoing], drain: Drain) -> Sequence[Outcome]:
    """What a transport raises all the same is a mistake of ours: nobody knows what left. Nor where we had to go."""
    try:
        async with drain.bounded() as timeout:
            return await channel.send(messages)
    except Exception as error:
        gone = isinstance(error, TimeoutError) and timeout.expired()
        reason = "this program was stopped before the answer came" if gone else _failed(error)
        return [_unknown(each, reason) for each in messages]


def records(messages: Sequence[Outgoing], results: Sequence[Outcome], intent: Intent, now: datetime) -> list[Record]:
    """One for each message, also for those of which the transport said nothing."""
    by_attempt = {each.attempt: each for each in results}
    found = []
    for message in messages:
        result = by_attempt.get(message.attempt) or _unknown(message, "the transport did not say")
        number = intent.attempts[message.delivery][1]
        found.append(
            Record(
                delivery=message.delivery,
                attempt=message.attempt,
                state=result.state,
                reply=result.reply,
                provider_id=result.provider_id,
                not_before=_not_before(result, message.delivery, number, now),
                request=intent.request,
            )
        )
    return found


def _freshness(at: datetime, clock: Clock) -> Callable[[], bool]:
    """Within 30 seconds, whichever way the clock went: one that is put back makes no intent young again."""
    return lambda: abs(clock.now() - at) <= FRESH


def _failed(error: Exception) -> str:
    return f"the transport failed: {type(error).__name__}"


def _unknown(message: Outgoing, reason: str) -> Outcome:
    return Outcome(message.attempt, AttemptState.UNCONFIRMED, reason, channel=ChannelState.BROKEN)


def _not_before(result: Outcome, delivery: int, attempts: int, now: datetime) -> datetime | None:
    if result.state is AttemptState.DEFERRED:
        return retry.next_try(now, attempts=attempts, delivery=delivery, asked=result.retry_after)
    if result.state is AttemptState.UNSENT:
        return now + max(retry.HELD_BACK, result.retry_after or timedelta(0))
    return None
