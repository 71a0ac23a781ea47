"""Boxes in the words of an answer: integers 0-1000 in the face's wide crop, the square that attack maps cover (readings.attack_boxes).

A crop and not the picture, because the crop is what the model sees: the same place means the same tokens wherever the face is.
"""

from collections.abc import Iterator, Sequence

from ...data_builders.rows import BOX
from ...model.answer import Box

THOUSAND = 1000


def box_words(box: Sequence[float], wide_box: Box) -> str:
    """Pixels of the picture -> "[103, 250, 912, 780]"; what lies outside the crop is cut at its border."""
    side = wide_box[2] - wide_box[0]
    inside = [(value - wide_box[i % 2]) / side for i, value in enumerate(box)]
    return "[" + ", ".join(str(round(THOUSAND * min(max(value, 0.0), 1.0))) for value in inside) + "]"


def filled(text: str, words: Iterator[str]) -> str:
    """The text with the next of the words in the place of each `<bbox>`."""
    head, *tails = text.split(BOX)
    return head + "".join(next(words) + tail for tail in tails)
