"""What templates may do with a recipient's values: the filters (operators.py: operators and tests).

The sandbox registers these very functions, so a plain render and a splice cannot differ. Each is pure, and none raises
for a value that a field can hold (text, number, true or false, ISO date, list, or none): an empty or unfit value gives
an empty or unchanged result, because nobody is there to mend a template while a message is being sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from functools import lru_cache, partial
from math import ceil, floor, isfinite
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from newsletter import i18n

Function = Callable[..., Any]


def is_empty(value: Any) -> bool:
    """What counts as "no value" for staff: none, the empty text, the empty list."""
    return value is None or value == "" or value == []


def text_of(value: Any) -> str:
    """A value as it is printed; none is nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(text_of, value))
    return str(value)


# Texts


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    return default_value if is_empty(value) or (boolean and not value) else value


def upper(value: Any) -> str:
    return text_of(value).upper()


def lower(value: Any) -> str:
    return text_of(value).lower()


def capitalize(value: Any) -> str:
    return text_of(value).capitalize()


_WORD = re.compile(r"[^\s\-({\[<]+")


def title(value: Any) -> str:
    """The first letter of each word in capitals: `o'neill-smith` -> `O'neill-Smith`."""
    text = text_of(value)
    done = _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), str(text))
    return Markup(done) if isinstance(text, Markup) else done  # noqa: S704 (it was HTML before)


def trim(value: Any, chars: str | None = None) -> str:
    return text_of(value).strip(chars)


def replace(value: Any, old: Any, new: Any, count: int = -1) -> str:
    return text_of(value).replace(text_of(old), text_of(new), count)


def truncate(value: Any, length: int = 255, killwords: bool = False, end: str = "…", leeway: int = 0) -> str:
    """At most `length` characters, cut at a word unless `killwords`."""
    text = text_of(value)
    if len(text) <= length + leeway:
        return text
    cut = text[: max(length - len(end), 0)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + end


def string(value: Any) -> str:
    return text_of(value)


def escaped(value: Any) -> Markup:
    return escape(text_of(value))


# Lists


def join(value: Any, d: Any = "", attribute: str | None = None) -> str:
    """The items side by side; empty ones are left out, so that a missing title leaves no blank."""
    items = [_attribute(item, attribute) for item in items_of(value)]
    kept = [item for item in items if not is_empty(item)]
    if any(hasattr(item, "__html__") for item in (d, *kept)):
        return escape(text_of(d)).join(text_of(item) for item in kept)
    return text_of(d).join(map(text_of, kept))


def items_of(value: Any) -> Iterable[Any]:
    """The items of a list, the letters of a text; none has none."""
    if value is None:
        return ()
    return value if isinstance(value, Iterable) else (value,)


def _attribute(item: Any, path: str | None) -> Any:
    for name in path.split(".") if path else ():
        item = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
    return item


def first(value: Any) -> Any:
    return next(iter(items_of(value)), None)


def last(value: Any) -> Any:
    items = list(items_of(value))
    return items[-1] if items else None


def length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else len(list(items_of(value)))


# Numbers


def integer(value: Any, default: Any = 0) -> Any:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        number = floating(value, None)
        return default if number is None or not isfinite(number) else int(number)


def floating(value: Any, default: Any = 0.0) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return default


def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
    number = floating(value, None)
    if number is None or not isfinite(number):
        return None
    if method == "common":
        return round(number, precision)
    step = 10.0**precision
    return {"ceil": ceil, "floor": floor}[method](number * step) / step


def absolute(value: Any) -> Any:
    return abs(value) if isinstance(value, (int, float)) else value


# Addresses


def urlencode(value: Any) -> str:
    """Percent-encoded for a link; a mapping or a list of pairs becomes a query string."""
    if isinstance(value, Mapping):
        value = list(value.items())
    if isinstance(value, (list, tuple)) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in value):
        return "&".join(f"{quote_plus(text_of(name))}={quote_plus(text_of(each))}" for name, each in value)
    return quote(text_of(value).encode("utf-8", "replace"), safe="/")


def url(value: Any, fallback: str = "") -> str:
    """A whole web address from a field, made safe for a link: only http and https, with a host; else the fallback."""
    text = text_of(value).strip()
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    return quote(text.encode("utf-8", "replace"), safe="/:?&=#%+,;@!$~*()[]-._") if good else fallback


# Dates, numbers and names in the message's language


