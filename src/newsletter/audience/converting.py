"""Cells into values: one small function a type, chosen once per column; a ValueError says why a cell is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache, partial
from zoneinfo import available_timezones

from newsletter import i18n
from newsletter.audience.reading import GUARD, Line
from newsletter.errors import NewsletterError, Problem, ProblemsFound, nearest
from newsletter.i18n import say
from newsletter.model.address import AddressError, check_address
from newsletter.model.fields import Fields, FieldType
from newsletter.model.institution import Status
from newsletter.model.mapping import ColumnSpec, ImportMapping

Convert = Callable[[str], object]
LARGEST = 2**53  # beyond, numbers in JSON are not exact
TRUE = frozenset({"true", "yes", "y", "1", "x", "oui", "sí", "si", "ja", "vrai", "wahr", "نعم"})
FALSE = frozenset({"false", "no", "n", "0", "non", "nein", "faux", "falsch", "لا"})
# Control characters break headers and CSV, and PostgreSQL stores no NUL; bidirectional overrides hide what a name says.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]")
_FORMULA = re.compile(f"^{GUARD}[=+\\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field stands in the file and how its cells are read."""

    index: int
    field: str
    convert: Convert
    values: Mapping[str, str]

    def read(self, cells: Sequence[str], refused: dict[int, str]) -> list[object]:
        """The values of many cells, which is twice as fast as one by one; a blank cell is None."""
        cells = list(map(str.strip, cells))
        convert = self.convert
        if not self.values and _plain("".join(cells)):
            try:
                return [convert(cell) if cell else None for cell in cells]
            except ValueError:
                pass  # one of them: which, and why, is found below
        return [self._value(cell, row, refused) for row, cell in enumerate(cells)]

    def _value(self, cell: str, row: int, refused: dict[int, str]) -> object:
        try:
            cell = cell if _plain(cell) else cleaned(cell)
            cell = self.values.get(cell, cell)
            return self.convert(cell) if cell else None
        except ValueError as error:
            refused.setdefault(row, f"{self.field}: {error}")
            return None


@dataclass(frozen=True, slots=True)
class Converter:
    """Turns the rows of one file into values by field."""

    columns: tuple[Column, ...]

    def read(self, lines: Sequence[Line]) -> tuple[list[dict[str, object]], dict[int, str]]:
        """The values of each row; and by position, why a row is not taken: field and reason, never an address."""
        refused = {row: line.fault for row, line in enumerate(lines) if line.fault}
        columns = [column.read(_cells(lines, column.index), refused) for column in self.columns]
        names = [column.field for column in self.columns]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)], refused


def _cells(lines: Sequence[Line], index: int) -> list[str]:
    return [cells[index] if index < len(cells) else "" for _, cells, _ in lines]


def _plain(text: str) -> bool:
    """Whether there is nothing to clean."""
    return text.isascii() and text.isprintable() and GUARD not in text


def cleaned(cell: str) -> str:
    """NFC, line ends as spaces, without the guard of an export; ValueError for what no name or text may hold."""
    if _FORMULA.match(cell):
        cell = cell[1:]
    if _UNWANTED.search(cell):
        raise ValueError("holds a character that cannot be read or shown (is the encoding right?)")
    return unicodedata.normalize("NFC", " ".join(cell.split()) if "\n" in cell or "\r" in cell else cell)


def converter(mapping: ImportMapping, header: Sequence[str], fields: Fields) -> Converter:
    """The converter for a file; ProblemsFound names columns and fields that do not exist, all at once."""
    problems: list[Problem] = []
    columns = []
    for name, spec in mapping.columns.items():
        if spec.optional and name.strip().casefold() not in map(str.casefold, header):
            continue
        try:
            columns.append(Column(_index(name, header), spec.field, conversion(mapping, spec, fields), spec.values))
        except NewsletterError as error:
            problems.append(Problem(f"columns, {name}: {error}"))
    missing = [key for key in mapping.key_fields() if key not in {spec.field for spec in mapping.columns.values()}]
    problems += [Problem(f"key: no column goes into {key}, by which rows are found again") for key in missing]
    if problems:
        raise ProblemsFound(problems)
    return Converter(tuple(columns))


def _index(name: str, header: Sequence[str]) -> int:
    """Headers are compared without regard to case and spaces around them."""
    wanted = name.strip().casefold()
    places = [index for index, title in enumerate(header) if title.casefold() == wanted]
    if not places:
        raise NewsletterError(say("the file has no such column: %(hint)s", hint=nearest(name, header)))
    return places[0]


