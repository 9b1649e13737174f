from __future__ import annotations

from datetime import date
from pathlib import Path

from newsletter.model.article import Article
from tests.gathering.conftest import Read, one, problems

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en">
<title>Feed</title><link href="https://a.example/en/"/><id>x</id><updated>2026-11-23T08:00:00Z</updated>
<entry><title type="html">Counters &amp;amp; &lt;b&gt;hours&lt;/b&gt;</title><link href="/en/2211-counters"/>
<id>tag:a.example,2026:1</id>
<published>2026-11-22T23:30:00Z</published><summary>The lead, short.</summary>
<content type="html">&lt;p&gt;The lead, short.&lt;/p&gt;
&lt;p&gt;Then {{ braces }}, a &lt;a href="x.html"&gt;link&lt;/a&gt;
&lt;script&gt;x&lt;/script&gt;.&lt;/p&gt;</content>
<media:content url="https://a.example/p.jpg" medium="image"/></entry>
<entry xml:lang="fr"><title>Les guichets</title><link href="https://a.example/fr/2211"/><id>tag:a.example,2026:2</id>
<updated>2026-11-20T08:00:00Z</updated><summary>Une phrase.</summary></entry>
<entry><title></title><id>tag:a.example,2026:3</id><updated>2026-11-20T08:00:00Z</updated></entry>
</feed>"""


def test_entries_become_articles_and_a_bad_one_a_problem(read: Read) -> None:
    found = read("feed.xml", ATOM, url="https://a.example/feed.xml")
    first, second = (each for each in found if isinstance(each, Article))
    assert (first.title, first.language, first.date) == ("Counters & hours", "en", date(2026, 11, 22))
    assert first.summary == "The lead, short."
    assert first.body == "Then {{ braces }}, a [link](https://a.example/x.html) ."
    assert first.link == "https://a.example/en/2211-counters"
    assert first.picture is not None
    assert first.picture.source == "https://a.example/p.jpg"
    assert first.source == "https://a.example/feed.xml"
    assert (second.language, second.summary, second.body) == ("fr", "Une phrase.", "")
    assert problems(found) == [
        "https://a.example/feed.xml: Entry 3 (tag:a.example,2026:3) has no title and is left out."
    ]


def test_keys_hold_when_the_title_or_order_changes(read: Read) -> None:
    keys = [each.key for each in read("f.xml", ATOM) if isinstance(each, Article)]
    changed = ATOM.replace("Les guichets", "Les nouveaux guichets")
    assert [each.key for each in read("f.xml", changed) if isinstance(each, Article)] == keys
    assert len(set(keys)) == 2


def test_a_broken_feed_gives_what_could_be_read_and_the_line(read: Read) -> None:
    broken = ATOM.replace('<entry xml:lang="fr">', '<entry xml:lang="fr"><oops>')
    found = read("f.xml", broken)
    assert any(isinstance(each, Article) and each.title == "Counters & hours" for each in found)
    line = broken[: broken.index("</entry>\n<entry><title></title>")].count("\n") + 1
    assert any(each.startswith(f"f.xml:{line}: The feed is broken here") for each in problems(found))


def test_what_is_no_feed(read: Read) -> None:
    assert problems(read("f.xml", "<html><body>Not found</body></html>"))
    assert problems(read("f.xml", "<rss version='2.0'><channel></channel></rss>")) == []


def test_entities_are_neither_expanded_nor_read(read: Read, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    for entity in (f'<!ENTITY x SYSTEM "file://{secret}">', '<!ENTITY x "aaa">'):
        found = read("f.xml", f"<!DOCTYPE feed [{entity}]>" + ATOM.split("?>")[1].replace("Les guichets", "&x;"))
        assert [each.split(":")[1] for each in problems(found)] == [
            " The feed defines XML entities, which no feed needs"
        ]
        assert not [each for each in found if isinstance(each, Article)]


def test_bytes_are_never_taken_for_a_file_name(read: Read, tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(ATOM)
    assert not [each for each in read("f.xml", str(file)) if isinstance(each, Article)]


def test_a_first_paragraph_is_the_lead_where_the_feed_has_none(read: Read) -> None:
    text = "&lt;p&gt;A &amp;amp; B.&lt;/p&gt;&lt;p&gt;C.&lt;/p&gt;"
    item = f"<item><title>T</title><description>{text}</description></item>"
    rss = f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>"
    article = one(read("f.xml", rss, language="en"))
    assert (article.summary, article.body) == ("A & B.", "C.")