_STYLES = ("short", "medium", "long", "full")


def moment(value: Any) -> date | datetime | time | None:
    """The date or time that ISO text stands for."""
    if isinstance(value, (date, datetime, time)):
        return value
    for read in (date.fromisoformat, datetime.fromisoformat, time.fromisoformat):
        try:
            return read(value)
        except (TypeError, ValueError):
            continue
    return None


def _date(value: Any, style: str = "long", *, locale: Locale) -> str:
    """A date in words: short, medium, long, full, or a pattern such as "d MMMM"."""
    found = moment(value)
    if found is None or isinstance(found, time):
        return text_of(value)
    return _ordinal(str(format_date(found, style, locale=locale)), found, locale)


def _ordinal(shown: str, day: date, locale: Locale) -> str:
    """French writes the first of a month as 1er, which Babel does not: 1er janvier."""
    if locale.language != "fr" or day.day != 1:
        return shown
    return re.sub(r"(?<!\d)1(?= [^\W\d])", "1er", shown)


def _time(value: Any, style: str = "short", *, locale: Locale) -> str:
    """The time of day, as the clock shows it where the event is."""
    found = moment(value)
    if not isinstance(found, (datetime, time)):
        return "" if isinstance(found, date) else text_of(value)
    zone = found.tzinfo if isinstance(found, datetime) else None
    return str(format_time(found, style, tzinfo=zone, locale=locale))


def _datetime(value: Any, style: str = "long", *, locale: Locale) -> str:
    found = moment(value)
    if not isinstance(found, datetime):
        return _date(value, style, locale=locale)
    if style not in _STYLES:
        return str(format_datetime(found, style, tzinfo=found.tzinfo, locale=locale))
    day, clock = _date(found, style, locale=locale), _time(found, locale=locale)
    pattern = str(locale.datetime_formats.get(style) or "{1} {0}")
    return pattern.replace("'", "").replace("{0}", clock).replace("{1}", day)


def _number(value: Any, places: int | None = None, *, locale: Locale) -> str:
    """Digits grouped as the language does; `places` fixes the decimals."""
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else floating(value, None)
    if number is None or not isfinite(number):
        return text_of(value)
    pattern = None if places is None else "#,##0" + ("." + "0" * places if places > 0 else "")
    try:
        return str(format_decimal(number, format=pattern, locale=locale))
    except ArithmeticError:  # Babel has no room for more than 28 digits
        return text_of(value)


def _country_name(value: Any, *, locale: Locale) -> str:
    code = text_of(value)
    return str(locale.territories.get(code.upper(), code))


def _language_name(value: Any, *, locale: Locale) -> str:
    tag = text_of(value)
    try:
        return str(Locale.parse(i18n.normalise(tag), sep="-").get_display_name(locale) or tag)
    except (ValueError, LookupError):
        return tag


_PLAIN: dict[str, Function] = {
    "default": default,
    "d": default,
    "upper": upper,
    "lower": lower,
    "title": title,
    "capitalize": capitalize,
    "trim": trim,
    "replace": replace,
    "truncate": truncate,
    "string": string,
    "escape": escaped,
    "e": escaped,
    "join": join,
    "first": first,
    "last": last,
    "length": length,
    "count": length,
    "int": integer,
    "float": floating,
    "round": rounded,
    "abs": absolute,
    "urlencode": urlencode,
    "url": url,
}
_LOCAL: dict[str, Function] = {
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "number": _number,
    "country_name": _country_name,
    "language_name": _language_name,
}
FILTER_NAMES = frozenset({*_PLAIN, *_LOCAL})


@lru_cache(maxsize=64)
def filters(language: str) -> Mapping[str, Function]:
    """All filters for recipients' values, by the name that templates use, speaking this language."""
    locale = i18n.locale(language)
    # Babel takes 20 to 50 µs a date, and a list has few different ones.
    spoken = {
        name: lru_cache(maxsize=1024, typed=True)(partial(function, locale=locale)) for name, function in _LOCAL.items()
    }
    return {**_PLAIN, **{name: _hashable_first(function) for name, function in spoken.items()}}


def _hashable_first(function: Function) -> Function:
    """Lists cannot be looked up in a cache; they are said as text."""

    def spoken(value: Any, *args: Any, **kwargs: Any) -> Any:
        return function(text_of(value) if isinstance(value, list) else value, *args, **kwargs)

    return spoken
