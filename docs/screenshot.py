"""Renew the picture of the report: ``.venv/bin/python docs/screenshot.py [FOLDER]``.

FOLDER is where ``labelwright demo --out FOLDER`` left its report; without it the demo is run. Needs
Chromium and Pillow.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "_static" / "report.png"
WIDTH = 1200
ROWS = 3  # of the table of doubtful items
MOST = 250_000  # bytes


def main() -> None:
    """Take the top of the report, in the colours of daylight."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch).resolve()
        if len(sys.argv) < 2:
            subprocess.run(
                [sys.executable, "-m", "labelwright.cli", "demo", "--out", str(folder)], check=True
            )
        pixels = shot(folder / "report.html")
    picture = Image.open(io.BytesIO(pixels)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(PICTURE, optimize=True)
    if PICTURE.stat().st_size > MOST:
        sys.exit(f"{PICTURE.name} has {PICTURE.stat().st_size} bytes, more than {MOST}")


def shot(page_file: Path) -> bytes:
    """PNG of a report down to its first few doubtful items."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
        page.goto(page_file.as_uri())
        page.wait_for_load_state("networkidle")
        last = page.locator("tbody tr").nth(ROWS - 1).bounding_box()
        bottom = last["y"] + last["height"] if last else 1000
        pixels = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom})
        browser.close()
    return pixels


if __name__ == "__main__":
    main()
