"""Gather: every source of a campaign read, articles grouped, new ones handed back to be stored.

Pure but for the two functions that it is handed (`Files`, `Fetch`). Nothing is written here: `Gathered.stored` holds
the files that the caller writes, and `Gathered.answers` what feeds said, to be remembered once those are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.gathering import frontmatter
from newsletter.gathering.bringing import Fetch, bring
from newsletter.gathering.fetch import Validators
from newsletter.gathering.language import detector
from newsletter.gathering.sources import Document, Hints, Source, source_for
from newsletter.i18n import Tongue, say, told
from newsletter.model.article import Article, complete
from newsletter.model.campaign import Campaign, SourceSpec


class Files(Protocol):
    """The part of the workspace's documents that gathering reads."""

    def read(self, path: str) -> bytes: ...
    def exists(self, path: str) -> bool: ...
    def list(self, pattern: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What gathering works with. Without `fetch` the sources with an address are left out, and said so."""

    files: Files
    languages: Sequence[str]
    fetch: Fetch | None = None
    validators: Mapping[str, Validators] = field(default_factory=dict)


@dataclass
class Gathered:
    """`candidates`: by section id, the keys that its sources hold, in their order.

    `stored`: new files by path. `problems` want mending; `notices` are good to know. `lacking`: the addresses of
    pictures that could not be had, with the reason.
    """

    library: dict[str, dict[str, Article]] = field(default_factory=dict)
    candidates: dict[str, list[str]] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Validators] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    lacking: dict[str, str] = field(default_factory=dict)


def gather(name: str, campaign: Campaign, desk: Desk, *, strict: bool = False) -> Gathered:
    """All articles of a campaign. A text that cannot be read is a problem and the others go on; `strict` raises."""
    work = _Work(name, campaign, desk)
    work.read_files()
    for section in campaign.sections:
        keys = [article.key for spec in section.sources for article in work.of_source(spec)]
        work.result.candidates[section.id] = list(dict.fromkeys(keys))
    preference = campaign.languages or list(desk.languages)
    library = work.result.library
    work.result.library = {key: complete(library[key], preference) for key in library}
    if strict and work.result.problems:
        raise ProblemsFound(work.result.problems)
    return work.result


def library_of(name: str, campaign: Campaign, desk: Desk) -> Gathered:
    """The articles that lie in the workspace, nothing fetched or stored: what an edition is made from."""
    return gather(name, campaign, Desk(desk.files, desk.languages))


def folder(name: str) -> str:
    return f"campaigns/{name}"


class _Work:
    """One gathering under way."""

    def __init__(self, name: str, campaign: Campaign, desk: Desk) -> None:
        self.name, self.campaign, self.desk = name, campaign, desk
        self.languages = campaign.languages or list(desk.languages)
        self.detect = detector([*self.languages, *desk.languages])
        self.result = Gathered()
        self._read: dict[tuple[str, str | None], list[Article]] = {}

    def read_files(self) -> None:
        """Every article file below the campaign, whether a source names it or not: drafts may use each."""
        specs = [spec for section in self.campaign.sections for spec in section.sources]
        naming = {path: spec for spec in reversed(specs) for path in self._paths(spec)}
        for path in self.desk.files.list(f"{folder(self.name)}/articles/**/*.md"):
            self._file(path, naming.get(path, SourceSpec()))

    def of_source(self, spec: SourceSpec) -> list[Article]:
        if spec.url is not None:
            return self._fetched(spec, spec.url)
        return [article for path in self._paths(spec) for article in self._file(path, spec)]

    def _paths(self, spec: SourceSpec) -> list[str]:
        """The files that a source names, from the campaign's folder, else from the workspace's root."""
        if spec.path is None:
            return []
        near = self.desk.files.list(f"{folder(self.name)}/{spec.path}")
        return near or self.desk.files.list(spec.path)

    def _file(self, path: str, spec: SourceSpec) -> list[Article]:
        if (path, spec.language) in self._read:
            return self._read[path, spec.language]
        try:
            source = source_for(path, spec.kind)
            document = Document(path, self.desk.files.read(path))
        except NewsletterError as error:
            self.result.problems.append(Problem(told(error), path))
            return []
        found = list(self._articles(source, document, spec))
        if source.several:
            found = [*(self._store(article) for article in found), *self._stored_from(path)]
        self._read[path, spec.language] = found
        for article in found:
            self._keep(article)
        return found

    def _fetched(self, spec: SourceSpec, url: str) -> list[Article]:
        """What an address holds now, and what was stored from it before."""
        before = self._stored_from(url)
        if self.desk.fetch is None:
            return before
        try:
            known = self.desk.validators.get(url) if before else None
            answer = self.desk.fetch(url, known)
        except NewsletterError as error:
            self.result.problems.append(Problem(told(error), url))
            return before
        if answer.content is None:
            return before
        kind = spec.kind or ("html" if answer.media_type in ("text/html", "application/xhtml+xml") else "feed")
        document = Document(url, answer.content, url=answer.url, charset=answer.charset)
        sound = len(self.result.problems)
        found = [self._store(article) for article in self._articles(source_for(url, kind), document, spec)]
        if len(self.result.problems) == sound:
            self.result.answers[url] = answer.validators
        for article in found:
            self._keep(article)
        return [*found, *before]

    def _articles(self, source: Source, document: Document, spec: SourceSpec) -> Iterator[Article]:
        hints = Hints(self.languages, self.detect, spec.language, tuple(spec.topics))
        for each in source.read(document, hints):
            if isinstance(each, Problem):
                self.result.problems.append(each)
            else:
                yield each

    def _store(self, article: Article) -> Article:
        """A gathered text as the workspace holds it: stored once, and never overwritten."""
        path = f"{folder(self.name)}/articles/{article.key}.{article.language}.md"
        if path in self.result.stored or self.desk.files.exists(path):
            return self._as_stored(path, article)
        brought, pictures = bring(article, self.desk.fetch, self.result.lacking)
        self.result.stored |= {f"{folder(self.name)}/{picture}": content for picture, content in pictures.items()}
        self.result.stored[path] = frontmatter.write(brought, source_hash=article.text_hash).encode()
        return _at(brought, path)

    def _as_stored(self, path: str, article: Article) -> Article:
        present = self._in_file(path)
        if path not in self.result.stored:
            front = self._front(path)
            if front is not None and front.source_hash and front.source_hash != article.text_hash:
                self.result.notices.append(
                    say(
                        "%(path)s: the text at %(source)s has changed since it was gathered. Yours stays as it "
                        "is; remove the file to gather the new text.",
                        path=path,
                        source=article.source,
                    )
                )
        return present or _at(article, path)

    def _in_file(self, path: str) -> Article | None:
        """What a file holds, under whatever key: staff may have joined it to another article."""
        every = (article for translations in self.result.library.values() for article in translations.values())
        return next((article for article in every if article.file == path), None)

    def _front(self, path: str) -> frontmatter.Front | None:
        try:
            return frontmatter.split(self.desk.files.read(path).decode("utf-8-sig"), path)[0]
        except (NewsletterError, UnicodeDecodeError):
            return None  # reading it has said so already

    def _stored_from(self, source: str) -> list[Article]:
        return [
            article
            for translations in self.result.library.values()
            for article in translations.values()
            if article.source == source and not article.own and article.file != source
        ]

    def _keep(self, article: Article) -> None:
        present = self.result.library.setdefault(article.key, {}).setdefault(article.language, article)
        if present.file != article.file:
            message = say(
                "The article %(key)r is there twice in %(language)s (also %(where)s): give one of them "
                "another `key:` or file name.",
                key=article.key,
                language=Tongue(article.language),
                where=present.file or present.source,
            )
            problem = Problem(message, article.file or article.source)
            if problem not in self.result.problems:
                self.result.problems.append(problem)


def _at(article: Article, path: str) -> Article:
    """As it will be read from its file."""
    return replace(article, file=path, body_line=1)
