"""The faces of pictures and clips as a table: one row a frame and face, in OpenFace's column names or in py-feat's.

The pose is the head's in the picture's axes (x right, y down, z away), in radians as OpenFace gives it, in degrees as py-feat does. `_r` is an
intensity of 0-5, `_c` whether the action unit is active; in a clip intensities are what lies above the person's own rest.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .answer import ActionUnitReading
from .errors import FacewiseError
from .perception.faces import DetectedFace
from .perception.landmarks import canonical
from .readings import is_active
from .taxonomy import AU_CODES, EMOTIONS

OPENFACE_UNITS = {
    code: "AU45" if code == "AU43" else f"AU{int(code[2:]):02}" for code in AU_CODES
}  # OpenFace: closed eyes are a blink
PYFEAT_UNITS = {code: f"AU{int(code[2:]):02}" for code in AU_CODES}
PYFEAT_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


@dataclass(frozen=True, eq=False)
class FaceRow:
    """One face in one frame. `gaze` (to the person's left, up) in radians and `face.points` may be missing: their cells stay empty."""

    input: str
    frame: int
    time_s: float
    face: DetectedFace
    gaze: tuple[float, float] | None
    aus: dict[str, ActionUnitReading]
    emotion: dict[str, float]


# Its cells name the columns.
NOBODY = FaceRow(
    "",
    0,
    0.0,
    DetectedFace(0, (0.0, 0.0, 1.0, 1.0), 0.0, None),
    None,
    dict.fromkeys(AU_CODES, ActionUnitReading(0.0, 0.0)),
    dict.fromkeys(EMOTIONS, 0.0),
)


class Table:
    """A CSV file in a layout of LAYOUTS, its header at once, then row by row; a context manager. Raises FacewiseError where it cannot be
    written; `flush` makes what is there survive a kill."""

    def __init__(self, path: str | Path, layout: str):
        self.path, self.cells = path, LAYOUTS[layout]
        with self._told():
            # Names of files need not be text: what UTF-8 cannot hold is escaped.
            self._file = open(path, "w", newline="", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115, closed by __exit__
            self._writer = csv.DictWriter(self._file, list(self.cells(NOBODY)))
            self._writer.writeheader()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        with self._told():
            self._file.close()

    def add(self, row: FaceRow) -> None:
        with self._told():
            self._writer.writerow(self.cells(row))

    def flush(self) -> None:
        with self._told():
            self._file.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FacewiseError(f"{self.path}: the table cannot be written ({error.strerror})") from None


def openface_cells(row: FaceRow) -> dict[str, Any]:
    """FeatureExtraction's columns as far as we know them; `gaze_angle_x` grows to the picture's right, `gaze_angle_y` downwards."""
    pitch, yaw, roll = _pose(row.face)
    left, up = row.gaze if row.gaze is not None else (None, None)
    return {
        "frame": row.frame + 1,  # OpenFace counts from 1
        "face_id": row.face.id,
        "timestamp": round(row.time_s, 4),
        "confidence": round(row.face.confidence, 3),
        "success": int(row.face.points is not None),
        "gaze_angle_x": _rounded(left, 3),
        "gaze_angle_y": _rounded(None if up is None else -up, 3),
        "pose_Rx": _rounded(pitch, 3),
        "pose_Ry": _rounded(yaw, 3),
        "pose_Rz": _rounded(roll, 3),
        **_points(row.face),
        **{f"{name}_r": row.aus[code].intensity for code, name in OPENFACE_UNITS.items()},
        **{f"{name}_c": int(is_active(row.aus[code])) for code, name in OPENFACE_UNITS.items()},
        **{name: _rounded(row.emotion[name], 4) for name in EMOTIONS},
        "input": row.input,
    }


def pyfeat_cells(row: FaceRow) -> dict[str, Any]:
    """The columns of py-feat's Fex: action units as probabilities of 0-1, frames from 0, the pose in degrees."""
    x1, y1, x2, y2 = row.face.box
    pitch, yaw, roll = (None if angle is None else float(np.degrees(angle)) for angle in _pose(row.face))
    return {
        "frame": row.frame,
        "FaceRectX": _rounded(x1, 1),
        "FaceRectY": _rounded(y1, 1),
        "FaceRectWidth": _rounded(x2 - x1, 1),
        "FaceRectHeight": _rounded(y2 - y1, 1),
        "FaceScore": round(row.face.confidence, 3),
        **_points(row.face),
        "Pitch": _rounded(pitch, 2),
        "Roll": _rounded(roll, 2),
        "Yaw": _rounded(yaw, 2),
        **{name: row.aus[code].p for code, name in PYFEAT_UNITS.items()},
        **{name: _rounded(row.emotion[name], 4) for name in PYFEAT_EMOTIONS},
        "input": row.input,
    }


LAYOUTS: dict[str, Callable[[FaceRow], dict[str, Any]]] = {"openface": openface_cells, "py-feat": pyfeat_cells}


def _pose(face: DetectedFace) -> tuple[float | None, float | None, float | None]:
    if face.ibug68 is None:
        return None, None, None
    pitch, yaw, roll = canonical(face.ibug68)[1].tolist()
    return pitch, yaw, roll


def _points(face: DetectedFace) -> dict[str, float | None]:
    points = [(None, None)] * 68 if face.ibug68 is None else face.ibug68[:, :2].tolist()
    return {f"{axis}_{i}": _rounded(points[i][k], 1) for k, axis in enumerate("xy") for i in range(68)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or value != value else round(float(value), digits)
