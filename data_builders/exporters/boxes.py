"""`<bbox>` in the texts of a row, as numbers, for formats whose boxes are text; each tool reads its own kind.

Thousandths of width and height are what Facewise, Qwen2-VL, Qwen3-VL and InternVL read, and the only kind that a trainer's resizing leaves true;
Qwen2.5-VL's pixels are those of a resized picture, which only the trainer knows. LLaVA's are fractions of the picture padded to a square
(github.com/haotian-liu/LLaVA, issue 606; expand2square of its train.py puts half of the padding first).
"""

from collections.abc import Callable
from pathlib import Path

from ..rows import Row
from .exporter import NotHeldError
from .media import pictures, upright_size

Box = tuple[float, float, float, float]
Spelled = Callable[[Box, tuple[int, int]], str]


def thousandths(box: Box, size: tuple[int, int]) -> str:
    """ "[103, 250, 912, 780]"."""
    return "[" + ", ".join(str(round(1000 * _within(value / size[i % 2]))) for i, value in enumerate(box)) + "]"


def of_padded_square(box: Box, size: tuple[int, int]) -> str:
    """ "[0.10, 0.25, 0.91, 0.78]"."""
    side = max(size)
    moved = ((value + (side - size[i % 2]) // 2) / side for i, value in enumerate(box))
    return "[" + ", ".join(f"{_within(value):.2f}" for value in moved) + "]"


def spelled_boxes(row: Row, folder: Path, spelled: Spelled) -> list[str]:
    """Each box of the row as text. Raises NotHeldError where it is not told which picture they lie on, or how large that is."""
    if not row.objects:
        return []
    needs_one_picture(row)
    size = upright_size(pictures(row, folder)[0])
    return [spelled(tuple(box), size) for box in row.objects["bbox"]]


def needs_one_picture(row: Row) -> None:
    """A row does not say on which of several pictures, or on which frame, a box lies."""
    if len(row.images) != 1 or row.videos:
        raise NotHeldError("boxes in a row that has not exactly one picture")


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
