"""npm's mjml, installed once outside the repository, and one browser page for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import browser
from tests.fidelity import npm, pixels
from tests.servers import missing


@pytest.fixture(scope="session")
def reference() -> Iterator[npm.Npm]:
    try:
        home = npm.install()
    except npm.NotInstalled as reason:
        missing("node", str(reason))
        raise
    with npm.compiler(home) as compiler:
        yield compiler


@pytest.fixture(scope="module")
def camera() -> Iterator[pixels.Camera]:
    if browser.program() is None:
        missing("browser", browser.HOW)
    with pixels.camera() as made:
        yield made
