"""Motion between two moments: empty where nothing moved but head, light or camera; the right region and direction where something did.

The pictures are warped and lit by known amounts, flow and landmarks are computed. Turns of the head need a head, the rig's (`shared`).
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facewise.model.perception.alignment import aligned, crop_size
from facewise.model.perception.faces import find_faces
from facewise.model.perception.motion import between, direction, motion_view
from facewise.model.perception.patches import REGIONS
from facewise.model.perception.picture import read_picture

EXAMPLE = Path(__file__).parent.parent / "examples" / "invented-face.jpg"
PEOPLE = 6
LIP_CORNER, INNER_BROW = {"left": 291, "right": 61}, {"left": 296, "right": 66}


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray]:
    """Pixels and the 478 points of the example at an inter-ocular distance of 100 px."""
    return resized(read_picture(EXAMPLE).pixels, 100)


def resized(pixels: np.ndarray, iod_px: float) -> tuple[np.ndarray, np.ndarray]:
    scale = iod_px / find_faces(pixels)[0].iod_px
    smaller = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return smaller, points(smaller)


def points(pixels: np.ndarray) -> np.ndarray:
    return find_faces(pixels)[0].points


def filmed(pixels: np.ndarray, seed: int, quality: int = 90, noise: float = 2.0) -> np.ndarray:
    """Sensor noise and JPEG: no two frames of a film are the same."""
    noisy = np.clip(pixels + np.random.default_rng(seed).normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def warped(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    size = pixels.shape[1::-1]
    return cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def pulled(pixels: np.ndarray, mesh: np.ndarray, vertex: int, right_iod: float, down_iod: float) -> np.ndarray:
    """The skin about a vertex drawn away, falling off with a sigma of .12 IOD."""
    iod = float(np.linalg.norm(mesh[263] - mesh[33]))
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    weight = np.exp(-((x - mesh[vertex, 0]) ** 2 + (y - mesh[vertex, 1]) ** 2) / (2 * (0.12 * iod) ** 2)) * iod
    return cv2.remap(pixels, x - weight * right_iod, y - weight * down_iod, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def shaded(pixels: np.ndarray, mesh: np.ndarray, place_iod: float, width_iod: float = 0.2, depth: float = 0.5) -> np.ndarray:
    """A shadow from the right up to `place_iod` beside the nose bridge, its edge `width_iod` wide."""
    iod = float(np.linalg.norm(mesh[263] - mesh[33]))
    across = (np.arange(pixels.shape[1]) - mesh[168, 0]) / iod - place_iod
    light = 1 - depth / (1 + np.exp(-4 * across / width_iod))
    return np.clip(255 * ((pixels / 255) ** 2.2 * light[None, :, None]) ** (1 / 2.2), 0, 255).astype(np.uint8)


def assert_empty(motion) -> None:
    assert motion.moved == (), [(m.region, round(m.magnitude, 4)) for m in motion.moved]
    assert np.mean(np.any(motion.field != 0, axis=2)) < 0.01


def test_a_still_pair_gives_an_empty_motion_map(face):
    pixels, _ = face
    first, second = filmed(pixels, 1), filmed(pixels, 2)
    motion = between((first, points(first)), (second, points(second)))
    assert_empty(motion)
    view = motion_view(motion, 112)
    chroma = cv2.cvtColor(view, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(int) - 128
    assert view.shape == (112, 112, 3) and np.abs(chroma).mean() < 1


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 6.4], [0, 1, -3.7]],
        [[1.08, 0, -9], [0, 1.08, -12]],
        cv2.getRotationMatrix2D((160, 160), 10, 1).tolist(),
        cv2.getRotationMatrix2D((160, 160), -10, 0.94).tolist(),
    ],
    ids=["shift", "zoom", "roll 10", "roll -10 and zoom"],
)
def test_a_moved_camera_gives_an_empty_map(face, matrix):
    pixels, _ = face
    first, second = filmed(pixels, 1), filmed(warped(pixels, np.array(matrix)), 2)
    assert_empty(between((first, points(first)), (second, points(second))))


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_another_exposure_gives_an_empty_map(face, gain):
    pixels, _ = face
    first, second = filmed(pixels, 1), filmed(np.clip(pixels * gain, 0, 255), 2)
    assert_empty(between((first, points(first)), (second, points(second))))


@pytest.mark.parametrize("place", [-0.5, -0.2, 0.1, 0.4])
def test_a_moving_shadow_edge_gives_an_empty_map(face, place):
    pixels, mesh = face
    first, second = filmed(shaded(pixels, mesh, place), 1), filmed(shaded(pixels, mesh, place + 0.08), 2)
    assert_empty(between((first, points(first)), (second, points(second))))


@pytest.mark.parametrize("iod_px", [42, 180], ids=["240p", "1080p"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_pulled_lip_corner_shows_as_that_region_and_direction_at_any_size(iod_px, side):
    pixels, mesh = resized(read_picture(EXAMPLE).pixels, iod_px)
    outward = 0.0141 if side == "left" else -0.0141  # .02 IOD up and outward; the picture's right is the person's left
    first, second = filmed(pixels, 1), filmed(pulled(pixels, mesh, LIP_CORNER[side], outward, -0.0141), 2)
    motion = between((first, points(first)), (second, points(second)))
    strongest = motion.moved[0]
    assert strongest.region == f"{side} lip corner"
    assert strongest.direction == "up and outward"
    assert 0.006 < strongest.magnitude < 0.03


def test_a_raised_inner_brow_shows_as_that_region_going_up(face):
    pixels, mesh = face
    first, second = filmed(pixels, 1), filmed(pulled(pixels, mesh, INNER_BROW["right"], 0, -0.02), 2)
    motion = between((first, points(first)), (second, points(second)))
    assert motion.moved[0].region in ("right inner brow", "right outer brow")
    assert motion.moved[0].direction.startswith("up")


def test_a_mirrored_pair_swaps_the_sides(face):
    pixels, mesh = face
    first, second = filmed(pixels, 1), filmed(pulled(pixels, mesh, LIP_CORNER["left"], 0.02, -0.02), 2)
    mirrored = [np.ascontiguousarray(picture[:, ::-1]) for picture in (first, second)]
    straight = between((first, points(first)), (second, points(second))).moved[0]
    swapped = between(*((picture, points(picture)) for picture in mirrored)).moved[0]
    assert (straight.region, swapped.region) == ("left lip corner", "right lip corner")
    assert straight.direction == swapped.direction
    assert straight.right == pytest.approx(-swapped.right, abs=0.006)


def test_what_moved_is_valid_json(face):
    pixels, mesh = face
    second = pulled(pixels, mesh, LIP_CORNER["left"], 0.03, -0.03)
    told = json.loads(json.dumps([m.to_dict() for m in between((pixels, mesh), (second, points(second))).moved]))
    assert told[0].keys() == {"region", "magnitude_iod", "direction", "degrees"}
    assert told[0]["region"] in REGIONS and 15 < told[0]["degrees"] < 75


def test_the_motion_view_keeps_the_face_and_colours_the_movement(face):
    pixels, mesh = face
    second = pulled(pixels, mesh, LIP_CORNER["left"], 0.04, -0.04)
    motion = between((pixels, mesh), (second, points(second)))
    view = motion_view(motion, crop_size())
    luma = cv2.cvtColor(view, cv2.COLOR_RGB2YCrCb)[..., 0].astype(float)
    assert np.corrcoef(luma.ravel(), motion.before.grey.ravel())[0, 1] > 0.99
    where = motion.before.points[LIP_CORNER["left"], :2].round().astype(int)
    red_over_green = view[where[1], where[0], 0].astype(int) - view[where[1], where[0], 1]
    assert red_over_green > 15  # rightward is towards red (Cr)


def test_a_face_is_cut_out_upright_at_one_size(face):
    pixels, _ = face
    turned = warped(pixels, cv2.getRotationMatrix2D((160, 160), 20, 0.8))
    crops = [aligned(picture, points(picture)) for picture in (pixels, turned)]
    for crop in crops:
        assert crop.grey.shape == (crop_size(), crop_size())
        assert abs(crop.points[33, 1] - crop.points[263, 1]) < 2
    assert np.abs(crops[0].points[:, :2] - crops[1].points[:, :2]).mean() < 2


@pytest.mark.parametrize(
    ("right", "up", "side", "words"),
    [
        (1, 0, "left", "outward"),
        (1, 0, "right", "inward"),
        (-1, 1, "right", "up and outward"),
        (0, -1, "left", "down"),
        (1, 0, "middle", "to the person's left"),
        (-1, -1, "middle", "down and to the person's right"),
    ],
)
def test_directions_are_the_persons_own(right, up, side, words):
    assert direction(right, up, side) == words


@pytest.fixture(scope="module")
def turned_head():
    """Pictures of drawn people at rest, the head turned by (yaw, pitch, roll) degrees."""
    import os

    from facewise.data_builders.rig.look import painting, sample_look
    from facewise.data_builders.rig.render import View, draw
    from facewise.data_builders.rig.rig import load_rig, sample_person

    rig = load_rig(Path(os.environ["FACEWISE_SHARED"]) / "data" / "ict_facekit.npz")
    paint = painting(rig)
    drawn = []
    for seed in range(PEOPLE):
        rng = np.random.default_rng(seed)
        drawn.append((sample_person(rig, rng), sample_look(rig, paint, rng, (320, 320))))

    def picture(who: int, yaw: float = 0, pitch: float = 0, roll: float = 0, zoom: float = 1, place=(0.5, 0.5)) -> np.ndarray:
        person, look = drawn[who]
        view = View(*np.radians((yaw, pitch, roll)), 80.0, 90.0 * zoom, place)
        light = draw(rig, paint, person.neutral, {}, look, view).pixels
        return np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)

    return picture


@pytest.mark.shared
@pytest.mark.parametrize(
    "turn",
    [
        {"yaw": 5},
        {"yaw": -5},
        {"pitch": 5},
        {"pitch": -5},
        {"roll": 10},
        {"zoom": 1.1, "place": (0.53, 0.48)},
        {"yaw": 4, "pitch": 3},
    ],
    ids=str,
)
def test_a_turned_head_gives_an_empty_map(turned_head, turn):
    """Of six people before six backgrounds; of one at most the landmarks slip so far that it looks like a movement."""
    maps = []
    for who in range(PEOPLE):
        first, second = filmed(turned_head(who), 1), filmed(turned_head(who, **turn), 2)
        maps.append(between((first, points(first)), (second, points(second))))
    told = [[(moved.region, round(moved.magnitude, 4)) for moved in one.moved] for one in maps]
    assert sum(map(bool, told)) <= 1, told
    assert np.median([np.mean(np.any(one.field != 0, axis=2)) for one in maps]) < 0.025
