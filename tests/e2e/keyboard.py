"""A person at a keyboard: moves by Tab and acts by keys, and must always see where they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from playwright.sync_api import Error, Page, TimeoutError, expect

from tests.browser import Served

FURTHEST = 120  # presses of Tab that nobody would go beyond

SOMEWHERE = "() => document.activeElement && document.activeElement !== document.body"

# What has the focus: its words, and whether its ring shows, within the window and not behind anything.
HERE = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return {words: "", seen: false, why: "on the body"};
  const words = (at.getAttribute("aria-label") ?? [...(at.labels ?? [])].map((each) => each.textContent).join(" "))
    || (at.matches("iframe") ? at.title : at.textContent.trim())
    || (at.querySelector("[aria-label]")?.getAttribute("aria-label") ?? "");
  const told = {words: words.replace(/\\s+/g, " ").trim(), tag: at.tagName.toLowerCase()};
  if (at.matches("iframe")) return {...told, seen: true};
  const style = getComputedStyle(at);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  if (!ring) return {...told, seen: false, why: "without a ring"};
  const shown = [...at.getClientRects()].some((box) => {
    const across = Math.min(Math.max((box.left + box.right) / 2, 0), innerWidth - 1);
    return [0.1, 0.5, 0.9].some((part) => {
      const top = document.elementFromPoint(across, box.top + part * box.height);
      return top && (at.contains(top) || top.contains(at));
    });
  });
  return {...told, seen: shown, why: "out of sight"};
}"""


@dataclass(frozen=True)
class Keys:
    page: Page

    def here(self) -> str:
        """The words of what has the focus, once it has."""
        self.page.wait_for_function(SOMEWHERE)
        return self._look()["words"]

    def _look(self, passed: Sequence[str] = ()) -> dict[str, str]:
        found = self._found()
        if not found["seen"]:
            raise AssertionError(f"the focus is {found['why']}: {found['words']!r} after {passed}, on {self.page.url}")
        return found

    def _found(self) -> dict[str, str]:
        """Where the focus is, once the page that is loading, or the part of it that is replaced, is there."""
        with suppress(TimeoutError):
            self.page.wait_for_function(SOMEWHERE, timeout=3000)
        try:
            found: dict[str, str] = self.page.evaluate(HERE)
        except Error:  # the page was just left for the next one
            self.page.wait_for_load_state()
            return self._found()
        return found

    def to(self, words: str, tag: str = "", key: str = "Tab") -> None:
        """Presses Tab until what has the focus begins with these words."""
        passed: list[str] = []
        for _ in range(FURTHEST):
            self.page.keyboard.press(key)
            found = self._look(passed)
            if re.match(words, found["words"]) and found["tag"].startswith(tag):
                return
            passed.append(found["words"][:40])
        raise AssertionError(f"{words!r} is not reached on {self.page.url}: {passed}")

    def follow(self, words: str, tag: str = "", *, to: str, key: str = "Tab") -> None:
        """Goes to a link or button, presses Enter, and is on the page whose focus lands at the words `to`."""
        self.to(words, tag, key)
        self.enter(to)

    def enter(self, to: str) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.at(to)

    def at(self, words: str) -> None:
        """The focus lands at these words, perhaps on a page that is still to come, and shows there."""
        with suppress(TimeoutError):
            self.page.wait_for_function(f"(words) => new RegExp(`^(?:${{words}})`).test(({HERE})().words)", arg=words)
        here = self._look()["words"]
        assert re.match(words, here), f"the focus is at {here!r}, not at {words!r}, on {self.page.url}"

    def write(self, label: str, text: str) -> None:
        self.to(label)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)


def sign_in(page: Page, served: Served, name: str, next_: str = "/", *, to: str) -> Keys:
    keys = Keys(page)
    page.goto(f"{served.url}/sign-in?next={next_}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    keys.follow(f"Sign in as {name}", "button", to=to)
    return keys
