"""Which units a simulated face shows: prototypes whole, partial and blended, what is no emotion, what no face can do."""

import numpy as np
import pytest

from facewise.data_builders.rig.expressions import (
    INCOMPATIBLE,
    PROTOTYPES,
    SQUINTS,
    check_aus,
    near_prototype,
    resembled,
    sample_expression,
)
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import AU_CODES, EMOTIONS, NO_PROTOTYPE


def drawn_expressions(count: int, seed: int = 0) -> list:
    rng = np.random.default_rng(seed)
    return [sample_expression(rng) for _ in range(count)]


def test_expressions_name_known_units_and_hold_their_prototype():
    drawn = drawn_expressions(2000)
    assert drawn == drawn_expressions(2000)
    for aus, emotion in drawn:
        check_aus(aus)
        assert emotion in (*EMOTIONS, NO_PROTOTYPE, None)
        if emotion == NO_PROTOTYPE:
            assert not near_prototype(tuple(aus))
        elif emotion not in (None, "neutral"):
            assert any(len(set(full) - set(aus)) <= 1 for full in PROTOTYPES[emotion])
    counts = {emotion: sum(each == emotion for _, each in drawn) for emotion in (*EMOTIONS, NO_PROTOTYPE)}
    assert min(counts.values()) > 0.03 * len(drawn) and counts[NO_PROTOTYPE] > 0.25 * len(drawn)
    assert any(set(aus) == {"AU43"} for aus, _ in drawn) and any(set(aus) == {"AU14"} for aus, _ in drawn)


def test_a_squint_is_no_prototype_though_it_shares_units_with_two():
    for codes in SQUINTS:
        assert not near_prototype(codes)


def test_contempt_is_one_sided():
    sneers = [aus for aus, emotion in drawn_expressions(600, 1) if emotion == "contempt"]
    assert sneers and all(min(aus[code]) == 0 < max(aus[code]) for aus in sneers for code in PROTOTYPES["contempt"][0])
    both = {"AU12": (3.0, 3.0), "AU14": (3.0, 3.0)}
    assert resembled(both) == () and resembled(dict.fromkeys(both, (3.0, 0.0))) == ("contempt",)


def test_a_blend_holds_two_prototypes_and_is_named_only_when_one_leads():
    blends = [(aus, emotion, resembled(aus)) for aus, emotion in drawn_expressions(3000, 2) if len(resembled(aus)) > 1]
    assert any(emotion is None for _, emotion, _ in blends) and any(emotion in EMOTIONS for _, emotion, _ in blends)
    assert all(emotion is None or emotion in held for _, emotion, held in blends)
    mixed = {"AU6": (4.0, 4.0), "AU12": (4.0, 4.0), "AU9": (2.0, 2.0), "AU16": (2.0, 2.0)}
    assert resembled(mixed) == ("happiness", "disgust")
    fear = dict.fromkeys(PROTOTYPES["fear"][0], (3.0, 3.0))
    assert resembled(fear) == ("fear",)  # which holds all of surprise


@pytest.mark.parametrize(
    ("aus", "line"),
    [
        ({"AU99": (1, 1)}, "'AU99' is no action unit that the rig can move; choose from AU1, "),
        ({"AU12": (6, 0)}, r"AU12 has the levels \(6, 0\); two are wanted"),
        ({"AU17": (3, 0)}, "AU17 has no sides"),
        ({"AU27": (2, 2), "AU24": (1, 0)}, "AU27 and AU24 exclude each other on a face"),
    ],
    ids=str,
)
def test_an_impossible_expression_is_refused_in_one_line(aus, line):
    with pytest.raises(FacewiseError, match=line):
        check_aus(aus)


def test_a_silent_unit_excludes_nothing_and_every_excluded_pair_is_known():
    check_aus({"AU27": (2, 2), "AU24": (0, 0)})
    assert all(len(pair) == 2 and pair <= set(AU_CODES) for pair in INCOMPATIBLE)
