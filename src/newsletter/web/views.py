"""Pages from templates: one environment, with icons, words in the reader's language, dates and numbers by Babel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lucide.jinja import lucide
from markupsafe import Markup

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.i18n import Listed, Moment, Number, Said, Tongue, direction, locale, say, told
from newsletter.web.recalled import recalled

WEB = Path(__file__).parent
DIST = WEB / "dist"
LANGUAGES = {"en": "English", "fr": "Français"}  # of the studio
COLON = say(": ")  # French has a space before it, too


@dataclass
class Views:
    """The templates below one folder."""

    folder: str  # studio or public

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        return self._environment(language).get_template(template).render(values)

    @lru_cache(maxsize=16)  # noqa: B019 (one object a process)
    def _environment(self, language: str) -> Environment:
        made = Environment(
            loader=FileSystemLoader(WEB / self.folder / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
            finalize=partial(said, language),
        )
        made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
        made.filters |= {name: partial(each, locale(language)) for name, each in FILTERS.items()}
        made.filters["said"] = partial(said, language)
        made.filters["kept"] = lambda text: said(language, recalled(text or ""))
        made.globals |= {
            "icon": icon,
            "built": built,
            "language": language,
            "colon": said(language, COLON),
            "dir": direction(language),
            "direction": direction,
        }
        return made

    def __hash__(self) -> int:
        return hash(self.folder)


@lru_cache(maxsize=256)
def icon(name: str, size: int = 18, label: str = "") -> Markup:
    """A Lucide icon; it is for the eye only unless it has a label."""
    attributes = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return Markup(lucide(name, size=size, **attributes))  # noqa: S704 (drawn by the package)


@lru_cache(maxsize=32)
def built(name: str) -> str:
    """The address of a built script or style, with the hash of its bytes, so that it may be kept for ever."""
    digest = hashlib.sha256((DIST / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


# Words


@lru_cache(maxsize=8)
def catalogue(language: str) -> Catalog:
    """The translations of a language; English is what the templates say."""
    file = WEB / "locales" / f"{language}.po"
    if not file.is_file():
        return Catalog(locale=locale(language))
    with open(file, "rb") as stream:
        return read_po(stream, locale=str(locale(language)))


@lru_cache(maxsize=8)
def translations(language: str) -> GNUTranslations:
    """The catalogue with the plural rule of its language; what it lacks stays English."""
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def said(language: str, value: Any) -> Any:
    """What Python code said, in this language: a sentence, an error, a problem. Anything else stays what it is."""
    if isinstance(value, ProblemsFound):
        return "\n".join(said(language, each) for each in value.problems)
    if isinstance(value, Problem):
        message = said(language, value.message)
        return f"{value.place}: {message}" if value.place else message
    if isinstance(value, NewsletterError):
        value = told(value)
        value = value if isinstance(value, Said) else recalled(value)
    if not isinstance(value, Said):
        return value
    words = translations(language)
    return value.within(words.gettext, words.ngettext, partial(_shown, locale(language)))


def _shown(where: Locale, value: Any) -> Any:
    """What stands in a sentence, as this page writes it."""
    match value:
        case Number():
            return _number(where, int(value))
        case Tongue():
            return str(where.languages.get(value, value))
        case Moment():
            return _when(where, value.at.replace(tzinfo=ZoneInfo(value.zone)), value.zone)
        case Listed():
            return _listed(where, value)
        case _:
            return value


def _listed(where: Locale, values: Listed) -> str:
    if not values.word:
        return ", ".join(map(str, values))
    return format_list([str(each) for each in values], "standard" if values.word == "and" else "or", locale=where)


# Dates and numbers


def _when(where: Locale, at: datetime | None, zone: str = "UTC") -> str:
    """`Thu 3 Dec 2026, 15:05 Europe/Paris (UTC+01:00)`: a moment with its zone, as every screen names it."""
    if at is None:
        return "–"
    local = at.astimezone(ZoneInfo(zone))
    offset = f"{local:%z}"
    text = format_datetime(local, "EEE d MMM y, HH:mm", locale=where)
    return f"{text} {zone} (UTC{offset[:3]}:{offset[3:]})"


def _short(where: Locale, at: datetime | None, zone: str = "UTC") -> str:
    return "–" if at is None else format_datetime(at.astimezone(ZoneInfo(zone)), "d MMM y, HH:mm", locale=where)


def _clock(where: Locale, at: datetime, zone: str = "UTC") -> str:
    return format_time(at.astimezone(ZoneInfo(zone)), "HH:mm:ss", locale=where)


def _day(where: Locale, day: date | None) -> str:
    return "–" if day is None else format_date(day, "d MMM y", locale=where)


def _number(where: Locale, value: float) -> str:
    return format_decimal(value, locale=where)


def _percent(where: Locale, value: float) -> str:
    return format_percent(value, locale=where)


def _language(where: Locale, tag: str) -> str:
    """The name of a language in the reader's."""
    name = str(where.languages.get(tag) or where.languages.get(tag.split("-")[0], tag))
    return name[:1].upper() + name[1:]


def _country(where: Locale, code: str | None) -> str:
    return "" if code is None else str(where.territories.get(code, code))


FILTERS: dict[str, Callable[..., str]] = {
    "when": _when,
    "short": _short,
    "clock": _clock,
    "day": _day,
    "number": _number,
    "percent": _percent,
    "language": _language,
    "country": _country,
}
