"""Sources -> draft: reads what the campaign's sections name, and proposes what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.sources import KINDS, Where, kind_of
from newsletter.model.article import Article, Library, group
from newsletter.model.campaign import Campaign, Section
from newsletter.store import issues
from newsletter.store.engine import writing
from newsletter.store.people import Person
from newsletter.workflow.context import Context, draft_path
from newsletter.workspace.documents import Write


@dataclass(frozen=True, slots=True)
class Report:
    path: str
    articles: int
    languages: list[str]
    added: dict[str, int]
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def gather_issue(ctx: Context, name: str, key: str, person: Person, *, strict: bool = False) -> Report:
    campaign = ctx.campaign(name)
    taken: set[str] = set()
    sections, problems, articles = [], [], []
    for section in campaign.sections:
        found = [each for each in _read(ctx, name, section)]
        problems += [each for each in found if isinstance(each, Problem)]
        mine = [each for each in found if isinstance(each, Article)]
        articles += mine
        keys = [k for k in dict.fromkeys(a.key for a in mine if not section.kinds or a.kind in section.kinds) if k not in taken]
        keys = keys[: section.limit]
        taken |= set(keys)
        sections.append((section.id, keys))
    if strict and problems:
        raise ProblemsFound(problems)
    path = draft_path(name, key)
    if not ctx.documents.exists(path):
        import io

        stream, n = io.StringIO(), 0
        data = {"sections": []}
        for id_, keys in sections:
            items = []
            for k in keys:
                n += 1
                items.append({"id": f"i{n}", "article": k, "state": "new"})
            data["sections"].append({"id": id_, "items": items})
        YAML().dump(data, stream)
        ctx.documents.apply(Write(path, "gather", stream.getvalue().encode()), person.id)
    with writing(ctx.engine) as connection:
        issues.ensure(connection, name, key, person_id=person.id, now=ctx.clock.now())
    library = group(articles)
    languages = sorted({a.language for a in articles})
    return Report(path, len(library), languages, {s: len(k) for s, k in sections}, problems)


def library_of(ctx: Context, name: str, campaign: Campaign) -> Library:
    found = [each for section in campaign.sections for each in _read(ctx, name, section)]
    return group(each for each in found if isinstance(each, Article))


def _read(ctx: Context, name: str, section: Section) -> Iterator[Article | Problem]:
    for spec in section.sources:
        if not spec.path:
            continue
        for path in ctx.documents.list(f"campaigns/{name}/{spec.path}"):
            kind = spec.kind or kind_of(path)
            if kind:
                where = Where(path, ctx.settings.languages, path, spec.language, tuple(spec.topics))
                yield from KINDS[kind](ctx.documents.read(path), where)
