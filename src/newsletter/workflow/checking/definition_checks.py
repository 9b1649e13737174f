"""Every definition of a workspace read and compared with the others: all problems at once, with file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from newsletter.audience import examples
from newsletter.audience.converting import conversion
from newsletter.checks import Finding, merge
from newsletter.checks.content import problem, strings_missing
from newsletter.checks.finding import Rule, error, warning
from newsletter.errors import NewsletterError, Problem, nearest
from newsletter.gathering.gather import Desk, gather
from newsletter.i18n import pick, say
from newsletter.model.address import AddressError, check_address
from newsletter.model.campaign import Campaign, Sender
from newsletter.model.draft import Draft
from newsletter.model.recurrence import next_firing, zone_of
from newsletter.model.rule_source import RuleError
from newsletter.model.segment import parse
from newsletter.rendering.manuscript import Source
from newsletter.workflow.audience import rules_of
from newsletter.workflow.checking.mail_programs import unknown_programs
from newsletter.workflow.checking.merge_checks import in_articles, in_draft
from newsletter.workflow.checking.template_checks import (
    attempt,
    strings_of,
    syntax_problems,
    template_problems,
    template_warnings,
)
from newsletter.workflow.context import Context
from newsletter.workspace.loading import load_yaml, place

SETTINGS = "newsletter.toml"

DEFINITION = error("definition", say("The program cannot work with it."), say("Mend it there."))
TEMPLATE = error("template", say("No message can be made with it."), say("Mend it there."))
PASSED_OVER = warning("mjml", say("MJML passes over it, and nobody sees it."), say("Mend it, or take it out."))
SOURCE = warning("source-empty", say("The section stays without articles."), say("Mend the path, or put files there."))
ARTICLE = error("article", say("The text is left out."), say("Mend the file."))
MERGE_FIELD = error("merge-field", say("No message can show the text."), say("Mend the name."))
POSTAL = error(
    "postal-address",
    say("The law wants the sender's postal address in every message."),
    say("Write it under [association.postal_address]."),
)


def check_definitions(ctx: Context) -> list[Finding]:
    """Campaigns, drafts, articles, fields, publications, segments, imports, settings and templates."""
    return merge([[*_all(ctx)]])


def _all(ctx: Context) -> Iterator[Finding]:
    parts: list[tuple[Rule, Callable[[Context], Iterator[Problem]]]] = [
        (POSTAL, _postal),
        (DEFINITION, _settings),
        (DEFINITION, _subscribers),
        (DEFINITION, _imports),
        (TEMPLATE, template_problems),
        (PASSED_OVER, template_warnings),
        (DEFINITION, _campaigns),
        (DEFINITION, _drafts),
        (SOURCE, _sources),
        (ARTICLE, _articles),
        (MERGE_FIELD, _merge_fields),
    ]
    for rule, look in parts:
        yield from (problem(rule, each) for each in look(ctx))
    strings, _ = attempt(lambda: strings_of(ctx))
    yield from strings_missing(strings or {}, ctx.settings.languages)


# Settings and subscribers


def _postal(ctx: Context) -> Iterator[Problem]:
    if not any(ctx.settings.association.postal_address.values()):
        yield Problem(say("there is no postal address"), SETTINGS)


def _settings(ctx: Context) -> Iterator[Problem]:
    settings = ctx.settings
    if not settings.public_url.startswith("https://"):
        yield Problem(
            say("public_url is %(public_url)s: mail programs want https", public_url=settings.public_url), SETTINGS
        )
    _, found = attempt(lambda: zone_of(None, settings.time_zone), SETTINGS)
    yield from found
    for message in unknown_programs(settings.mail_programs):
        yield Problem(message, SETTINGS)
    if settings.association.logo and not ctx.documents.exists(settings.association.logo):
        yield Problem(say("association.logo: there is no file %(logo)s", logo=settings.association.logo), SETTINGS)


def _subscribers(ctx: Context) -> Iterator[Problem]:
    for load in (lambda: ctx.fields, lambda: ctx.publications, lambda: ctx.segments):
        yield from attempt(load)[1]
    segments, _ = attempt(lambda: ctx.segments)
    fields, _ = attempt(lambda: ctx.fields)
    if segments is None or fields is None:
        return
    path = "subscribers/segments.yaml"
    for name, spec in segments.items():
        try:
            parse(spec.rule, fields, ctx.segment_rules)
        except RuleError as error_:
            yield _at(ctx, path, [name, "rule"], say("%(name)s: %(problem)s", name=name, problem=error_))


def _imports(ctx: Context) -> Iterator[Problem]:
    for name in ctx.imports:
        path = f"subscribers/imports/{name}.yaml"
        mapping, found = attempt(lambda name=name: ctx.mapping(name), path)  # type: ignore[misc]
        yield from found
        fields, _ = attempt(lambda: ctx.fields)
        if mapping is None or fields is None:
            continue
        in_folder = ctx.settings.documents == "folder"  # elsewhere lists are named when they are imported
        if mapping.file and in_folder and not ctx.documents.exists(mapping.file):
            yield _at(ctx, path, ["file"], say("there is no file %(file)s", file=mapping.file))
        publications = attempt(lambda: ctx.publications)[0] or {}
        for each in mapping.subscribe:
            if each not in publications:
                yield _at(
                    ctx,
                    path,
                    ["subscribe"],
                    say("no publication %(name)r: %(hint)s", name=each, hint=nearest(each, publications)),
                )
        for column, spec in mapping.columns.items():
            try:
                conversion(mapping, spec, fields)
            except NewsletterError as error_:
                yield _at(
                    ctx, path, ["columns", column], say("column %(column)r: %(problem)s", column=column, problem=error_)
                )


# Campaigns


def _loaded(ctx: Context) -> Iterator[tuple[str, str, Campaign]]:
    """Each campaign that can be read, whatever it names that is not there."""
    for name in ctx.campaigns:
        path = f"campaigns/{name}/campaign.yaml"
        campaign, _ = attempt(lambda path=path: load_yaml(ctx.documents.text(path), path, Campaign), path)  # type: ignore[misc]
        if campaign is not None:
            yield name, path, campaign


def _campaigns(ctx: Context) -> Iterator[Problem]:
    for name in ctx.campaigns:
        yield from attempt(lambda name=name: ctx.campaign(name))[1]  # type: ignore[misc]
    for name, path, campaign in _loaded(ctx):
        languages = ctx.languages(campaign)
        yield from attempt(lambda: rules_of(ctx, name, campaign))[1]  # noqa: B023
        yield from _texts(ctx, path, campaign, languages)
        yield from _references(ctx, name, path, campaign, languages)
        yield from _senders(ctx, path, campaign)


def _texts(ctx: Context, path: str, campaign: Campaign, languages: list[str]) -> Iterator[Problem]:
    for language in languages:
        if not pick(campaign.subject, language):
            yield _at(ctx, path, ["subject"], say("subject has no text in %(language)s", language=language))
    yield from _lines(ctx, path, campaign)


def _lines(ctx: Context, path: str, saying: Campaign | Draft) -> Iterator[Problem]:
    """Subjects and preview texts that are no templates."""
    for part, texts in (("subject", saying.subject), ("preview", saying.preview)):
        for language, text in texts.items():
            for each in syntax_problems({"line.txt": Source(text, staff=True)}, ctx, language):
                message = say("%(name)s: %(problem)s", name=f"{part}.{language}", problem=each.message)
                yield _at(ctx, path, [part, language], message)


def _references(ctx: Context, name: str, path: str, campaign: Campaign, languages: list[str]) -> Iterator[Problem]:
    for ending in ("mjml", "txt"):
        if not ctx.documents.exists(f"templates/{campaign.template}.{ending}"):
            yield _at(
                ctx,
                path,
                ["template"],
                say("there is no file templates/%(template)s.%(ending)s", template=campaign.template, ending=ending),
            )
    for each in campaign.transports:
        if each not in ctx.settings.transports:
            yield _at(
                ctx,
                path,
                ["transports"],
                say("no transport %(name)r: %(hint)s", name=each, hint=nearest(each, ctx.settings.transports)),
            )
    for each in campaign.sign_off:
        if each not in languages:
            yield _at(
                ctx,
                path,
                ["sign_off"],
                say("sign_off names %(language)r: %(hint)s", language=each, hint=nearest(each, languages)),
            )
    if campaign.recurrence is not None:
        recurrence = campaign.recurrence
        _, found = attempt(
            lambda: next_firing(recurrence, zone_of(recurrence, ctx.settings.time_zone), ctx.clock.now()), path
        )
        for each_problem in found:
            yield _at(
                ctx, path, ["recurrence"], say("%(name)s: %(problem)s", name="recurrence", problem=each_problem.message)
            )
    fields, _ = attempt(lambda: ctx.fields)
    if fields is not None:
        _, found = attempt(lambda: examples.public(campaign.public, fields, languages[0]), path)
        for each_problem in found:
            yield _at(ctx, path, ["public"], say("%(name)s: %(problem)s", name="public", problem=each_problem.message))
    for number, attachment in enumerate(campaign.attachments):
        if not any(ctx.documents.exists(each) for each in (f"campaigns/{name}/{attachment.path}", attachment.path)):
            yield _at(ctx, path, ["attachments", number], say("there is no file %(path)s", path=attachment.path))


def _senders(ctx: Context, path: str, campaign: Campaign) -> Iterator[Problem]:
    senders = [campaign.sender] if isinstance(campaign.sender, Sender) else list(campaign.sender.values())
    named = [("sender", sender.address) for sender in senders]
    named += [("reply_to", campaign.reply_to)] if campaign.reply_to else []
    for part, address in named:
        try:
            check_address(address)
        except AddressError as reason:
            yield _at(ctx, path, [part], say("%(name)s: %(problem)s", name=part, problem=reason))


def _drafts(ctx: Context) -> Iterator[Problem]:
    for name, _, campaign in _loaded(ctx):
        sections = [section.id for section in campaign.sections]
        for path in _draft_files(ctx, name):
            draft, found = attempt(lambda path=path: load_yaml(ctx.documents.text(path), path, Draft), path)  # type: ignore[misc]
            yield from found
            for number, section in enumerate(draft.sections if draft else ()):
                if section.id not in sections:
                    hint = nearest(section.id, sections)
                    yield _at(
                        ctx,
                        path,
                        ["sections", number, "id"],
                        say("no section %(id)r: %(hint)s", id=section.id, hint=hint),
                    )
            yield from _draft_texts(ctx, path, draft, ctx.languages(campaign)) if draft else ()


def _draft_texts(ctx: Context, path: str, draft: Draft, languages: list[str]) -> Iterator[Problem]:
    ids = [item.id for item in draft.items()]
    for doubled in sorted({each for each in ids if ids.count(each) > 1}):
        yield Problem(say("two items have the id %(doubled)r", doubled=doubled), path)
    edited = {language for item in draft.items() for language in item.edits}
    for unknown in sorted({*edited, *draft.subject, *draft.preview} - set(languages)):
        yield Problem(
            say(
                "a text is in %(unknown)r, in which the issue does not appear: %(hint)s",
                unknown=unknown,
                hint=nearest(unknown, languages),
            ),
            path,
        )
    yield from _lines(ctx, path, draft)


def _sources(ctx: Context) -> Iterator[Problem]:
    for name, path, campaign in _loaded(ctx):
        for number, section in enumerate(campaign.sections):
            for index, spec in enumerate(section.sources):
                places = (f"campaigns/{name}/{spec.path}", spec.path)
                if spec.path is not None and not any(ctx.documents.list(str(each)) for each in places):
                    where: list[str | int] = ["sections", number, "sources", index, "path"]
                    yield _at(
                        ctx, path, where, say("section %(id)r: no file matches %(path)s", id=section.id, path=spec.path)
                    )


def _articles(ctx: Context) -> Iterator[Problem]:
    for name, _, campaign in _loaded(ctx):
        yield from gather(name, campaign, Desk(ctx.documents, ctx.settings.languages)).problems


def _merge_fields(ctx: Context) -> Iterator[Problem]:
    if attempt(lambda: ctx.fields)[0] is None:
        return
    for name, _, campaign in _loaded(ctx):
        library = gather(name, campaign, Desk(ctx.documents, ctx.settings.languages)).library
        yield from in_articles(ctx, library)
        for path in _draft_files(ctx, name):
            draft, _ = attempt(lambda path=path: load_yaml(ctx.documents.text(path), path, Draft))  # type: ignore[misc]
            yield from in_draft(ctx, path, draft, library) if draft else ()


def _draft_files(ctx: Context, name: str) -> list[str]:
    return [path for path in ctx.documents.list(f"campaigns/{name}/*.yaml") if not path.endswith("/campaign.yaml")]


def _at(ctx: Context, path: str, where: list[str | int], message: str) -> Problem:
    line, column = place(ctx.documents.text(path), where) or (1, 1)
    return Problem(message, path, line, column)
