"""What the model weighs and how long a warm answer takes here: the machine's number, and no other one's."""

import os
import time

import numpy as np

from ..metrics.statistic import Value
from .drawn_people import tested_faces
from .material import Material
from .reader import Reader
from .row import NO_FACE, Row, row

WEIGHTS = (".safetensors",)
TIMED = 5


def size(reader: Reader, material: Material) -> list[Row]:
    """Encoder, projector and adapter; the base language model is not ours."""
    folder = reader.checkpoint.folder
    files = [path for path in folder.rglob("*") if path.suffix in WEIGHTS]
    value = Value("", sum(path.stat().st_size for path in files) / 1e6, len(files))
    return [row("own weights, MB", value, f"files {', '.join(WEIGHTS)} of the model's folder", NO_FACE)]


def duration(reader: Reader, material: Material) -> list[Row]:
    """The median over new pictures, after one that warms up."""
    pictures = [picture for _, picture in tested_faces()][: TIMED + 1]
    spent = []
    for picture in pictures:
        begun = time.perf_counter()
        list(reader.answers([picture], "spoof"))
        spent.append(time.perf_counter() - begun)
    told = f"verdict with reasons on one new picture, the model loaded; this machine, {os.cpu_count()} cores"
    return [row("warm answer, s", Value("", float(np.median(spent[1:])), len(spent) - 1), told, NO_FACE)]
