"""Files of the rig: the .npz and a clone of the official repository are read, whatever else is refused in one line."""

import json
from pathlib import Path

import numpy as np
import pytest

from facewise.data_builders.rig.rig import DRAWN, IDENTITY_MODES, LASHES, VERTICES, load_rig
from facewise.data_builders.rig.rig_folder import read_folder
from facewise.model.errors import FacewiseError


def light_model() -> dict[str, np.ndarray]:
    """All that is checked, in a model without a face: vertices in no order."""
    return {
        "vertices": np.zeros((VERTICES, 3), np.float32),
        "quads": np.zeros((1, 4), np.int32),
        "quad_material": np.zeros(1, np.int16),
        "material_names": np.array([*DRAWN, LASHES]),
        "identity_deltas": np.zeros((IDENTITY_MODES, VERTICES, 3), np.float16),
        "expression_deltas": np.zeros((1, VERTICES, 3), np.float16),
        "expression_names": np.array(["jawOpen"]),
        "landmark68": np.arange(68),
    }


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"landmark68": None}, "no 'landmark68' in it"),
        ({"vertices": np.zeros((9, 3))}, "9 vertices instead of 26719, a rig of another version"),
        ({"identity_deltas": np.zeros((50, 9, 3))}, "'identity_deltas' does not fit the 26719 vertices"),
        ({"identity_deltas": np.zeros((3, VERTICES, 3), np.float16)}, "3 identity modes, 50 are wanted"),
        ({"material_names": np.array(["M_Face"])}, "no material 'M_BackHead' in it"),
        ({}, "no expression 'browDown_L' in it, a rig of another version"),
    ],
    ids=str,
)
def test_a_rig_of_another_version_is_refused_in_one_line(tmp_path, changes, line):
    data = {key: value for key, value in (light_model() | changes).items() if value is not None}
    np.savez(tmp_path / "rig.npz", **data)
    with pytest.raises(FacewiseError, match=line) as refusal:
        load_rig(tmp_path / "rig.npz")
    assert "\n" not in str(refusal.value) and "ICT-FaceKit" in str(refusal.value) and "rig.npz" in str(refusal.value)


