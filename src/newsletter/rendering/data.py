"""The data as templates see it: plain values, and the recipient's records with checked names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from jinja2 import StrictUndefined

from newsletter.errors import nearest
from newsletter.i18n import say
from newsletter.model.fields import Fields
from newsletter.rendering.manuscript import PERSONAL_LINKS, Body, Fault, Strings


class Record(dict[str, Any]):
    """A mapping of the data; never holds a recipient's value."""


class Rows(list[Any]):
    """A list of the data; never holds a recipient's value."""


class Owner:
    """`contact` or `institution`: field access, checked against the registry."""

    def __init__(self, name: str, fields: Fields, read: Callable[[str], Any]) -> None:
        self._name, self._fields, self._read = name, fields, read

    def get(self, field: str) -> Any:
        return self._read(self._fields[f"{self._name}.{field}"].path)

    def __str__(self) -> str:
        raise Fault(say("%(name)r is a whole record; print one of its fields", name=self._name))

    __html__ = __str__


class LinkNames:
    """`links`: the personal ones are read from the recipient, the others are plain values.

    A personal link that this message does not have (unsubscribing from a statutory notice) is none.
    """

    def __init__(self, personal: Sequence[str], others: Mapping[str, Any], read: Callable[[str], Any]) -> None:
        self._personal, self._others, self._read = personal, others, read

    def get(self, name: str) -> Any:
        if name in self._personal:
            return self._read(name)
        if name in self._others or name in PERSONAL_LINKS:
            return self._others.get(name)
        raise Fault(
            say(
                "There is no link %(name)r here: %(hint)s",
                name=name,
                hint=nearest(name, [*PERSONAL_LINKS, *self._others]),
            )
        )

    def __str__(self) -> str:
        raise Fault(say("'links' holds several links; print one of them"))

    __html__ = __str__


class Missing(StrictUndefined):
    """Undefined, with the nearest name."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, Record) and isinstance(self._undefined_name, str):
            return say(
                "There is no %(name)r here: %(hint)s",
                name=self._undefined_name,
                hint=nearest(self._undefined_name, self._undefined_obj),
            )
        return str(super()._undefined_message)


def plain_data(value: Any, name: str) -> Any:
    """The data as templates get it: only plain values, so that no template can reach a method of ours."""
    if value is None or isinstance(value, (str, bool, int, float, date, datetime, time, Strings)):
        return value
    if isinstance(value, Mapping):
        return Record({str(key): plain_data(each, f"{name}.{key}") for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return Rows(plain_data(each, f"{name}[{number}]") for number, each in enumerate(value))
    if isinstance(value, Body):
        return Body(value.source, plain_data(value.context, name))
    raise TypeError(
        say("templates get plain data only, and %(name)s is %(kind)s", name=name, kind=type(value).__name__)
    )
