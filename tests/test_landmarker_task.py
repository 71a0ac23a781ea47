"""The MediaPipe Tasks backend where it lives: in an environment of its own with mediapipe 1.x, against the bundled points of this one.

"Mean residual" is what is left of the difference of the two models after the mean over people: per point, averaged over the points. One
face's points cannot agree better than each model agrees with itself, so per face the bundled model on the mirrored photo is the measure.
"""

import ctypes.util
import hashlib
import json
import os
import subprocess
import venv
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarker_task import PARTS, LandmarkerTask
from facewise.model.perception.landmarks import IBUG68_IN_478, canonical, iod
from facewise.model.perception.picture import read_picture
from facewise.model.taxonomy import MIRROR

ROOT = Path(__file__).parent.parent
PORTRAITS = 60  # of a dozen the mean alone would wander by .006: one face's residual is .020 in three dimensions
CORE = ("mediapipe==1.2.2", "numpy", "opencv-python-headless", "pillow", "scikit-image")


# What is said without mediapipe 1.x


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "no such file; give the path of MediaPipe's face_landmarker.task"),
        (b"<html>", "not a .task file"),
        ((), "a .task file without face_blendshapes.tflite, face_detector.tflite, face_landmarks_detector.tflite"),
        (PARTS, "needs mediapipe 1.x, installed is 0.10.21; pip install mediapipe==1.2.2"),
    ],
    ids=("missing", "a web page", "another task", "the default's mediapipe"),
)
def test_a_task_file_that_cannot_serve_is_one_line_with_the_remedy(tmp_path, content, fault):
    path = tmp_path / "face_landmarker.task"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        with zipfile.ZipFile(path, "w") as bundle:
            for name in content:
                bundle.writestr(name, b"")
    with pytest.raises(FacewiseError) as told:
        LandmarkerTask(path)
    assert fault in str(told.value) and "\n" not in str(told.value)


# In its own environment


@pytest.fixture(scope="module")
def tasks_python(tmp_path_factory) -> Path:
    """The interpreter of a fresh environment with mediapipe 1.x and without torch; `facewise` there is a link to this checkout."""
    missing = [name for name in ("EGL", "GLESv2") if ctypes.util.find_library(name) is None]
    if missing:
        pytest.skip(f"lib{missing[0]} is not installed here: apt-get install libegl1 libgles2")
    folder = tmp_path_factory.mktemp("tasks")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *CORE]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"pip cannot install {CORE[0]} here: {installed.stderr.strip().splitlines()[-1]}")
    (folder / "path").mkdir()
    (folder / "path" / "facewise").symlink_to(ROOT)
    return python


