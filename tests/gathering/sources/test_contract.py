"""What every source promises: articles or problems, never an exception; texts as they were written."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import Problem
from newsletter.gathering.language import detector
from newsletter.gathering.sources import SOURCES, Document, Hints, Source
from newsletter.model.article import Article
from tests.gathering.conftest import LANGUAGES, one

SIGNS = "« L’œuvre du XXᵉ siècle » : 9\u202f000\u00a0francs *et* {{ champs }}"
BODY = "Le texte d’un article de sécurité sociale, assez long pour que sa langue soit claire."

SAMPLES = {
    "markdown": f"---\ntitle: Un titre\nsummary: '{SIGNS.replace('*', '')}'\n---\n{BODY}\n",
    "text": f"Un titre\nUn titre\n\n{SIGNS}\n\n{BODY}",
    "html": f"<html lang=fr><title>Un titre</title><meta name=description content='{SIGNS}'><body><p>{BODY}</p></body>",
    "feed": (
        '<rss version="2.0"><channel><title>x</title><language>fr</language><item><title>Un titre</title>'
        f"<link>https://a.example/un-titre</link><description>{SIGNS}</description>"
        '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"&lt;p&gt;{BODY}&lt;/p&gt;</content:encoded></item></channel></rss>"
    ),
}
every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))


def hints(**more: object) -> Hints:
    return Hints(LANGUAGES, detector(LANGUAGES), **more)  # type: ignore[arg-type]


def sample(source: Source) -> bytes:
    return SAMPLES[source.kind].encode()


def name(source: Source) -> str:
    return f"articles/un-titre.fr{source.endings[0]}"


@every_source
def test_every_source_has_a_sample_here_and_endings_of_its_own(source: Source) -> None:
    assert source.kind in SAMPLES
    others = [each for other in SOURCES.values() if other is not source for each in other.endings]
    assert source.endings
    assert not set(source.endings) & set(others)


@every_source
def test_an_article_comes_whole(source: Source) -> None:
    article = one(list(source.read(Document(name(source), sample(source)), hints(topics=("pensions",)))))
    assert article.title == "Un titre"
    assert article.language == "fr"
    assert article.body == BODY
    assert article.topics == ("pensions",)
    assert article.key.startswith("un-titre")
    assert "œuvre du XXᵉ siècle » : 9\u202f000\u00a0francs" in article.summary
    assert "{{ champs }}" in article.summary


@every_source
def test_only_staffs_own_files_may_hold_merge_fields(source: Source) -> None:
    article = one(list(source.read(Document(name(source), sample(source)), hints())))
    assert article.own == (source.kind == "markdown")


@every_source
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised(source: Source, encoding: str) -> None:
    if source.kind == "feed" and encoding != "utf-8-sig":
        pytest.skip("XML declares its encoding")
    text = SAMPLES[source.kind].replace("ᵉ", "e").replace("\u202f", "\u00a0")
    document = Document(name(source), text.encode(encoding))
    assert "L’œuvre du XXe siècle" in one(list(source.read(document, hints()))).summary


@every_source
def test_the_language_is_asked_for_where_it_is_in_doubt(source: Source) -> None:
    text = SAMPLES[source.kind].replace(BODY, "OK").replace(SIGNS, "OK 1").replace(SIGNS.replace("*", ""), "OK 1")
    text = text.replace("Un titre", "OK").replace(" lang=fr", "").replace("<language>fr</language>", "")
    found = list(source.read(Document(f"articles/ok{source.endings[0]}", text.encode()), hints()))
    assert ["The language of this text is not clear" in str(each) for each in found] == [True]
    assert one(list(source.read(Document(f"articles/ok{source.endings[0]}", text.encode()), hints(language="de"))))


@every_source
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", b"\x00" * 50, b"<", b"---"])
def test_what_cannot_be_read_is_a_problem_with_the_file(source: Source, content: bytes) -> None:
    found = list(source.read(Document(name(source), content), hints()))
    assert found
    assert all(isinstance(each, Problem) and each.file == name(source) for each in found)


@every_source
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_bytes_make_a_source_raise(source: Source, data: st.DataObject) -> None:
    good = sample(source)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(good)), st.integers(0, len(good)))))
    content = good[:start] + data.draw(st.binary(max_size=20)) + good[end:]
    for each in source.read(Document(name(source), content), hints(language="fr")):
        assert isinstance(each, (Article, Problem))
        if isinstance(each, Article):
            assert each.title
            assert each.key
