"""Checks of what will really be sent: each variant in each language, for the public, the worst case and some contacts.

newsletter check                    every definition of the workspace
newsletter check monthly/2026-12    an issue: its content, and its finished messages
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from newsletter.audience import examples
from newsletter.checks import Checked, Contents, Expected, Finding, Item, examine, examine_content, merge
from newsletter.checks.checked import Detect
from newsletter.checks.content import problem
from newsletter.checks.finding import Rule, warning
from newsletter.checks.support import PROGRAMS
from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.fetch import Limits
from newsletter.gathering.gather import Desk, Gathered
from newsletter.gathering.gather import library_of as read_library
from newsletter.gathering.language import detector
from newsletter.gathering.naming import split_name
from newsletter.i18n import Number, direction, pick, say, told
from newsletter.message import mime, splice
from newsletter.message.mime import Template
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree
from newsletter.model.article import Library
from newsletter.model.campaign import Campaign
from newsletter.model.count import far_off
from newsletter.model.fields import FieldType
from newsletter.model.recipient import Recipient
from newsletter.rendering.content import issue_date
from newsletter.store.engine import reading
from newsletter.tokens import INERT_ID
from newsletter.workflow.audience import audience_rule, is_statutory
from newsletter.workflow.checking import blank_places
from newsletter.workflow.checking.blanks import empty_fields
from newsletter.workflow.checking.definition_checks import (
    ARTICLE,
    DEFINITION,
    MERGE_FIELD,
    PASSED_OVER,
    TEMPLATE,
    check_definitions,
)
from newsletter.workflow.checking.last_time import last_time
from newsletter.workflow.checking.link_checks import Link, links_reached, standing
from newsletter.workflow.checking.mail_programs import published
from newsletter.workflow.checking.mended_links import links_of
from newsletter.workflow.checking.merge_checks import in_articles, in_draft
from newsletter.workflow.checking.template_checks import attempt, strings_of, template_warnings
from newsletter.workflow.composing.compose import WITNESSES, planned_at
from newsletter.workflow.composing.composition import ComposedLanguage, Composition
from newsletter.workflow.content.titles import titled
from newsletter.workflow.context import Context, NothingToSend, draft_path, issue_name
from newsletter.workflow.people.addressees import count
from newsletter.workflow.people.witnesses import witnesses_of

__all__ = ["check", "check_composed", "check_definitions"]

CONTACTS = 12  # real contacts a language, spread over its variants, but at least one each
NOBODY = "nobody@example.org"
FAR_OFF = warning(
    "audience-far",
    say("So great a change may mean that somebody is forgotten, or that many get it by mistake."),
    say("Look at who gets it and who is left out."),
)


def errors(ctx: Context, made: Composition) -> list[Finding]:
    """What must be mended before an issue may be approved: looked for in one message of each variant.

    A malformed article that the issue does not use holds nothing up.
    """
    used = made.draft.used()
    return [each for each in check(ctx, made, contacts=0) if each.error and not _unused(ctx, each, used)]


def _unused(ctx: Context, finding: Finding, used: set[str]) -> bool:
    file = finding.where.file
    return finding.code == ARTICLE.code and file is not None and split_name(file, ctx.settings.languages)[0] not in used


def check(ctx: Context, made: Composition, *, contacts: int = CONTACTS) -> list[Finding]:
    """Everything about an issue that should be mended before it is sent, errors first.

    `contacts`: so many real ones a language beside the public profile and the worst case; 0 is the worst case alone.
    """
    found = _gathered(ctx, made.issue.campaign, made.campaign)
    unread = [problem(ARTICLE, each) for each in found.problems]
    unknown = _merge_fields(ctx, made.issue.campaign, made.issue.key, found)
    detect = lru_cache(maxsize=4096)(detector(made.languages))
    messages = (
        examine(each)
        for composed in made.languages.values()
        for each in _messages(ctx, made, composed, detect, contacts)
    )
    about = [*passed_over(ctx, made), *(far_from_last_time(ctx, made) if contacts else ())]
    content = examine_content(_contents(ctx, made, found.library))
    return [titled(each, found.library) for each in merge([unread, unknown, about, content, *messages])]


def passed_over(ctx: Context, made: Composition) -> Iterator[Finding]:
    """What MJML passes over in the templates that the issue uses, with file and line."""
    used = {
        source.file for composed in made.languages.values() for source in composed.manuscript.templates.used().values()
    }
    return (problem(PASSED_OVER, each) for each in template_warnings(ctx) if each.file in used)


def far_from_last_time(ctx: Context, made: Composition) -> Iterator[Finding]:
    last = last_time(ctx, made.issue)
    if last is None:
        return
    number = count(ctx, audience_rule(ctx, made.issue.campaign, made.campaign, list(made.languages))).recipients
    if far_off(number, last):
        yield FAR_OFF.at(
            say("%(number)s would get it; last time it was %(last)s", number=Number(number), last=Number(last))
        )


def check_links(ctx: Context, made: Composition, *, limits: Limits | None = None) -> tuple[list[Finding], str]:
    """Where the links of all languages lead, and a sentence where they could not be tried."""
    found, untried = links_reached(_each_variant(ctx, made), made.links, links_of(ctx, made.issue), limits=limits)
    library = _gathered(ctx, made.issue.campaign, made.campaign).library
    return [titled(each, library) for each in found], untried


def links_in(ctx: Context, made: Composition) -> list[Link]:
    """The links of all languages, with their places."""
    return standing(_each_variant(ctx, made), made.links)


def _each_variant(ctx: Context, made: Composition) -> Iterator[Checked]:
    """One message of each: the worst case, whose language nobody need recognise."""
    for composed in made.languages.values():
        yield from _messages(ctx, made, composed, lambda text: None, 0)


def check_composed(ctx: Context, name: str, compose: Callable[[], Composition]) -> list[Finding]:
    """`check`, where composing may fail: what it fails at is found, too."""
    try:
        return check(ctx, compose())
    except ProblemsFound as error:
        return merge([_failed(ctx, name, error)])
    except NothingToSend as error:
        campaign, key = issue_name(name)
        unread = _gathered(ctx, campaign, ctx.campaign(campaign)).problems
        nothing = Problem(told(error), draft_path(campaign, key))
        return merge([[*(problem(ARTICLE, each) for each in unread), problem(DEFINITION, nothing)]])


def _failed(ctx: Context, name: str, error: ProblemsFound) -> list[Finding]:
    """What composing said, and the merge fields to which it did not come any more."""
    campaign, key = issue_name(name)
    definition, _ = attempt(lambda: ctx.campaign(campaign))
    fields = _merge_fields(ctx, campaign, key, _gathered(ctx, campaign, definition)) if definition else []
    told = {(each.where.file, each.where.line) for each in fields}
    return [*fields, *(problem(_rule(each), each) for each in error.problems if (each.file, each.line) not in told)]


def _merge_fields(ctx: Context, campaign: str, key: str, found: Gathered) -> list[Finding]:
    """Those of the texts that the issue uses."""
    path = draft_path(campaign, key)
    draft, _ = attempt(lambda: ctx.draft(campaign, key))
    fields, _ = attempt(lambda: ctx.fields)
    if draft is None or fields is None:
        return []
    used = in_articles(ctx, found.library, draft.used())
    return [problem(MERGE_FIELD, each) for each in (*used, *in_draft(ctx, path, draft, found.library))]


def _rule(found: Problem) -> Rule:
    return TEMPLATE if (found.file or "").startswith("templates/") else DEFINITION


def _gathered(ctx: Context, name: str, campaign: Campaign) -> Gathered:
    return read_library(name, campaign, Desk(ctx.documents, ctx.settings.languages))


def _contents(ctx: Context, made: Composition, library: Library) -> Contents:
    rule = audience_rule(ctx, made.issue.campaign, made.campaign, list(made.languages))
    with reading(ctx.engine) as connection:
        compiled = {tag: each.compiled for tag, each in made.languages.items()}
        empty = empty_fields(connection, rule, ctx.fields, compiled)
    return Contents(
        draft=made.draft,
        draft_file=draft_path(made.issue.campaign, made.issue.key),
        library=library,
        languages=ctx.languages(made.campaign),
        day=_day(ctx, made),
        strings=strings_of(ctx),
        notices=made.notices,
        stills=made.stills,
        empty_fields=[
            replace(each, label=_label(ctx, each.path), where=blank_places.standing(made, each.language, each.path))
            for each in empty
            if each.empty
        ],
    )


def _label(ctx: Context, path: str) -> str:
    """A field as people call it, in the language that the workspace is written in."""
    name = ctx.fields[path].label
    return (pick(name, ctx.settings.default_language, *name) if name else None) or path


def _day(ctx: Context, made: Composition) -> date:
    """When the issue goes out: as planned, else at its date, but not before today."""
    planned = planned_at(ctx, made.campaign, made.draft)
    if planned is not None:
        return planned.date()
    return max(issue_date(made.issue.key, None), ctx.clock.now().date())


def _messages(
    ctx: Context, made: Composition, composed: ComposedLanguage, detect: Detect, contacts: int
) -> Iterator[Checked]:
    """The messages of a language that differ."""
    compiled = composed.compiled
    at = ctx.clock.now()
    seen = set()
    recipients = _recipients(ctx, made, composed, contacts)
    for number, variant in enumerate(compiled.variants):
        template = mime.compile(variant, composed.envelope, compiled.fields)
        for recipient in recipients[number]:
            checked = _checked(ctx, made, composed, _Copy(template, recipient, at), detect)
            shown = (checked.subject, checked.html, checked.text)
            if shown not in seen:
                seen.add(shown)
                yield checked


def _recipients(
    ctx: Context, made: Composition, composed: ComposedLanguage, contacts: int
) -> dict[int, list[Recipient]]:
    """By variant: the public profile, the worst case, and contacts who would get just this one."""
    compiled, language = composed.compiled, composed.compiled.language
    if not contacts:
        with reading(ctx.engine) as connection:
            worst = examples.worst_case(connection, ctx.fields, language)
        return {number: [worst] for number in range(len(compiled.variants))}
    rule = audience_rule(ctx, made.issue.campaign, made.campaign, list(made.languages))
    with reading(ctx.engine) as connection:
        known = witnesses_of(connection, rule, ctx.fields, language, WITNESSES)
        worst = examples.worst_case(connection, ctx.fields, language)
    public = examples.public(made.campaign.public, ctx.fields, language)
    leads = bind_tree(compiled.tree, compiled.fields, language)
    found: dict[int, list[Recipient]] = {number: [public, worst] for number in range(len(compiled.variants))}
    most = 2 + max(1, contacts // len(found))
    for recipient in known:
        number = leads(field_values(recipient, compiled.fields))
        if number is not None and len(found[number]) < most:
            found[number].append(recipient)
    return found


@dataclass(frozen=True, slots=True)
class _Copy:
    """One message for one recipient; its personal links are inert."""

    template: Template
    recipient: Recipient
    at: datetime


def _checked(ctx: Context, made: Composition, composed: ComposedLanguage, copy: _Copy, detect: Detect) -> Checked:
    template, recipient = copy.template, copy.recipient
    values = tuple(field_values(recipient, template.fields))
    data = ctx.personal.delivery(
        INERT_ID, recipient.address or NOBODY, copy.at, values, trace=ctx.secrets.key_ring.digest("check", 0)
    )
    shown = splice.shown(template, data)
    context, public_url = composed.manuscript.context, ctx.settings.public_url
    language = composed.compiled.language
    return Checked(
        language=language,
        direction=direction(language),
        subject=shown.subject,
        html=shown.html,
        text=shown.text,
        wire=splice.message(template, data),
        envelope=composed.envelope,
        statutory=is_statutory(ctx, made.campaign),
        expected=Expected(
            unsubscribe=data.links.unsubscribe,
            preferences=data.links.preferences,
            web=context["links"]["web"],
            postal_address=context["association"]["postal_address"],
            signing_domain=ctx.settings.dkim.domain if ctx.settings.dkim else "",
        ),
        items=_items(context["sections"]),
        public_url=public_url,
        assets=frozenset(f"{public_url}/a/{asset.file_name}" for asset in made.assets.values()),
        personal=_own_words(ctx, recipient),
        detect=detect,
        support=published(),
        programs=ctx.settings.mail_programs or PROGRAMS,
    )


def _items(sections: Sequence[Any]) -> list[Item]:
    """Titles and texts with merge fields are known only when they are rendered, so they are left out."""
    return [
        Item(item["key"], item["title"], item["url"], *(_plain(item[name]) for name in ("text", "summary")))
        for section in sections
        for item in section["items"]
        if isinstance(item["title"], str)
    ]


def _plain(text: object) -> str:
    return text if isinstance(text, str) else ""


def _own_words(ctx: Context, recipient: Recipient) -> tuple[str, ...]:
    """What belongs to the recipient, so that no finding repeats it; the public profile belongs to nobody."""
    if recipient.label == examples.PUBLIC:
        return ()
    own = [f"contact.{name}" for name in ("first_name", "last_name")]
    own += [field.path for field in ctx.fields.of("contact") if field.own and field.type is FieldType.TEXT]
    words = [recipient.value(path) for path in (*own, "institution.name")]
    return tuple(sorted((str(word) for word in words if word and len(str(word)) > 2), key=len, reverse=True))