def in_tasks(python: Path, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """`code` run over there, its arguments in sys.argv."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(python.parents[2] / "path")}
    command = [python, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)


LOOK = """
import json, sys
from pathlib import Path
import numpy as np
from facewise.model.perception import views
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarker_task import LandmarkerTask
from facewise.model.perception.picture import read_picture
assert "torch" not in sys.modules
task, out, *pictures = sys.argv[1:]
with LandmarkerTask(task) as backend:
    found = {name: find_faces(read_picture(name).pixels, backend) for name in pictures}
np.savez(out, **{name: np.array([face.points for face in faces]) for name, faces in found.items()})
told = {name: [(face.id, face.backend, face.blendshapes) for face in faces] for name, faces in found.items()}
Path(out).with_suffix(".json").write_text(json.dumps(told))
"""


def looked(python: Path, task: Path, out: Path, pictures: list[Path]) -> tuple[dict, dict]:
    """Points [faces, 478, 3] and (id, backend, blendshapes) of the faces by picture, found over there."""
    run = in_tasks(python, LOOK, task, out, *pictures)
    assert run.returncode == 0, run.stderr
    return dict(np.load(out)), json.loads(out.with_suffix(".json").read_text())


def held_out(shared: Path) -> list[Path]:
    """Portraits that the difference was not fitted on (tasks_difference.json says which)."""
    names = sorted((shared / "data" / "portraits").glob("*.jpg"))
    return [path for path in names if int(hashlib.sha256(path.name.encode()).hexdigest(), 16) % 2][:PORTRAITS]


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(900)  # pip installs the environment for the first test
def test_the_measured_difference_to_the_bundled_points_is_taken_out(shared, tasks_python, tmp_path):
    portraits = held_out(shared)
    points, told = looked(tasks_python, shared / "models" / "face_landmarker.task", tmp_path / "seen.npz", portraits)
    between, mirrored, shapes = [], [], []
    for path in portraits:
        pixels = read_picture(path).pixels
        here, there = find_faces(pixels)[0].ibug68, points[str(path)][0][list(IBUG68_IN_478)]
        back = find_faces(np.ascontiguousarray(pixels[:, ::-1]))[0].ibug68[list(MIRROR)] * [-1, 1, 1] + [pixels.shape[1], 0, 0]
        between.append((here - there) / iod(here))
        mirrored.append((here - back) / iod(here))
        shapes.append(canonical(here)[0] - canonical(there)[0])
    assert mean_residual(between) <= 0.006 and mean_residual(shapes) <= 0.006
    assert per_face(between) <= 1.1 * per_face(mirrored)
    faces = [face for faces in told.values() for face in faces]
    assert all(name == "mediapipe-tasks-1.2.2" and len(blendshapes) == 52 for _, name, blendshapes in faces)
    smiles = [(shapes["mouthSmileLeft"] + shapes["mouthSmileRight"]) / 2 for _, _, shapes in faces]
    assert np.mean(np.array(smiles) > 0.3) > 0.6  # official portraits: 366 of 431 smile


def mean_residual(differences: list[np.ndarray]) -> float:
    return float(np.linalg.norm(np.mean(differences, axis=0), axis=-1).mean())


def per_face(differences: list[np.ndarray]) -> float:
    """In the picture, mean over faces and points."""
    return float(np.linalg.norm(np.array(differences)[..., :2], axis=-1).mean())


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(900)
def test_every_face_of_a_group_photo_is_found_small_ones_too(shared, examples, tasks_python, tmp_path):
    alone = read_picture(examples / "invented-face.jpg").pixels
    corners = ((10, 10, 480), (520, 40, 300), (900, 500, 200), (600, 700, 100), (1100, 60, 90))  # x, y, side; largest first
    group = np.full((960, 1280, 3), 90, np.uint8)
    for x, y, side in corners:
        group[y : y + side, x : x + side] = cv2.resize(alone, (side, side), interpolation=cv2.INTER_AREA)
    path = tmp_path / "group.png"
    cv2.imwrite(str(path), group[..., ::-1])
    points, told = looked(tasks_python, shared / "models" / "face_landmarker.task", tmp_path / "seen.npz", [path])
    assert [number for number, _, _ in told[str(path)]] == [0, 1, 2, 3, 4]
    for (x, y, side), mesh in zip(corners, points[str(path)], strict=True):
        assert np.hypot(*(mesh[IBUG68_IN_478[30], :2] - (x + side / 2, y + side / 2))) < 0.1 * side


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(900)
def test_another_task_file_serves_as_it_is_and_its_name_says_so(shared, examples, tasks_python, tmp_path):
    measured, other = shared / "models" / "face_landmarker.task", tmp_path / "other.task"
    with zipfile.ZipFile(measured) as source, zipfile.ZipFile(other, "w") as bundle:
        for name in source.namelist():
            bundle.writestr(name, source.read(name))
    path = examples / "invented-face.jpg"
    (points, _), (raw, told) = (looked(tasks_python, file, tmp_path / f"{file.stem}.npz", [path]) for file in (measured, other))
    assert told[str(path)][0][1] == "mediapipe-tasks-1.2.2-unaligned"
    moved = np.linalg.norm(points[str(path)] - raw[str(path)], axis=-1)
    assert 0.003 < moved.mean() / iod(points[str(path)][0][list(IBUG68_IN_478)]) < 0.03


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ending", ["", "backend.close(); backend.close()"], ids=("left open", "closed twice"))
def test_models_end_quietly_in_every_thread(shared, examples, tasks_python, ending):
    code = f"""
import sys, threading
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarker_task import LandmarkerTask
from facewise.model.perception.picture import read_picture
backend, pixels, found = LandmarkerTask(sys.argv[1]), read_picture(sys.argv[2]).pixels, []
threads = [threading.Thread(target=lambda: found.append(find_faces(pixels, backend)[0].points)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
found.append(find_faces(pixels, backend)[0].points)
assert len(found) == 4 and all((points == found[0]).all() for points in found)
{ending}
"""
    run = in_tasks(tasks_python, code, shared / "models" / "face_landmarker.task", examples / "invented-face.jpg")
    assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("before", "fault"),
    [
        ("ctypes.CDLL = missing", "lacks a system library (libEGL.so.1: no such file); apt-get install libegl1 libgles2"),
        ("sys.argv[1] = sys.argv[2]", "MediaPipe refuses it"),
    ],
    ids=("no libEGL", "models of junk"),
)
def test_what_mediapipe_cannot_open_is_one_line_with_the_remedy(shared, tasks_python, tmp_path, before, fault):
    with zipfile.ZipFile(tmp_path / "junk.task", "w") as bundle:
        for name in PARTS:
            bundle.writestr(name, b"junk")
    code = f"""
import ctypes, sys
from facewise.model.errors import FacewiseError
from facewise.model.perception.landmarker_task import LandmarkerTask
def missing(*_, **__): raise OSError("libEGL.so.1: no such file")
{before}
try: LandmarkerTask(sys.argv[1])
except FacewiseError as error: print(error)
"""
    told = in_tasks(tasks_python, code, shared / "models" / "face_landmarker.task", tmp_path / "junk.task").stdout.splitlines()
    assert len(told) == 1 and fault in told[0]
