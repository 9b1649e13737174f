"""Compiled templates that are kept between runs: used where they are ours, and never trusted otherwise."""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsletter.errors import ProblemsFound
from newsletter.rendering.code_store import CodeStore, code_id
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.manuscript import Manuscript, Source
from newsletter.rendering.sandbox import Sandbox
from newsletter.rendering.service import Renderer
from tests.rendering.making import LINKS, manuscript, person

MAIL = manuscript('{% include "part.mjml" %}', text="text", subject="hello", sources={"part.mjml": "part", "not": "x"})
PART = code_id("part.mjml", Source("part"))
Start = Callable[[CodeStore], Renderer]


@pytest.fixture
def store(tmp_path: Path) -> CodeStore:
    return CodeStore(tmp_path / "templates", b"key")


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A new run of the program."""
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    made: list[Renderer] = []

    def start(store: CodeStore) -> Renderer:
        made.append(Renderer(finish="tests.rendering.test_service:as_it_is", store=store))
        return made[-1]

    yield start
    for each in made:
        each.close()


def html(renderer: Renderer, mail: Manuscript = MAIL) -> str:
    return renderer.render(mail, person(), LINKS).html


def code_of(text: str) -> bytes:
    return marshal.dumps(Sandbox(MAIL).compile(text, "part.mjml", "part.mjml"))


def test_the_next_run_uses_what_this_one_compiled(store: CodeStore, start: Start, tmp_path: Path) -> None:
    assert html(start(store)) == "part"
    # Those that the message uses: its own four, and the one included.
    assert len(list((tmp_path / "templates").iterdir())) == 5
    store.keep({PART: code_of("from the store")})
    assert html(start(store)) == "from the store"


def test_a_changed_template_is_compiled_again(store: CodeStore, start: Start) -> None:
    html(start(store))
    changed = manuscript('{% include "part.mjml" %}', sources={"part.mjml": "changed"})
    assert html(start(store), changed) == "changed"


@pytest.mark.parametrize("damage", ["another key", "changed", "cut", "empty", "another's place"])
def test_what_is_not_ours_is_compiled_again(store: CodeStore, start: Start, tmp_path: Path, damage: str) -> None:
    entry = tmp_path / "templates" / PART
    store.keep({PART: code_of("foreign")})
    if damage == "another key":
        CodeStore(tmp_path / "templates", b"other").keep({PART: code_of("foreign")})
    elif damage == "another's place":
        store.keep({"0": code_of("foreign")})
        os.replace(entry.with_name("0"), entry)
    else:
        whole = entry.read_bytes()
        entry.write_bytes({"changed": whole[:-1] + b"\1", "cut": whole[:40], "empty": b""}[damage])
    assert store.load(PART) is None
    assert html(start(store)) == "part"
    assert store.load(PART) is not None


def test_nothing_is_kept_of_a_process_that_has_run_a_template(store: CodeStore, start: Start) -> None:
    renderer = start(store)
    html(renderer)
    later = manuscript("later")
    assert html(renderer, later) == "later"
    assert store.load(code_id("mail.mjml", Source("later"))) is None


def test_a_process_that_is_replaced_gets_the_code_again(store: CodeStore, start: Start) -> None:
    renderer = start(store)
    html(renderer)
    renderer.close()
    store.keep({PART: code_of("from the store")})
    assert html(renderer) == "from the store"


def test_a_template_that_cannot_be_compiled_is_told_with_its_line(store: CodeStore, start: Start) -> None:
    with pytest.raises(ProblemsFound) as caught:
        html(start(store), manuscript("\n{% if %}"))
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == ("mail.mjml", 2)


def test_a_folder_that_cannot_be_written_is_no_error(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert html(start(CodeStore(tmp_path / "file" / "templates", b"key"))) == "part"


def test_entries_are_for_their_owner_alone_and_the_oldest_go(
    store: CodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.rendering.code_store._MOST", 2)
    for age, name in enumerate("abc"):
        store.keep({name: b"code"})
        os.utime(tmp_path / "templates" / name, (age, age))
    store.keep({"d": b"code"})
    assert sorted(each.name for each in (tmp_path / "templates").iterdir()) == ["c", "d"]
    assert (tmp_path / "templates").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "templates" / "d").stat().st_mode & 0o777 == 0o600


def test_texts_of_editors_have_code_of_their_own() -> None:
    # Where the filter `safe` is refused, which is found while compiling.
    assert code_id("a", Source("{{ x | safe }}", staff=True)) != code_id("a", Source("{{ x | safe }}"))


def test_code_serves_all_languages() -> None:
    cache, shown = CodeCache(), []
    for language in ("en", "fr"):
        mail = manuscript('{{ "2026-01-02" | date }}', language=language)
        shown.append(Sandbox(mail, cache).get_template("mail.mjml").render({}))
    assert shown == ["2 January 2026", "2 janvier 2026"]


def test_manuscripts_that_are_prepared_together_are_all_kept(store: CodeStore, start: Start) -> None:
    mails = [MAIL, manuscript("second")]
    renderer = start(store)
    renderer.prepare(mails)
    assert [html(renderer, each) for each in mails] == ["part", "second"]
    assert store.load(code_id("mail.mjml", Source("second"))) is not None
