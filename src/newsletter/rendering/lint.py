"""What is wrong with an MJML document, said before it is compiled: file, line and reason.

The compiler passes over what it does not know (an unknown attribute, a component in the wrong place, a duplicate), so
whatever it would drop or show differently from npm's mjml is refused here, or mended (see `mend`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from newsletter.errors import Problem, nearest
from newsletter.rendering.mjml_components import COMPONENTS, IMPOSSIBLE, REFUSED, expected, valid
from newsletter.rendering.mjml_tree import COMMENT, Document, Node, Source

_NEVER_SHOWN = frozenset({"mjml", "mj-attributes", "mj-class"})
_ONCE = ("mj-head", "mj-body")


def problems(document: Document, source: Source) -> list[Problem]:
    """Everything that is wrong, in the order of the lines."""
    found = list(document.problems)
    root = document.root
    if root is None or root.tag != "mjml":
        at = root.at if root is not None else 0
        found.append(source.problem(at, "an MJML document is one <mjml> with an <mj-body>"))
        return found
    found += [source.problem(at, message) for at, message in _component(root)]
    if root.find("mj-body") is None:
        found.append(source.problem(root.at, "the <mj-body> is missing"))
    for tag in _ONCE:
        for extra in [child for child in root.children if child.tag == tag][1:]:
            found.append(source.problem(extra.at, f"a second <{tag}>, of which nothing would be shown"))
    return sorted(found, key=lambda problem: problem.line or 0)


def _component(node: Node) -> Iterator[tuple[int, str]]:
    for message in _attributes(node.tag, node.written):
        yield node.at, message
    inside = node.tag
    for child in node.children:
        if child.tag == COMMENT:
            if inside in _NEVER_SHOWN and "[if" in (child.content or ""):
                yield child.at, f"a comment in <{inside}> is never shown; put it into an <mj-raw>"
            continue
        if inside in ("mj-attributes", "mj-class"):
            yield from _default(child, inside)
        elif reason := _misplaced(child.tag, inside):
            yield child.at, reason
        else:
            yield from _component(child)


def _misplaced(tag: str, parent: str) -> str | None:
    if tag in REFUSED:
        return REFUSED[tag]
    component = COMPONENTS.get(tag)
    if component is None:
        return f"<{tag}> is no MJML component; {_hint(tag)}"
    if parent not in component.parents:
        return f"<{tag}> cannot stand in <{parent}>, only in {_list(component.parents)}"
    return None


def _hint(tag: str) -> str:
    return nearest(tag, COMPONENTS) if tag.startswith("mj") else "put HTML into an <mj-text>, <mj-table> or <mj-raw>"


def _list(names: frozenset[str]) -> str:
    return ", ".join(f"<{name}>" for name in sorted(names)) or "no component"


def _default(node: Node, parent: str) -> Iterator[tuple[int, str]]:
    """A child of mj-attributes, or of an mj-class in it: defaults for components."""
    written = node.written
    if (node.content or "").strip() or (node.children and node.tag != "mj-class"):
        yield node.at, "these are attributes for all components of this name; what stands inside is never shown"
    if parent == "mj-attributes" and node.tag == "mj-class":
        if not node.attributes.get("name"):
            yield node.at, "an <mj-class> needs a name"
        written = tuple((name, value) for name, value in written if name != "name")
        yield from _component(Node("mj-class", node.at, children=node.children))
    for message in _attributes("mj-all" if node.tag == "mj-class" else node.tag, written):
        yield node.at, message


_ANYWHERE: dict[str, str] = {
    name: kind for component in COMPONENTS.values() for name, kind in component.attributes.items()
}


@lru_cache(maxsize=4096)
def _attributes(tag: str, written: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """What is wrong with the attributes of one tag."""
    if tag in REFUSED or (tag not in COMPONENTS and tag != "mj-all"):
        return () if tag == "mj-class" else (REFUSED.get(tag) or f"<{tag}> is no MJML component; {_hint(tag)}",)
    kinds = _ANYWHERE if tag == "mj-all" else COMPONENTS[tag].attributes
    messages: list[str] = []
    names = [name for name, _ in written]
    for name, value in dict(written).items():
        if names.count(name) > 1:
            messages.append(f"the attribute {name} stands there twice")
        if name not in kinds:
            if not name.startswith("xmlns"):
                messages.append(f"<{tag}> has no attribute {name}; {nearest(name, kinds)}")
        elif reason := IMPOSSIBLE.get((tag, name, value)) or IMPOSSIBLE.get((tag, name, "")):
            messages.append(reason)
        elif tag != "mj-all" and value and not valid(kinds[name], value):
            messages.append(f'{name}="{value}" is not {expected(kinds[name])}')
    return tuple(messages)
