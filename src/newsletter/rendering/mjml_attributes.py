"""What is wrong with the attributes of one tag: refused, or passed over as npm's mjml passes over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from newsletter.errors import nearest
from newsletter.i18n import say
from newsletter.rendering.mjml_components import (
    COMPONENTS,
    IMPOSSIBLE,
    READ,
    READ_FOR_OUTLOOK,
    REFUSED,
    accepted,
    expected,
    valid,
)
from newsletter.rendering.mjml_tree import Written, as_read


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: `refused`, as it cannot be compiled, or a warning, as nothing that is shown depends on it."""

    message: str
    refused: bool


_ANYWHERE = {name: kind for component in COMPONENTS.values() for name, kind in component.attributes.items()}


@lru_cache(maxsize=4096)
def faults(tag: str, written: Written) -> tuple[Fault, ...]:
    """Of a component, or of `mj-all` (and an mj-class), which may have the attributes of any."""
    if tag != "mj-all" and tag not in COMPONENTS:
        return ()
    kinds = _ANYWHERE if tag == "mj-all" else COMPONENTS[tag].attributes
    names, found = [name for name, _ in written], []
    for name, value in as_read(written).items():
        if names.count(name) > 1:
            found.append(
                Fault(say("the attribute %(name)s stands there twice, and the first holds", name=name), refused=False)
            )
        fault = _unknown(tag, name) if name not in kinds else _wrong(tag, name, value, kinds[name])
        if fault is not None:
            found.append(fault)
    return tuple(found)


def _unknown(tag: str, name: str) -> Fault | None:
    if name.startswith("xmlns"):
        return None
    if name in READ.get(tag, ()) or (tag, name) in READ_FOR_OUTLOOK:
        return Fault(
            say(
                "MJML knows no %(name)s of <%(tag)s>, but uses it in part, which cannot be compiled", name=name, tag=tag
            ),
            refused=True,
        )
    known = _ANYWHERE if tag == "mj-all" else COMPONENTS[tag].attributes
    hint = nearest(name, known)
    return Fault(
        say(
            "<%(tag)s> has no attribute %(name)s; %(hint)s",
            tag=tag,
            name=name,
            hint=hint if "mean" in hint else say("it does nothing"),
        ),
        refused=False,
    )


def _wrong(tag: str, name: str, value: str, kind: str) -> Fault | None:
    if reason := IMPOSSIBLE.get((tag, name, value)) or IMPOSSIBLE.get((tag, name, "")):
        return Fault(reason, refused=True)
    if tag == "mj-all" or not value or valid(kind, value):
        return None
    what = say('%(name)s="%(value)s" is not %(kind)s', name=name, value=value, kind=expected(kind))
    if accepted(kind, value):
        return Fault(say("%(what)s, and may be passed over", what=what), refused=False)
    return Fault(what, refused=True)


def unknown_default(tag: str) -> Fault | None:
    """Of a child of mj-attributes."""
    if tag in COMPONENTS or tag in ("mj-all", "mj-class"):
        return None
    if tag in REFUSED:
        return Fault(REFUSED[tag], refused=True)
    hint = nearest(tag, COMPONENTS)
    return Fault(
        say("<%(tag)s> is no MJML component, so these attributes do nothing; %(hint)s", tag=tag, hint=hint),
        refused=False,
    )
