"""Alive, ready, and numbers for Prometheus: without names or addresses, and not for everybody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.testclient import TestClient

from newsletter.clock import FixedClock
from newsletter.store.engine import writing
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from tests.web.desk import client
from tests.workflow.office import ISSUE, approved, lay, office


def samples(page: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("state", "")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


BEARER = {"Authorization": "Bearer s3cret"}


def test_the_numbers_of_a_send_that_waits(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_METRICS_TOKEN", "s3cret")
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        launch(ws.context, plan_send(ws.context, ws.issue(ISSUE), rehearse=True), ws.context.person("luc"))
        clock.advance(timedelta(seconds=90))
        page = client(ws).get("/metrics", headers=BEARER).text
        seen = samples(page)
        assert seen["newsletter_deliveries", "pending"] == 3
        assert seen["newsletter_runs", "sending"] == 1
        assert seen["newsletter_queue_age_seconds", ""] == 90
        assert seen["newsletter_workers", ""] == 0
        assert "example" not in page
        assert "@" not in page


def test_the_numbers_need_the_token_from_wherever_somebody_asks(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_METRICS_TOKEN", "s3cret")
    with office(lay(tmp_path / "ws"), clock) as ws:
        for only in ("all", "public"):
            for address in ("127.0.0.1", "192.0.2.7"):
                browser = TestClient(client(ws, only=only).app, client=(address, 50000))
                assert browser.get("/metrics").status_code == 403
                assert browser.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 403
                assert browser.get("/metrics", headers=BEARER).status_code == 200


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_they_are_told_to_nobody(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    monkeypatch.delenv("NEWSLETTER_METRICS_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("NEWSLETTER_METRICS_TOKEN", token)
    with office(lay(tmp_path / "ws"), clock) as ws:
        browser = TestClient(client(ws).app, client=("127.0.0.1", 50000))
        for brought in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
            answer = browser.get("/metrics", headers=brought)
            assert answer.status_code == 403
            assert "NEWSLETTER_METRICS_TOKEN" in answer.text


def test_ready_says_why_it_is_not(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        browser = client(ws)
        assert browser.get("/health/live").text == "live"
        assert browser.get("/health/ready").text == "ready"
        with writing(ws.context.engine) as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        answer = browser.get("/health/ready")
        assert answer.status_code == 503
        assert "schema 0001" in answer.text
        assert browser.get("/health/live").status_code == 200
