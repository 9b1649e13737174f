"""Whom an issue is for: the campaign's rule, parsed and ready for SQL."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.audience.select import AudienceRule
from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import say
from newsletter.model.campaign import Campaign, Copies
from newsletter.model.publication import PublicationKind
from newsletter.model.rule import Node
from newsletter.model.rule_source import RuleError
from newsletter.model.segment import parse
from newsletter.store.editions import EditionRow
from newsletter.workflow.context import Context
from newsletter.workspace.loading import place


def is_statutory(ctx: Context, campaign: Campaign) -> bool:
    return ctx.publications[campaign.publication].kind is PublicationKind.STATUTORY


def rules_of(ctx: Context, name: str, campaign: Campaign) -> tuple[Node, Node | None]:
    """Whom a campaign includes and excludes; ProblemsFound with file, line and column where a rule cannot be read."""
    problems: list[Problem] = []

    def read(part: str, text: str | None) -> Node | None:
        if text is None:
            return None
        try:
            return parse(text, ctx.fields, ctx.segment_rules)
        except RuleError as error:
            problems.append(_problem(ctx, name, part, error))
            return None

    include, exclude = read("include", campaign.audience.include), read("exclude", campaign.audience.exclude)
    if problems:
        raise ProblemsFound(problems)
    assert include is not None
    return include, exclude


def audience_rule(ctx: Context, name: str, campaign: Campaign, languages: Sequence[str]) -> AudienceRule:
    """ProblemsFound as in `rules_of`."""
    include, exclude = rules_of(ctx, name, campaign)
    return AudienceRule(
        publication=campaign.publication,
        languages=tuple(languages),
        statutory=is_statutory(ctx, campaign),
        include=include,
        exclude=exclude,
        copies=campaign.copies,
        roles=tuple(campaign.roles),
        default_language=ctx.settings.default_language,
    )


def frozen_rule(ctx: Context, edition: EditionRow) -> AudienceRule:
    """Whom an edition is for: by the rules that it froze, whatever the files have come to say since (invariant 4)."""
    frozen = edition.definition

    def read(text: str) -> Node:
        return parse(text, ctx.fields, frozen["segments"])

    exclude, copies = frozen["audience"]["exclude"], Copies(frozen["copies"])
    passes_on = frozen["statutory"] and copies is Copies.INSTITUTION  # to the institution's next contact by role
    return AudienceRule(
        publication=frozen["publication"],
        languages=tuple(edition.languages),
        statutory=frozen["statutory"],
        include=read(frozen["audience"]["include"]),
        exclude=None if exclude is None else read(exclude),
        copies=copies,
        roles=tuple(frozen["roles"]),
        default_language=frozen["default_language"],
        again=edition.issue_id if passes_on else None,
    )


def parse_rule(ctx: Context, text: str) -> Node:
    return parse(text, ctx.fields, ctx.segment_rules)


def _problem(ctx: Context, name: str, part: str, error: RuleError) -> Problem:
    path = f"campaigns/{name}/campaign.yaml"
    where = place(ctx.documents.text(path), ["audience", part]) or (None, None)
    return Problem(say("audience.%(part)s: %(error)s", part=part, error=error), path, *where)
