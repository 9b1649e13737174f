"""Attributes that MJML passes over, of which `newsletter check` warns: with npm's mjml nothing depends on them."""

from __future__ import annotations

import pytest

from newsletter.rendering.mjml import finish
from newsletter.rendering.mjml_components import COMPONENTS, READ, READ_FOR_OUTLOOK, VERBATIM
from tests.fidelity.generate import TEXTS, VALUES
from tests.fidelity.npm import Npm

EVERYWHERE = {name: kind for each in COMPONENTS.values() for name, kind in each.attributes.items()}
AROUND = {tag: sorted(each.parents)[0] for tag, each in COMPONENTS.items() if each.parents}
AROUND |= {"mj-column": "mj-section", "mj-section": "mj-body", "mj-hero": "mj-body"}
INSIDE = {
    "mj-wrapper": "mj-section", "mj-section": "mj-column", "mj-group": "mj-column", "mj-column": "mj-text",
    "mj-hero": "mj-text", "mj-social": "mj-social-element", "mj-navbar": "mj-navbar-link",
    "mj-accordion": "mj-accordion-element", "mj-accordion-element": "mj-accordion-title",
}  # fmt: skip
OF_THE_HEAD = {"mj-head", "mj-html-attributes", "mj-selector", "mj-html-attribute"}
OF_THE_BODY = [tag for tag in AROUND if tag not in OF_THE_HEAD and "mj-head" not in COMPONENTS[tag].parents]
WITHOUT_EFFECT = {("mj-spacer", "align")}  # how the empty content of a cell is aligned

pytestmark = pytest.mark.node


def _idle(tag: str) -> str:
    read = COMPONENTS[tag].attributes.keys() | READ.get(tag, frozenset()) | {"mj-class", "css-class"}
    names = [name for name in EVERYWHERE if name not in read and (tag, name) not in READ_FOR_OUTLOOK | WITHOUT_EFFECT]
    return " ".join(f'{name}="{_value(name)}"' for name in names)


def _value(name: str) -> str:
    kind = EVERYWHERE[name]
    words = TEXTS.get(name) or VALUES.get(kind) or kind.split("|")
    return words[-1]


def _document(tag: str, attributes: str) -> str:
    html = f"<{tag} {attributes}>{_content(tag)}</{tag}>"
    while (tag := AROUND[tag]) != "mjml":
        html = f"<{tag}>{html}</{tag}>"
    return f"<mjml>{html}</mjml>"


def _content(tag: str) -> str:
    if tag not in INSIDE:
        return "words" if tag in VERBATIM else ""
    inner = INSIDE[tag]
    return f"<{inner}>{_content(inner)}</{inner}>"


@pytest.mark.parametrize("tag", OF_THE_BODY)
def test_nothing_depends_on_what_is_passed_over(tag: str, reference: Npm) -> None:
    with_idle, without = _document(tag, _idle(tag)), _document(tag, "")
    assert reference.html(with_idle) == reference.html(without)
    assert finish(with_idle, file="a") == finish(without, file="a")
