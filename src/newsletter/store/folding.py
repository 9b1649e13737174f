"""Names without accents, case and hyphens, so that who types Ekra or NDiaye's second half finds Ékra and N'Diaye."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_JOINTS = str.maketrans(dict.fromkeys("'’‘ʼ`-‐‑–.", " "))


def fold(text: str | None) -> str | None:
    """`N’Diaye-Ékra` -> `n diaye ekra`."""
    if text is None:
        return None
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return text.translate(_JOINTS).casefold()


def folded_name(first: str | None, last: str | None) -> str | None:
    """Both names, a blank before each word, so that a search for the beginning of any word is one comparison."""
    words = (fold(f"{first or ''} {last or ''}") or "").split()
    return f" {' '.join(words)}" if words else None


class folded(FunctionElement[str]):
    """`fold` of a column, in the database."""

    type = Text()
    inherit_cache = True


@compiles(folded, "sqlite")
def _sqlite(element: folded, compiler: SQLCompiler, **kw: Any) -> str:
    return f"folded({compiler.process(element.clauses, **kw)})"  # registered by store.engine


@compiles(folded, "postgresql")
def _postgresql(element: folded, compiler: SQLCompiler, **kw: Any) -> str:
    """unaccent is an extension that not every server has; translate is everywhere."""
    column = compiler.process(element.clauses, **kw)
    signs, plain = _letters()
    return f"translate(replace(lower({column}), 'ß', 'ss'), '{signs}', '{plain}')"


@lru_cache(maxsize=1)
def _letters() -> tuple[str, str]:
    """Letters that fold to one other (a server in the C locale lowers only ASCII); what joins two names, as a blank;
    and the marks, which go."""
    signs = [chr(number) for number in range(0xC0, 0x1F00)]
    marks = "".join(sign for sign in signs if unicodedata.combining(sign))
    pairs = {sign: to for sign in signs if sign.isalpha() and len(to := fold(sign) or "") == 1 and to != sign}
    pairs |= {chr(number): " " for number in _JOINTS if chr(number) != "'"} | {"''": " "}  # '' is one ' in a literal
    return "".join(pairs) + marks, "".join(pairs.values())
