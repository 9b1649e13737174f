"""Invariant 6: a message built by splicing equals, once parsed, the same template rendered for that one recipient."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from typing import Any

import lxml.html
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.message import mime, splice
from newsletter.message.encoding import tidy
from newsletter.message.envelope import DeliveryData, Envelope, Mailbox
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree
from newsletter.message.wire import on_the_wire
from newsletter.model.recipient import Recipient
from newsletter.rendering import proof
from newsletter.rendering.manuscript import Manuscript, Rendered
from newsletter.rendering.mjml import finish
from newsletter.rendering.plain import renderer
from newsletter.rendering.variants import compile_language
from tests.rendering.making import HOSTILE, LINKS, manuscript, person, same

# Values as imports may bring them: hostile ones, other scripts, combining marks, quotes, encoded-words, markers.
texts = st.one_of(
    st.none(),
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=40),
    st.text("<>&\"'=?{}%.\\zq0 \n\t", max_size=30),
)
recipients = st.builds(
    person,
    title=texts,
    first_name=texts,
    last_name=texts,
    institution__name=texts,
    region=st.one_of(st.sampled_from(["Africa", "Asia"]), texts),
    topics=st.lists(st.one_of(st.sampled_from(["pensions", "health"]), st.text(max_size=8)), max_size=3),
    population=st.one_of(st.none(), st.integers(-(10**9), 10**12), st.floats(allow_nan=False, allow_infinity=False)),
    membership_since=st.one_of(st.none(), st.dates().map(str)),
    vip=st.one_of(st.none(), st.booleans()),
)

# What a template may be put together from.
paths = st.sampled_from(["contact.title", "contact.first_name", "contact.last_name", "institution.name"])
filters = (
    "upper",
    "lower",
    "title",
    "trim",
    "truncate(7)",
    'default("you")',
    'replace("a", "<")',
    "first",
    "length",
    "capitalize",
    "e",
    "urlencode",
    "string",
    'default(contact.title) | d("x")',
)
filtered = st.sampled_from(["", *(f" | {name}" for name in filters)])
printed = st.builds("{{{{ {}{} }}}}".format, paths, filtered)
joined = st.builds('{{{{ {} ~ "-" ~ {} }}}}'.format, paths, paths)
others = st.sampled_from(
    [
        "{{ institution.topics | join('; ') }}",
        "{{ institution.population | number }}",
        "{{ institution.population * 2 + 1 }}",
        "{{ institution.membership_since | date }}",
        "{{ links.unsubscribe }}",
        "{% for t in institution.topics %}{{ loop.index }}{{ t }}{% else %}-{% endfor %}",
        "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(contact.title) }}",
        "{% set v %}{{ contact.title }}!{% endset %}{{ v }}{% if v == '!' %}0{% endif %}",
        "{{ '%s and %s' % (contact.title, institution.name) }}",
        '<p title="{{ contact.last_name }}">x</p>',
        '<a href="https://a.example/?n={{ contact.last_name | urlencode }}">x</a>',
        "plain & simple text, été",
    ]
)
conditions = st.sampled_from(
    [
        "contact.vip",
        "contact.first_name",
        'institution.region == "Africa"',
        'institution.region in ["Asia", "Africa"]',
        '"pensions" in institution.topics',
        "not contact.vip and contact.title",
        "institution.population > 5",
        'contact.first_name | upper == "ZOË"',
    ]
)
pieces = st.one_of(printed, joined, others)
branches = st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, conditions, pieces, pieces)
templates = st.lists(st.one_of(pieces, branches), min_size=1, max_size=5).map("\n".join)
subjects = st.lists(st.one_of(printed, joined), max_size=2).map(" ".join)

ENVELOPE = Envelope(sender=Mailbox("news@example.org", "News"), language="fr", message_id_domain="example.org")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(templates, subjects, st.lists(recipients, min_size=1, max_size=4))
def test_spliced_equals_rendered(template: str, subject: str, people: list[Recipient]) -> None:
    made = manuscript(f"<div>{template}</div>", text=template, subject=subject)
    compiled = compile_language(made, witnesses=people, finish=same)
    plain = renderer(made, finish=same)
    for recipient in people:
        assert proof.splice(compiled, recipient, LINKS) == plain(recipient, LINKS)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(templates, recipients)
def test_through_an_html_parser_too(template: str, recipient: Recipient) -> None:
    """The inliner parses and prints the HTML before values are spliced in, and for the plain render after."""
    made = manuscript(f"<html><body><div>{template}</div></body></html>")

    def through_lxml(html: str) -> str:
        return str(lxml.html.tostring(lxml.html.document_fromstring(html), encoding="unicode"))

    recipient = _printable(recipient)
    compiled = compile_language(made, witnesses=[recipient], finish=through_lxml)
    assert proof.compare(compiled, made, [recipient], links=LINKS, finish=through_lxml) == []


@settings(max_examples=50, deadline=None, derandomize=True)
@given(templates, subjects, recipients)
def test_on_the_wire(template: str, subject: str, recipient: Recipient) -> None:
    """The bytes of the message, read by a MIME parser. They leave as they are: no line begins with a dot."""
    made = manuscript(f"<div>{template}</div>", text=template, subject=subject)
    message = _message(made, recipient)
    assert on_the_wire(message) == message
    read = _read(message)
    plain = renderer(made, finish=same)(recipient, LINKS)
    assert read.subject == tidy(plain.subject)
    assert _lines(read.text) == _lines(plain.text)
    assert _lines(read.html) == _lines(plain.html)


MAIL = """<mjml>
<mj-head><mj-title>{{ subject }}</mj-title><mj-preview>{{ institution.name }}</mj-preview>
<mj-style inline="inline">.who { color: #112233 } a { text-decoration: none }</mj-style></mj-head>
<mj-body><mj-section><mj-column>
<mj-text css-class="who">Dear {{ contact.title }} {{ contact.last_name | default("colleague") }}, <b>{{ institution.name }}</b></mj-text>
{% if institution.region == "Africa" %}<mj-text>Africa: {{ institution.topics | join(", ") }}</mj-text>{% endif %}
<mj-image src="https://a.example/x.png" alt="{{ institution.name }}" title="{{ contact.last_name }}" width="100px" />
<mj-button href="{{ links.preferences }}">{{ contact.first_name }}</mj-button>
<mj-table><tr><td>{{ institution.population | number }}</td></tr></mj-table>
<mj-raw><!--[if mso]><p title="{{ contact.title }}">{{ contact.last_name }}</p><![endif]--></mj-raw>
<mj-text><a href="https://a.example/?n={{ contact.last_name | urlencode }}">x</a>
{% for t in institution.topics %}<i>{{ t }}</i>{% endfor %} <a href="{{ links.unsubscribe }}">y</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""  # noqa: E501


@settings(max_examples=20, deadline=None, derandomize=True)
@given(recipients)
def test_through_mjml_and_inlining(recipient: Recipient) -> None:
    recipient = _printable(recipient)
    made = manuscript(MAIL, subject="News for {{ contact.first_name }}")
    finished = partial(finish, file="mail.mjml")
    compiled = compile_language(made, witnesses=[recipient], finish=finished)
    assert proof.compare(compiled, made, [recipient], links=LINKS, finish=finished) == []


def _message(made: Manuscript, recipient: Recipient) -> bytes:
    compiled = compile_language(made, witnesses=[recipient], finish=same)
    values = field_values(recipient, compiled.fields)
    number = bind_tree(compiled.tree, compiled.fields, compiled.language)(values)
    assert number is not None
    template = mime.compile(compiled.variants[number], ENVELOPE, compiled.fields)
    due_at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    return splice.message(
        template, DeliveryData(id=1, address="a@example.org", due_at=due_at, values=values, links=LINKS, trace="t")
    )


def _read(raw: bytes) -> Rendered:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return Rendered(message["Subject"], _content(text), _content(html))


def _content(part: Any) -> str:
    content: bytes = part.get_payload(decode=True)
    return content.decode()


def _lines(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text).rstrip("\n")


_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|[\U0001fffe-\U0010ffff]")


def _printable(recipient: Recipient) -> Recipient:
    """Without the characters that an HTML parser changes (control characters; imports refuse them)."""

    def clean(value: Any) -> Any:
        if isinstance(value, list):
            return [clean(each) for each in value]
        return _UNPRINTABLE.sub("", value) if isinstance(value, str) else value

    return Recipient(
        {name: clean(value) for name, value in recipient.contact.items()},
        {name: clean(value) for name, value in recipient.institution.items()},
    )
