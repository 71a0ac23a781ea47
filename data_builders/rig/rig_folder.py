"""A user's clone of ICT-FaceKit (https://github.com/ICT-VGL/ICT-FaceKit) read into the arrays that the light model's .npz holds.

The morph targets are whole meshes there, `FaceXModel/generic_neutral_mesh.obj`, `identity000.obj` .. and one .obj for each expression,
with the landmarks in `vertex_indices.json`: a shape is the difference from the neutral mesh.
"""

import json
from pathlib import Path

import numpy as np

from ...model.errors import FacewiseError

NEUTRAL = "generic_neutral_mesh"
AGAIN = "fetch https://github.com/ICT-VGL/ICT-FaceKit again"


def read_folder(path: Path) -> dict[str, np.ndarray]:
    """`path` is the clone or its FaceXModel. FacewiseError for a file that is missing, cut off, or not made for the neutral mesh."""
    folder = path / "FaceXModel" if (path / "FaceXModel").is_dir() else path
    text = _text(folder / f"{NEUTRAL}.obj")
    vertices = _vertices(folder / f"{NEUTRAL}.obj", text)
    quads, material, names = _polygons(folder / f"{NEUTRAL}.obj", text)
    targets = sorted(each.stem for each in folder.glob("*.obj") if each.stem != NEUTRAL)
    modes = [name for name in targets if name.startswith("identity")]
    expressions = [name for name in targets if name not in modes]
    return {
        "vertices": vertices,
        "quads": quads,
        "quad_material": material,
        "material_names": np.array(names),
        "identity_deltas": _deltas(folder, modes, vertices),
        "expression_deltas": _deltas(folder, expressions, vertices),
        "expression_names": np.array(expressions),
        "landmark68": _landmarks(folder / "vertex_indices.json"),
    }


def _deltas(folder: Path, names: list[str], neutral: np.ndarray) -> np.ndarray:
    deltas = np.empty((len(names), *neutral.shape), np.float32)
    for delta, name in zip(deltas, names, strict=True):
        path = folder / f"{name}.obj"
        mesh = _vertices(path, _text(path))
        if mesh.shape != neutral.shape:
            raise FacewiseError(f"{path}: {len(mesh)} vertices, but {len(neutral)} in {NEUTRAL}.obj; {AGAIN}")
        delta[:] = mesh - neutral
    return deltas


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FacewiseError(f"{path}: {error.strerror or error}; the folder is no whole clone of ICT-FaceKit, {AGAIN}") from error


def _vertices(path: Path, text: bytes) -> np.ndarray:
    """[V, 3] of the lines `v x y z`."""
    lines = [line[2:] for line in text.split(b"\n") if line.startswith(b"v ")]
    try:
        return np.array(b" ".join(lines).split(), np.float32).reshape(len(lines), 3)
    except ValueError as error:
        raise FacewiseError(f"{path}: a vertex is not three numbers; the file is damaged, {AGAIN}") from error


def _polygons(path: Path, text: bytes) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(quads [F, 4] from 0, -1 for the fourth corner of a triangle; the index of each one's material; the materials' names)."""
    names: list[str] = []
    quads, material = [], []
    for line in text.split(b"\n"):
        if line.startswith(b"usemtl "):
            name = line[7:].decode(errors="replace").strip()
            if name not in names:
                names.append(name)
            current = names.index(name)
        elif line.startswith(b"f "):
            corners = [int(corner.split(b"/")[0]) - 1 for corner in line[2:].split()]
            if not names or len(corners) not in (3, 4):
                raise FacewiseError(f"{path}: a polygon without material, or not of 3 or 4 corners; {AGAIN}")
            quads.append([*corners, -1][:4])
            material.append(current)
    return np.array(quads, np.int32).reshape(-1, 4), np.array(material, np.int16), names


def _landmarks(path: Path) -> np.ndarray:
    try:
        return np.array(json.loads(_text(path))["idx_to_landmark_verts"], np.int64)
    except (ValueError, KeyError, TypeError) as error:
        raise FacewiseError(f"{path}: no list `idx_to_landmark_verts` in it; {AGAIN}") from error