def test_what_is_no_rig_at_all_is_refused_in_one_line(tmp_path):
    np.savez(tmp_path / "whole.npz", **light_model())
    whole = (tmp_path / "whole.npz").read_bytes()
    for name, content in {"cut.npz": whole[: len(whole) // 2], "text.npz": b"not a rig", "empty.npz": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FacewiseError, match=f"{name}: not a whole .npz file"):
            load_rig(tmp_path / name)
    with pytest.raises(FacewiseError, match=r"absent.npz: no such rig"):
        load_rig(tmp_path / "absent.npz")


def write_obj(path: Path, vertices: np.ndarray, faces: str = "") -> None:
    lines = "\n".join("v {:.6g} {:.6g} {:.6g}".format(*vertex) for vertex in vertices.tolist())
    path.write_text(f"mtllib ICTFaceModelMaterial.mtl\n{lines}\nvt 0.1 0.2\n{faces}")


def write_clone(folder: Path, neutral: np.ndarray, faces: str, targets: dict[str, np.ndarray], landmarks: list[int]) -> Path:
    """In the official layout: whole meshes, corners counted from 1, landmarks in the JSON file."""
    model = folder / "FaceXModel"
    model.mkdir()
    write_obj(model / "generic_neutral_mesh.obj", neutral, faces)
    for name, delta in targets.items():
        write_obj(model / f"{name}.obj", neutral + delta, faces)
    (model / "vertex_indices.json").write_text(json.dumps({"incompatibilities": [], "idx_to_landmark_verts": landmarks}))
    return folder


@pytest.fixture
def small_clone(tmp_path) -> Path:
    neutral = np.arange(15, dtype=float).reshape(5, 3)
    faces = "usemtl M_Face\nf 1/1 2/1 3/1 4/1\nusemtl M_Teeth\nf 3/1 4/1 5/1\nusemtl M_Face\nf 1/1/1 2/1/1 5/1/1\n"
    targets = {"identity000": np.full((5, 3), 0.5), "identity001": np.eye(5, 3), "jawOpen": -np.ones((5, 3))}
    return write_clone(tmp_path, neutral, faces, targets, list(range(5)))


@pytest.mark.parametrize("inside", ["", "FaceXModel"])
def test_a_clone_of_the_official_repository_is_read(small_clone, inside):
    data = read_folder(small_clone / inside)
    assert data["vertices"].tolist() == np.arange(15).reshape(5, 3).tolist()
    assert data["quads"].tolist() == [[0, 1, 2, 3], [2, 3, 4, -1], [0, 1, 4, -1]]
    assert data["quad_material"].tolist() == [0, 1, 0] and data["material_names"].tolist() == ["M_Face", "M_Teeth"]
    assert np.allclose(data["identity_deltas"], [np.full((5, 3), 0.5), np.eye(5, 3)])
    assert data["expression_names"].tolist() == ["jawOpen"] and np.allclose(data["expression_deltas"], -1)
    assert data["landmark68"].tolist() == [0, 1, 2, 3, 4]


def test_a_clone_that_is_cut_off_mixed_or_another_model_is_refused_in_one_line(small_clone):
    model = small_clone / "FaceXModel"
    with pytest.raises(FacewiseError, match="5 vertices instead of 26719"):
        load_rig(small_clone)
    write_obj(model / "identity001.obj", np.zeros((4, 3)))
    with pytest.raises(FacewiseError, match=r"identity001.obj: 4 vertices, but 5 in generic_neutral_mesh.obj"):
        load_rig(small_clone)
    (model / "identity001.obj").write_text("v 0 1 2\nv 0 1")
    with pytest.raises(FacewiseError, match=r"identity001.obj: a vertex is not three numbers"):
        load_rig(small_clone)
    (model / "identity001.obj").unlink()
    (model / "vertex_indices.json").write_text("{}")
    with pytest.raises(FacewiseError, match=r"vertex_indices.json: no list `idx_to_landmark_verts`"):
        load_rig(small_clone)
    (model / "generic_neutral_mesh.obj").unlink()
    with pytest.raises(FacewiseError, match=r"generic_neutral_mesh.obj: No such file"):
        load_rig(small_clone)


@pytest.mark.shared
@pytest.mark.slow
def test_a_whole_clone_gives_the_rig_of_the_npz(shared, tmp_path):
    data = np.load(shared / "data" / "ict_facekit.npz")
    names, faces = [str(name) for name in data["material_names"]], []
    for quad, material in zip(data["quads"].tolist(), data["quad_material"].tolist(), strict=True):
        faces.append(f"usemtl {names[material]}\nf " + " ".join(f"{corner + 1}/1" for corner in quad if corner >= 0))
    targets = {f"identity{i:03d}": delta for i, delta in enumerate(data["identity_deltas"][:IDENTITY_MODES].astype(float))}
    targets |= {str(n): d.astype(float) for n, d in zip(data["expression_names"], data["expression_deltas"], strict=True)}
    clone = write_clone(tmp_path, data["vertices"].astype(float), "\n".join(faces), targets, data["landmark68"].tolist())
    there, here = load_rig(clone), load_rig(shared / "data" / "ict_facekit.npz")
    assert np.array_equal(there.part, here.part) and np.array_equal(there.landmark68, here.landmark68)
    assert np.array_equal(there.triangles, here.triangles) and np.array_equal(there.lashes, here.lashes)
    assert np.allclose(there.vertices, here.vertices, atol=1e-4) and there.shapes.keys() == here.shapes.keys()
    assert np.allclose(there.identity, here.identity, atol=2e-4)
    assert all(np.allclose(there.shapes[name], shape, atol=2e-4) for name, shape in here.shapes.items())
