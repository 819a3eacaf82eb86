"""The pictures of pages: those for docs/ are light and true, and the index shows all there are."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import screenshots
from tools.screenshots import Look, Shot, compressed, write_index

GROUND, RED = (246, 247, 249), (201, 55, 44)


def png(pixels: np.ndarray) -> bytes:
    picture = BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    return picture.getvalue()


def test_a_picture_for_docs_keeps_its_ground_exactly_and_a_rare_red_red() -> None:
    shades = np.random.default_rng(7).integers(0, 256, (40, 40, 1), dtype=np.uint8)
    pixels = np.full((200, 300, 3), GROUND, dtype=np.uint8)
    pixels[:40, :40] = shades  # many greys, each of them as frequent as the red
    pixels[100:102, 100:102] = RED
    packed = Image.open(BytesIO(compressed(png(pixels)))).convert("RGB")
    assert packed.getpixel((250, 150)) == GROUND
    red = np.array(packed.getpixel((101, 101)), dtype=int)
    assert abs(red - RED).max() < 16


def test_a_picture_that_is_too_heavy_for_docs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screenshots, "HEAVIEST_IN_DOCS", 1_000)
    noise = np.random.default_rng(7).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    with pytest.raises(SystemExit, match="too heavy"):
        compressed(png(noise))


def test_the_index_shows_the_pictures_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshots, "FOLDER", tmp_path)
    shot = Shot("explain-subject", "executive", "/explain/")
    for look in (Look("light", 1440), Look("light", 360)):
        (tmp_path / "demo").mkdir(exist_ok=True)
        (tmp_path / "demo" / shot.file(look)).touch()
    write_index()
    page = (tmp_path / "index.html").read_text()
    assert page.count("<img") == 2
    assert "<h3>explain-subject</h3>" in page
    assert (
        'src="demo/explain-subject-light-360.png" alt="demo, explain-subject, light, 360 px"'
        in page
    )


def test_the_gallery_shows_each_main_page_in_each_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshots, "FOLDER", tmp_path)
    monkeypatch.setattr(screenshots, "GALLERY", tmp_path / "gallery")
    for portfolio in screenshots.SHOWN_IN_GALLERY:
        (tmp_path / portfolio).mkdir()
        for look in screenshots.LOOKS:
            pixels = np.full((3000, look.width, 3), GROUND, dtype=np.uint8)
            (tmp_path / portfolio / f"summary-{look}.png").write_bytes(png(pixels))
    screenshots.write_gallery()
    shown = {path.name for path in (tmp_path / "gallery").glob("*.webp")}
    assert len(shown) == len(screenshots.SHOWN_IN_GALLERY) * len(screenshots.LOOKS)
    page = (tmp_path / "gallery" / "README.md").read_text()
    assert all(f"({name})" in page for name in shown)
