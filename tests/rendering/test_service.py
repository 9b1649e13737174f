"""The process that renders: the same results as here, and its limits."""

from __future__ import annotations

import datetime
import json
import os
import signal
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from newsletter.errors import ProblemsFound
from newsletter.i18n import Listed, Said, say
from newsletter.rendering import wire
from newsletter.rendering.manuscript import Body, Manuscript, Source, Strings
from newsletter.rendering.plain import renderer
from newsletter.rendering.service import Bounds, Renderer, RenderingStopped
from newsletter.rendering.variants import compile_language
from tests.rendering.making import LINKS, manuscript, people, person, same


def as_it_is(mjml: str, *, file: str) -> str:
    """The `finish` of these tests."""
    return mjml


@pytest.fixture(scope="module")
def service() -> Iterator[Renderer]:
    bounds = Bounds(seconds=60, memory=300 << 20, output=4 << 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.getcwd())
        with Renderer(finish="tests.rendering.test_service:as_it_is", bounds=bounds) as made:
            yield made


def full() -> Manuscript:
    return manuscript(
        "{{ item.body }}{{ bold }}{{ day | date }}{{ at | time }}{{ t('hi', name=contact.title) }}{{ item['$x'].n }}",
        text="{{ contact.first_name }}{% if institution.region == 'Africa' %}A{% endif %}",
        sources={"body.html": Source("<p>{{ contact.title }}\n</p>", "a.md", (3, 4), staff=True)},
        item={"body": Body("body.html", {"day": datetime.date(2026, 1, 1)}), "$x": {"n": 1}},
        bold=Markup("<b>"),
        day=datetime.date(2026, 12, 1),
        at=datetime.datetime(2026, 12, 1, 9, 30, tzinfo=ZoneInfo("Africa/Abidjan")),
        t=Strings({"hi": "Bonjour {name}"}),
    )


def test_the_process_compiles_as_we_do(service: Renderer) -> None:
    crowd = people(20)
    made = service.compile(full(), crowd)
    assert made == compile_language(full(), witnesses=crowd, finish=same)
    assert service.compare(made, full(), crowd, LINKS) == []
    assert service.render(full(), crowd[0], LINKS) == renderer(full(), finish=same)(crowd[0], LINKS)


def test_problems_arrive_with_file_and_line(service: Renderer) -> None:
    with pytest.raises(ProblemsFound) as caught:
        service.compile(manuscript("\n{{ contact.nothing }}"), ())
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == ("mail.mjml", 2)


GREEDY = (
    ("{% set x = 'x' * 900000000 %}", "needed more than 300 MB of memory"),
    ("{% for a in range(9000) %}{{ 'x' * 1000000 }}{% endfor %}", "needed more than 300 MB of memory"),
    ("{% for a in range(9) %}{{ 'x' * 1000000 }}{% endfor %}", "made more than 4 MB"),
)


@pytest.mark.parametrize(("source", "why"), GREEDY)
def test_a_greedy_template_is_one_error_and_the_next_request_works(service: Renderer, source: str, why: str) -> None:
    with pytest.raises(RenderingStopped, match=rf"^mail.mjml: rendering {why} and was stopped"):
        service.compile(manuscript(source), ())
    assert service.compile(manuscript("ok"), ()).variants[0].html == ("ok",)


def test_a_loop_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    endless = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
    with Renderer(finish="tests.rendering.test_service:as_it_is", bounds=Bounds(seconds=1)) as hurried:
        with pytest.raises(RenderingStopped, match=r"^mail.mjml: rendering took too long and was stopped"):
            hurried.compile(manuscript(endless), ())
        assert hurried._process is None


def test_a_process_that_died_is_replaced(service: Renderer) -> None:
    service.compile(manuscript("ok"), ())
    process = service._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert service.compile(manuscript("ok"), ()).variants[0].html == ("ok",)


def test_the_process_has_none_of_our_secrets(service: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "secret")
    with Renderer(finish="tests.rendering.test_service:environment") as fresh:
        monkeypatch.setenv("PYTHONPATH", os.getcwd())
        assert "SENDGRID" not in fresh.render(manuscript(), person(), LINKS).html


def environment(mjml: str, *, file: str) -> str:
    return " ".join(os.environ)


def test_plain_data_survives_the_wire() -> None:
    data = full().context
    there = wire.decode(wire.encode(dict(data)))
    assert there == {**data, "item": {"body": data["item"]["body"], "$x": {"n": 1}}}  # type: ignore[index]
    assert isinstance(there["bold"], Markup)
    assert there["at"].tzinfo == ZoneInfo("Africa/Abidjan")


def test_objects_do_not_pass_the_wire() -> None:
    with pytest.raises(TypeError, match="object"):
        wire.encode({"x": object()})


def test_a_sentence_passes_the_wire_with_what_stands_in_it() -> None:
    inner = say("known: %(names)s", names=Listed(["a", say("nobody")], "or"))
    sentence = say("There is no %(name)r here: %(hint)s", name="100%", hint=inner)
    there = wire.sentence_from_json(json.loads(json.dumps(wire.sentence_to_json(sentence))))
    assert isinstance(there, Said)
    assert (there, there.pattern, there.values["hint"].values) == (sentence, sentence.pattern, inner.values)
    assert wire.sentence_from_json(wire.sentence_to_json("as it is")) == "as it is"


def test_a_sentence_in_which_nothing_stands_may_have_any_signs(service: Renderer) -> None:
    with pytest.raises(ProblemsFound) as caught:
        service.compile(manuscript("{% include contact.title %}"), ())
    assert caught.value.problems[0].message.endswith("cannot depend on the recipient; use {% if %}")
    for sentence in (say("a size such as 10px or 50%"), say("write it with {% if %}")):
        there = wire.sentence_from_json(json.loads(json.dumps(wire.sentence_to_json(sentence))))
        assert isinstance(there, Said)
        assert there == sentence


@pytest.mark.parametrize(
    "sent",
    [
        ["%(x)99999999s", "", {"x": ""}],  # asks for a width
        ["%(x)s", "", {"y": ""}],
        ["%(num)s time", "%(num)s times", {"x": ""}],
        ["%(num)s time", "%(num)s times", {"num": "many"}],
    ],
)
def test_what_the_other_side_sends_and_cannot_be_said_is_no_sentence(sent: list[Any]) -> None:
    assert not isinstance(wire.sentence_from_json(sent), Said)
