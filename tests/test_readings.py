"""What an answer keeps of a face once the person's own neutral face is taken off."""

import numpy as np
import pytest

from facewise.model.network.evidence import Evidence
from facewise.model.readings import action_units, is_active, less_neutral
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS


def face(left: float = 0.0, right: float = 0.0, p: float = 0.05) -> Evidence:
    return Evidence(
        aus=dict.fromkeys(AU_CODES, (0.0, 0.0, 0.05)) | {"AU4": (left, right, p)},
        emotion=dict.fromkeys(EMOTIONS, 0.1),
        spoof_logit=-3.0,
        attack=dict.fromkeys(ATTACKS, 0.1),
        cues=dict.fromkeys(CUES, 0.1),
        attack_map=np.zeros((14, 14), np.float32),
    )


def au4(now: Evidence, neutral: Evidence):
    return action_units(less_neutral(now, neutral))["AU4"]


@pytest.mark.parametrize("p", [0.5, 0.97, 1.0])
def test_a_unit_that_is_as_strong_in_the_neutral_is_neither_probable_nor_active(p):
    kept = au4(face(2.0, 2.0, p), face(2.0, 2.5, 0.9))
    assert kept.p == 0 and not is_active(kept)


@pytest.mark.parametrize("rest", [0.0, 1.0, 2.0, 3.0])
def test_a_unit_that_rises_by_two_levels_is_active(rest):
    assert is_active(au4(face(rest + 2, rest + 2, 0.8), face(rest, rest, 0.9)))


def test_a_small_rise_over_a_strong_neutral_is_not_active():
    assert not is_active(au4(face(2.2, 2.2, 0.7), face(1.5, 1.5, 0.9)))


@pytest.mark.parametrize(("level", "p"), [(0.0, 0.0), (0.0, 0.6), (0.4, 0.3), (3.0, 0.9), (5.0, 1.0)])
def test_nothing_changes_where_the_neutral_shows_nothing(level, p):
    now = face(level, level / 2, p)
    assert less_neutral(now, face()).aus == now.aus


def test_a_probability_stays_one_and_never_grows():
    steps = np.linspace(0, 5, 6)
    for p in (0.0, 0.01, 0.5, 0.99, 1.0):
        kept = [
            less_neutral(face(now, right, p), face(rest, 0.5)).aus["AU4"][2] for now in steps for right in steps for rest in steps
        ]
        assert min(kept) >= 0 and max(kept) <= p


def test_one_side_that_rises_keeps_the_probability_of_its_share():
    assert au4(face(4.0, 2.0, 0.9), face(2.0, 2.0, 0.9)).p == pytest.approx(0.9 / 1.1, abs=1e-3)
