from __future__ import annotations

from datetime import date

import pytest

from newsletter.gathering.html_markdown import plain, to_markdown
from newsletter.gathering.linking import resolver
from tests.gathering.conftest import Read, one, problems

BASE = resolver("https://a.example/news/page.html", None)

PAGE = """<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Site | Réforme</title>
<meta property="og:image" content="/img/lead.jpg"><meta property="og:image:alt" content="Une salle">
<meta name="description" content="Le chapeau."><meta property="article:published_time" content="2026-11-18T08:00:00Z">
</head><body><nav><a href="/">Accueil</a></nav><header>Site</header>
<article><h1>La <em>réforme</em></h1><p>Le chapeau.</p>
<p>Un <a href="../doc.html">lien</a>, une image&nbsp;: <img src="b.png" alt="Courbe">
 et <script>alert(1)</script>la fin.</p>
<img src="https://t.example/pixel.gif" width="1" height="1"></article><footer>Pied</footer></body></html>"""


def test_a_page_gives_its_article_alone(read: Read) -> None:
    article = one(read("p.html", PAGE, url="https://a.example/news/reforme"))
    assert (article.title, article.summary, article.language) == ("La réforme", "Le chapeau.", "fr")
    assert article.body == (
        "Un [lien](https://a.example/doc.html), une image\u00a0: ![Courbe](https://a.example/news/b.png) et la fin."
    )
    assert article.date == date(2026, 11, 18)
    assert article.picture is not None
    assert (article.picture.source, article.picture.alt) == ("https://a.example/img/lead.jpg", "Une salle")
    assert article.link == article.source == "https://a.example/news/reforme"
    assert not article.own


def test_a_saved_page_names_pictures_of_the_workspace(read: Read) -> None:
    page = "<title>T</title><p>Hello there <img src='../pictures/a%20b.jpg' alt=x><a href='other.html'>o</a></p>"
    article = one(read("campaigns/monthly/articles/page.en.html", page))
    assert (
        article.body
        == "Hello there ![x](campaigns/monthly/pictures/a%20b.jpg)[o](campaigns/monthly/articles/other.html)"
    )
    assert article.key == "page"


def test_a_page_without_text_or_title(read: Read) -> None:
    assert "no text" in problems(read("a.en.html", "<title>T</title><body><nav>x</nav></body>"))[0]
    assert "no title" in problems(read("a.en.html", "<p>Some text</p>"))[0]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>Title</h2>text<p>more</p>", "## Title\n\ntext\n\nmore"),
        ("<ul><li>a<li>b<ol><li>c</ol></ul>", "- a\n\n- b\n\n  1. c"),
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
        ("<blockquote><p>q1</p><p>q2</p></blockquote>", "> q1\n>\n> q2"),
        ("<p>a <b> bold </b>b <i>it</i></p>", "a  **bold** b *it*"),
        ("<p>one<br>two</p>", "one\\\ntwo"),
        ("<p>1. no list</p><p># no heading</p><p>*star*</p>", "1\\. no list\n\n\\# no heading\n\n\\*star\\*"),
        ("<pre>code\n  more</pre><p><code>a`b</code></p>", "```\ncode\n  more\n```\n\n``a`b``"),
        ("<table><tr><th>A<th>B<tr><td>1|2<td>3</table>", "| A | B |\n| --- | --- |\n| 1\\|2 | 3 |"),
        ("<table><tr><td><p>layout</p><p>only</p></table>", "layout\n\nonly"),
        ("<a href='javascript:alert(1)'>x</a> <a href='#top'>top</a>", "x top"),
        ("<a href='/a b(c)'>x</a>", "[x](https://a.example/a%20b%28c%29)"),
        ("<a href='mailto:a@b.example'>mail</a>", "[mail](mailto:a@b.example)"),
        ("<img src='data:image/png;base64,x' alt='no'><p>y</p>", "y"),
        ("<p>{{ braces }} &lt;b&gt; &amp;amp;</p>", "{{ braces }} \\<b\\> \\&amp;"),
        ("<style>p{}</style><svg><text>no</text></svg><p onclick=x style=y>yes</p>", "yes"),
    ],
)
def test_html_as_markdown(html: str, expected: str) -> None:
    assert to_markdown(html, BASE) == expected


def test_plain_text_of_html() -> None:
    assert plain("<p>A &amp; B</p><p>c<br>d</p>") == "A & B c d"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("//cdn.example/x.png", "https://cdn.example/x.png"),
        ("file:///etc/passwd", None),
        ("http:///no-host", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_where_addresses_lead(address: str, expected: str | None) -> None:
    assert BASE(address) == expected


def test_paths_stay_in_the_workspace() -> None:
    inside = resolver(None, "campaigns/m/articles/a.html")
    assert inside("../../../../etc/passwd") is None
    assert inside("/etc/passwd") is None
    assert inside("x.png") == "campaigns/m/articles/x.png"
