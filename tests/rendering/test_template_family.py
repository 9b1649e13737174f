"""The demo's templates: the finished messages of the three campaigns, in all five languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from ruamel.yaml import YAML

from newsletter.app import Workspace, open_workspace
from newsletter.checks.css import colour, contrast
from newsletter.clock import FixedClock
from newsletter.i18n import direction
from newsletter.workflow.checking.edition import Edition
from newsletter.workflow.people.contacts import import_file
from newsletter.workspace.demo import lay_demo
from tests.servers import missing

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
LANGUAGES = ("en", "fr", "es", "de", "ar")
CAMPAIGNS = ("monthly", "events", "notices")
MEMBER = "w.kamathe@highlands-pensions.example"
ASSOCIATE = "s.ekra@sante-ebrie.example"
CODED = re.compile(r"#[0-9A-Fa-f]{6}\b")

every_message = pytest.mark.parametrize("language", LANGUAGES)
every_campaign = pytest.mark.parametrize("campaign", CAMPAIGNS)


@dataclass
class Demo:
    """The demo's issues, composed once; `light` is the digest cut down to twelve articles."""

    editions: dict[str, Edition]
    light: Edition

    def html(self, campaign: str, language: str, recipient: str | None = MEMBER) -> str:
        return self.editions[campaign].message(language, recipient=recipient).html

    def text(self, campaign: str, language: str, recipient: str | None = MEMBER) -> str:
        return self.editions[campaign].message(language, recipient=recipient).text

    def tree(self, campaign: str, language: str) -> Any:
        return lxml_html.fromstring(self.html(campaign, language))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    lay_demo(folder, clock.now().date())
    with open_workspace(folder, clock=clock, environment={}) as ws:
        for mapping in ("institutions", "contacts"):
            import_file(ws.context, mapping, None, ws.context.person("ana"))
        editions = {name: ws.compose(ws.gather(name, key="2026-12", person="ana")) for name in CAMPAIGNS}
        yield Demo(editions, _with_twelve_articles(ws, folder))


def _with_twelve_articles(ws: Workspace, folder: Path) -> Edition:
    """The digest once more, with what stands first in each section."""
    file = folder / "campaigns/monthly/2026-12.yaml"
    yaml = YAML()
    draft = yaml.load(file.read_text("utf-8"))
    most = {"policy": 4, "events": 2}
    for section in draft["sections"]:
        section["items"] = section["items"][: most.get(section["id"], 1)]
    assert sum(len(section["items"]) for section in draft["sections"]) == 12
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(draft, stream)
    return ws.compose("monthly/2026-12")


# As a whole


@every_campaign
def test_the_preflight_finds_no_fault_in_the_templates(demo: Demo, campaign: str) -> None:
    of_the_texts = {
        "translation-missing", "translation-outdated", "preview-length", "subject-length", "event-over"
    }  # fmt: skip
    found = [each for each in demo.editions[campaign].check() if each.code not in of_the_texts]
    assert [str(each) for each in found] == []


@every_message
def test_twelve_articles_weigh_at_most_60_kb_and_the_whole_digest_is_not_cut(demo: Demo, language: str) -> None:
    assert len(demo.light.message(language, recipient=MEMBER).html.encode()) <= 60_000
    assert len(demo.html("monthly", language, "worst").encode()) <= 80_000


@every_campaign
def test_few_variants(demo: Demo, campaign: str) -> None:
    """Member, associate member, nobody in particular."""
    for language, composed in demo.editions[campaign].composition.languages.items():
        assert len(composed.compiled.variants) <= 3, language


# Structure


