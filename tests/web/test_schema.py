"""Every form and address of the application, with what schemathesis makes up for them: never an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.web.studio.app import PAGES
from tests.web.desk import scripted
from tests.workflow.office import approved, carry, lay, office

EXAMPLES = 4  # for each operation: there are a hundred of them
SENT = ("method", "url", "params", "headers", "cookies", "data", "json", "files")
APART = ("/sign-out", "/events")  # it would end the session; it does not end by itself


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    with office(lay(tmp_path_factory.mktemp("schema") / "ws"), clock) as opened:
        approved(opened)
        carry(opened)
        yield opened


def operations() -> list[schemathesis.schemas.APIOperation]:
    """Out of the schema that FastAPI would publish, which the application itself does not."""
    app = FastAPI()
    for module in PAGES:
        app.include_router(module.router)
    schema = schemathesis.openapi.from_dict(get_openapi(title="Studio", version="1", routes=app.routes))
    found = [each.ok() for each in schema.get_all_operations()]
    return [each for each in found if not each.path.endswith(APART)]


@pytest.fixture(scope="module")
def browser(ws: Workspace) -> TestClient:
    return scripted(ws, "local")


def test_there_are_operations_to_try() -> None:
    assert len(operations()) > 60


@pytest.mark.parametrize("operation", operations(), ids=lambda each: f"{each.method.upper()} {each.path}")
def test_nothing_that_is_sent_is_an_error_of_ours(
    browser: TestClient, operation: schemathesis.schemas.APIOperation
) -> None:
    @seed(20261124)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), known=st.booleans())
    def tried(case: schemathesis.Case, known: bool) -> None:
        if known:  # an issue that is there, so that more than the door is tried
            case.path_parameters = {**(case.path_parameters or {}), **_there(case)}
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8025")
        answer = browser.request(**{name: value for name, value in sent.items() if name in SENT})
        assert answer.status_code < 500, (case.method, case.formatted_path)

    tried()


def _there(case: schemathesis.Case) -> dict[str, str]:
    names = {"campaign": "news", "key": "2026-12", "item": "i1"}
    return {name: value for name, value in names.items() if name in (case.path_parameters or {})}
