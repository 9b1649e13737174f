"""The key of a campaign's next issue."""

from __future__ import annotations

from datetime import timedelta

from newsletter.model.recurrence import key_of, next_firing, zone_of
from newsletter.workflow.context import Context


def next_key(ctx: Context, campaign: str) -> str:
    """By the recurrence; a campaign without one gets today's date."""
    recurrence = ctx.campaign(campaign).recurrence
    now = ctx.clock.now()
    if recurrence is not None:
        found = next_firing(recurrence, zone_of(recurrence, ctx.settings.time_zone), now - timedelta(seconds=1))
        if found is not None:
            return key_of(recurrence, found.wall.date())
    return key_of(recurrence, now.date())
