"""Rules on wall time become instants: over gaps, doubled hours, half-hour shifts and a skipped day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model.campaign import Recurrence
from newsletter.model.recurrence import RecurrenceError, firings, instant, is_monthly, key_of, next_firing, zone_of

DAILY = "FREQ=DAILY"


def some(number: int, zone: str, after: str, **recurrence: str) -> list[tuple[str, str]]:
    """Wall times and their instants."""
    found = firings(Recurrence(**recurrence), ZoneInfo(zone), datetime.fromisoformat(after).replace(tzinfo=UTC))
    return [(f"{each.wall:%Y-%m-%d %H:%M}", f"{each.at:%Y-%m-%d %H:%M}") for each in islice(found, number)]


@pytest.mark.parametrize(
    ("zone", "at", "after", "expected"),
    [
        # Cairo: forward at midnight on April's last Friday, back at midnight after October's last Thursday.
        ("Africa/Cairo", "00:30", "2026-04-23 00:00", [
            ("2026-04-24 00:30", "2026-04-23 22:00"),  # a gap: 01:00 is the first moment after
            ("2026-04-25 00:30", "2026-04-24 21:30"),
        ]),
        ("Africa/Cairo", "00:00", "2026-04-23 00:00", [
            ("2026-04-24 00:00", "2026-04-23 22:00"),
            ("2026-04-25 00:00", "2026-04-24 21:00"),
        ]),
        ("Africa/Cairo", "23:30", "2026-10-29 00:00", [
            ("2026-10-29 23:30", "2026-10-29 20:30"),  # doubled: the first
            ("2026-10-30 23:30", "2026-10-30 21:30"),
        ]),
        ("Europe/Zurich", "02:30", "2026-03-28 12:00", [
            ("2026-03-29 02:30", "2026-03-29 01:00"),
            ("2026-03-30 02:30", "2026-03-30 00:30"),
        ]),
        ("Europe/Zurich", "02:30", "2026-10-24 12:00", [
            ("2026-10-25 02:30", "2026-10-25 00:30"),
            ("2026-10-26 02:30", "2026-10-26 01:30"),
        ]),
        ("Europe/Zurich", "09:00", "2026-03-28 12:00", [
            ("2026-03-29 09:00", "2026-03-29 07:00"),
            ("2026-03-30 09:00", "2026-03-30 07:00"),
        ]),
        # Lord Howe moves by half an hour, at 02:00.
        ("Australia/Lord_Howe", "02:10", "2026-10-03 00:00", [
            ("2026-10-04 02:10", "2026-10-03 15:30"),
            ("2026-10-05 02:10", "2026-10-04 15:10"),
        ]),
        ("Australia/Lord_Howe", "01:40", "2026-04-04 00:00", [
            ("2026-04-05 01:40", "2026-04-04 14:40"),
            ("2026-04-06 01:40", "2026-04-05 15:10"),
        ]),
    ],
)  # fmt: skip
def test_wall_times_over_a_change_of_clocks(zone: str, at: str, after: str, expected: list[tuple[str, str]]) -> None:
    assert some(2, zone, after, rule=DAILY, at=at) == expected


def test_apia_skipped_a_whole_day() -> None:
    """2011-12-30 was not there: it fires at the first moment of the 31st."""
    found = some(3, "Pacific/Apia", "2011-12-29 12:00", rule=DAILY, at="09:00", start="2011-12-01")
    assert found == [
        ("2011-12-29 09:00", "2011-12-29 19:00"),
        ("2011-12-30 09:00", "2011-12-30 10:00"),
        ("2011-12-31 09:00", "2011-12-30 19:00"),
    ]


@pytest.mark.parametrize(
    ("at", "after", "expected"),
    [
        ("03:30", "2012-09-28 20:00", ["2012-09-29 14:00", "2012-09-30 13:30"]),  # forward at 03:00, to UTC+14
        ("03:30", "2012-03-31 10:00", ["2012-03-31 13:30", "2012-04-01 14:30"]),  # back at 04:00: the first
    ],
)
def test_apia_changes_its_clocks(at: str, after: str, expected: list[str]) -> None:
    found = some(2, "Pacific/Apia", after, rule=DAILY, at=at, start="2011-12-31")
    assert [utc for _, utc in found] == expected


def test_both_days_fire_where_a_skipped_midnight_meets_the_next() -> None:
    """Two days' issues fall on one instant; none is lost."""
    found = some(2, "Pacific/Apia", "2011-12-29 12:00", rule=DAILY, at="00:00", start="2011-12-01")
    assert found == [("2011-12-30 00:00", "2011-12-30 10:00"), ("2011-12-31 00:00", "2011-12-30 10:00")]


