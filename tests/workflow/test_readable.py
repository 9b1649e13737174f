"""An article as its page shows it: readable, and harmless whoever wrote it."""

from __future__ import annotations

from html.parser import HTMLParser

from newsletter.workflow.content.readable import body, line


class Tags(HTMLParser):
    """Which tags and attributes a browser would find."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += " ".join(value or "" for name, value in attrs if name == "href")


NAMES = {"contact.first_name": "First name"}
FIELD = '{{ contact.first_name | default("friend") }}'


def test_markdown_is_shown_and_fields_say_their_name() -> None:
    html = body(f"## One\n\nDear **{FIELD}**, [read](https://a.example)", "en", own=True, names=NAMES)
    assert "One</h4>" in html
    assert 'translate="no">First name</span></strong>' in html
    assert 'href="https://a.example"' in html
    assert "{{" not in html
    assert ">in force<" in body("On {{ dates.in_force | date }}", "en", own=True, names=NAMES)


def test_nothing_in_a_text_becomes_a_script() -> None:
    evil = '{{ "x\\" onclick=\\"y" }}'
    for text in (
        "<script>x</script><img src=https://a.example/x onerror=y>",
        f"[a]({evil})",
        f'<a href="https://a.example/{evil}" title="{evil}">a</a>',
        "{{ '<script>' }}",
        "[a](javascript:alert)",
    ):
        for own in (True, False):
            html = body(text, "en", own=own, names={})
            parser = Tags()
            parser.feed(html)
            assert not parser.names & {"script", "img"}, text
            assert not parser.attributes - {"href", "title", "class", "translate"}, text
            assert "javascript" not in parser.addresses, text
    assert line("<b>{{ '<i>' }}", own=True, names={}).count("<") == 2  # the chip's own


def test_braces_of_gathered_texts_are_only_braces() -> None:
    assert "merge-field" not in body(FIELD, "en", own=False, names=NAMES)
    assert "merge-field" not in body("{% x %} {{ a }}", "en", own=True, names=NAMES)
    assert line("A {{ b }}", own=False, names={}) == "A {{ b }}"
