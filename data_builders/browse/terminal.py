"""A row as a person reads it in a terminal: what it is, what its labels are, who says what; pictures as half blocks of colour
if wanted."""

import textwrap
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from ...model.errors import one_line
from ..rows import BOX
from .cards import Card, labels
from .shots import Shot

WIDEST = 110
PICTURE_COLUMNS = 44
BOX_COLOUR = (255, 64, 64)
NAMES = {"user": "question", "assistant": "answer", "system": "system"}
MARGIN = 12  # columns of the names
_BOLD, _DIM, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


def lines(card: Card, shots: Sequence[Shot], columns: int, colours: bool) -> Iterator[str]:
    """`shots` are drawn; without any the media are named only."""
    width = min(columns, WIDEST)
    said = " · ".join(str(card.meta[name]) for name in ("task", "kind", "split", "dataset", "subject") if card.meta.get(name))
    yield _styled(one_line(card.id), _BOLD, colours) + (f"  {_styled(one_line(said), _DIM, colours)}" if said else "")
    for name in card.media:
        yield from _named("media", name, width, colours)
    for shot in shots:
        yield from _drawn(shot, width)
    for reason in card.reasons:
        yield from _named("rejected", reason, width, colours, _RED)
    for name, value in labels(card.record) if card.record else ():
        yield from _named(name, value, width, colours, _DIM)
    yield from _conversation(card, width, colours)
    yield ""


def _conversation(card: Card, width: int, colours: bool) -> Iterator[str]:
    boxes = iter(((card.row.objects if card.row else None) or {}).get("bbox", []))
    for message in card.row.messages if card.row else ():
        text = "".join(part.get("text", "") for part in message["content"] if part["type"] == "text")
        while BOX in text:
            text = text.replace(BOX, _place(next(boxes, [])), 1)
        style = "" if message["role"] == "user" else _BOLD
        yield from _named(NAMES.get(message["role"], message["role"]), text, width, colours, style)


def _place(box: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:.0f}' for value in box)}]"


def _named(name: str, text: str, width: int, colours: bool, style: str = "") -> Iterator[str]:
    """The text beside its name, in lines of the terminal's width."""
    parts = textwrap.wrap(one_line(text), max(20, width - MARGIN - 2), break_on_hyphens=False) or [""]
    for number, part in enumerate(parts):
        head = name[:MARGIN] if number == 0 else ""
        yield f"  {_styled(head.ljust(MARGIN), _DIM, colours)} {_styled(part, style, colours)}"


def _styled(text: str, style: str, colours: bool) -> str:
    return f"{style}{text}{_PLAIN}" if colours and style else text


def _drawn(shot: Shot, width: int) -> Iterator[str]:
    """Two rows of pixels a line: the upper one in the colour of the letter, the lower one behind it."""
    if shot.pixels is None:
        yield f"  {' ' * MARGIN} {one_line(shot.fault)}"
        return
    pixels = _boxed(shot)
    columns = min(PICTURE_COLUMNS, width - MARGIN - 4, pixels.shape[1])
    rows = max(2, round(pixels.shape[0] * columns / pixels.shape[1]) // 2 * 2)
    small = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    if shot.caption:
        yield f"  {' ' * MARGIN} {shot.caption}"
    for upper, lower in zip(small[::2].tolist(), small[1::2].tolist()):
        cells = (f"\x1b[38;2;{r};{g};{b};48;2;{x};{y};{z}m▀" for (r, g, b), (x, y, z) in zip(upper, lower))
        yield f"  {' ' * MARGIN} {''.join(cells)}{_PLAIN}"


def _boxed(shot: Shot) -> np.ndarray:
    assert shot.pixels is not None
    drawn = np.ascontiguousarray(shot.pixels).copy()
    height, width = drawn.shape[:2]
    for _, (x1, y1, x2, y2) in shot.boxes:
        corners = (round(x1 * width), round(y1 * height)), (round(x2 * width) - 1, round(y2 * height) - 1)
        cv2.rectangle(drawn, *corners, BOX_COLOUR, max(1, width // 60))
    return drawn
