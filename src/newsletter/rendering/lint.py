"""What is wrong with an MJML document, said before it is compiled: file, line and reason.

The compiler passes over what it does not know (a component in the wrong place, a value it cannot read), so whatever
it would drop or show differently from npm's mjml is refused here, or mended (see `mend`).
"""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.errors import Problem, nearest
from newsletter.i18n import Listed, say
from newsletter.rendering.mjml_attributes import faults, unknown_default
from newsletter.rendering.mjml_components import COMPONENTS, REFUSED
from newsletter.rendering.mjml_html import has_bare_table
from newsletter.rendering.mjml_tree import COMMENT, Document, Node, Source
from newsletter.rendering.mjml_widths import columns

_NEVER_SHOWN = frozenset({"mjml", "mj-attributes", "mj-class"})
_ONCE = ("mj-head", "mj-body")
_SHARED = frozenset({"mj-section", "mj-group"})
_ROWS = frozenset({"mj-column", "mj-hero"})  # whose components are the rows of a table
_BREAKS = say("a <table> in the <mj-raw> of a column ends the columns' own table; put it into <tr><td>")


def problems(document: Document, source: Source) -> list[Problem]:
    """Everything that is wrong, in the order of the lines."""
    found = list(document.problems)
    root = document.root
    if root is None or root.tag != "mjml":
        at = root.at if root is not None else 0
        found.append(source.problem(at, say("an MJML document is one <mjml> with an <mj-body>")))
        return found
    found += [source.problem(at, message) for at, message in _component(root)]
    if root.find("mj-body") is None:
        found.append(source.problem(root.at, say("the <mj-body> is missing")))
    for tag in _ONCE:
        for extra in [child for child in root.children if child.tag == tag][1:]:
            found.append(source.problem(extra.at, say("a second <%(tag)s>, of which nothing would be shown", tag=tag)))
    found += [source.problem(at, _BREAKS) for at in _breaking(root)] if "<mj-raw" in source.text else []
    return sorted(found, key=lambda problem: problem.line or 0)


def _component(node: Node) -> Iterator[tuple[int, str]]:
    yield from _refused(node)
    inside = node.tag
    for child in node.children:
        if child.tag == COMMENT:
            if inside in _NEVER_SHOWN and "[if" in (child.content or ""):
                yield child.at, say("a comment in <%(inside)s> is never shown; put it into an <mj-raw>", inside=inside)
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
        return say("<%(tag)s> is no MJML component; %(hint)s", tag=tag, hint=_hint(tag))
    if parent not in component.parents:
        return say(
            "<%(tag)s> cannot stand in <%(parent)s>, only in %(names)s",
            tag=tag,
            parent=parent,
            names=_list(component.parents),
        )
    return None


def _hint(tag: str) -> str:
    return (
        nearest(tag, COMPONENTS) if tag.startswith("mj") else say("put HTML into an <mj-text>, <mj-table> or <mj-raw>")
    )


def _list(names: frozenset[str]) -> object:
    return Listed(f"<{name}>" for name in sorted(names)) if names else say("no component")


def _default(node: Node, parent: str) -> Iterator[tuple[int, str]]:
    """A child of mj-attributes, or of an mj-class in it: defaults for components."""
    written = node.written
    if (node.content or "").strip() or (node.children and node.tag != "mj-class"):
        yield node.at, say("these are attributes for all components of this name; what stands inside is never shown")
    if parent == "mj-attributes" and node.tag == "mj-class":
        if not node.attributes.get("name"):
            yield node.at, say("an <mj-class> needs a name")
        written = tuple((name, value) for name, value in written if name != "name")
        yield from _component(Node("mj-class", node.at, children=node.children))
    if (fault := unknown_default(node.tag)) and fault.refused:
        yield node.at, fault.message
    yield from _refused(Node("mj-all" if node.tag == "mj-class" else node.tag, node.at, written))


def _refused(node: Node) -> list[tuple[int, str]]:
    return [(node.at, fault.message) for fault in faults(node.tag, node.written) if fault.refused]


def _breaking(root: Node) -> list[int]:
    """Where raw HTML ends the table around it, and what follows hangs on how the HTML is read and on blanks in it.

    In the one column of a section all read it alike, as long as nothing is inlined.
    """
    inlined = any(style.attributes.get("inline") == "inline" for style in root.find_all("mj-style"))
    around = [
        each
        for each in root.walk()
        if each.tag == "mj-wrapper"
        or (each.tag in _SHARED and columns(each) > 1)
        or (inlined and each.tag == "mj-body")
    ]
    inside = (child for each in around for node in each.walk() if node.tag in _ROWS for child in node.children)
    return sorted({raw.at for raw in inside if raw.tag == "mj-raw" and has_bare_table(raw.content or "")})
