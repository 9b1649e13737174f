"""Draft -> composition: the messages of an issue compiled per language and variant, with all that a hash covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from newsletter.errors import Problem, ProblemsFound
from newsletter.i18n import direction, locale, pick, say
from newsletter.model.article import Library
from newsletter.model.campaign import Campaign
from newsletter.model.contact import NAME_FIELDS
from newsletter.model.draft import Draft
from newsletter.model.recurrence import instant, moment, zone_of
from newsletter.rendering.content import Content, issue_date
from newsletter.rendering.manuscript import Manuscript, Source, Strings, Templates
from newsletter.rendering.selection import choose
from newsletter.store import links
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.workflow.audience import audience_rule, is_statutory
from newsletter.workflow.composing.composition import ComposedLanguage, Composition
from newsletter.workflow.composing.envelopes import envelope_for
from newsletter.workflow.composing.links import LinkRegister, reading_page, web_version
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.pictures import Pictures
from newsletter.workflow.context import Context, NothingToSend
from newsletter.workflow.people.witnesses import witnesses_of
from newsletter.workspace.loading import load_yaml

WITNESSES = 200  # contacts a language that answer the questions which cannot be forced


def compose(ctx: Context, issue: IssueRow, *, now: bool = False, only: Sequence[str] | None = None) -> Composition:
    """Compiles every language of an issue. ProblemsFound names all that is wrong in all of them.

    `now`: the planned time is "at once" instead of the draft's. `only`: these languages, to be looked at (the numbers
    of links are then others than in the whole).
    """
    ctx.renderer.warm()  # its process starts while the manuscripts are made
    campaign, draft = ctx.campaign(issue.campaign), ctx.draft(issue.campaign, issue.key)
    library = library_of(ctx, issue.campaign, campaign)
    wanted = ctx.languages(campaign)
    planned = None if now else planned_at(ctx, campaign, draft)
    with reading(ctx.engine) as connection:
        register = LinkRegister(
            ctx.settings.public_url,
            issue.id,
            campaign.utm,
            direct=not campaign.link_addresses,
            targets=links.numbers(connection, issue.id),
        )
    pictures = Pictures(ctx, issue.campaign, issue.key)
    setting = Setting(ctx, issue, campaign, draft, library, register, pictures, planned)
    asked = wanted if only is None else [tag for tag in wanted if tag in only]
    manuscripts = {tag: found for tag in asked if (found := setting.manuscript(tag, wanted)) is not None}
    if not manuscripts:
        raise NothingToSend(
            say("The issue %(issue)s has no article in any of its languages: gather some first.", issue=issue.name)
        )
    languages = _compile(ctx, setting, manuscripts)
    return Composition(
        issue,
        campaign,
        draft,
        languages,
        setting.pictures.assets,
        register.targets,
        _definition(ctx, campaign, planned, list(languages)),
        setting.pictures.notices,
        list(setting.pictures.stills.values()),
        register.places,
    )


def planned_at(ctx: Context, campaign: Campaign, draft: Draft) -> datetime | None:
    """The draft's planned time, in the campaign's zone; RecurrenceError where it cannot be read."""
    if draft.planned is None:
        return None
    zone = zone_of(campaign.recurrence, ctx.settings.time_zone)
    return instant(moment(draft.planned), zone).astimezone(zone)


@dataclass
class Setting:
    """What all languages of one composition share."""

    ctx: Context
    issue: IssueRow
    campaign: Campaign
    draft: Draft
    library: Library
    register: LinkRegister
    pictures: Pictures
    planned: datetime | None
    items: dict[str, int] = field(default_factory=dict)

    def manuscript(self, language: str, languages: Sequence[str]) -> Manuscript | None:
        """None where nothing of the issue is there in this language."""
        ctx, campaign = self.ctx, self.campaign
        preference = [ctx.settings.default_language, *ctx.settings.languages]
        chosen = choose(campaign, self.draft, self.library, language, preference)
        if all(each.other for section in chosen for each in section.items):
            return None
        content = Content(
            language,
            house=pick(ctx.settings.typography, language) or {},
            address=lambda article: self.register.address(
                article.link
                or reading_page(self._public, self.issue.campaign, self.issue.key, article.key, article.language),
                (article.key, language),
            ),
            picture=self.pictures.view,
            rewrite=lambda article, target: self.register.address(target, (article.key, language)),
        )
        sections = content.sections(chosen, lambda title: self._pick(title, language))
        self.items[language] = sum(len(section["items"]) for section in sections)
        return Manuscript(
            templates=self._templates(language, content.sources),
            context=self._context(language, languages, sections),
            fields=ctx.fields,
            language=language,
            personal=("preferences",) if is_statutory(ctx, campaign) else ("unsubscribe", "preferences"),
        )

    @property
    def _public(self) -> str:
        return self.ctx.settings.public_url

    def _pick(self, texts: Mapping[str, str], language: str) -> str:
        return pick(texts, language, self.ctx.settings.default_language) or next(iter(texts.values()), "")

    def _templates(self, language: str, bodies: Mapping[str, Source]) -> Templates:
        ctx, name = self.ctx, self.campaign.template
        paths = [path for ending in ("mjml", "txt") for path in ctx.documents.list(f"templates/**/*.{ending}")]
        sources: dict[str, Source | str] = {
            path.removeprefix("templates/"): Source(ctx.documents.text(path), file=path) for path in paths
        }
        missing = [f"templates/{name}.{ending}" for ending in ("mjml", "txt") if f"{name}.{ending}" not in sources]
        if missing:
            path = f"campaigns/{self.issue.campaign}/campaign.yaml"
            raise ProblemsFound(
                [
                    Problem(say("template %(name)r needs the file %(each)s", name=name, each=each), path)
                    for each in missing
                ]
            )
        return Templates(
            sources={**sources, **bodies},
            html=f"{name}.mjml",
            text=f"{name}.txt",
            subject=self._line("subject", language),
            preview=self._line("preview", language),
        )

    def _line(self, name: str, language: str) -> Source:
        """Subject or preview: the draft's, else the campaign's."""
        of_draft, of_campaign = getattr(self.draft, name), getattr(self.campaign, name)
        path = f"campaigns/{self.issue.campaign}/{self.issue.key if language in of_draft else 'campaign'}.yaml"
        text = pick(of_draft, language) or pick(of_campaign, language)
        if text is None and name == "subject":
            raise ProblemsFound([Problem(say("subject has no text in %(language)s", language=language), path)])
        return Source(text or "", file=path, staff=True)

    def _context(self, language: str, languages: Sequence[str], sections: list[Any]) -> dict[str, Any]:
        ctx, issue = self.ctx, self.issue
        publication = ctx.publications[self.campaign.publication]
        association = ctx.settings.association
        planned = self.planned
        return {
            "campaign": {
                "name": self._pick(publication.name, language),
                "title": self.campaign.title,
                "publication": self.campaign.publication,
                "statutory": is_statutory(ctx, self.campaign),
            },
            "issue": {
                "key": issue.key,
                "title": self.draft.title or "",
                "date": issue_date(issue.key, planned.date() if planned else None),
                "number": len([path for path in _drafts(ctx, issue.campaign) if path <= f"{issue.key}.yaml"]),
            },
            "sections": sections,
            "association": {
                "name": self._pick(association.name, language),
                "postal_address": self._pick(association.postal_address, language),
                "url": self._pick(association.url, language),
                "logo": self.pictures.logo(association.logo) if association.logo else None,
            },
            "dir": direction(language),
            "t": Strings(_strings(ctx, language)),
            "links": {
                "web": web_version(self._public, issue.campaign, issue.key, language),
                "web_versions": [
                    {
                        "language": tag,
                        "name": _own_name(tag),
                        "url": web_version(self._public, issue.campaign, issue.key, tag),
                        "dir": direction(tag),
                    }
                    for tag in languages
                ],
            },
        }


def _compile(ctx: Context, setting: Setting, manuscripts: Mapping[str, Manuscript]) -> dict[str, ComposedLanguage]:
    problems: dict[str, Problem] = {}
    languages: dict[str, ComposedLanguage] = {}
    rule = audience_rule(ctx, setting.issue.campaign, setting.campaign, list(manuscripts))
    with reading(ctx.engine) as connection:
        known = {tag: witnesses_of(connection, rule, ctx.fields, tag, WITNESSES) for tag in manuscripts}
    ctx.renderer.prepare(manuscripts.values())
    for language, manuscript in manuscripts.items():
        try:
            compiled = ctx.renderer.compile(manuscript, known[language])
        except ProblemsFound as error:
            problems |= {str(problem): problem for problem in error.problems}
            continue
        subject = manuscript.templates.subject
        languages[language] = ComposedLanguage(
            manuscript,
            replace(compiled, fields=tuple(sorted({*compiled.fields, *NAME_FIELDS}))),
            envelope_for(ctx, setting.issue, setting.campaign, language),
            subject.text if isinstance(subject, Source) else subject,
            setting.items[language],
        )
    if problems:
        raise ProblemsFound(problems.values())
    return languages


def _definition(ctx: Context, campaign: Campaign, planned: datetime | None, languages: list[str]) -> dict[str, Any]:
    """What the edition hash covers beside the languages."""
    zone = zone_of(campaign.recurrence, ctx.settings.time_zone)
    said: dict[str, Any] = {"local_time": zone.key} if campaign.local_time else {}
    said |= {"canary": campaign.canary.model_dump(mode="json")} if campaign.canary else {}
    return said | {
        "publication": campaign.publication,
        "statutory": is_statutory(ctx, campaign),
        "transports": campaign.transports or ctx.settings.send_with,
        "planned": planned.isoformat() if planned else "now",
        "audience": {"include": campaign.audience.include, "exclude": campaign.audience.exclude},
        "segments": ctx.segment_rules,
        "copies": campaign.copies.value,
        "roles": list(campaign.roles),
        "languages": languages,
        "default_language": ctx.settings.default_language,
        "sign_off": list(campaign.sign_off),
        "public": campaign.public,
    }


def _drafts(ctx: Context, campaign: str) -> list[str]:
    names = (path.rsplit("/", 1)[1] for path in ctx.documents.list(f"campaigns/{campaign}/*.yaml"))
    return [name for name in names if name != "campaign.yaml"]


def _strings(ctx: Context, language: str) -> dict[str, str]:
    """The template strings of a language, each falling back to the workspace's language."""
    path = "templates/strings.yaml"
    if not ctx.documents.exists(path):
        return {}
    texts = load_yaml(ctx.documents.text(path), path, dict[str, dict[str, str]])
    return {
        name: pick(by_language, language, ctx.settings.default_language) or "" for name, by_language in texts.items()
    }


def _own_name(tag: str) -> str:
    """The name of a language in itself, beginning with a capital: Français, العربية."""
    name = locale(tag).languages.get(tag.split("-")[0], tag)
    return str(name)[:1].upper() + str(name)[1:]
