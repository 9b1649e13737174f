"""Newsletters and email campaigns for organisations whose members are institutions.

import newsletter as nl; with nl.open("demo") as ws: ...   (see newsletter.app.Workspace)
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.app import Workspace
    from newsletter.app import open_workspace as open
    from newsletter.workflow.checking.edition import Edition

__all__ = ["Edition", "Workspace", "__version__", "open"]

try:
    __version__ = version("newsletter")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0"


def __getattr__(name: str) -> Any:
    """The public names are loaded when asked for, so that small processes stay small."""
    if name in ("Workspace", "open"):
        from newsletter import app

        return app.open_workspace if name == "open" else app.Workspace
    if name == "Edition":
        from newsletter.workflow.checking.edition import Edition

        return Edition
    raise AttributeError(name)
