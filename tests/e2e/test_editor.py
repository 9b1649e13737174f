"""The editor in real Chromium: what nobody touched keeps every byte, and merge fields are chips, or offered in the
source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from newsletter.clock import FixedClock
from tests.e2e.conftest import serving, sign_in
from tests.e2e.test_access import faults
from tests.workflow.office import ISSUE, lay, office

pytestmark = pytest.mark.browser
FIRST = 'Dear {{ contact.first_name | default("reader") }}, this is *old* news.'
TEXT = f"""{FIRST}
A second line with two spaces,  
and the *last_one* & more; see [here](<{{{{ links.web }}}}>) or [there][ref].

## Heading of {{{{ institution.name }}}}
Tight below it.

<!-- nobody reads this -->

| Left | Right |
|:--|--:|
| a \\| b | {{{{ contact.last_name }}}} |

* star
* list

1. one
1. again one

السلام عليكم {{{{ contact.first_name }}}}

![A picture](pictures/harbour.jpg){{width=320}}

> quoted
>
> twice

[ref]: https://example.org/a?b=1&c=2 "Title"

`{{{{ contact.code }}}}` and a\u00a0hard space, \u00ab\u202fguillemets\u202f\u00bb.
"""


@pytest.fixture
def writing(page: Page, tmp_path: Path, clock: FixedClock) -> Iterator[Page]:
    """Ana has the item open whose text is TEXT."""
    folder = lay(tmp_path / "ws")
    front = "---\ntitle: A door\nsummary: It is open.\n---\n"
    (folder / "campaigns/news/articles/door.en.md").write_text(front + TEXT)
    with office(folder, clock) as ws, serving(ws) as served:
        items = ws.context.draft("news", "2026-12").items()
        door = next(item.id for item in items if item.article == "door")
        sign_in(page, served, "Ana")
        page.goto(f"{served.url}/issues/{ISSUE}/content/items/{door}?language=en")
        rich(page).wait_for()
        yield page


def rich(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text with formatting")


def source(page: Page) -> str:
    return page.locator("#f-body").input_value()


def plain(page: Page) -> Locator:
    """The source view, opened where it is not."""
    field = page.get_by_role("textbox", name="Text", exact=True)
    if not field.is_visible():
        page.get_by_role("button", name="Source").click()
        field.wait_for()
    return field


def saved(page: Page) -> str:
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.reload()
    rich(page).wait_for()
    return source(page)


def caret_at_end_of(page: Page, words: str) -> None:
    block = rich(page).get_by_text(words)
    block.click()
    page.wait_for_function("block => block.contains(getSelection().focusNode)", arg=block.element_handle())
    page.keyboard.press("End")


def test_opening_and_saving_changes_no_byte(writing: Page) -> None:
    before = source(writing)
    assert before.strip() == TEXT.strip()
    plain(writing)
    writing.get_by_role("button", name="Source").click()
    rich(writing).wait_for()
    writing.get_by_label("Title").fill("Another title")
    assert saved(writing) == before


def test_a_changed_paragraph_changes_alone(writing: Page) -> None:
    before = source(writing)
    caret_at_end_of(writing, "Tight below it.")
    writing.keyboard.type(" More & more.")
    assert source(writing) == before.replace("Tight below it.", "Tight below it. More & more.")
    for _ in range(3):
        writing.keyboard.press("Control+z")
    assert source(writing) == before
    caret_at_end_of(writing, "السلام")
    writing.keyboard.type(" {{ contact.role }}!")
    changed = before.replace(
        "السلام عليكم {{ contact.first_name }}", "السلام عليكم {{ contact.first_name }} {{ contact.role }}!"
    )
    assert source(writing) == changed
    assert saved(writing) == changed


def test_merge_fields_are_chips_that_survive_and_can_be_asked_for(writing: Page) -> None:
    before = source(writing)
    chip = rich(writing).locator(".merge-field").first
    assert chip.inner_text() == "First name"
    chip.click()
    question = writing.get_by_role("dialog", name="Merge field")
    assert question.get_by_label("Where it is not known").input_value() == "reader"
    question.get_by_label("Where it is not known").fill('"dear" friend')
    question.get_by_role("button", name="Insert").click()
    now = source(writing)
    assert now.startswith(r'Dear {{ contact.first_name | default("\"dear\" friend") }}, this is *old* news.')
    assert now.split("\n\n")[1:] == before.split("\n\n")[1:]

    caret_at_end_of(writing, "Tight below it.")
    writing.get_by_role("button", name="Merge field").click()
    question.get_by_label("Each recipient reads their own").select_option(label="Name of the institution")
    question.get_by_label("Where it is not known").fill("your library")
    question.get_by_role("button", name="Insert").click()
    assert 'Tight below it.{{ institution.name | default("your library") }}\n' in source(writing)


def test_the_buttons_write_markdown(writing: Page) -> None:
    caret_at_end_of(writing, "Tight below it.")
    writing.keyboard.press("Shift+Home")
    writing.get_by_role("button", name="Bold").click()
    assert writing.get_by_role("button", name="Bold").get_attribute("aria-pressed") == "true"
    writing.get_by_role("button", name="Link").click()
    writing.get_by_label("Address").fill("https://example.org/")
    writing.get_by_role("button", name="Take it over").click()
    assert "\n[**Tight below it.**](https://example.org/)\n" in source(writing).replace(
        "**[Tight below it.](https://example.org/)**", "[**Tight below it.**](https://example.org/)"
    )
    writing.get_by_role("button", name="List").click()
    assert "\n\n- " in source(writing)


def test_it_is_for_everyone(writing: Page) -> None:
    assert faults(writing) == []
    assert rich(writing).locator("p", has_text="السلام").evaluate("each => getComputedStyle(each).direction") == "rtl"
    caret_at_end_of(writing, "star")
    before = source(writing)
    writing.keyboard.press("Tab")
    assert not rich(writing).evaluate("each => each.contains(document.activeElement)")
    assert source(writing) == before
    writing.get_by_role("button", name="Merge field").click()
    assert faults(writing) == []


def test_what_cannot_be_shown_stays_source(writing: Page) -> None:
    plain(writing).fill("Private \ue000 use")
    writing.get_by_role("button", name="Source").click()
    writing.get_by_text("only be edited as source").wait_for()
    assert source(writing) == "Private \ue000 use"
    assert plain(writing).is_visible()
    writing.reload()


def test_what_is_typed_in_the_source_is_what_is_kept(writing: Page) -> None:
    before = source(writing)
    plain(writing).get_by_text("Tight below it.").click()
    writing.keyboard.press("End")
    writing.keyboard.type("  **More**  \n&nbsp;\\ \t<b>&amp;\u202f{% if x %}")
    changed = before.replace("Tight below it.\n", "Tight below it.  **More**  \n&nbsp;\\ \t<b>&amp;\u202f{% if x %}\n")
    assert source(writing) == changed
    writing.get_by_role("button", name="Source").click()
    rich(writing).wait_for()
    assert source(writing) == changed
    assert plain(writing).is_visible()
    assert source(writing) == changed
    for _ in range(60):
        writing.keyboard.press("Control+z")
    assert source(writing) == changed  # each view undoes its own


def test_merge_fields_are_offered_in_the_source(writing: Page) -> None:
    plain(writing).fill("Dear  | to")
    writing.keyboard.press("Home")
    for _ in range(5):
        writing.keyboard.press("ArrowRight")
    writing.keyboard.type("{{ first")
    offered = writing.get_by_role("listbox")
    expect(offered.get_by_role("option")).to_have_count(1)
    assert faults(writing) == []
    offered.get_by_role("option", name="First name").click()
    writing.keyboard.type("reader")
    assert source(writing) == 'Dear {{ contact.first_name | default("reader") }} | to'
    writing.keyboard.press("Control+Home")
    writing.keyboard.type("{{")
    everything = writing.locator("#ask-field option").all_text_contents()
    expect(offered.get_by_role("option")).to_have_count(len(everything))
    writing.keyboard.type("institution.na")
    expect(offered.get_by_role("option")).to_have_count(1)
    writing.wait_for_timeout(100)  # what has only just come up is not taken by accident
    writing.keyboard.press("Enter")
    assert source(writing).startswith('{{ institution.name | default("") }}Dear')
    writing.get_by_role("button", name="Source").click()
    assert rich(writing).locator(".merge-field").all_inner_texts() == ["Name of the institution", "First name"]

    plain(writing).fill('{{ last | default("x") }}')
    writing.keyboard.press("Home")
    for _ in "{{ last":
        writing.keyboard.press("ArrowRight")
    writing.keyboard.press("Control+Space")
    offered.get_by_role("option", name="Last name").click()
    assert source(writing) == '{{ contact.last_name | default("x") }}'


def test_the_source_is_for_everyone(writing: Page) -> None:
    loaded: list[str] = []
    writing.on("request", lambda request: loaded.append(request.url))
    field = plain(writing)
    assert [url for url in loaded if "chunk" in url] != []  # on demand
    assert faults(writing) == []
    assert field.evaluate("each => [each.lang, each.dir]") == ["en", "ltr"]
    assert writing.get_by_text("the merge fields are offered").is_visible()
    before = source(writing)
    field.press("Tab")
    assert not field.evaluate("each => each.contains(document.activeElement)")
    assert source(writing) == before
    writing.get_by_text("Text", exact=True).first.click()
    assert field.evaluate("each => each.contains(document.activeElement)")


def test_without_the_script_for_it_the_source_is_a_field(writing: Page) -> None:
    writing.route("**/chunk-*", lambda route: route.fulfill(body="throw 0", content_type="text/javascript"))
    writing.get_by_role("button", name="Source").click()
    field = writing.locator("textarea#f-body")
    field.fill("As ever")
    writing.get_by_role("button", name="Source").click()
    rich(writing).get_by_text("As ever").wait_for()


def test_other_pages_do_not_load_it(writing: Page) -> None:
    loaded: list[str] = []
    writing.on("request", lambda request: loaded.append(request.url))
    writing.get_by_role("link", name="Home").click()
    writing.wait_for_load_state()
    assert loaded
    assert not [url for url in loaded if "editor" in url]


def test_what_is_pasted_comes_without_its_clutter(writing: Page) -> None:
    caret_at_end_of(writing, "Tight below it.")
    rich(writing).evaluate(
        """(field) => {
          const data = new DataTransfer();
          data.setData("text/html", "<p class=MsoNormal> Hello <b>you</b><o:p></o:p></p>");
          field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    rich(writing).get_by_text("Hello").wait_for()
    assert "Hello **you**" in source(writing)
    assert "Mso" not in source(writing)
