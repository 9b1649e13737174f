"""The preview beside the text: what is typed, shown as the message would, without a change of anything."""

from __future__ import annotations

from pathlib import Path

from newsletter.clock import FixedClock
from tests.web.desk import client, csrf
from tests.workflow.office import ISSUE, lay, office

ITEM = f"/issues/{ISSUE}/content/items/i1"


def test_it_shows_what_is_typed_and_changes_nothing(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        browser = client(ws, "ana")
        token = csrf(browser.get(f"{ITEM}?language=en").text)
        before = ws.context.draft("news", "2026-12")
        typed = {
            "csrf": token,
            "language": "en",
            "title": "A <b>typed</b> title",
            "summary": "Sum",
            "body": "Quite *new*",
        }
        answer = browser.post(f"{ITEM}/glimpse", data=typed)
        shown = browser.get(answer.json()["frame"])
        assert "A &lt;b&gt;typed&lt;/b&gt; title" in shown.text
        assert "Quite <em>new</em>" in shown.text
        assert "sandbox" in shown.headers["content-security-policy"]
        saved = browser.get(f"{ITEM}/glimpse?language=en").text
        assert "typed" not in saved
        wrong = browser.post(f"{ITEM}/glimpse", data={**typed, "body": "{{ contact.nobody }}"})
        assert wrong.status_code == 200
        assert "nobody" in wrong.json()["said"]
        assert ws.context.draft("news", "2026-12") == before
