"""The articles of a workspace: all that was gathered or written, and new ones written or uploaded in the studio."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import ValidationError

from newsletter.errors import NewsletterError, UsageError
from newsletter.gathering import frontmatter
from newsletter.gathering.encoding import decode
from newsletter.gathering.frontmatter import Front
from newsletter.gathering.language import detector
from newsletter.gathering.naming import slug, split_name
from newsletter.gathering.pasting import UnreadableDocument, divided, of_docx, pasted
from newsletter.gathering.writing import plain_paragraph
from newsletter.i18n import match, say
from newsletter.loading import load_yaml, why
from newsletter.model.article import Article, Library, Translations, outdated
from newsletter.model.draft import Draft, ItemState
from newsletter.model.permission import Action, require
from newsletter.store.people import Person
from newsletter.workflow.content.event_fields import FieldsWrong
from newsletter.workflow.content.gather import library_of
from newsletter.workflow.content.joining import free_key
from newsletter.workflow.context import Context
from newsletter.workspace.curating import many_lines, one_line
from newsletter.workspace.documents import Write

Read = Callable[[Context, str], Library]  # the articles of a newsletter, which the caller may keep

USED = (ItemState.IN, ItemState.NEW)  # what is proposed is used, unless somebody says otherwise
LARGEST = 10_000_000  # bytes of an upload


@dataclass(frozen=True, slots=True)
class Shelved:
    """An article with what became of it."""

    campaign: str
    key: str
    translations: Translations
    first: Article  # in the language that the workspace prefers
    state: ItemState
    issues: tuple[str, ...]  # that use it, whether or not somebody has looked at it there
    outdated: tuple[str, ...]  # languages

    @property
    def latest(self) -> str:
        return self.first.date.isoformat() if self.first.date else ""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What a file says, to be looked through before it is kept."""

    language: str
    title: str
    summary: str
    body: str


def shelf(ctx: Context, read: Read) -> list[Shelved]:
    """All articles of all newsletters, newest first; one that cannot be read is left out (checking names it)."""
    found: list[Shelved] = []
    for name in ctx.campaigns:
        try:
            library = read(ctx, name)
            drafts = _drafts(ctx, name)
        except NewsletterError:
            continue
        found += [_shelved(ctx, name, key, translations, drafts) for key, translations in library.items()]
    return sorted(found, key=lambda each: each.latest, reverse=True)


def one(ctx: Context, campaign: str, key: str, read: Read | None = None) -> Shelved:
    library = read(ctx, campaign) if read else library_of(ctx, campaign, ctx.campaign(campaign))
    translations = library.get(key)
    if not translations:
        raise UsageError(say("There is no article %(key)r in this newsletter.", key=key))
    return _shelved(ctx, campaign, key, translations, _drafts(ctx, campaign))


def write_article(ctx: Context, campaign: str, front: Front, body: str, person: Person) -> str:
    """Keeps a text that staff wrote as a file of its newsletter; its key. `front.key`: the article it translates."""
    require(person.name, person.roles, Action.EDIT)
    library = library_of(ctx, campaign, ctx.campaign(campaign))
    if not front.title or front.language is None:
        raise UsageError(say("Enter a title and choose a language."))
    if front.key and front.key not in library:
        raise UsageError(say("There is no article %(key)r in this newsletter.", key=front.key))
    key = front.key or free_key(slug(front.title)[:60].strip("-") or "article", library)
    if front.language in library.get(key, {}):
        raise UsageError(say("This article has a text in this language already: change that one."))
    path = _place(campaign, key, front.language, library)
    if ctx.documents.exists(path):
        raise UsageError(say("There is a file %(path)s already, which cannot be read: mend it first.", path=path))
    source = _source(ctx, library.get(key, {}), front.language)
    kept = front.model_copy(update={"key": key, "made_from": source.text_hash if source else None})
    text = frontmatter.write_own(kept, body)
    if frontmatter.split(text, path)[:2] != (kept, body):
        raise UsageError(say("This text cannot be kept as it is: it begins or ends in an unusual way."))
    ctx.documents.apply(Write(path, "write", text.encode()), person.id)
    return key


def still_right(ctx: Context, campaign: str, key: str, language: str, person: Person) -> None:
    """Somebody has looked a translation through: it stands for the text as it is now."""
    require(person.name, person.roles, Action.EDIT)
    found = one(ctx, campaign, key)
    article = found.translations.get(language)
    source = _source(ctx, found.translations, language)
    if article is None or source is None or article.file is None or language not in found.outdated:
        raise UsageError(say("This translation is not outdated."))
    with ctx.documents.changing():
        text = ctx.documents.text(article.file)
        new = re.sub(r"^made_from:.*$", f"made_from: {source.text_hash}", text, count=1, flags=re.MULTILINE)
        before, after = frontmatter.split(text, article.file), frontmatter.split(new, article.file)
        if after[0] != before[0].model_copy(update={"made_from": source.text_hash}) or after[1] != before[1]:
            raise UsageError(
                say(
                    "Write `made_from: %(text_hash)s` into %(file)s by hand.",
                    text_hash=source.text_hash,
                    file=article.file,
                )
            )
        ctx.documents.apply(Write(article.file, f"still right in {language}", new.encode()), person.id)


