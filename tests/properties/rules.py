"""Rules and recipients for property tests, hostile values among them."""

from __future__ import annotations

from typing import Any as Anything

from hypothesis import strategies as st

from newsletter.model.fields import FieldsFile, FieldType
from newsletter.model.rule import Compare, Has, In, Node, Not, all_of, any_of

FIELDS = FieldsFile.model_validate(
    {
        "institution": {
            "joined": {"type": "date"},
            "size": {"type": "number"},
            "active_member": {"type": "boolean"},
            "tags": {"type": "list"},
        },
        "contact": {"note": {"type": "text"}, "score": {"type": "number"}, "vip": {"type": "boolean"}},
    }
).fields()

HOSTILE = [
    "a",
    "A",
    "'",
    '"',
    "\\",
    "%",
    "_",
    "é",
    "e\u0301",
    "ß",
    "😀",
    "مرحبا",
    "a\nb",
    "'; DROP TABLE contact; --",
    "{{ x }}",
    ":x",
    "?",
    "%(x)s",
    "true",
    "0",
    " ",
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=6),
)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 0.5, 0.1, 2**53]),
    st.integers(-(2**53), 2**53),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: x + 0.0),
)
DATES = st.dates().map(lambda day: day.isoformat())
VALUES: dict[FieldType, st.SearchStrategy[Anything]] = {
    FieldType.TEXT: TEXTS,
    FieldType.NUMBER: NUMBERS,
    FieldType.DATE: DATES,
    FieldType.BOOLEAN: st.booleans(),
}
LONGEST = {"country": 2, "status": 16, "language": 35}  # of the columns
ASKED = [field for field in FIELDS if not field.by_language]
SIGNS = ("==", "!=", "<", "<=", ">", ">=")


@st.composite
def leaves(draw: st.DrawFn) -> Node:
    field = draw(st.sampled_from(ASKED))
    if field.type is FieldType.LIST:
        empty = st.sampled_from(("==", "!=")).map(lambda sign: Compare(field.path, sign, None))
        return draw(st.one_of(TEXTS.map(lambda text: Has(field.path, text)), empty))
    values = VALUES[field.type]
    if draw(st.booleans()):
        return In(field.path, tuple(draw(st.lists(st.none() | values, max_size=3))))
    value = draw(st.none() | values)
    ordered = field.type in (FieldType.NUMBER, FieldType.DATE) and value is not None
    return Compare(field.path, draw(st.sampled_from(SIGNS if ordered else SIGNS[:2])), value)


def trees() -> st.SearchStrategy[Node]:
    """Trees in normal form, as `parse` makes them."""

    def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        parts = st.lists(inner, max_size=3)
        return st.one_of(
            parts.map(lambda found: all_of(*found)), parts.map(lambda found: any_of(*found)), inner.map(Not)
        )

    return st.recursive(leaves(), grow, max_leaves=6)


@st.composite
def values_for(draw: st.DrawFn, owner: str) -> dict[str, Anything]:
    """Values for each field of an owner: empty, of its type, or (in JSON) of a type it had once."""
    found = {}
    for field in FIELDS.of(owner):
        if field.type is FieldType.LIST:
            fitting: st.SearchStrategy[Anything] = st.lists(TEXTS, max_size=3)
        else:
            fitting = st.one_of(st.none(), VALUES[field.type])
        if field.own:
            fitting = st.one_of(fitting, TEXTS, NUMBERS, st.booleans(), st.just(""), st.lists(TEXTS, max_size=2))
        elif field.type is FieldType.TEXT:
            longest = LONGEST.get(field.name, 64)
            fitting = st.one_of(fitting, st.just("")).map(lambda text, n=longest: text and text[:n])
        found[field.name] = draw(fitting)
    return found
