"""Who owns a value: recipient before staff before import.

Every value remembers the source that wrote it (`sources`: field -> source id). A writer may replace what somebody of
its own rank or lower wrote, so an import overwrites only what an import wrote; a value that nobody owns is free, and
one that a recipient or staff emptied stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from newsletter.model.contact import PRECEDENCE, SourceKind
from newsletter.model.mapping import Mode
from newsletter.store.tables import source

Values = Mapping[str, object]
Sources = Mapping[str, int]


def is_blank(value: object) -> bool:
    return value is None or value == "" or value == []


@dataclass(frozen=True, slots=True)
class Writer:
    """Who brings new values, and what they may do to the ones that are there."""

    kind: SourceKind
    mode: Mode = Mode.UPDATE
    clears: bool = False  # whether a blank empties a value

    def changes(self, current: Values, owners: Mapping[str, SourceKind], new: Values) -> dict[str, object]:
        """Those of the new values that are to be written over the current ones."""
        return {name: value for name, value in new.items() if self._writes(name, value, current, owners)}

    def _writes(self, name: str, value: object, current: Values, owners: Mapping[str, SourceKind]) -> bool:
        now = current.get(name)
        if value == now or (is_blank(value) and (is_blank(now) or not self.clears)):
            return False
        if self.mode is Mode.ADD or (self.mode is Mode.FILL and not is_blank(now)):
            return False
        owner = owners.get(name)
        return owner is None or PRECEDENCE[self.kind] >= PRECEDENCE[owner]


@dataclass(slots=True)
class Kinds:
    """The kinds of sources by id, read once each."""

    known: dict[int, SourceKind] = field(default_factory=dict)

    def learn(self, connection: Connection, used: Iterable[Sources]) -> None:
        wanted = {id_ for sources in used for id_ in sources.values()} - self.known.keys()
        if wanted:
            rows = connection.execute(select(source.c.id, source.c.kind).where(source.c.id.in_(wanted)))
            self.known.update((id_, SourceKind(kind)) for id_, kind in rows)

    def owners(self, sources: Sources) -> dict[str, SourceKind]:
        return {name: self.known[id_] for name, id_ in sources.items() if id_ in self.known}