def test_the_first_tuesday_of_the_month() -> None:
    found = some(5, "Europe/Zurich", "2026-11-24 10:00", rule="FREQ=MONTHLY;BYDAY=1TU", at="09:00")
    assert found == [
        ("2026-12-01 09:00", "2026-12-01 08:00"),
        ("2027-01-05 09:00", "2027-01-05 08:00"),
        ("2027-02-02 09:00", "2027-02-02 08:00"),
        ("2027-03-02 09:00", "2027-03-02 08:00"),
        ("2027-04-06 09:00", "2027-04-06 07:00"),
    ]


def test_later_than_an_instant_means_later() -> None:
    rule = {"rule": "FREQ=MONTHLY;BYDAY=1TU", "at": "09:00"}
    assert some(1, "Europe/Zurich", "2026-12-01 07:59", **rule) == [("2026-12-01 09:00", "2026-12-01 08:00")]
    assert some(1, "Europe/Zurich", "2026-12-01 08:00", **rule) == [("2027-01-05 09:00", "2027-01-05 08:00")]


def test_a_single_date() -> None:
    assert some(2, "Africa/Abidjan", "2026-11-24 10:00", at="2026-12-08 09:00") == [
        ("2026-12-08 09:00", "2026-12-08 09:00")
    ]
    assert some(2, "Africa/Abidjan", "2026-12-08 09:00", at="2026-12-08 09:00") == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["2026-11-25", "2026-11-26"]),
        ("FREQ=DAILY;UNTIL=20261126", ["2026-11-25", "2026-11-26"]),  # the last day is meant, too
        ("FREQ=DAILY;UNTIL=20261126T080000", ["2026-11-25"]),
        ("RRULE:freq=weekly;byday=we;interval=2", ["2026-11-25", "2026-12-09"]),
    ],
)
def test_ends_and_intervals_count_from_the_start(rule: str, expected: list[str]) -> None:
    found = some(2, "Europe/Zurich", "2026-11-24 10:00", rule=rule, at="09:00", start="2026-11-24")
    assert [wall[:10] for wall, _ in found] == expected


def test_a_29th_of_february_is_found_years_ahead() -> None:
    rule = {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "at": "09:00"}
    assert some(1, "UTC", "2028-03-01 00:00", **rule) == [("2032-02-29 09:00", "2032-02-29 09:00")]


@given(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"]),
    st.integers(0, 3000),
)
def test_rules_are_as_if_counted_from_their_very_start(rule: str, days: int) -> None:
    """Although long rules are not counted from there each time."""
    after = datetime(2020, 6, 1, tzinfo=UTC) + timedelta(days=days)
    expected = rrulestr(rule, dtstart=datetime.fromisoformat("2020-01-01 09:00")).after(after.replace(tzinfo=None))
    found = next_firing(Recurrence(rule=rule), ZoneInfo("UTC"), after)
    assert found is not None
    assert found.wall == expected


def test_a_day_that_never_comes_is_no_firing() -> None:
    assert some(1, "UTC", "2026-11-24 00:00", rule="FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2") == []


