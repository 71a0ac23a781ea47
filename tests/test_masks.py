"""Heads that are made: what a mannequin or a mask of silicone covers, what it leaves alone, and which photos are refused."""

import cv2
import numpy as np
import pytest

from facewise.data_builders.attacks.bust import bust, bust_mesh
from facewise.data_builders.attacks.head import FACE_OVAL, head, neutral_mesh
from facewise.data_builders.attacks.hood import HOOD, hooded
from facewise.data_builders.attacks.mannequin import fake_head
from facewise.data_builders.attacks.masks import flexible_mask
from facewise.data_builders.attacks.pigment import skin_of
from facewise.data_builders.synthesis.photo import Photo, framed, read_photo
from facewise.model.errors import FacewiseError


@pytest.fixture(scope="module")
def photo(examples) -> Photo:
    return framed(read_photo(examples / "invented-face.jpg"), np.random.default_rng(0))


@pytest.fixture(scope="module")
def donor(examples) -> Photo:
    return read_photo(examples / "printed-face.jpg")


def test_a_fake_head_covers_hair_ears_and_chin_in_one_piece(photo, donor):
    wearer = head(photo)
    places = wearer.projected(np.array([[0, -0.95, 0.1], [0, 1.1, 0.05], [-0.6, -0.2, 0.3], [0.6, -0.2, 0.3]], np.float32))
    for seed in range(4):
        mask = fake_head(photo, np.random.default_rng(seed), donor).mask
        assert all(mask[round(y), round(x)] > 0.99 for x, y in places.tolist())
        pieces = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
        assert len(pieces) == 1


def test_a_bust_is_symmetric_and_holds_the_neutral_face():
    points, triangles = bust_mesh()
    assert points[:, 0].sum() == pytest.approx(0, abs=1e-2) and triangles.max() == len(points) - 1
    neutral, _ = neutral_mesh()
    apart = np.linalg.norm(points[None] - neutral[list(FACE_OVAL), None], axis=2).min(1)
    assert np.median(apart) < 0.1


def test_a_head_that_cannot_be_cut_out_is_refused(photo):
    wearer, skin = head(photo), skin_of(photo, *HOOD)
    model = bust(wearer, skin, neutral_mesh()[0], 1.05)
    with pytest.raises(FacewiseError, match="cannot be covered whole"):
        hooded(Photo(np.zeros_like(photo.pixels), photo.points), skin, model)


def test_silicone_covers_the_skull_where_the_head_can_be_cut_out(photo, donor):
    x, y = head(photo).projected(np.array([[0, -0.95, 0.1]], np.float32))[0]
    for seed in range(4):
        attack = flexible_mask(photo, np.random.default_rng(seed), donor)
        assert attack.mask[round(float(y)), round(float(x))] > 0.99 and attack.cues["eye hole"] >= 0.5


def test_a_fake_head_claims_no_holes_and_no_rim(photo, donor):
    for seed in range(4):
        assert not {"eye hole", "cut-out rim"} & set(fake_head(photo, np.random.default_rng(seed), donor).cues)
