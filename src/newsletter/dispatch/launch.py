"""A launch: the audience, ranked once, becomes one delivery a contact. Resumable at any point, and never a long lock.

First the audience is read in one statement, so from one snapshot, and staged in bites with each contact's variant; it
is counted, and compared with what was approved. Only then deliveries are laid out, a bite of positions a commit.
Nothing can be claimed until the run leaves `launching`. A launch that must not go on leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Insert, Row, Select, delete, func, insert, select, update

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.i18n import Listed, Number, Tongue, say
from newsletter.model.delivery import RunState
from newsletter.store import ledger
from newsletter.store.engine import Bulk, bulk, reading, writing
from newsletter.store.ledger import layout, ranking
from newsletter.store.tables import delivery, run, run_audience

T = TypeVar("T")

Variant = int | Callable[[Sequence[Any]], int | None]
Progress = Callable[[int, int], None]

STAGE_BITE = 2_000
BITE = {"sqlite": 500, "postgresql": 5_000}  # SQLite has one writer, and others wait for it
GIVE_UP_AFTER = timedelta(hours=48)
NAMED = 5


class LaunchHeld(NewsletterError):
    """The launch needs a person; nothing was launched."""


class AudienceChanged(LaunchHeld):
    """The audience is not the size that was approved."""


class NoVariant(LaunchHeld):
    """Some contacts' answers to the template's conditions have no compiled variant."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What the run row says; `approved` is the recipient count that the approval names (None: not compared)."""

    issue_id: int
    edition_id: int
    publication: str
    statutory: bool
    transport: str
    rehearsal: bool
    token_key: int
    due_at: datetime
    launched_by: int
    give_up_after: timedelta = GIVE_UP_AFTER
    approved: int | None = None
    canary: int | None = None  # how many leave before the others wait for word of them


@dataclass(frozen=True, slots=True)
class Plan:
    """What is laid out. `audience` selects contact_id, language (null where none fits) and skip (a reason, or null),
    in ranked order. By language: the SQL of the edition's field values, and the variant: its number, or what finds it
    from the field values (None: no variant has these answers).
    """

    audience: Select[Any]
    values: layout.Values = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)
    due: Callable[[datetime], layout.Due] = lambda _: layout.NO_WAVES  # by time zone, for a launch at this instant


def begin(engine: Engine, launch: Launch, *, clock: Clock) -> int:
    """A run in `launching`: the id by which `lay_out` finishes it, now or after a crash."""
    with writing(engine) as connection:
        numbers = select(func.coalesce(func.max(run.c.number), 0) + 1).where(run.c.issue_id == launch.issue_id)
        values = {
            "issue_id": launch.issue_id,
            "edition_id": launch.edition_id,
            "number": connection.execute(numbers).scalar_one(),
            "rehearsal": launch.rehearsal,
            "state": RunState.LAUNCHING.value,
            "publication": launch.publication,
            "statutory": launch.statutory,
            "transport": launch.transport,
            "token_key": launch.token_key,
            "due_at": launch.due_at,
            "give_up_after": int(launch.give_up_after.total_seconds()),
            "launched_by": launch.launched_by,
            "launched_at": clock.now(),
            "canary": launch.canary,
        }
        return int(connection.execute(insert(run).values(values).returning(run.c.id)).scalar_one())


def lay_out(
    engine: Engine,
    run_id: int,
    plan: Plan,
    *,
    clock: Clock,
    approved: int | None = None,
    on_progress: Progress | None = None,
) -> int:
    """Ranks the audience and makes its deliveries, then lets the run send. Says how many contacts the audience has.

    AudienceChanged, NoVariant: nothing is left of the run. Called again after a crash, it goes on where it was.
    """
    row = _run(engine, run_id)
    if row.state != RunState.LAUNCHING:
        return int(row.audience)
    audience = row.audience
    if audience is None:
        try:
            audience = _stage(engine, row, plan, approved)
        except LaunchHeld:
            discard(engine, run_id)
            raise
    for done in _bites(engine, row, plan, clock):
        if on_progress:
            on_progress(done, audience)
    with writing(engine) as connection:
        ledger.start(connection, run_id, ledger.By(row.launched_by, clock.now()))
    return int(audience)


def launch(engine: Engine, what: Launch, plan: Plan, *, clock: Clock, on_progress: Progress | None = None) -> int:
    """Begins a run and lays it out. Says the run's id; LaunchHeld where a person must look first."""
    run_id = begin(engine, what, clock=clock)
    lay_out(engine, run_id, plan, clock=clock, approved=what.approved, on_progress=on_progress)
    return run_id


def discard(engine: Engine, run_id: int) -> None:
    """Takes back a launch that was held before anything could be claimed."""
    _clear_staging(engine, run_id)
    with writing(engine) as connection:
        connection.execute(delete(run).where(run.c.id == run_id, run.c.state == RunState.LAUNCHING.value))


