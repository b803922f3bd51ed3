"""Sizes in pixels."""

from __future__ import annotations

import pytest

from images.size import Size


def test_a_size_knows_its_longest_side_its_pixels_and_its_text() -> None:
    assert (Size(300, 200).longest, Size(200, 300).longest) == (300, 300)
    assert Size(300, 200).pixels == 60_000
    assert str(Size(300, 200)) == "300,200"
    assert Size(1, 1).pixels == 1


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 5)])
def test_no_side_is_below_1(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"^a side is at least 1 pixel, not {width} x {height}$"):
        Size(width, height)
