"""Real contacts as recipients: for previews, witnesses of variants, and the worst case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, select

from newsletter.audience.records import values_of
from newsletter.audience.sql import nobody
from newsletter.i18n import pick
from newsletter.model.address import normalise_address
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.model.recipient import Recipient
from newsletter.store.tables import contact, institution
from newsletter.tokens import AddressKeys

PUBLIC = "public"


def by_ids(connection: Connection, ids: Iterable[int], fields: Fields, language: str | None = None) -> list[Recipient]:
    """These contacts, in the order of their ids, as a message in `language` (else in their own) would see them."""
    found = connection.execute(_all().where(contact.c.id.in_(list(ids))).order_by(contact.c.id)).mappings()
    return [_recipient(dict(row), fields, language) for row in found]


def by_address(
    connection: Connection, address: str, keys: AddressKeys, fields: Fields, language: str | None = None
) -> list[Recipient]:
    """The contacts of an address: none, one, or several who share it."""
    key = keys.key(normalise_address(address))
    ids = connection.scalars(select(contact.c.id).where(contact.c.address_key == key, contact.c.erased_at.is_(None)))
    return by_ids(connection, ids, fields, language)


def witnesses(
    connection: Connection, contact_ids: Select[Any], fields: Fields, language: str, count: int = 20
) -> list[Recipient]:
    """Up to `count` contacts out of a statement of ids, one an institution as far as that goes, spread over all."""
    wanted = contact_ids.subquery()
    one_each = select(func.min(contact.c.id).label("id")).where(contact.c.id.in_(select(wanted.c[0])))
    ids = list(connection.scalars(one_each.group_by(contact.c.institution_id).order_by("id")))
    step = max(1, len(ids) // count)
    return by_ids(connection, ids[::step][:count], fields, language)


def worst_case(connection: Connection, fields: Fields, language: str) -> Recipient:
    """One recipient made of the longest name and title that there are, all other fields empty.

    Labelled so; it belongs to nobody.
    """
    nothing = nobody(fields)
    long = {
        name: connection.scalar(
            select(contact.c[name])
            .where(contact.c[name].is_not(None))
            .order_by(func.length(contact.c[name]).desc(), contact.c.id)
            .limit(1)
        )
        for name in ("title", "last_name")
    }
    row = connection.execute(
        select(institution.c.name, institution.c.names)
        .order_by(func.length(institution.c.name).desc(), institution.c.id)
        .limit(1)
    ).one_or_none()
    name = pick(row.names, language) or row.name if row else None
    return Recipient(
        contact={**nothing.contact, **long},
        institution={**nothing.institution, "name": name, "languages": [], "topics": []},
        language=language,
        label="the worst case (longest name, empty fields)",
    )


def public(profile: Mapping[str, Mapping[str, Any]], fields: Fields, language: str) -> Recipient:
    """What the web version assumes of its reader: a campaign's `public:` profile. UnknownField for a wrong name."""
    for owner, values in profile.items():
        for name in values:
            _ = fields[f"{owner}.{name}"]
    contact_values = {**_empty(fields, "contact"), **profile.get("contact", {})}
    institution_values = {**_empty(fields, "institution"), **profile.get("institution", {})}
    return Recipient(contact_values, institution_values, language=language, label=PUBLIC)


def _all() -> Select[Any]:
    joined = contact.outerjoin(institution, institution.c.id == contact.c.institution_id)
    of_institution = [column.label(f"i_{column.name}") for column in institution.columns]
    return select(*contact.columns, *of_institution).select_from(joined).where(contact.c.erased_at.is_(None))


def _recipient(row: dict[str, Any], fields: Fields, language: str | None) -> Recipient:
    of_institution = {name[2:]: value for name, value in row.items() if name.startswith("i_")}
    known = of_institution["id"] is not None
    told = values_of("institution", of_institution) if known else {}
    wishes = [row["language"], *(told.get("languages") or [])]
    language = language or next(filter(None, wishes), "")
    if known and language:
        told["name"] = pick(of_institution["names"], language) or told["name"]
    return Recipient(
        contact=_shown(values_of("contact", row), fields, "contact"),
        institution=_shown(told, fields, "institution"),
        address=row["address"] or "",
        language=language,
        contact_id=row["id"],
        label=f"contact {row['code']}",
    )


def _shown(values: Mapping[str, Any], fields: Fields, owner: str) -> dict[str, Any]:
    """Every field of the registry; what is empty, or left from another type, as None."""
    return {field.name: _of_type(field, values.get(field.name)) for field in fields.of(owner)}


def _of_type(field: Field, value: Any) -> Any:
    match field.type:
        case FieldType.LIST:
            return list(value) if isinstance(value, list) else []
        case FieldType.NUMBER:
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case FieldType.BOOLEAN:
            return value if isinstance(value, bool) else None
    return value if isinstance(value, str) and value else None


def _empty(fields: Fields, owner: str) -> dict[str, Any]:
    return _shown({}, fields, owner)
