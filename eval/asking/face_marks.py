"""What SoVTP puts on a picture: numbered boxes and landmarks of its faces on the whole frame, and their action units as text.

The detector and the embedded encoder stand in RetinaFace's and py-feat's places. A smaller face that lies half in a larger one is
dropped by the detector (faces.py), as SoVTP does.
"""

from functools import cache
from typing import Any

from ...model.drawing import faces_drawn
from ...model.perception.faces import find_faces
from ...model.perception.picture import Picture
from ...model.readings import action_units, is_active
from ...model.taxonomy import AU_WORDS
from .strategies import NO_UNITS


def marked(picture: Picture) -> tuple[Picture, str]:
    """The picture with its marks, and the list of active units of each face."""
    found = find_faces(picture.pixels)
    if not found:
        return picture, NO_UNITS
    perceived = _perceiver().perceive(picture)
    lines = [f"Face {face.id + 1}: {_units(face)}" for face in perceived.faces]
    drawn = Picture(faces_drawn(picture.pixels, found), picture.name)
    return drawn, f"Active action units by a detector: {' '.join(lines)}"


def _units(face: Any) -> str:
    active = [(code, each) for code, each in action_units(face.evidence).items() if is_active(each)]
    told = ", ".join(f"{code} ({AU_WORDS[code]}, {each.intensity:.1f} of 5)" for code, each in active)
    return f"{told or 'none'}."


@cache
def _perceiver() -> Any:
    from ...model.checkpoint import load_checkpoint
    from ...model.network import register

    register()
    return load_checkpoint().perceiver
