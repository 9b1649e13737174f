"""The recipients' pages, put together."""

from __future__ import annotations

from fastapi import FastAPI

from newsletter.app import Workspace


def add_public(app: FastAPI, workspace: Workspace) -> None:
    """Adds the pages to an application; they need nobody signed in, and set no cookie."""
    app.state.workspace = workspace
