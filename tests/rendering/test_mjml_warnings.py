from __future__ import annotations

import pytest

from newsletter.errors import ProblemsFound
from newsletter.rendering.mjml import finish
from newsletter.rendering.mjml_warnings import warnings


def told(text: str) -> list[str]:
    return [str(problem) for problem in warnings(text, "templates/a.mjml")]


def document(attributes: str, *, tag: str = "mj-text", head: str = "") -> str:
    inside = f"<{tag} {attributes}>x</{tag}>"
    section = inside if tag == "mj-section" else f"<mj-section><mj-column>{inside}</mj-column></mj-section>"
    return f"<mjml><mj-head>{head}</mj-head><mj-body>\n{section}</mj-body></mjml>".replace(">x</mj-section>", " />")


def test_an_unknown_attribute_is_told_with_its_line_and_left_out() -> None:
    mjml = document('vertical-align="top"', tag="mj-section")
    (warning,) = told(mjml)
    assert warning.startswith("templates/a.mjml:2: <mj-section> has no attribute vertical-align; it does nothing")
    assert finish(mjml, file="a") == finish(document("", tag="mj-section"), file="a")


def test_a_near_name_is_offered() -> None:
    assert "did you mean 'color'?" in told(document('colour="red"'))[0]


def test_of_doubles_the_first_holds() -> None:
    mjml = document('color="#111111" color="#222222"')
    assert "stands there twice, and the first holds" in told(mjml)[0]
    assert "color:#111111" in finish(mjml, file="a")


@pytest.mark.parametrize("written", ['font-size="20"', 'line-height="2 0"', 'padding-top="20"'])
def test_a_size_that_is_none_is_printed_and_told(written: str) -> None:
    name, value = written.replace('"', "").split("=")
    mjml = document(written)
    assert "may be passed over" in told(mjml)[0]
    assert f"{name}:{value};" in finish(mjml, file="a")


@pytest.mark.parametrize("written", ['font-size="0.9rem"', 'padding="1rem 2em"', 'line-height="1.45rem"', 'color=""'])
def test_sizes_of_css_are_fine(written: str) -> None:
    assert told(document(written)) == []


def test_what_every_branch_of_a_template_says_is_read_and_what_it_prints_is_not() -> None:
    text = (
        "<mj-text {% if a == \"x\" %}colour='red'{% endif %}\n color='{{ c['d'] }}' font-size=\"{{ size }}\">"
        "{# <mj-text bad> #}<!-- <mj-text bad> --><p bad='x'></mj-text>"
    )
    assert len(told(text)) == 1
    assert "colour" in told(text)[0]


def test_defaults_of_what_is_no_component_do_nothing() -> None:
    head = '<mj-attributes><mj-heading color="red" /><mj-class name="a" font-wait="1" /></mj-attributes>'
    mjml = document("", head=head)
    assert ["mj-heading" in each or "font-wait" in each for each in told(mjml)] == [True, True]
    assert finish(mjml, file="a") == finish(document(""), file="a")


@pytest.mark.parametrize(
    ("written", "tag"),
    [('align="center"', "mj-section"), ('padding="10px"', "mj-group"), ('width="3px"', "mj-hero")],
)
def test_what_mjml_reads_though_it_does_not_know_it_is_refused(written: str, tag: str) -> None:
    inside = f"<{tag} {written}></{tag}>"
    body = f"<mj-section>{inside}</mj-section>" if tag == "mj-group" else inside
    with pytest.raises(ProblemsFound, match="uses it in part") as caught:
        finish(f"<mjml><mj-body>\n{body}</mj-body></mjml>", file="a.mjml")
    assert caught.value.problems[0].line == 2
    assert told(body) == []


def test_the_padding_that_a_default_gives_a_group_is_refused_unless_it_is_none() -> None:
    def grouped(padding: str) -> str:
        head = f'<mj-attributes><mj-all padding="{padding}" /></mj-attributes>'
        return (
            f"<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-group><mj-column /></mj-group></mj-section>"
            "</mj-body></mjml>"
        )

    assert finish(grouped("0"), file="a")
    with pytest.raises(ProblemsFound, match="<mj-group> has a padding"):
        finish(grouped("0 10px"), file="a")


@pytest.mark.parametrize(("width", "read"), [("300", "width:300px"), ("33,33%", "mj-column-per-33")])
def test_widths_of_columns_are_read_as_far_as_they_go(width: str, read: str) -> None:
    mjml = f'<mjml><mj-body><mj-section><mj-column width="{width}" /></mj-section></mj-body></mjml>'
    assert "may be passed over" in told(mjml)[0]
    assert read in finish(mjml, file="a")