def source_of(ctx: Context, found: Shelved, language: str) -> Article | None:
    """The text that a translation is held against."""
    return _source(ctx, found.translations, language)


def uploaded(ctx: Context, campaign: str, name: str, content: bytes) -> Uploaded:
    """A .docx, .md, .txt or .html as a text to be looked through. Told by content as well as by name."""
    if len(content) > LARGEST:
        raise UnreadableDocument(say("The file is too large: at most %(most)s MB.", most=LARGEST // 1000000))
    languages = ctx.languages(ctx.campaign(campaign))
    title, summary, body = _read(PurePosixPath(name.replace("\\", "/")).name, content)
    named = split_name(name, languages)[1]
    found = named or detector(languages)(f"{title}\n{body}") or languages[0]
    return Uploaded(match([found], languages) or languages[0], one_line(title), many_lines(summary), many_lines(body))


def from_clipboard(html: str) -> str:
    return pasted(html)


def front_of(values: dict[str, object]) -> Front:
    """From a form; FieldsWrong names the field that cannot be read."""
    try:
        return Front.model_validate({name: value for name, value in values.items() if value not in (None, "", [], {})})
    except ValidationError as error:
        first = error.errors()[0]
        cause = why(first)
        told = (
            cause.args[0] if isinstance(cause, ValueError) else say("%(value)s cannot be read.", value=first["input"])
        )
        raise FieldsWrong({str(first["loc"][0]): told}) from None


def _read(name: str, content: bytes) -> tuple[str, str, str]:
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".docx" or content.startswith(b"PK\x03\x04"):
        title, body = divided(of_docx(content))
        return title, "", body
    if ending not in (".md", ".markdown", ".txt", ".html", ".htm"):
        raise UnreadableDocument(say("Upload a .docx, .md, .txt or .html file."))
    if b"\0" in content[:4096]:
        raise UnreadableDocument(say("This is no text: upload a .docx, .md, .txt or .html file."))
    text = decode(content, name)
    if ending in (".html", ".htm"):
        title, body = divided(pasted(text))
        return title, "", body
    if ending == ".txt":
        paragraphs = [each for each in re.split(r"\n\s*\n", text.strip()) if each.strip()]
        return paragraphs[0] if paragraphs else "", "", "\n\n".join(map(plain_paragraph, paragraphs[1:]))
    front, body, _ = frontmatter.split(text, name)
    if front.title:
        return front.title, front.summary, body
    title, body = divided(body)
    return title, front.summary, body


def _shelved(
    ctx: Context, campaign: str, key: str, translations: Translations, drafts: Sequence[tuple[str, Draft]]
) -> Shelved:
    preference = [ctx.settings.default_language, *ctx.settings.languages]
    states = [(issue, item.state) for issue, draft in drafts for item in draft.items() if item.article == key]
    told = [state for _, state in states]
    return Shelved(
        campaign,
        key,
        translations,
        translations[match(preference, translations) or next(iter(translations))],
        next((state for state in USED if state in told), told[-1] if told else ItemState.NEW),
        tuple(dict.fromkeys(issue for issue, state in states if state in USED)),
        tuple(tag for tag, article in translations.items() if outdated(article, translations)),
    )


def _drafts(ctx: Context, campaign: str) -> list[tuple[str, Draft]]:
    paths = [path for path in ctx.documents.list(f"campaigns/{campaign}/*.yaml") if not path.endswith("/campaign.yaml")]
    return [(PurePosixPath(path).stem, load_yaml(ctx.documents.text(path), path, Draft)) for path in paths]


def _source(ctx: Context, translations: Translations, language: str) -> Article | None:
    others = {tag: article for tag, article in translations.items() if tag != language}
    preference = [ctx.settings.default_language, *ctx.settings.languages]
    return others[match(preference, others) or next(iter(others))] if others else None


def _place(campaign: str, key: str, language: str, library: Library) -> str:
    """A file for a new text: not the one of a text that was taken out of this article."""
    taken = {article.file for translations in library.values() for article in translations.values()}
    number, path = 2, f"campaigns/{campaign}/articles/{key}.{language}.md"
    while path in taken:
        number, path = number + 1, f"campaigns/{campaign}/articles/{key}-{number}.{language}.md"
    return path
