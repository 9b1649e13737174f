"""Manuscripts, recipients and results as JSON, for the process that renders (service.py). No pickle: what comes back
from a process that ran foreign templates is data, nothing that could run here.

Values that JSON lacks are objects with one key that begins with `$`: $html, $date, $datetime, $time, $body, $strings;
a mapping that has such a key itself is written as $map.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from newsletter.errors import Problem
from newsletter.i18n import Listed, Said, said
from newsletter.message import serial
from newsletter.message.parts import CompiledLanguage
from newsletter.model.fields import CORE, Field, Fields, FieldType
from newsletter.model.recipient import Recipient
from newsletter.rendering.manuscript import Body, Manuscript, Source, Strings, Templates

_ASKED = re.compile(r"%\((\w+)\)")
_PLAIN = re.compile(r"(?:[^%]|%%|%\(\w+\)[rs])*")  # a pattern that asks for no width


def encode(value: Any) -> Any:
    """Plain data as JSON-able values; TypeError for anything else."""
    match value:
        case Markup():
            return {"$html": str(value)}
        case None | str() | bool() | int() | float():
            return value
        case datetime():
            zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
            return {"$datetime": [value.isoformat(), zone]}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case Body():
            return {"$body": [value.source, encode(dict(value.context))]}
        case Strings():
            return {"$strings": dict(value.strings)}
        case Mapping():
            coded = {str(name): encode(each) for name, each in value.items()}
            return {"$map": coded} if any(name.startswith("$") for name in coded) else coded
        case list() | tuple():
            return [encode(each) for each in value]
    raise TypeError(f"templates get plain data only, and {type(value).__name__} is none")


def decode(value: Any) -> Any:
    match value:
        case list():
            return [decode(each) for each in value]
        case {"$html": text}:
            return Markup(text)  # noqa: S704 (encoded from Markup)
        case {"$datetime": [text, zone]}:
            moment = datetime.fromisoformat(text)
            return moment.astimezone(ZoneInfo(zone)) if zone else moment
        case {"$date": text}:
            return date.fromisoformat(text)
        case {"$time": text}:
            return time.fromisoformat(text)
        case {"$body": [source, context]}:
            return Body(source, decode(context))
        case {"$strings": strings}:
            return Strings(strings)
        case {"$map": coded}:
            return {name: decode(each) for name, each in coded.items()}
        case dict():
            return {name: decode(each) for name, each in value.items()}
    return value


def manuscript_to_json(manuscript: Manuscript) -> dict[str, Any]:
    templates = manuscript.templates
    core = {field.path for field in CORE}
    return {
        "sources": {name: _source_to_json(source) for name, source in templates.sources.items()},
        "names": [templates.html, templates.text],
        "subject": _source_to_json(templates.subject),
        "preview": _source_to_json(templates.preview),
        "context": {name: encode(value) for name, value in manuscript.context.items()},
        "own": [[each.owner, each.name, each.type] for each in manuscript.fields if each.path not in core],
        "language": manuscript.language,
        "personal": list(manuscript.personal),
    }


def manuscript_from_json(data: dict[str, Any]) -> Manuscript:
    html, text = data["names"]
    templates = Templates(
        sources={name: _source_from_json(source) for name, source in data["sources"].items()},
        html=html,
        text=text,
        subject=_source_from_json(data["subject"]),
        preview=_source_from_json(data["preview"]),
    )
    return Manuscript(
        templates=templates,
        context={name: decode(value) for name, value in data["context"].items()},
        fields=Fields(tuple(Field(owner, name, FieldType(type_), own=True) for owner, name, type_ in data["own"])),
        language=data["language"],
        personal=tuple(data["personal"]),
    )


def _source_to_json(source: Source | str) -> Any:
    return source if isinstance(source, str) else [source.text, source.file, list(source.lines), source.staff]


def _source_from_json(data: Any) -> Source | str:
    return data if isinstance(data, str) else Source(data[0], data[1], tuple(data[2]), data[3])


def recipients_to_json(recipients: Sequence[Recipient]) -> list[Any]:
    """Of a recipient only what templates see, and the label; no address."""
    return [[encode(each.contact), encode(each.institution), each.contact_id, each.label] for each in recipients]


def recipients_from_json(data: list[Any]) -> list[Recipient]:
    return [
        Recipient(decode(contact), decode(institution), contact_id=id_, label=label)
        for contact, institution, id_, label in data
    ]


def compiled_to_json(compiled: CompiledLanguage) -> dict[str, Any]:
    return serial.language(compiled) | {"complete": compiled.complete}


def compiled_from_json(data: dict[str, Any]) -> CompiledLanguage:
    known = serial.from_language(data)
    return CompiledLanguage(known.language, known.fields, known.tree, known.variants, complete=data["complete"])


def problems_to_json(problems: Sequence[Problem]) -> list[Any]:
    return [[sentence_to_json(each.message), each.file, each.line, each.column] for each in problems]


def problems_from_json(data: list[Any]) -> list[Problem]:
    return [Problem(sentence_from_json(message), file, line, column) for message, file, line, column in data]


def sentence_to_json(text: str) -> Any:
    """What `say` made as its pattern and what stands in it; what is no sentence within it as text."""
    if not isinstance(text, Said):
        return text
    values = {name: _value_to_json(each) for name, each in text.values.items()}
    return [text.pattern, text.plural, values]


def _value_to_json(value: Any) -> Any:
    match value:
        case Listed():
            return {"listed": [_value_to_json(each) for each in value], "word": value.word}
        case Said():
            return sentence_to_json(value)
        case bool() | int() | None:
            return value
    return str(value)


def sentence_from_json(data: Any) -> str:
    match data:
        case [str(pattern), "", dict(values)] if not values:  # it may have a % that asks for nothing
            return said(pattern, "", {})
        case [str(pattern), str(plural), dict(values)] if _can_be_said(pattern, plural, values):
            return said(pattern, plural, {name: _value_from_json(each) for name, each in values.items()})
    return str(data)


def _can_be_said(pattern: str, plural: str, values: dict[str, Any]) -> bool:
    """The other side may have been taken over: no pattern asks for a width, or for what is not there."""
    counts = not plural or isinstance(values.get("num"), int)
    plain = _PLAIN.fullmatch(pattern) and _PLAIN.fullmatch(plural)
    return bool(plain) and counts and set(_ASKED.findall(pattern + plural)) <= values.keys()


def _value_from_json(data: Any) -> Any:
    match data:
        case {"listed": list(values), "word": str(word)}:
            return Listed(map(_value_from_json, values), word)
        case list():
            return sentence_from_json(data)
    return data
