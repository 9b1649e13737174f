"""What makes an article an event, as a form has it: read with a sentence for each field, shown, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.frontmatter import EventFront
from newsletter.gathering.linking import web_address
from newsletter.i18n import normalise, say
from newsletter.workspace.curating import one_line

MOMENTS = ("start", "end", "deadline")
TEXTS = ("zone", "place", "registration")
OF_ONE = ("place", "registration")  # what each language may say in its own way; all else holds for every language
SPOKEN = "spoken."  # the beginning of the names of the fields for languages


class FieldsWrong(ProblemsFound):
    """What is wrong with a form, by field; nothing was done."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(map(Problem, fields.values()))


def read_event(form: Mapping[str, str]) -> EventFront | None:
    """None where the form names no event. FieldsWrong says all that is wrong."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {name: _moment(form, name, wrong) for name in MOMENTS}
    values |= {name: one_line(form.get(name, "")) for name in TEXTS}
    values["languages"] = _languages(form, wrong)
    if not wrong and not any(value for name, value in values.items() if name != "zone"):
        return None
    if not values["start"] and "start" not in wrong:
        wrong["start"] = say("Enter when the event starts.")
    if values["zone"] and values["zone"] not in available_timezones():
        wrong["zone"] = say("%(value)r is no time zone such as Europe/Zurich", value=values["zone"])
    if values["registration"] and web_address(values["registration"]) is None:
        url = values["registration"]
        wrong["registration"] = say("%(url)r is no address of a web page: it begins with https://", url=url)
    wrong |= _order(values)
    if wrong:
        raise FieldsWrong({name: wrong[name] for name in (*MOMENTS, *TEXTS, "languages") if name in wrong})
    return EventFront(**{name: value for name, value in values.items() if value})


def shown(event: EventFront | None) -> dict[str, str]:
    """As the fields of a form: days and times of the event's own zone."""
    if event is None:
        return {}
    fields = {"zone": event.zone, "place": event.place, "registration": event.registration or ""}
    for name in MOMENTS:
        value = _local(getattr(event, name), event.zone)
        fields[name] = f"{value:%Y-%m-%d}" if value else ""
        fields[f"{name}_time"] = f"{value:%H:%M}" if isinstance(value, datetime) else ""
    return fields | {f"{SPOKEN}{tag}": "on" for tag in event.languages}


def changed(before: EventFront | None, after: EventFront) -> dict[str, Any]:
    """What is other now, as it is written into a file; None takes a value out."""
    old, new = shown(before), shown(after)
    names = [name for name in TEXTS if old.get(name) != new[name]]
    names += [name for name in MOMENTS if any(old.get(each) != new[each] for each in (name, f"{name}_time"))]
    values = {name: _written(getattr(after, name)) for name in sorted(names, key=list(EventFront.model_fields).index)}
    if before is None or before.languages != after.languages:
        values["languages"] = list(after.languages) or None
    return values if before else {name: value for name, value in values.items() if value is not None}


def _written(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M}" if isinstance(value, datetime) else value or None


def _local(value: date | datetime | None, zone: str) -> date | datetime | None:
    return value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) and value.tzinfo else value


def _moment(form: Mapping[str, str], name: str, wrong: dict[str, str]) -> date | datetime | None:
    """A day, or a day with a time (in one field, or in two)."""
    day, _, inner = form.get(name, "").strip().partition("T")
    clock = inner or form.get(f"{name}_time", "").strip()
    if clock and not day:
        wrong[name] = say("Enter the day as well as the time.")
    if not day:
        return None
    try:
        at = date.fromisoformat(day)
        return datetime.combine(at, time.fromisoformat(clock).replace(second=0, tzinfo=None)) if clock else at
    except ValueError:
        wrong[name] = say("Enter the day like 2026-12-05 and the time like 14:00.")
        return None


def _languages(form: Mapping[str, str], wrong: dict[str, str]) -> list[str]:
    tags = [name.removeprefix(SPOKEN) for name, value in form.items() if name.startswith(SPOKEN) and value]
    try:
        return list(dict.fromkeys(map(normalise, tags)))
    except ValueError as error:
        wrong["languages"] = error.args[0]
        return []


def _order(values: Mapping[str, Any]) -> dict[str, str]:
    start, end, deadline = (values[name] for name in MOMENTS)
    wrong: dict[str, str] = {}
    if start and end and _before(end, start):
        wrong["end"] = say("The event ends before it starts.")
    if deadline and (last := end or start) and _before(last, deadline):
        wrong["deadline"] = say("Registration would end after the event.")
    return wrong


def _before(one: date | datetime, other: date | datetime) -> bool:
    """By the clock where both have one, else by the day."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one < other
    return _day(one) < _day(other)


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
