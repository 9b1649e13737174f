"""How fast a transport may go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from newsletter.pace import DAY, HOUR, MINUTE, Limits, Rates, Window, allowance, used

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
CAPS = {1: 3, MINUTE: 40, HOUR: 500}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60)), max_size=60))
def test_no_window_ever_holds_more_than_its_limit(asked: list[tuple[int, int]]) -> None:
    windows: dict[int, Window] = {}
    now = NOW
    for seconds, wanted in asked:
        now += timedelta(seconds=seconds)
        left = allowance(CAPS, windows, now)
        assert left.number is not None
        taken = min(wanted, left.number)
        if taken == 0:
            assert left.until is not None
            assert left.until > now
            assert allowance(CAPS, windows, left.until).number or left.until < now + timedelta(hours=1)
        windows = {window: used(windows.get(window), window, taken, now) for window in CAPS}
        assert all(windows[window].used <= cap for window, cap in CAPS.items())


def test_no_limit_is_no_number() -> None:
    assert allowance({}, {}, NOW).number is None
    assert Limits().any is False
    assert Limits(per_day=3).any


def test_a_clock_that_was_put_back_stops_nobody_for_ever() -> None:
    ahead = {DAY: Window(NOW + timedelta(days=300), 5)}
    assert allowance({DAY: 5}, ahead, NOW).number == 5


@pytest.mark.parametrize(
    ("at", "until"),
    [("21:59", None), ("22:00", "07:00"), ("23:30", "07:00"), ("06:59", "07:00"), ("07:00", None)],
)
def test_quiet_hours_across_midnight_in_their_zone(at: str, until: str | None) -> None:
    limits = Limits(quiet="22:00-07:00", zone="Africa/Cairo")
    local = datetime.fromisoformat(f"2026-12-01T{at}:00+02:00")
    found = limits.quiet_until(local.astimezone(UTC))
    told = None if found is None else found.astimezone(local.tzinfo).strftime("%H:%M")
    assert told == until
    assert found is None or timedelta(0) < found - local <= timedelta(hours=9)


def test_quiet_hours_end_at_the_local_hour_though_the_clocks_change() -> None:
    limits = Limits(quiet="22:00-07:00", zone="Europe/Paris")
    night = datetime(2026, 10, 24, 21, 0, tzinfo=UTC)  # 23:00 in Paris, the night that has an hour more
    assert limits.quiet_until(night) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


def test_warm_up_grows_by_the_day_and_ends() -> None:
    limits = Limits(warm_up=[50, 100], warm_up_from=date(2026, 12, 1), per_day=80, zone="UTC")
    days = [datetime(2026, 11, 30, tzinfo=UTC) + timedelta(days=number) for number in range(4)]
    assert [limits.caps_at(day)[DAY] for day in days] == [50, 50, 80, 80]


def test_a_domain_has_its_own_limits_or_those_of_every_other() -> None:
    limits = Limits(domains={"gmail.com": Rates(per_minute=20), "*": Rates(per_minute=5)})
    assert limits.caps_of("gmail.com") == {MINUTE: 20}
    assert limits.caps_of("npf.example") == {MINUTE: 5}
    assert Limits().caps_of("npf.example") == {}


@pytest.mark.parametrize("wrong", [{"quiet": "25:00-07:00"}, {"per_day": 0}, {"per_month": 3}, {"quiet": "late"}])
def test_what_is_no_limit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(wrong)
