"""Everybody at the same hour of their own day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.waves import LATE, due_in

LAUNCHED = datetime(2026, 12, 1, 7, 30, tzinfo=UTC)  # 08:30 in Paris
WALL = datetime.fromisoformat("2026-12-01T08:30")


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("Europe/Paris", "2026-12-01T07:30"),
        ("America/Lima", "2026-12-01T13:30"),
        ("Asia/Dubai", "2026-12-01T07:30"),  # three hours ago: at once
        ("Asia/Tokyo", "2026-12-01T23:30"),  # eight hours ago: tomorrow
        ("Pacific/Kiritimati", "2026-12-01T18:30"),
        ("Pacific/Pago_Pago", "2026-12-01T19:30"),
    ],
)
def test_past_by_less_than_six_hours_at_once_else_the_next_day(zone: str, due: str) -> None:
    assert due_in(ZoneInfo(zone), WALL, LAUNCHED).strftime("%Y-%m-%dT%H:%M") == due


def test_an_hour_that_does_not_exist_is_the_first_after_it() -> None:
    wall, launched = datetime.fromisoformat("2026-03-29T02:30"), datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert due_in(ZoneInfo("Europe/Paris"), wall, launched) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@given(
    st.sampled_from(["Europe/Paris", "Africa/Cairo", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]),
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-12-31")),
    st.integers(-3000, 3000),
)
def test_nobody_gets_it_in_the_past_or_more_than_a_day_late(zone: str, wall: datetime, minutes: int) -> None:
    launched = wall.replace(tzinfo=UTC) + timedelta(minutes=minutes)
    due = due_in(ZoneInfo(zone), wall, launched)
    assert due >= launched
    if minutes > 14 * 60:
        assert due - launched <= timedelta(hours=25) - LATE + timedelta(hours=7)