def conversion(mapping: ImportMapping, spec: ColumnSpec, fields: Fields) -> Convert:
    """How the cells of a column become values of its field; NewsletterError with the nearest name for no field."""
    name = spec.field
    special = {"contact": _CONTACT, "institution": _INSTITUTION, "suppression": _SUPPRESSION}[mapping.into]
    if name in special:
        return special[name]
    if mapping.into == "contact" and name == "subscriptions":
        return partial(texts, separator=spec.separator)
    if mapping.into == "institution" and name.startswith("names."):
        i18n.normalise(name.removeprefix("names."))
        return text
    if mapping.into == "contact" and name.startswith("institution.") and mapping.create_institutions:
        nested = mapping.model_copy(update={"into": "institution"})
        return conversion(nested, spec.model_copy(update={"field": name.removeprefix("institution.")}), fields)
    known = {field.name: field for field in fields.of(mapping.into)}
    if name not in known:
        extra = ["names.fr"] if mapping.into == "institution" else ["subscriptions"]
        raise NewsletterError(
            say("there is no field %(name)r: %(hint)s", name=name, hint=nearest(name, [*known, *special, *extra]))
        )
    return _of_type(known[name].type, spec, name)


def _of_type(kind: FieldType, spec: ColumnSpec, name: str) -> Convert:
    match kind:
        case FieldType.NUMBER:
            return partial(number, decimal=spec.decimal)
        case FieldType.DATE:
            return partial(day, format_=spec.format)
        case FieldType.BOOLEAN:
            return boolean
        case FieldType.LIST:
            return partial(languages if name == "languages" else texts, separator=spec.separator)
    return text


def text(cell: str) -> str:
    return cell


def code(cell: str) -> str:
    if len(cell) > 64:
        raise ValueError("a code has at most 64 characters")
    return cell


def contact_code(cell: str) -> str:
    if len(cell) > 128:
        raise ValueError("a code has at most 128 characters")
    return cell


@lru_cache(maxsize=4096)
def texts(cell: str, separator: str | None = None) -> list[str]:
    """A list; divided by ; where there is one, else by commas. Doubles fall out. Cells recur, and share their list."""
    sign = separator or (";" if ";" in cell else ",")
    return list(dict.fromkeys(part for part in map(str.strip, cell.split(sign)) if part))


def number(cell: str, decimal: str = ".") -> int | float:
    digits = "".join(cell.replace("'", "").replace("’", "").split())
    if decimal == ",":
        digits = digits.replace(".", "").replace(",", ".")
    if not _NUMBER.fullmatch(digits):
        raise ValueError(f"{cell!r} is no number (with a decimal comma, say `decimal: ','` in the mapping)")
    value = float(digits) if "." in digits else int(digits)
    if abs(value) > LARGEST:
        raise ValueError("the number is too large")
    return value


def day(cell: str, format_: str | None = None) -> str:
    """A date as ISO text; a time of day after it is dropped."""
    try:
        if format_:
            return datetime.strptime(cell, format_).date().isoformat()  # noqa: DTZ007 - a date has no zone
        return date.fromisoformat(cell[:10] if cell[10:11] in (" ", "T") else cell).isoformat()
    except ValueError:
        wanted = format_ or "2026-01-31"
        raise ValueError(f"{cell!r} is no date like {wanted} (see `format` in the mapping)") from None


def boolean(cell: str) -> bool:
    word = cell.casefold()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError(f"{cell!r} is neither yes nor no")


@lru_cache(maxsize=1024)
def language(cell: str) -> str:
    tag = i18n.normalise(cell)
    if len(tag) > 35:
        raise ValueError(f"{cell!r} is no language tag such as 'fr' or 'pt-BR'")
    return tag


@lru_cache(maxsize=4096)
def languages(cell: str, separator: str | None = None) -> list[str]:
    return list(dict.fromkeys(language(part) for part in texts(cell, separator)))


def country(cell: str) -> str:
    wanted = cell.upper()
    if wanted not in _territories():
        raise ValueError(f"{cell!r} is no country code of two letters (ISO 3166), such as CH")
    return wanted


@cache
def _territories() -> frozenset[str]:
    names = map(str, i18n.locale("en").territories)
    return frozenset(name for name in names if len(name) == 2 and name.isalpha())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(cell: str) -> str:
    if cell not in _zones():
        raise ValueError(f"{cell!r} is no time zone such as Africa/Abidjan: {nearest(cell, _zones())}")
    return cell


def status(cell: str) -> str:
    word = cell.casefold()
    if word not in set(Status):
        raise ValueError(f"{cell!r} is no status: {nearest(word, [each.value for each in Status])}")
    return word


def address(cell: str) -> str:
    try:
        return check_address(cell)
    except AddressError as error:
        raise ValueError(str(error).replace(cell, "the address")) from None


_INSTITUTION: dict[str, Convert] = {
    "code": code,
    "country": country,
    "status": status,
    "time_zone": time_zone,
}
_CONTACT: dict[str, Convert] = {
    "code": contact_code,
    "institution": code,
    "address": address,
    "language": language,
    "time_zone": time_zone,
}
_SUPPRESSION: dict[str, Convert] = {"address": address, "at": text, "reason": text}
