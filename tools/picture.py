"""Makes docs/images/digest.png: the demo's digest on a desktop and on phones, as Chromium shows it.

    newsletter render monthly/2026-12 --workspace demo --out previews
    python tools/picture.py previews

Needs Chromium (CHROMIUM names it) and Pillow; the messages' pictures lie beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).parents[1] / "docs" / "images" / "digest.png"
VIEWS = (("fr", 660, 0), ("fr", 375, 1090), ("ar", 375, 1085))  # language, width of the window, from where (pixels)
HEIGHT = 1480
SCALE = 0.7
GAP = 28
GROUND = "#d8dde3"
COLOURS = 160


def main(previews: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shots = [shot(previews / f"{name}.html", width, top, Path(folder)) for name, width, top in VIEWS]
    wide = sum(each.width for each in shots) + GAP * (len(shots) + 1)
    sheet = Image.new("RGB", (wide, HEIGHT + 2 * GAP), GROUND)
    left = GAP
    for each in shots:
        sheet.paste(each, (left, GAP))
        left += each.width + GAP
    small = sheet.resize((round(sheet.width * SCALE), round(sheet.height * SCALE)), Image.Resampling.LANCZOS)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    small.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(TARGET, optimize=True)


def shot(page: Path, width: int, top: int, folder: Path) -> Image.Image:
    """A page in a window of this width, from `top`. Chromium's windows are at least 500 wide, so a frame narrows it."""
    frame, target = folder / f"{page.stem}-{width}.html", folder / f"{page.stem}-{width}.png"
    frame.write_text(
        f'<body style="margin:0"><iframe src="{page.resolve().as_uri()}" scrolling="no" '
        f'style="border:0;width:{width}px;height:{top + HEIGHT}px"></iframe>'
    )
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
    size = f"--window-size={max(width, 500)},{top + HEIGHT}"
    program = os.environ.get("CHROMIUM", "chromium")
    command = [program, *flags, size, f"--screenshot={target}", frame.as_uri()]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a program and pages of one's own
    with Image.open(target) as image:
        return image.convert("RGB").crop((0, top, width, top + HEIGHT))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
