"""Names as people type them: folded in Python, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, literal, select

from newsletter.store.engine import reading
from newsletter.store.folding import fold, folded

NAMES = {
    "Ékra": "ekra",
    "N’Diaye": "n diaye",
    "N'Diaye-Ba": "n diaye ba",
    "Großkreutzmann": "grosskreutzmann",
    "Thị Ánh Nguyệt": "thi anh nguyet",
    "Łukasz Ørsted": "łukasz ørsted",
    "مُنى آل عبد": "منى ال عبد",
    "منى عبد الرحيم السيوفي": "منى عبد الرحيم السيوفي",
    "Löffelmanns 50%": "loffelmanns 50%",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_folded_alike_everywhere(engine: Engine, name: str) -> None:
    assert fold(name) == NAMES[name]
    with reading(engine) as connection:
        assert connection.execute(select(folded(literal(name)))).scalar_one() == NAMES[name]


def test_nothing_stays_nothing(engine: Engine) -> None:
    with reading(engine) as connection:
        assert connection.execute(select(folded(literal(None)))).scalar_one() is None
