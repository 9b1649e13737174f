"""A new workspace, ready to send: the starter's files with the default templates, and its example contacts loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

from newsletter.errors import UsageError
from newsletter.workspace.demo import PACKAGE, source_folder
from newsletter.workspace.schemas import write_schemas

STARTER = PACKAGE / "starter"
IGNORED = "# What the program keeps for itself, and the practice folder.\n.newsletter/\noutbox/\n"


def lay_starter(folder: Path) -> None:
    """UsageError where the folder already holds files: nothing is ever overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty: name a new folder.")
    shutil.copytree(STARTER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "campaigns/news/articles").mkdir(exist_ok=True)  # empty, which neither git nor a wheel would keep
    shutil.copytree(source_folder() / "templates", folder / "templates")
    (folder / ".gitignore").write_text(IGNORED)
    write_schemas(folder)


NEXT = """\
{folder} is a workspace, ready to send. It holds one campaign (news), {contacts} example contacts and the templates.
Next, in {folder}:
  1. put an article into campaigns/news/articles/ (a text file whose first line is the title will do)
  2. newsletter gather news --key 2026-12
  3. newsletter check news/2026-12
  4. newsletter submit news/2026-12
  5. newsletter approve news/2026-12
  6. newsletter send news/2026-12 --rehearse --yes      messages lie in outbox/new"""


def said(folder: Path, contacts: int) -> str:
    return NEXT.format(folder=folder, contacts=contacts)