def check_audience(counted: int, approved: int | None) -> None:
    """AudienceChanged where it is off the approved count by more than 10% and more than 5 contacts (invariant 4)."""
    if approved is None:
        return
    off = abs(counted - approved)
    if off > 5 and off > approved * 0.1:
        raise AudienceChanged(
            say(
                "The audience has %(counted)s recipients now, and %(approved)s were approved. Look at who "
                "joined or left, then submit the issue for approval again.",
                counted=Number(counted),
                approved=Number(approved),
            )
        )


def _run(engine: Engine, run_id: int) -> Row[Any]:
    with reading(engine) as connection:
        return connection.execute(select(run).where(run.c.id == run_id)).one()


def _stage(engine: Engine, row: Row[Any], plan: Plan, approved: int | None) -> int:
    """Stages the audience from one snapshot, checks it, and writes down its size: from then on it is fixed."""
    _clear_staging(engine, row.id)  # of a launch that was killed while staging
    with bulk(engine) as writer:
        with writer.reading() as connection:
            _rank(connection, row, plan)
            contacts, recipients, _ = ranking.counts(connection)
            check_audience(recipients, approved)
            ranking.order(connection)
        for after in range(0, contacts, STAGE_BITE):
            with writer.writing() as connection:
                ranking.stage(connection, row.id, after=after, upto=after + STAGE_BITE)
    with writing(engine) as connection:
        connection.execute(update(run).where(run.c.id == row.id).values(audience=contacts))
    return contacts


def _rank(connection: Connection, row: Row[Any], plan: Plan) -> None:
    """Ranks the audience and finds its variants; field values are read only where a language has several."""
    one = {language: variant for language, variant in plan.variants.items() if isinstance(variant, int)}
    several = [language for language in plan.variants if language not in one]
    ranking.rank(connection, plan.audience, one=one, several=several)
    if _is_later_run(connection, row):
        ranking.leave_out_served(connection, row.issue_id)
    without: list[int] = []
    for language, variant in plan.variants.items():
        if not isinstance(variant, int):
            values = plan.values.get(language, ())
            without += ranking.find_variants(connection, language, values, variant, size=STAGE_BITE)
    if without:
        raise NoVariant(_without_variant(connection, sorted(without)))


def _is_later_run(connection: Connection, row: Row[Any]) -> bool:
    """A rehearsal is by itself; of real runs, the later ones leave out whom an earlier one served."""
    earlier = select(run.c.id).where(run.c.issue_id == row.issue_id, run.c.id != row.id, ~run.c.rehearsal).limit(1)
    return not row.rehearsal and connection.execute(earlier).first() is not None


def _bites(engine: Engine, row: Row[Any], plan: Plan, clock: Clock) -> Iterator[int]:
    """Lays out the staged positions that are left, and says after each commit how many contacts are done."""
    insertion = layout.insertion(plan.values, engine.dialect.name, plan.due(row.due_at))
    done = _laid_out(engine, row.id)
    with bulk(engine) as writer:
        while contacts := _lay_out_bite(writer, insertion, row.id, BITE[engine.dialect.name], clock):
            done += contacts
            yield done


def _lay_out_bite(writer: Bulk, insertion: Insert, run_id: int, size: int, clock: Clock) -> int:
    """Says how many contacts it was; 0: nobody is left."""
    with writer.writing() as connection:
        bite = layout.next_bite(connection, run_id, size)
        if bite is None:
            return 0
        layout.lay_out(connection, insertion, run_id, bite, now=clock.now())
        return bite.contacts


def _next_bite(engine: Engine, run_id: int, size: int) -> layout.Bite | None:
    with reading(engine) as connection:
        return layout.next_bite(connection, run_id, size)


def _laid_out(engine: Engine, run_id: int) -> int:
    with reading(engine) as connection:
        counted = select(func.count()).select_from(delivery).where(delivery.c.run_id == run_id)
        return int(connection.execute(counted).scalar_one())


def _clear_staging(engine: Engine, run_id: int) -> None:
    while bite := _next_bite(engine, run_id, STAGE_BITE):
        with writing(engine) as connection:
            there = run_audience.c.run_id == run_id, run_audience.c.position <= bite.upto
            connection.execute(delete(run_audience).where(*there))


def _without_variant(connection: Connection, positions: Sequence[int]) -> str:
    """Names the first few by institution and id: no address in an error text."""
    listed = [
        say(
            "contact %(id)s (%(institution)s, %(language)s)",
            id=row.id,
            institution=row.name or say("no institution"),
            language=Tongue(row.language),
        )
        for row in ranking.named(connection, positions[:NAMED])
    ]
    more = say(" and %(number)s more", number=Number(len(positions) - NAMED)) if len(positions) > NAMED else ""
    return say(
        "No variant of this edition was compiled for %(contacts)s%(more)s: their values changed since it was "
        "frozen. Submit the issue again, so that what they would get is compiled and approved.",
        contacts=Listed(listed),
        more=more,
    )