@pytest.mark.parametrize(
    ("recurrence", "says"),
    [
        ({"rule": "every month"}, "no RFC 5545 rule"),
        ({"rule": ""}, "no RFC 5545 rule"),
        ({"rule": "BYDAY=1TU"}, "it has no FREQ"),
        ({"rule": "FREQ=MONTHLY;BYDAY=1XX"}, "BYDAY"),
        ({"rule": "FREQ=HOURLY"}, "at most once a day"),
        ({"rule": "FREQ=DAILY;BYHOUR=9,17"}, "stands in `at:`"),
        ({"rule": "FREQ=DAILY;INTERVAL=0"}, "INTERVAL"),
        ({"rule": "FREQ=DAILY;INTERVAL=x"}, "INTERVAL"),
        ({"rule": "FREQ=DAILY;BYMONTHDAY=30"}, "MONTHLY or YEARLY"),
        ({"rule": "FREQ=DAILY;UNTIL=20261231T000000Z"}, "without Z"),
        ({"rule": "FREQ=DAILY;UNTIL=soon"}, "no RFC 5545 rule"),
        ({"rule": "DTSTART:20260101T090000\nRRULE:FREQ=DAILY"}, "start:"),
        ({"rule": "FREQ=WEEKLY"}, "needs `start:`"),  # else it would be a Wednesday, as 2020 began
        ({"rule": "FREQ=WEEKLY;BYDAY=TU;INTERVAL=2"}, "needs `start:`"),
        ({"rule": DAILY, "at": "9 o'clock"}, "time of day"),
        ({"rule": DAILY, "at": "09:00+01:00"}, "time of day"),
        ({"rule": DAILY, "start": "soon"}, "start:"),
        ({"at": "09:00"}, "date and time"),
        ({"at": "2026-12-08"}, "date and time"),
    ],
)
def test_what_cannot_be_read_is_said(recurrence: dict[str, str], says: str) -> None:
    with pytest.raises(RecurrenceError) as raised:
        next_firing(Recurrence(**recurrence), ZoneInfo("UTC"), datetime(2026, 11, 24, tzinfo=UTC))
    assert says in str(raised.value)


@pytest.mark.parametrize("name", ["Europe/Zürich", "Europe", "CET+1", "../zone", ""])
def test_a_zone_that_is_not_there(name: str) -> None:
    if name:
        with pytest.raises(RecurrenceError, match="Europe/Zurich"):
            zone_of(Recurrence(zone=name), "UTC")
    else:
        assert zone_of(Recurrence(zone=None), "Europe/Zurich").key == "Europe/Zurich"


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("FREQ=MONTHLY;BYDAY=1TU", "2026-12"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-12"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-12-01"),  # twice a month: two issues, two keys
        ("FREQ=MONTHLY;BYDAY=TU", "2026-12-01"),
        ("FREQ=WEEKLY;BYDAY=TU", "2026-12-01"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1", "2026-12-01"),
        (None, "2026-12-01"),
    ],
)
def test_keys(rule: str | None, key: str) -> None:
    recurrence = Recurrence(rule=rule) if rule else Recurrence(at="2026-12-01 09:00")
    assert key_of(recurrence, date(2026, 12, 1)) == key
    assert is_monthly(recurrence) is (key == "2026-12")


ZONES = ["Africa/Cairo", "Europe/Zurich", "Pacific/Apia", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"]
ZONES += ["Africa/Casablanca", "America/St_Johns", "Antarctica/Troll", "UTC"]
MINUTES = st.integers(0, 16 * 365 * 24 * 60).map(
    lambda minutes: datetime.fromisoformat("2020-01-01") + timedelta(minutes=minutes)
)


@given(st.sampled_from(ZONES), MINUTES)
def test_every_wall_time_is_one_instant_at_which_clocks_show_it_or_have_just_passed_it(
    zone_name: str, wall: datetime
) -> None:
    zone = ZoneInfo(zone_name)
    at = instant(wall, zone)
    shown = at.astimezone(zone).replace(tzinfo=None)
    earlier = [at - timedelta(minutes=minutes) for minutes in range(1, 181)]
    assert shown >= wall
    # and never before: it is the first such moment
    assert all(each.astimezone(zone).replace(tzinfo=None) != wall for each in earlier)
    if shown != wall:
        assert (at - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None) < wall


@settings(max_examples=50)
@given(st.sampled_from(ZONES), MINUTES, st.sampled_from([DAILY, "FREQ=WEEKLY;BYDAY=MO,TH,SU"]))
def test_firings_increase_and_do_not_depend_on_where_one_starts(zone_name: str, start: datetime, rule: str) -> None:
    zone, after = ZoneInfo(zone_name), start.replace(tzinfo=UTC)
    recurrence = Recurrence(rule=rule, at=f"{start:%H:%M}")
    found = list(islice(firings(recurrence, zone, after), 40))
    assert all(one.at < two.at and one.wall < two.wall for one, two in pairwise(found))
    assert len({each.wall for each in found}) == 40
    assert list(islice(firings(recurrence, zone, found[9].at), 30)) == found[10:]
