"""Merge fields in staff's texts read without rendering them, so that a mistake shows before a template prints it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.filters import FILTERS

from newsletter.errors import Problem, nearest
from newsletter.i18n import say, told
from newsletter.libraries import in_words
from newsletter.message.filters import filters
from newsletter.model.fields import Fields, UnknownField
from newsletter.rendering.manuscript import PERSONAL_LINKS
from newsletter.rendering.shield import FIELD, Place

# What a text may name beside its article's own: the names of the data that every message has, and theirs.
NAMES: Mapping[str, Collection[str] | None] = {
    "campaign": ("name", "title", "publication", "statutory"),
    "issue": ("key", "title", "date", "number"),
    "association": ("name", "postal_address", "url", "logo"),
    "links": (*PERSONAL_LINKS, "web", "web_versions"),
    **dict.fromkeys(("sections", "language", "dir", "t", "subject", "preview")),
}
OWNERS = ("contact", "institution")


@dataclass(frozen=True, slots=True)
class Known:
    """The recipient's fields, and what the text knows of its own article by name (none: anything below it)."""

    fields: Fields
    own: Mapping[str, Collection[str] | None] = field(default_factory=dict)

    def parts(self, name: str) -> Collection[str] | None:
        return {**NAMES, **self.own}.get(name)

    def __contains__(self, name: object) -> bool:
        return name in OWNERS or name in NAMES or name in self.own or name in _environment().globals

    def __iter__(self) -> Iterator[str]:
        return iter((*OWNERS, *NAMES, *self.own))


def mistakes(text: str, place: Place, known: Known) -> Iterator[Problem]:
    """What no message could print, each with line and column as `place` counts them."""
    for number, line in enumerate(text.split("\n"), place.line):
        for found in FIELD.finditer(line):
            for part, message in _wrong(found[0], known):
                column = found.start() + max(found[0].find(part), 0) + 1
                yield Problem(message, place.file, number, column)


def _wrong(written: str, known: Known) -> Iterator[tuple[str, str]]:
    """The words of a merge field that are wrong, and why."""
    try:
        tree = _environment().parse(written)
    except TemplateSyntaxError as error:
        yield "{{", in_words(error.message or say("a syntax error"))
        return
    for filter_ in tree.find_all(nodes.Filter):
        if filter_.name not in _environment().filters:
            yield (
                filter_.name,
                say(
                    "There is no filter %(name)r: %(hint)s",
                    name=filter_.name,
                    hint=nearest(filter_.name, _environment().filters),
                ),
            )
    for name in tree.find_all(nodes.Name):
        if name.name not in known:
            yield name.name, say("There is no %(name)r here: %(hint)s", name=name.name, hint=nearest(name.name, known))
    for owner, part in _parts(tree):
        parts = known.parts(owner)
        if owner in OWNERS:
            try:
                _ = known.fields[f"{owner}.{part}"]
            except UnknownField as error_:
                yield part, told(error_)
        elif parts is not None and part not in parts:
            yield (
                part,
                say("There is no %(part)r in %(owner)r: %(hint)s", part=part, owner=owner, hint=nearest(part, parts)),
            )


def _parts(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """`contact.first_name` and `contact["first_name"]`, each as owner and part."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
            yield node.node.name, node.attr
        if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name) and isinstance(node.arg, nodes.Const):
            yield node.node.name, str(node.arg.value)


@cache
def _environment() -> Environment:
    """Only parses; its filters are those that a text of staff may use."""
    environment = Environment(autoescape=True)
    environment.filters = {**FILTERS, **filters("en")}
    for name in ("random", "safe"):
        del environment.filters[name]
    del environment.globals["lipsum"]
    return environment
