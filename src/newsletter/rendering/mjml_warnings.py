"""What MJML passes over in a template: unknown attributes, doubles, sizes that are none; found without running it.

The finished MJML is read by the lint, which refuses what changes what is shown. Here a template is read as it is
written, so that what does nothing is told with its file and line, in every branch of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.errors import Problem
from newsletter.rendering.mjml_attributes import Fault, faults, unknown_default
from newsletter.rendering.mjml_tree import Source, tags

_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
_PRINTED = "\ue000"  # stands for each character of what Jinja prints


def warnings(text: str, file: str) -> Iterator[Problem]:
    """Of one MJML template, in the order of its lines. What is refused is not among them: the compiler tells it."""
    source = Source(text, file)
    defaults = False
    for tag in tags(_JINJA.sub(_masked, text)):
        if tag.name == "mj-attributes":
            defaults = not tag.closes
        if tag.closes:
            continue
        found = [unknown_default(tag.name)] if defaults and tag.name != "mj-attributes" else []
        written = tuple((name, value) for name, value in tag.written if _PRINTED not in name)
        if tag.name == "mj-class":
            written = tuple((name, value) for name, value in written if name != "name")
        found += faults("mj-all" if tag.name == "mj-class" else tag.name, written)
        yield from (source.problem(tag.at, each.message) for each in found if each is not None and _told(each))


def _told(fault: Fault) -> bool:
    return not fault.refused and _PRINTED not in fault.message


def _masked(found: re.Match[str]) -> str:
    """As long as it was, with its line breaks; a statement leaves blanks, as it stands between attributes too."""
    return re.sub(r"[^\n]", _PRINTED if found[0].startswith("{{") else " ", found[0])
