from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.gathering import frontmatter
from newsletter.model.article import Article, Picture
from tests.gathering.conftest import Read, one, problems

EVERYTHING = """\
---
key: forum
language: fr
title: "Forum : 2026"
summary: Deux jours
date: 2026-11-18
link: https://a.example/fr/forum
topics: [pensions, digital]
author: Ilona
picture: {file: pictures/x.jpg, alt: "Une salle", credit: "ASPI"}
event: {start: 2026-12-08T09:00, end: 2026-12-09T17:00, zone: Africa/Abidjan, place: Abidjan,
  languages: [fr, en], registration: https://a.example/r, deadline: 2026-12-01}
dates: {in_force: 2027-01-01}
made_from: 0123456789abcdef
---

Corps.
"""


def test_every_key(read: Read) -> None:
    article = one(read("articles/other.en.md", EVERYTHING))
    assert (article.key, article.language, article.title) == ("forum", "fr", "Forum : 2026")
    assert (article.date, article.link, article.kind) == (date(2026, 11, 18), "https://a.example/fr/forum", "event")
    assert article.picture == Picture("pictures/x.jpg", "Une salle", "ASPI")
    assert article.event is not None
    assert article.event.start == datetime(2026, 12, 8, 9, tzinfo=ZoneInfo("Africa/Abidjan"))
    assert article.event.deadline == date(2026, 12, 1)
    assert article.dates == {"in_force": date(2027, 1, 1)}
    assert article.made_from == "0123456789abcdef"
    assert article.body == "Corps."
    assert EVERYTHING.split("\n")[article.body_line - 1] == "Corps."


def test_a_hash_of_digits_alone_stays_what_it_is(read: Read) -> None:
    for made_from in ("0123456789012345", "12345678e9012345", "1_000"):
        article = one(read("a.en.md", f"---\ntitle: T\nmade_from: '{made_from}'\n---\nx"))
        assert article.made_from == made_from


def test_all_mistakes_at_once_with_line_and_nearest_key(read: Read) -> None:
    text = (
        "---\ntitel: X\nlink: www.a.example\nkind: evnt\nevent: {start: 2026-12-08, zone: Europe/Zuerich}\n"
        "picture: {fil: a.jpg}\n---\nx"
    )
    found = problems(read("a.en.md", text))
    assert sorted(each.split(":")[1] for each in found) == ["2", "3", "4", "5", "6", "6"]
    assert any("did you mean 'title'?" in each for each in found)
    assert any("did you mean 'event'?" in each for each in found)
    assert any("did you mean 'file'?" in each for each in found)
    assert any("it begins with https://" in each for each in found)


def test_front_matter_that_is_no_yaml_or_never_ends(read: Read) -> None:
    assert problems(read("a.en.md", "---\ntitle: [x\n---\nx"))[0].startswith("a.en.md:3:1: This is no YAML")
    assert problems(read("a.en.md", "---\ntitle: x\n\nbody")) == [
        "a.en.md:1: The front matter is not closed: put a line `---` below it."
    ]


def test_a_heading_is_the_title_where_no_other_is(read: Read) -> None:
    article = one(read("a.en.md", "# The title\n\nThe text.\n\n---\n\nMore."))
    assert (article.title, article.body, article.body_line) == ("The title", "The text.\n\n---\n\nMore.", 3)
    assert "a.en.md:1: The article has no title" in problems(read("a.en.md", "No heading"))[0]
    assert "a.en.md:4: The article has no title" in problems(read("a.en.md", "---\ndate: 2026-01-01\n---\nText"))[0]


def test_a_title_that_yaml_reads_as_a_number(read: Read) -> None:
    assert one(read("a.en.md", "---\ntitle: 2026\n---\nx")).title == "2026"


def test_a_gathered_text_written_and_read_again_is_the_same(read: Read) -> None:
    article = Article(
        key="x-1",
        language="fr",
        title="« Oui » : 'non' \"peut-être\" #1",
        summary="Une longue ligne, " * 20 + "{{ sans champ }}",
        body="---\n\nTexte ᵉ\u202f!\n\n- a",
        date=date(2026, 1, 2),
        link="https://a.example/x",
        topics=("pensions",),
        picture=Picture("https://a.example/x.jpg", "alt", "credit"),
        own=False,
        source="https://a.example/feed",
    )
    again = one(read("campaigns/m/articles/x-1.fr.md", frontmatter.write(article, source_hash=article.text_hash)))
    for name in ("key", "language", "title", "body", "date", "link", "topics", "picture", "own", "source", "text_hash"):
        assert getattr(again, name) == getattr(article, name), name
    assert again.summary == article.summary.strip()
