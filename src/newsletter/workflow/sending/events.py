"""Events of providers: what they say of deliveries, and which addresses they say are dead or do not want our mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from newsletter.audience import suppressions
from newsletter.dispatch.transports.base import tell
from newsletter.errors import UsageError
from newsletter.model.address import AddressError
from newsletter.model.delivery import Fate
from newsletter.model.suppression import ADDRESS, Reason
from newsletter.settings import SendGridSettings
from newsletter.store import ledger
from newsletter.store.engine import writing
from newsletter.tracking.sendgrid_events import Event, Kind, read, verify
from newsletter.workflow.context import Context

BITE = 200  # events a transaction, so that messages can go on leaving

FATES = {
    Kind.DELIVERED: Fate.DELIVERED,
    Kind.BOUNCED: Fate.BOUNCED,
    Kind.BLOCKED: Fate.BOUNCED,
    Kind.DROPPED: Fate.BOUNCED,
    Kind.COMPLAINED: Fate.COMPLAINED,
}


def receive_sendgrid(ctx: Context, transport: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Takes what SendGrid's webhook brings; says how many unconfirmed deliveries that settled.

    UsageError: no such webhook is set up. NotTheirs: the body is not signed by SendGrid.
    """
    settings = ctx.settings.transports.get(transport)
    if not isinstance(settings, SendGridSettings) or settings.webhook_key is None:
        raise UsageError(f"[transports.{transport}] in newsletter.toml names no webhook_key of SendGrid.")
    verify(body, headers, settings.webhook_key)
    events = list(read(body))
    return sum(_take(ctx, events[at : at + BITE], settings.settle_requests) for at in range(0, len(events), BITE))


def _take(ctx: Context, events: Sequence[Event], whole_request: bool) -> int:
    now = ctx.clock.now()
    with writing(ctx.engine) as connection:
        learnt = [_learnt(each) for each in events if each.attempt is not None and each.delivery is not None]
        settled, keys = ledger.learn(connection, learnt, now=now, whole_request=whole_request)
        for each in events:
            if not (each.dead or each.complained):
                continue
            key = keys.get(each.attempt or 0) or _key(ctx, each.address)
            if key:
                reason = Reason.COMPLAINED if each.complained else Reason.BOUNCED
                suppressions.add(connection, key, ADDRESS, reason, now)
    return settled


def _learnt(event: Event) -> ledger.Learnt:
    assert event.attempt is not None
    assert event.delivery is not None
    words = tell(event.words, event.address)
    return ledger.Learnt(
        attempt=event.attempt,
        delivery=event.delivery,
        kind=event.kind.value,
        at=event.at,
        id=event.id,
        fate=FATES.get(event.kind),
        words=words or event.kind.value,
        provider_id=event.message,
        data={"words": words} if words else {},
    )


def _key(ctx: Context, address: str) -> str | None:
    """Of a late bounce that names nothing but the address."""
    try:
        return suppressions.key_of(address, ctx.secrets.address_keys)
    except (AddressError, ValueError):
        return None
