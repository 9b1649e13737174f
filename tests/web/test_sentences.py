"""Every sentence in the source that a page can show is one that can be said in another language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tools.catalogue import SOURCE

from newsletter.libraries import SENTENCES as OF_LIBRARIES
from newsletter.libraries import in_words
from newsletter.recalling import form, recalling
from newsletter.web.recalled import SENTENCES
from newsletter.web.views import LANGUAGES, said

# What the command line alone says, and what no person reads.
ELSEWHERE = (
    *("workflow/upkeep/", "workflow/home.py", "workspace/exchange.py", "store/engine.py", "settings.py"),
    *("loading_toml.py", "workflow/results/status.py", "workflow/sending/control.py", "workflow/sending/events.py"),
    *("workflow/people/contacts.py", "workflow/people/rights.py", "workflow/people/specimens.py", "web/serving.py"),
    # Importing lists, and the rule of an audience in words
    *("audience/contacts.py", "audience/converting.py", "audience/count.py", "audience/importing.py"),
    *("audience/institutions.py", "audience/reading.py", "audience/subscribing.py", "audience/suppressing.py"),
    *("audience/suppressions.py", "audience/presets.py", "audience/select.py", "model/mapping.py", "model/rule.py"),
    # Answers to machines, migrations, comments in files that people edit, faults of the program
    *("web/operations.py", "tracking/", "store/migrations/", "workspace/drafts.py", "clock.py", "store/types.py"),
    *(
        "audience/json_sql.py",
        "store/ledger/persons.py",
        "message/expressions.py",
        "message/slots.py",
        "message/tree.py",
    ),
    *("gathering/head_lines.py", "rendering/conditions.py", "audience/examples.py", "rendering/dialect.py:73"),
    *("checks/finding.py", "model/delivery.py", "workflow/results/progress.py", "workspace/definitions.py"),
    *("web/studio/pictures.py",),
)
# Calls whose texts are no sentences for people: statements, patterns, logs, what the schema says, names of operations.
OTHERWISE = frozenset(
    {
        *("say", "say_many", "text", "compile", "sub", "debug", "info", "warning", "exception", "Setting", "Field"),
        *("TypeError", "AssertionError", "Write", "rewrite", "write_draft", "_put", "_writes", "_audit", "startswith"),
    }
)
WORDS = re.compile(
    r"\b(the|a|an|is|are|was|of|not|no|and|or|with|to|by|for|it|this|that|nobody|who|from|your|has|have|had|cannot|must"
    r"|may|in|at|only|holds|needs|put|could|would|be|been|if|than|there|than|without|before|after|on|up)\b"
)
PLACE = re.compile(r"%\(\w+\)[rs]")
NO_WORDS = re.compile(
    r"\s*(?:<|\{%|(?:SELECT|UPDATE|INSERT|DELETE|COALESCE|CASE|WITH|AND)\b|//|string\(|%s )"
)  # HTML, templates, SQL
SHOWING = ("web/", *(f"workflow/{each}/" for each in ("content", "drafts", "checking", "composing", "results")))
RECALLED = "web/recalled.py"
PIECES = ("store/", "audience/select.py", "workflow/sending/control.py", "web/studio/desk.py")  # SQL, and put together
SAYING = {"say", "say_many"}


def test_what_the_source_says_can_be_said_in_other_languages() -> None:
    left = [
        f"{where}: {text}"
        for where, text in _texts()
        if not where.startswith(ELSEWHERE) and text not in _translated() and not _recalled(text)
    ]
    assert left == [], "wrap it in `say`, or give recalled.py its sentence where the database keeps it"


def test_what_is_recalled_is_what_the_source_says() -> None:
    """A sentence that is worded otherwise now would no longer be found."""
    texts = [(where, text.replace("{}", "7")) for where, text in _texts(said=True) if not where.startswith(RECALLED)]
    pieces = [set(re.findall(r"\w+", text)) for where, text in texts if where.startswith(PIECES)]

    def is_said(pattern: str) -> bool:
        written, words = form(pattern), set(re.findall(r"\w+", PLACE.sub("", pattern)))
        return any(written.fullmatch(text) for _, text in texts) or any(words <= piece for piece in pieces)

    lost = [each for each in SENTENCES if not any(is_said(text) for text in (each.pattern, each.plural) if text)]
    assert lost == []


def test_a_message_of_an_error_is_no_sentence_put_together_by_hand() -> None:
    """An f-string, or `str(error)`, where a problem or an error for people is made, would lose the translation."""
    found = [
        f"{file.relative_to(SOURCE)}:{call.lineno}"
        for file in _files()
        if not str(file.relative_to(SOURCE)).startswith(ELSEWHERE)
        for call in _calls(_tree(file))
        if _name(call) == "Problem" and call.args and _by_hand(call.args[0])
    ]
    assert found == []


def test_pages_say_the_error_itself() -> None:
    """`str(error)` of what was caught is English for ever; `told(error)`, or the error, is not."""
    found = [
        f"{file.relative_to(SOURCE)}:{call.lineno}"
        for file in _files()
        if str(file.relative_to(SOURCE)).startswith(SHOWING)
        for caught in ast.walk(_tree(file))
        if isinstance(caught, ast.ExceptHandler)
        for call in _calls(caught)
        if _name(call) == "str" and any(isinstance(each, ast.Name) and each.id == caught.name for each in call.args)
    ]
    assert found == []


@pytest.mark.parametrize("language", [tag for tag in LANGUAGES if tag != "en"])
def test_sentences_of_libraries_are_found_again(language: str) -> None:
    for each in OF_LIBRARIES:
        text = re.sub(r"%\(\w+\)s", "'x'", each.pattern)
        found = in_words(text)
        assert found == text
        assert said(language, found) != text, text


@cache
def _translated() -> frozenset[str]:
    """What `say` and `say_many` are given somewhere."""
    calls = (call for file in _files() for call in _calls(_tree(file)) if _name(call) in SAYING)
    return frozenset(str(each.value) for call in calls for each in call.args if isinstance(each, ast.Constant))


_recall = recalling(SENTENCES)


def _recalled(text: str) -> bool:
    return _recall(text.replace("{}", "7")) is not None


@cache
def _texts(*, said: bool = False) -> list[tuple[str, str]]:
    """Every text with words of English in it, with its file and line; what is put in stands as {}."""
    return [
        (f"{file.relative_to(SOURCE)}:{line}", text)
        for file in _files()
        for line, text in _of(_tree(file), OTHERWISE - SAYING if said else OTHERWISE)
        if said or (" " in text.strip() and WORDS.search(text) and not NO_WORDS.match(text))
    ]


@cache
def _files() -> tuple[Path, ...]:
    return tuple(sorted(set(SOURCE.rglob("*.py")) - set((SOURCE / "cli").rglob("*.py"))))


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _of(node: ast.AST, otherwise: frozenset[str]) -> Iterator[tuple[int, str]]:
    """The texts in a piece of source, but for docstrings and what these calls are given."""
    match node:
        case ast.Assert():
            return
        case ast.Call() if _name(node) in otherwise:
            return
        case ast.JoinedStr(values=parts):
            yield node.lineno, "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in parts)
        case ast.Constant(value=str(text)):
            yield node.lineno, PLACE.sub("{}", text)
        case _:
            for child in ast.iter_child_nodes(node):
                if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                    yield from _of(child, otherwise)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _by_hand(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and _name(node) == "str")
