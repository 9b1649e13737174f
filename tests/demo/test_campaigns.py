"""The demo's campaigns and texts: complete, in good typography, ageless, and writing to nobody who exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from newsletter.model.article import Article, outdated
from newsletter.model.campaign import Campaign
from newsletter.workspace.loading import load_yaml, plain_yaml

ROOT = Path(__file__).parents[2]
CAMPAIGNS = ROOT / "campaigns"
NAMES = ("monthly", "events", "notices")
LANGUAGES = {"en", "fr", "es", "de", "ar"}
TOPICS = {"pensions", "health", "family", "employment", "disability"} | {
    "digital",
    "coverage",
    "governance",
    "migration",
    "ageing",
}
ROLES = {"liaison officer", "deputy", "general mailbox", "communications", "press"}

FIELD = re.compile(r"\{\{.*?\}\}")
MONTHS = "|".join(
    (
        "january|february|march|april|june|july|august|september|october|november|december",
        "janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre",
        "enero|febrero|marzo|abril|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
        "januar|februar|märz|juni|juli|oktober|dezember",
        "يناير|فبراير|مارس|أبريل|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر",
    )
)
NAMED_DATE = re.compile(rf"\b20[2-3]\d\b|\b\d{{1,2}}\.?º?\s(?:de\s)?(?:{MONTHS}|may|mai|mayo)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """An article file as it lies there."""

    file: Path
    front: Mapping[str, Any]
    body: str

    @property
    def key(self) -> str:
        return self.file.name.split(".")[0]

    @property
    def language(self) -> str:
        return self.file.name.split(".")[1]

    @property
    def prose(self) -> str:
        """All that readers see, without merge fields."""
        picture = self.front.get("picture", {})
        event = self.front.get("event", {})
        parts = [self.front.get(name, "") for name in ("title", "summary", "author")]
        parts += [picture.get("alt", ""), picture.get("credit", ""), event.get("place", ""), self.body]
        return FIELD.sub("", "\n".join(parts))


def read(file: Path) -> Text:
    _, front, body = file.read_text("utf-8").split("---\n", 2)
    return Text(file, plain_yaml(front, str(file)), body.strip())


def texts(campaign: str) -> Iterator[Text]:
    return (read(file) for file in sorted((CAMPAIGNS / campaign / "articles").rglob("*.md")))


ALL = [text for name in NAMES for text in texts(name)]
PLAIN = CAMPAIGNS / "monthly/articles/guichet-mobile.fr.txt"
FEED = CAMPAIGNS / "monthly/articles/partner-news.xml"
every_text = pytest.mark.parametrize("text", ALL, ids=lambda text: text.file.name)


def library(campaign: str) -> dict[str, dict[str, Text]]:
    found: dict[str, dict[str, Text]] = {}
    for text in texts(campaign):
        assert found.setdefault(text.key, {}).setdefault(text.language, text) is text, f"{text.file} is there twice"
    return found


@pytest.fixture(params=NAMES)
def campaign(request: pytest.FixtureRequest) -> tuple[str, Campaign]:
    file = CAMPAIGNS / request.param / "campaign.yaml"
    return request.param, load_yaml(file.read_text("utf-8"), str(file), Campaign)


def test_campaign_speaks_every_language(campaign: tuple[str, Campaign]) -> None:
    name, definition = campaign
    assert definition.publication == name
    assert set(definition.languages) == LANGUAGES
    assert set(definition.subject) == set(definition.preview) == LANGUAGES
    assert all(set(section.title) == LANGUAGES for section in definition.sections)
    assert set(definition.roles) <= ROLES


def test_every_source_finds_files_and_every_file_is_found(campaign: tuple[str, Campaign]) -> None:
    name, definition = campaign
    folder = CAMPAIGNS / name
    sources = [source.path for section in definition.sections for source in section.sources]
    found = {path: set(folder.glob(path or "")) for path in sources}
    assert [path for path, files in found.items() if not files] == []
    assert set().union(*found.values()) == {file for file in (folder / "articles").rglob("*") if file.is_file()}


def test_the_digest_covers_what_it_promises() -> None:
    articles = library("monthly")
    assert len(articles) >= 14
    assert sum(len(translations) >= 3 for translations in articles.values()) > len(articles) * 0.75
    assert {next(iter(each)) for each in articles.values() if len(each) == 1} == {"es", "ar"}  # and one text file in fr
    for language, at_least in {"en": 15, "fr": 15, "es": 12, "de": 8, "ar": 8}.items():
        assert sum(language in translations for translations in articles.values()) >= at_least, language
    kinds = {text.front.get("kind", "article") for text in texts("monthly")}
    assert kinds == {"article", "foreword", "quotation", "figure", "event"}


@pytest.mark.parametrize("name", ["events", "notices"])
def test_alerts_and_notices_are_in_every_language(name: str) -> None:
    assert all(set(translations) == LANGUAGES for translations in library(name).values())


@every_text
def test_article_is_complete(text: Text) -> None:
    front = text.front
    assert text.language in LANGUAGES
    assert all(front[name] for name in ("title", "date", "topics"))
    assert set(front["topics"]) <= TOPICS
    assert len(front.get("summary", "").split()) <= 45
    assert "{{" not in front["title"] + front.get("summary", "")
    kind = front.get("kind", "article")
    if kind == "article":
        assert 120 <= len(text.body.split()) <= 350
        assert front["summary"]
    if kind in ("foreword", "quotation"):
        assert front["author"]
    if kind == "event":
        assert {"start", "end", "zone", "place", "languages", "registration", "deadline"} <= set(front["event"])
        assert len(text.body.split()) + len(front["summary"].split()) <= 120


def test_every_picture_is_there_and_described() -> None:
    missing = set()
    for name in NAMES:
        for text in texts(name):
            picture = text.front.get("picture")
            if picture:
                assert all(picture[part] for part in ("alt", "credit")), text.file
                if not any((place / picture["file"]).is_file() for place in (CAMPAIGNS / name, ROOT)):
                    missing.add(picture["file"])
    assert missing == set()


@every_text
def test_merge_fields_have_something_to_fall_back_on(text: Text) -> None:
    personal = [field for field in FIELD.findall(text.body) if "contact." in field or "institution." in field]
    assert [field for field in personal if "default(" not in field] == []


def untimely(prose: str) -> list[str]:
    return NAMED_DATE.findall(prose)


def test_dates_in_prose_are_noticed() -> None:
    assert all(map(untimely, ("Opens on 3 December.", "in 2027", "el 3 de mayo")))
    assert untimely("Three times in a decade, in 1987, on the 4th.") == []


@every_text
def test_dates_stand_in_date_fields_only(text: Text) -> None:
    assert untimely(text.prose) == []


def test_text_file_and_feed_name_no_dates_either() -> None:
    summaries = re.findall(r"<(?:title|summary)[^>]*>(.*?)</", FEED.read_text("utf-8"))
    assert len(summaries) == 7
    assert untimely("\n".join([PLAIN.read_text("utf-8"), *summaries])) == []


def faults_of_typography(prose: str, language: str) -> list[str]:
    faults = re.findall(r"['\"]", prose)
    if language == "fr":
        faults += re.findall(r"[^\u202f][;!?»](?!\w)|«[^\u202f]|[^\u00a0]:(?=\s)", prose)
    if language == "ar":
        faults += re.findall(r"[؀-ۿ][,;?]", prose)
    if language in ("en", "de"):
        faults += re.findall(r"[«»]", prose)
    return faults


def test_poor_typography_is_noticed() -> None:
    poor = [("Quoi ?", "fr"), ("Voici : un", "fr"), ("l'an", "fr"), ("كيف?", "ar")]
    assert all(faults_of_typography(prose, language) for prose, language in poor)
    assert faults_of_typography("Quoi\u202f? Voici\u00a0: «\u202foui\u202f»", "fr") == []


@every_text
def test_typography_is_that_of_the_language(text: Text) -> None:
    assert faults_of_typography(text.prose, text.language) == []


def test_text_file_is_as_a_web_site_exports_it() -> None:
    raw = PLAIN.read_bytes()
    lines = raw.decode("utf-8").split("\n")
    assert lines[0] == lines[1]
    assert not raw.endswith(b"\n")
    assert all(character in raw.decode("utf-8") for character in "«»œᵉ’\u202f")
    assert faults_of_typography(raw.decode("utf-8"), "fr") == []


def test_one_translation_alone_is_outdated() -> None:
    behind = []
    for name in NAMES:
        for key, translations in library(name).items():
            articles = {
                language: Article(
                    key,
                    language,
                    text.front["title"],
                    text.front.get("summary", ""),
                    text.body,
                    made_from=text.front.get("made_from"),
                )
                for language, text in translations.items()
            }
            assert sum(article.made_from is None for article in articles.values()) == 1, f"{key} has one original"
            behind += [(key, article.language) for article in articles.values() if outdated(article, articles)]
    assert behind == [("prevention", "de")]


def test_nobody_who_exists_is_named_by_address() -> None:
    for file in (file for name in NAMES for file in (CAMPAIGNS / name).rglob("*")):
        if file.suffix not in {".md", ".txt", ".yaml", ".xml"}:
            continue
        content = re.sub(r'xmlns="[^"]*"', "", file.read_text("utf-8"))
        hosts = {urlsplit(url).hostname or "" for url in re.findall(r"https?://[^\s\"<>,})`]+", content)}
        hosts |= set(re.findall(r"[\w.+-]+@([\w.-]+\w)", content))
        strange = {host for host in hosts if not re.search(r"(^|\.)(example|test|example\.(org|com|net))$", host)}
        assert strange == set(), file