@every_campaign
@every_message
def test_headings_make_an_outline(demo: Demo, campaign: str, language: str) -> None:
    levels = [int(element.tag[1]) for element in demo.tree(campaign, language).iter("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@every_campaign
@every_message
def test_the_message_says_its_language_and_direction(demo: Demo, campaign: str, language: str) -> None:
    source = demo.html(campaign, language)
    assert source.startswith("<!DOCTYPE html>")
    tree = lxml_html.fromstring(source)
    wrapper = tree.xpath("//body/div")[-1]
    for element in (tree, wrapper):
        assert (element.get("lang"), element.get("dir")) == (language, direction(language))
    for element in filter(_spoken, tree.iter("h1", "h2", "h3")):
        assert element.get("dir") == direction(element.get("lang"))


def _spoken(element: Any) -> bool:
    return bool(element.text_content().strip())


@every_campaign
def test_arabic_says_its_direction_on_every_paragraph_and_heading(demo: Demo, campaign: str) -> None:
    """Where a mail program drops `dir`, the style holds; and what is in another script runs its own way."""
    for element in demo.tree(campaign, "ar").iter("p", "h1", "h2", "h3"):
        if _spoken(element):
            way, side = ("ltr", "left") if element.get("dir") == "ltr" else ("rtl", "right")
            assert f"direction:{way};text-align:{side}" in element.get("style"), element.text_content()


def test_an_article_in_another_language_is_marked(demo: Demo) -> None:
    (headline,) = demo.tree("monthly", "en").xpath("//h3[@lang='ar']")
    assert headline.get("dir") == "rtl"
    assert "direction:rtl;text-align:right" in headline.get("style")
    kicker, summary = headline.getprevious(), headline.getnext()
    assert "In Arabic" in kicker.text_content()
    assert (kicker.get("lang"), summary.get("lang"), summary.get("dir")) == ("en", "ar", "rtl")


@every_campaign
@every_message
def test_pictures_have_alternative_texts_and_whole_widths(demo: Demo, campaign: str, language: str) -> None:
    pictures = list(demo.tree(campaign, language).iter("img"))
    assert pictures
    for picture in pictures:
        assert picture.get("alt"), picture.get("src")
        assert int(picture.get("width")) in (140, 160, 536)
        assert re.fullmatch(r"https://news\.example\.org/a/[0-9a-f]{64}\.(png|jpg)", picture.get("src"))


@every_campaign
@every_message
def test_tables_are_for_layout_or_have_headers(demo: Demo, campaign: str, language: str) -> None:
    for table in demo.tree(campaign, language).iter("table"):
        assert table.get("role") == "presentation" or table.xpath("./tr/th[@scope='row']")


@every_campaign
@every_message
def test_no_notation_that_some_mail_program_deletes(demo: Demo, campaign: str, language: str) -> None:
    source = demo.html(campaign, language)
    blocks = re.findall(r"<style[^>]*>(.*?)</style>", source, re.S)
    styles = ";".join([*blocks, *re.findall(r'style="([^"]*)"', source)])
    assert not re.search(r"\b(rgba?|hsla?|oklch|var|calc)\(|\b(flex|grid|position|float)\b", styles)
    assert set(map(len, re.findall(r"#[0-9A-Fa-f]+(?=[\s;\"!}]|$)", styles))) == {7}
    assert not re.search("[\u200c\u200d\u00ad\ufffd]|{{|}}", source)
    assert len("".join(blocks)) < 8_000


# What it says


@every_message
def test_the_footer_is_whole_and_a_statutory_notice_offers_no_unsubscription(demo: Demo, language: str) -> None:
    strings = YAML(typ="safe").load((TEMPLATES / "strings.yaml").read_text("utf-8"))
    for campaign in CAMPAIGNS:
        links = {" ".join(a.text_content().split()): a.get("href") for a in demo.tree(campaign, language).iter("a")}
        assert links[strings["web_version"][language]].startswith("https://news.example.org/")
        assert links[strings["preferences"][language]]
        assert (strings["unsubscribe"][language] in links) == (campaign != "notices")
        assert ("/u/" in demo.text(campaign, language)) == (campaign != "notices")
        assert "1211" in demo.html(campaign, language)
        assert "1211" in demo.text(campaign, language)


@every_campaign
def test_the_institution_is_named_where_there_is_one(demo: Demo, campaign: str) -> None:
    assert "Highlands Pension Institute" in demo.html(campaign, "en")
    assert "Member institution" in demo.text(campaign, "en")
    assert "Associate member" in demo.html(campaign, "en", ASSOCIATE)
    assert "Member institution" not in demo.html(campaign, "en", None)
    assert "Member institution" not in demo.text(campaign, "en", None)


@every_message
def test_text_and_html_hold_the_same_articles_and_links(demo: Demo, language: str) -> None:
    tree, text = demo.tree("monthly", language), demo.text("monthly", language)
    headlines = tree.xpath("//h3/a")
    assert len(headlines) >= 15
    for headline in headlines:
        assert " ".join(headline.text_content().split()) in " ".join(text.split())
        assert headline.get("href") in text
    assert not re.search(r"<[a-z/]", text)


def test_an_event_tells_days_hours_and_zone(demo: Demo) -> None:
    shown = {language: " ".join(demo.tree("events", language).text_content().split()) for language in LANGUAGES}
    assert "15–16 December 2026" in shown["en"]
    assert "15.–16. Dezember 2026" in shown["de"]
    assert "15–16 de diciembre de 2026" in shown["es"]
    for language in LANGUAGES:
        assert "09:30–16:00" in shown[language]
        assert "UTC+01:00" in shown[language]


def test_every_string_is_there_in_every_language_and_used() -> None:
    strings: Mapping[str, Mapping[str, str]] = YAML(typ="safe").load((TEMPLATES / "strings.yaml").read_text("utf-8"))
    sources = " ".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*") if path.suffix in (".mjml", ".txt"))
    asked = set(re.findall(r"""\bt\("(\w+)\"""", sources)) | set(re.findall(r'addressed = "(\w+)"', sources))
    assert asked == set(strings)
    for name, texts in strings.items():
        assert set(texts) == set(LANGUAGES), name
        places = {tuple(sorted(re.findall(r"{\w+}", text))) for text in texts.values()}
        assert len(places) == 1, name


# How it looks

GROUNDS = {"light": ("#FFFFFF", "#F3F5F7"), "dark": ("#1B1F24", "#242A31")}
ON_GROUND = {
    "light": ("#1F2933", "#55606B", "#0B5A8A", "#B4531A"),
    "dark": ("#ECEFF2", "#AEB8C2", "#8CC8F0", "#F0A878"),
}
BUTTONS = (("#FFFFFF", "#0B5A8A"), ("#0E1A24", "#8CC8F0"))


def test_every_colour_is_one_whose_contrast_was_computed() -> None:
    known = {each.upper() for pair in (*GROUNDS.values(), *ON_GROUND.values(), *BUTTONS) for each in pair}
    used = {found.upper() for path in TEMPLATES.rglob("*.mjml") for found in CODED.findall(path.read_text("utf-8"))}
    assert used == known
    pairs = [(text, ground) for mode in GROUNDS for ground in GROUNDS[mode] for text in ON_GROUND[mode]]
    for text, ground in [*pairs, *BUTTONS]:
        one, other = colour(text), colour(ground)
        assert one is not None
        assert other is not None
        assert contrast(one, other) >= 4.5, (text, ground)


@pytest.mark.browser
def test_nothing_runs_out_of_the_screen_and_gutters_hold(demo: Demo) -> None:
    """On a desk, on a phone, and on a phone whose mail program drops every <style>."""
    from tests.fidelity.pixels import camera, chromium

    if chromium() is None:
        missing("browser", "Chromium is not here: apt-get install chromium")
    with camera() as eye:
        for campaign, language in (("monthly", "ar"), ("events", "de")):
            source = demo.html(campaign, language)
            bare = re.sub(r"<style.*?</style>", "", source, flags=re.S)
            for shown, width, gutter in ((source, 1280, 32), (source, 375, 20), (bare, 375, 32)):
                shot = eye.shoot(shown, width)
                assert shot.width == width
                margin = max(0, width - 600) // 2 + gutter - 3  # letters may hang out of their box
                rows = shot.crop((0, 0, width, shot.height)).convert("L")
                strip = rows.crop((0, 0, margin, rows.height)), rows.crop((width - margin, 0, width, rows.height))
                # In the gutters stands nothing but the ground and the panel.
                for side in strip:
                    assert side.getextrema()[0] >= 240, (campaign, language, width)
