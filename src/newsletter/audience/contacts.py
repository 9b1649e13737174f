"""Contacts of an import: found by code or address, changed value by value, and subscribed where they may be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select, update

from newsletter.audience import institutions, subscribing
from newsletter.audience.job import Bite, Row
from newsletter.audience.json_sql import among
from newsletter.audience.records import columns_of, values_of
from newsletter.model.address import normalise_address
from newsletter.store.tables import contact, institution

_COLUMN = {"code": "code", "address": "address_key", "institution": "institution_id"}


def take(bite: Bite, rows: list[Row]) -> None:
    """Adds and updates the contacts of one bite, then begins their subscriptions."""
    rows = _matched(bite, _placed(bite, rows))
    added = _named(bite, _allowed(bite, [row for row in rows if row.found is None]))
    present = [row for row in rows if row.found is not None]
    changed = [row for row in present if row.changes]
    _add(bite, added)
    bite.change(_UPDATE, changed, _changed(changed))
    bite.remember("contact", changed)
    subscribing.begin(bite, [*added, *present])
    updated = sum(1 for row in present if row.changes or row.begun)
    bite.counts.update(added=len(added), updated=updated, unchanged=len(present) - updated)


def _placed(bite: Bite, rows: list[Row]) -> list[Row]:
    """Rows with the id of their institution and the key of their address."""
    ids = _institutions(bite, rows)
    key_of, subscribe = bite.job.address_keys.keyer(), bite.mapping.subscribe
    placed = []
    for row in rows:
        values = row.values
        row.subscriptions = [*(values.pop("subscriptions", None) or ()), *subscribe]
        if "institution" in values:
            code = values.pop("institution")
            if code and code not in ids:
                bite.refuse(row.line, f"there is no institution {code!r}")
                continue
            values["institution_id"] = ids.get(code)
            row.institution = code
        if address := values.get("address"):
            normal = normalise_address(address)
            row.address_key, row.domain = key_of(normal), normal.rpartition("@")[2]
        placed.append(row)
    return placed


def _institutions(bite: Bite, rows: list[Row]) -> dict[str, int]:
    """Ids by code of the institutions that rows name; those that rows bring along are added, where they may be."""
    codes = {code for row in rows if (code := row.values.get("institution"))}
    ids = _institution_ids(bite, codes)
    if bite.mapping.create_institutions:
        if len(ids) < len(codes):
            ids |= _create_institutions(bite, rows, codes - ids.keys())
        for row in rows:
            row.values = {name: value for name, value in row.values.items() if not name.startswith("institution.")}
    return ids


def _institution_ids(bite: Bite, codes: Iterable[str]) -> dict[str, int]:
    columns = select(institution.c.code, institution.c.id).where(among(institution.c.code, codes))
    return dict(bite.connection.execute(columns).all())


def _create_institutions(bite: Bite, rows: list[Row], codes: set[str]) -> dict[str, int]:
    """Institutions that contacts bring along, once each; their name is the code where the file tells none."""
    new: dict[str, dict[str, Any]] = {}
    for row in rows:
        code = row.values.get("institution")
        if code in codes and code not in new:
            told = {name[12:]: value for name, value in row.values.items() if name.startswith("institution.")}
            new[code] = {**told, "code": code, "name": told.get("name") or code}
    institutions.add(bite, list(new.values()))
    bite.counts.update(new_institutions=len(new))
    return dict.fromkeys(new, 0) if bite.job.dry_run else _institution_ids(bite, codes)


def _matched(bite: Bite, rows: list[Row]) -> list[Row]:
    """Rows with the contact that they update, if any, and what they change in it."""
    names = [_COLUMN[name] for name in bite.mapping.key_fields()]
    keys = _keys(rows, names)
    known = _known(bite, names, keys)
    matched = []
    for row, key in zip(rows, keys, strict=True):
        found = known.get(key, [])
        alive = [each for each in found if each["erased_at"] is None]
        if found and not alive:
            bite.refuse(row.line, _ERASED)
        elif len(alive) > 1:
            bite.refuse(row.line, f"{len(alive)} contacts have this {' and '.join(bite.mapping.key_fields())}")
        else:
            if alive:
                row.found, row.id = alive[0], alive[0]["id"]
                owners = bite.kinds.owners(row.found["sources"])
                row.changes = bite.writer.changes(row.found["values"], owners, row.values)
            matched.append(row)
    return matched


_ERASED = "this contact's data was erased: whoever comes back is added by hand"


def _keys(rows: list[Row], names: list[str]) -> list[tuple[object, ...]]:
    """By what each row finds its contact."""
    parts = [[row.address_key if name == "address_key" else row.values.get(name) for row in rows] for name in names]
    return list(zip(*parts, strict=True))


def _known(
    bite: Bite, names: list[str], keys: list[tuple[object, ...]]
) -> dict[tuple[object, ...], list[dict[str, Any]]]:
    """The contacts that these rows may mean, by key; asked for by the part of the key that tells most."""
    telling = "code" if "code" in names else "address_key"
    place = names.index(telling)
    wanted = {key[place] for key in keys if key[place]}
    found = bite.connection.execute(select(contact).where(among(contact.c[telling], wanted))).mappings().all()
    bite.kinds.learn(bite.connection, (each["sources"] for each in found))
    known = defaultdict(list)
    for each in found:
        known[tuple(each[name] for name in names)].append({**each, "values": values_of("contact", dict(each))})
    return known


def _allowed(bite: Bite, rows: list[Row]) -> list[Row]:
    """New contacts, but for those in ADD's and UPDATE's way: an erased address, no way to find the row again."""
    keys = {row.address_key for row in rows if row.address_key}
    erased = select(contact.c.address_key).where(among(contact.c.address_key, keys), contact.c.erased_at.is_not(None))
    gone = set(bite.connection.scalars(erased))
    allowed = []
    for row in rows:
        if row.address_key and row.address_key in gone:
            bite.refuse(row.line, _ERASED)
        elif not row.values.get("code") and not row.address_key:
            bite.refuse(row.line, "a contact needs a code or an address")
        else:
            allowed.append(row)
    return allowed


def _named(bite: Bite, rows: list[Row]) -> list[Row]:
    """New contacts with a code that is theirs alone; made from institution and address where the file has none."""
    if bite.mapping.key_fields() == ("code",):
        return rows  # each was looked for by its code and not found
    for row in rows:
        if not row.values.get("code"):
            assert row.address_key is not None
            row.values["code"] = "-".join(filter(None, (row.institution, row.address_key[:12])))
            row.derived = True
    wanted = {row.values["code"] for row in rows}
    taken = set(bite.connection.scalars(select(contact.c.code).where(among(contact.c.code, wanted))))
    named = []
    for row in rows:
        if row.values["code"] not in taken:
            named.append(row)
        elif row.derived:
            row.values["code"] = _free(bite, row.values["code"])
            named.append(row)
        else:
            bite.refuse(row.line, "another contact has this code")
    return named


def _free(bite: Bite, code: str) -> str:
    """The code with the next free number: an address came back after its first contact had moved to another."""
    numbered = contact.c.code.startswith(f"{code}.", autoescape=True)
    used = set(bite.connection.scalars(select(contact.c.code).where(numbered)))
    return next(name for number in range(2, len(used) + 3) if (name := f"{code}.{number}") not in used)


def _add(bite: Bite, rows: list[Row]) -> None:
    for row, id_ in zip(rows, bite.ids(contact, len(rows)), strict=True):
        row.id = id_
    columns = {
        "id": [row.id for row in rows],
        **columns_of("contact", [row.values for row in rows]),
        "address_key": [row.address_key for row in rows],
        "domain": [row.domain for row in rows],
        "sources": [bite.sources(row.values, made_up=("code",) if row.derived else ()) for row in rows],
    }
    bite.add(contact, columns, active=True, created_at=bite.now, updated_at=bite.now)


_CHANGED = [c.name for c in contact.columns if c.name not in ("id", "active", "created_at", "erased_at")]
_UPDATE = (
    update(contact).where(contact.c.id == bindparam("row_id")).values({name: bindparam(name) for name in _CHANGED})
)


def _changed(rows: list[Row]) -> dict[str, list[Any]]:
    """What the rows of the table become."""
    merged, keys = [], []
    for row in rows:
        assert row.found is not None
        merged.append({**row.found["values"], **row.changes})
        kept = (row.found["address_key"], row.found["domain"])
        keys.append((row.address_key, row.domain) if "address" in row.changes else kept)
    columns = columns_of("contact", merged)
    columns["address_key"], columns["domain"] = [key for key, _ in keys], [domain for _, domain in keys]
    return columns
