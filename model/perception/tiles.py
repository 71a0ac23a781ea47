"""Overlapping squares of a picture, because a detector sees its whole input at one small size: a face of a group photo is lost in it."""

from collections.abc import Iterator

import numpy as np

OVERLAP = 0.25  # whatever is larger than this share of a tile is found a level above
SMALLEST_PX = 128  # in a tile under this there is nothing more to see


def tiles(height: int, width: int, levels: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """x1, y1, x2, y2 of squares whose side is the picture's short side divided by each level, row by row."""
    for share in levels:
        side = min(height, width) // share
        if side < SMALLEST_PX or side == max(height, width):
            continue
        for y in _starts(height, side):
            for x in _starts(width, side):
                yield x, y, x + side, y + side


def _starts(length: int, side: int) -> list[int]:
    steps = int(np.ceil((length - side) / (side * (1 - OVERLAP))))
    return [round(start) for start in np.linspace(0, length - side, steps + 1)]
