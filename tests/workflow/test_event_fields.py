"""The fields of an event: read with a sentence for each mistake, shown again, and only what changed is written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from newsletter.gathering.frontmatter import EventFront
from newsletter.workflow.content.event_fields import FieldsWrong, changed, read_event, shown

FORM = {
    "start": "2026-12-05",
    "start_time": "14:00",
    "end": "2026-12-06",
    "zone": "Europe/Paris",
    "place": "Lyon",
    "registration": "https://a.example/join",
    "deadline": "2026-12-01",
    "spoken.fr": "on",
    "spoken.pt-br": "on",
}
EVENT = EventFront(
    start=datetime(2026, 12, 5, 14),  # noqa: DTZ001 (local, in its zone)
    end=date(2026, 12, 6),
    zone="Europe/Paris",
    place="Lyon",
    registration="https://a.example/join",
    deadline=date(2026, 12, 1),
    languages=["fr", "pt-BR"],
)


def test_days_and_times_are_read_and_shown_again() -> None:
    assert read_event(FORM) == EVENT
    assert read_event({name: value for name, value in shown(EVENT).items() if value}) == EVENT
    assert read_event({"zone": "Europe/Paris", "place": " "}) is None
    assert read_event({"start": "2026-12-05T14:00"}) == EventFront(start=datetime(2026, 12, 5, 14))  # noqa: DTZ001
    abroad = EventFront(start=datetime(2026, 12, 5, 13, tzinfo=UTC), zone="Europe/Paris")
    assert shown(abroad)["start_time"] == "14:00"


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"start": ""}, {"start"}),
        ({"start": "", "start_time": ""}, {"start"}),
        ({"start": "5.12.2026"}, {"start"}),
        ({"start_time": "25:00"}, {"start"}),
        ({"end": "2026-12-04"}, {"end"}),
        ({"end": "2026-12-05", "end_time": "13:00"}, {"end"}),
        ({"end": "", "end_time": "13:00"}, {"end"}),
        ({"deadline": "2026-12-07"}, {"deadline"}),
        ({"zone": "Paris", "registration": "javascript:alert(1)"}, {"zone", "registration"}),
        ({"zone": "../../etc/passwd"}, {"zone"}),
        ({"spoken.<b>": "on"}, {"languages"}),
    ],
)
def test_each_field_says_what_is_wrong_with_it(typed: dict[str, str], fields: set[str]) -> None:
    with pytest.raises(FieldsWrong) as found:
        read_event(FORM | typed)
    assert set(found.value.fields) == fields
    assert len(found.value.problems) == len(fields)


def test_only_what_is_other_is_written() -> None:
    assert changed(EVENT, EVENT) == {}
    later = EVENT.model_copy(update={"start": datetime(2026, 12, 5, 15, 30), "place": "", "end": None})  # noqa: DTZ001
    assert changed(EVENT, later) == {"start": "2026-12-05T15:30", "end": None, "place": None}
    assert changed(EVENT, EVENT.model_copy(update={"languages": []})) == {"languages": None}
    assert changed(None, EventFront(start=date(2026, 12, 5))) == {"start": date(2026, 12, 5), "zone": "UTC"}
