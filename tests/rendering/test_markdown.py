from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import ProblemsFound
from newsletter.rendering.markdown import pictures, to_html
from newsletter.rendering.shield import FIELD, Place, lines


def own(markdown: str, language: str = "en", **more: object) -> str:
    return to_html(markdown, language, own=True, **more)  # type: ignore[arg-type]


def gathered(markdown: str, language: str = "en", **more: object) -> str:
    return to_html(markdown, language, own=False, **more)  # type: ignore[arg-type]


def rendered(template: str, **values: object) -> str:
    return ImmutableSandboxedEnvironment(autoescape=True).from_string(template).render(**values)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# A\n\n### B\n\ntext", "<h4>A</h4>\n<h5>B</h5>\n<p>text</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("> q", "<blockquote>\n<p>q</p>\n</blockquote>"),
        ("a\\\nb", "<p>a<br>\nb</p>"),
        (
            "| A |\n|---|\n| 1 |",
            "<table>\n<thead>\n<tr>\n<th>A</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>",
        ),
    ],
)
def test_marks_of_markdown(markdown: str, html: str) -> None:
    assert gathered(markdown) == own(markdown) == html


@pytest.mark.parametrize("body", [own, gathered])
@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("a <script>alert(1)</script>b", "<p>a b</p>"),
        ('<p onclick="x" style="p" class="y">a</p>', "<p>a</p>"),
        ("<style>p{}</style>\n\na", "<p>a</p>"),
        ("<a href='javascript:x'>a</a>", "<p><a>a</a></p>"),
        ("<a href='/relative'>a</a> [b](other.html)", "<p><a>a</a> <a>b</a></p>"),
        (
            "[tel](tel:+41221234567) [m](mailto:a@b.example)",
            '<p><a href="tel:+41221234567">tel</a> <a href="mailto:a@b.example">m</a></p>',
        ),
        ("<iframe src='https://a.example'></iframe>x", "x"),
        ("<!--[if mso]><p>x</p><![endif]-->y", "y"),
    ],
)
def test_what_may_not_stand_in_a_message_is_taken_out(body: object, markdown: str, html: str) -> None:
    assert body(markdown) == html  # type: ignore[operator]


def test_links_go_through_the_issue_whether_written_in_markdown_or_html() -> None:
    html = gathered(
        "[a](https://a.example/?x=1&y=2) <a href='https://b.example'>b</a> <https://c.example>",
        rewrite=lambda url: f"https://l/{len(url)}",
    )
    assert re.findall('href="(.*?)"', html) == ["https://l/26", "https://l/17", "https://l/17"]


def test_pictures_are_those_of_the_message() -> None:
    markdown = "x ![A & B](pictures/a.jpg) y ![c](https://a.example/c.png)"
    assert pictures(markdown) == ["pictures/a.jpg", "https://a.example/c.png"]
    assert gathered(markdown) == '<p>x A &amp; B y <img src="https://a.example/c.png" alt="c"></p>'
    shown = {"pictures/a.jpg": {"url": "https://n.example/a/1.jpg", "width": 268, "height": 100}}
    assert gathered(markdown, picture=shown.get) == (
        '<p>x <img src="https://n.example/a/1.jpg" alt="A &amp; B" width="268" height="100"> y c</p>'
    )
    assert gathered("<img src='pictures/a.jpg' alt='x'>", picture=shown.get) == '<img alt="x">'


def test_typography_without_quotations_and_code() -> None:
    html = own("L'avis : `d'ici ?`\n\n> l'avis : oui ?\n\n*Quoi* ?", "fr")
    assert "<p>L’avis\u00a0: <code>d'ici ?</code></p>" in html
    assert "<p>l'avis : oui ?</p>" in html
    assert "<em>Quoi</em>\u202f?" in html


FIELDS = ["{{ a }}", '{{ a | default("x y") }}', "{{ a ~ '*b*' }}", '{{ a | default("<b> & \\"c\\"") }}', "{{a}}"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "text {}.",
        "**{}** and *{}*",
        "`{}`",
        "[{}](https://a.example)",
        "[x](https://a.example/?q={})",
        "[x]({})",
        "# {}",
        "- {}\n- {}",
        "| A |\n|---|\n| {} |",
        "<b>{}</b>",
        "> {}",
        "```\n{}\n```",
    ],
)
def test_merge_fields_come_back_verbatim_wherever_they_stand(around: str, field: str) -> None:
    markdown = around.replace("{}", field)
    html = own(markdown)
    assert html.count(field) == markdown.count(field)
    assert rendered(html, a="VALUE").count("VALUE") == markdown.count(field)


def test_the_line_of_a_field_is_known() -> None:
    markdown = "One {{ a }}\n\ntwo\nthree {{ b }} {{ a }}\n\n- {{ a }}"
    html = own(markdown)
    found = lines(html, markdown, Place("a.md", 10))
    assert {line: number for line, number in zip(html.split("\n"), found, strict=True) if "{{" in line} == {
        "<p>One {{ a }}</p>": 10,
        "three {{ b }} {{ a }}</p>": 13,
        "<li>{{ a }}</li>": 15,
    }


@pytest.mark.parametrize(
    ("markdown", "problem"),
    [
        ("x\n{% if a %}", "a.md:8: only merge fields"),
        ("x {# c #}", "a.md:7: only merge fields"),
        ("x {{ a }\n\n}}", "a.md:7: a merge field {{ is not closed"),
        ("{{ a\n}}", "a.md:7: a merge field {{ is not closed"),
        ("{{ {{ a }}", "a.md:7: a merge field {{ is not closed"),
        ("a\u2028\n\ue000", "a.md:8: a character of the private use area"),
    ],
)
def test_other_template_syntax_is_an_error_with_its_place(markdown: str, problem: str) -> None:
    with pytest.raises(ProblemsFound) as error:
        own(markdown, place=Place("a.md", 7))
    assert str(error.value).startswith(problem)
    assert gathered(markdown)


@pytest.mark.parametrize(
    "text",
    ["&#123;{ a }}", "&lbrace;% x %}", "`{`% {{ a }} `{`# x", "\\{\\{ a }} {{ a }}", "{ {{ a }} {", "{<b>{ a }}</b>"],
)
def test_no_other_brace_becomes_template_syntax(text: str) -> None:
    html = own(text)
    assert set(re.findall(r"\{[{%#].*?\}", html)) <= {"{{ a }"}
    assert html.count("{{") == len(re.findall(r"(?<!\\)\{\{ a \}\}", text))
    rendered(html, a="")


SIGNS = [*"{}%#a \n*`<&;[]()\\'\"|-", "{{ a }}", "&#123;", "&lbrace;", "http://b.example "]


@given(st.lists(st.sampled_from(SIGNS), max_size=25).map("".join))
def test_whatever_staff_write_is_refused_or_says_only_its_fields(markdown: str) -> None:
    try:
        html = own(markdown)
    except ProblemsFound:
        return
    assert "\ue000" not in html
    assert set(FIELD.findall(html)) <= set(FIELD.findall(markdown))
    assert not re.search(r"\{[{%#]", FIELD.sub("", html))


@given(st.text())
def test_gathered_text_is_data_with_all_its_braces(text: str) -> None:
    gathered(text)
    literal = re.sub(r"[^{}%#a-z\ue000-\uf8ff ]", "", text)
    assert literal.strip() in gathered("x " + literal) or "  " in literal or "#" in literal
