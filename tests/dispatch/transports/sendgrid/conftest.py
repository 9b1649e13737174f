from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.sendgrid import FakeSendGrid


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[FakeSendGrid]:
    with FakeSendGrid(stall_for=2).running() as fake:
        yield fake
