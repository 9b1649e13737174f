"""The demo workspace: copied from the repository's root folders, or from the wheel, its dates moved to next month."""

from __future__ import annotations

import calendar
import re
import shutil
from datetime import date
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PARTS = ("newsletter.toml", "campaigns", "templates", "subscribers")
WRITTEN_FOR = (2026, 12)  # the month of the issue that the texts were written for
TEXTS = {".md", ".yaml", ".xml"}

# A date that is the value of a date field: in front matter, in a definition, or in a feed.
FIELD = re.compile(
    r"""\b(?:date|start|end|deadline|planned)["']?\s*:\s*["']?\d{4}-\d\d-\d\d  # date: 2026-12-01
    |<(?:published|updated)>\d{4}-\d\d-\d\d                                    # <updated>2026-12-01
    |\bdates:\s*\{[^}]*\}                                                    # dates: {in_force: 2026-12-01}""",
    re.X,
)
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def source_folder() -> Path:
    """Where the demo's definitions lie: beside the source in a checkout, inside the package in a wheel."""
    checkout = PACKAGE.parents[1]
    return checkout if (checkout / "campaigns").is_dir() and PACKAGE.parent.name == "src" else PACKAGE / "demo"


def next_month(today: date) -> tuple[int, int]:
    return (today.year + 1, 1) if today.month == 12 else (today.year, today.month + 1)


def lay_demo(folder: Path, today: date) -> None:
    """Copies the definitions and moves every date field by whole months, so that nothing in them is past."""
    folder.mkdir(parents=True, exist_ok=True)
    source = source_folder()
    for name in PARTS:
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, dirs_exist_ok=True)
        else:
            shutil.copy2(source / name, folder / name)
    year, month = next_month(today)
    months = (year - WRITTEN_FOR[0]) * 12 + month - WRITTEN_FOR[1]
    if months:
        for path in sorted((folder / "campaigns").rglob("*")):
            if path.suffix in TEXTS:
                path.write_text(move_dates(path.read_text(encoding="utf-8"), months), encoding="utf-8")


def move_dates(text: str, months: int) -> str:
    """All date fields of a document, moved; dates in prose stay (texts name dates through fields)."""
    return FIELD.sub(lambda field: DATE.sub(lambda day: _moved(day[0], months), field[0]), text)


def _moved(day: str, months: int) -> str:
    found = date.fromisoformat(day)
    year, month = divmod(found.year * 12 + found.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(found.day, last)).isoformat()
