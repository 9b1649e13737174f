from __future__ import annotations

import html as entities
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from newsletter.errors import ProblemsFound
from newsletter.rendering.markdown import to_html
from newsletter.rendering.text import RULE, to_text
from tests.rendering.test_markdown import FIELDS


def text(markdown: str, language: str = "en", *, own: bool = False, **more: object) -> str:
    return to_text(markdown, language, own=own, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Title *x*\n\nOne\ntwo", f"Title x\n{RULE}\n\nOne two"),
        ("a " * 300, "a " * 299 + "a"),
        ("- a\n- b\n  - c\n\n1. x\n2. y", "- a\n- b\n  - c\n\n1. x\n2. y"),
        ("9. nine\n10. ten\n\n    more", "9. nine\n10. ten\n    more"),
        ("> q1\n>\n> q2", "> q1\n>\n> q2"),
        ("| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | |", "A: 1; B: 2\nA: 3"),
        ("x ![Alt text](https://a.example/p.png) y", "x Alt text y"),
        ("![](p.png)", ""),
        ("`a  b`\n\n```\nx\n  y\n```", "a  b\n\nx\n  y"),
        ("a\\\nb", "a\nb"),
        ("---", RULE),
        ("<p>A<br>B</p><p>C <a href='https://a.example'>d</a></p>", "A\nB\n\nC d [1]\n\n[1] https://a.example"),
        ("x <b>y</b><br>z <a href='https://a.example'>*d*</a>", "x y\nz d [1]\n\n[1] https://a.example"),
        ("<script>no</script>", ""),
        ("AT&amp;T &lt;b&gt; \\*", "AT&T <b> *"),
    ],
)
def test_how_markdown_reads_as_text(markdown: str, expected: str) -> None:
    assert text(markdown) == expected


def test_links_are_numbered_each_address_once() -> None:
    markdown = (
        "[a](https://a.example) and [b](https://b.example), [again](https://a.example). "
        "<https://c.example> <m@d.example> [t](tel:+4122)"
    )
    assert text(markdown) == (
        "a [1] and b [2], again [1]. https://c.example m@d.example t [3]\n\n"
        "[1] https://a.example\n[2] https://b.example\n[3] tel:+4122"
    )


def test_a_link_that_html_leaves_out_is_left_out_here_too() -> None:
    assert text("[a](other.html) <a href='javascript:x'>b</a>") == "a b"


def test_typography_and_its_limits() -> None:
    assert text("L'avis : oui\n\n> l'avis : oui\n\n`l'avis : oui`", "fr") == (
        "L’avis\u00a0: oui\n\n> l'avis : oui\n\nl'avis : oui"
    )


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "around", ["{}", "**{}**", "[{}](https://a.example)", "[x](https://a.example/{})", "[x]({})", "<b>{}</b> x"]
)
def test_merge_fields_come_back_verbatim(around: str, field: str) -> None:
    markdown = around.replace("{}", field)
    plain = text(markdown, own=True)
    assert plain.count(field) == 1
    assert SandboxedEnvironment().from_string(plain).render(a="VALUE").count("VALUE") == 1


def test_other_braces_are_literal() -> None:
    plain = text("&#123;{ x }} &#123;% y %} {{ a }} {", own=True)
    assert SandboxedEnvironment().from_string(plain).render(a="A") == "{{ x }} {% y %} A {"
    assert text("&#123;{ x }}", own=True) == "{{ x }}"  # no field: no template either
    assert text("{{ x }} {% y %} \ue000") == "{{ x }} {% y %} \ue000"
    with pytest.raises(ProblemsFound, match="only merge fields"):
        text("{% y %}", own=True)


WORDS = st.text(st.sampled_from("abcé ث"), min_size=1, max_size=5).map(str.strip).filter(bool)
LINKS = st.builds(
    "[{}](https://{}.example/{})".format, WORDS, st.sampled_from("xyz"), st.sampled_from(["", "p?a=1&b=2", "é"])
)
HTML_LINKS = st.builds('<a href="https://{}.example">{}</a>'.format, st.sampled_from("uvw"), WORDS)
INLINE = st.lists(
    WORDS | LINKS | HTML_LINKS | st.just("**b**") | st.just("<https://auto.example/>"), min_size=1, max_size=4
).map(" ".join)
BLOCKS = st.lists(
    INLINE
    | INLINE.map("- {}".format)
    | INLINE.map("> {}".format)
    | INLINE.map("## {}".format)
    | INLINE.map("<p>{}</p>".format),
    max_size=5,
).map("\n\n".join)


@given(BLOCKS)
def test_html_and_text_have_the_same_links(markdown: str) -> None:
    def rewrite(url: str) -> str:
        return f"{url}#r"

    html = to_html(markdown, "en", own=False, rewrite=rewrite)
    plain = to_text(markdown, "en", own=False, rewrite=rewrite)
    in_html = {entities.unescape(each) for each in re.findall('href="(.*?)"', html)}
    assert in_html == set(re.findall(r"https://\S+#r", plain))


@given(st.text())
def test_any_text_is_read(markdown: str) -> None:
    text(markdown)
