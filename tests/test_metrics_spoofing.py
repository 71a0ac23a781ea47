"""Spoofing by hand: APCER by species, BPCER, ACER, HTER, non-response; curves against scikit-learn; the clip's mean; monotone scores."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from metric_values import counts, numbers, unhurried
from sklearn.metrics import roc_auc_score, roc_curve

from facewise.eval.metrics.curve import Ranking
from facewise.eval.metrics.spoofing import clip_means, tally
from facewise.eval.metrics.statistic import Subjects

SPECIES = ("print", "replay")
# at threshold .5   scores                    called live
# print   (4)       .9 .8 .4 .7               1 of 4
# replay  (2)       .6 .3                     1 of 2
# live    (5)       .1 .2 .6 .4 and no score  1 of 4 called an attack
SCORES = np.array([0.9, 0.8, 0.4, 0.7, 0.6, 0.3, 0.1, 0.2, 0.6, 0.4, np.nan])
KINDS = np.array([0, 0, 0, 0, 1, 1, -1, -1, -1, -1, -1])


def at(threshold, scores=SCORES, kinds=KINDS, names=SPECIES):
    return tally(scores, kinds, names, threshold, Subjects.each(len(scores)))


def ranked(scores, attack, species=None) -> Ranking:
    scores, attack = np.asarray(scores, float), np.asarray(attack, bool)
    return Ranking(scores, attack, Subjects.each(len(scores)), None if species is None else np.asarray(species))


def test_a_table_worked_by_hand():
    got = numbers(at(0.5))
    assert got["APCER print"] == 1 / 4 and got["APCER replay"] == 1 / 2
    assert got["APCER max"] == 1 / 2
    assert got["BPCER"] == 1 / 4
    assert got["ACER"] == (1 / 2 + 1 / 4) / 2
    assert got["HTER"] == pytest.approx((2 / 6 + 1 / 4) / 2)  # all attacks together: 2 of 6
    assert got["APNRR"] == 0 and got["BPNRR"] == 1 / 5
    assert got["ACER, no response wrong"] == pytest.approx((1 / 2 + 2 / 5) / 2)
    assert counts(at(0.5))["BPCER"] == 4 and counts(at(0.5))["BPNRR"] == 5


def test_what_scores_the_threshold_is_called_an_attack():
    assert numbers(at(0.6))["APCER replay"] == 1 / 2 and numbers(at(0.6))["BPCER"] == 1 / 4


def test_a_species_without_attacks_is_none_and_does_not_decide_the_worst():
    got = numbers(at(0.5, names=("print", "replay", "makeup")))
    assert got["APCER makeup"] is None and got["APCER max"] == 1 / 2


def test_without_live_items_what_needs_them_is_none():
    got = numbers(at(0.5, SCORES[:6], KINDS[:6]))
    assert got["BPCER"] is None and got["ACER"] is None and got["HTER"] is None and got["APCER max"] == 1 / 2
    assert set(numbers(ranked([0.1, 0.2], [True, True])).values()) == {None}


def test_the_curve_by_hand():
    """Live .1 .2 .3 .6, attacks .4 .5 .7 .8. AUC: of 16 pairs the live .6 beats .4 and .5: 14/16.
    EER: at a threshold over .4 one attack of four passes, and one live of four is stopped."""
    ranking = ranked([0.1, 0.2, 0.3, 0.6, 0.4, 0.5, 0.7, 0.8], [0, 0, 0, 0, 1, 1, 1, 1])
    got = numbers(ranking)
    assert got["AUC"] == 14 / 16 and got["EER"] == 1 / 4
    assert 0.4 < ranking.threshold() <= 0.5
    assert numbers(at(ranking.threshold(), ranking.scores, np.where(ranking.attack, 0, -1), ("any",)))["HTER"] == got["EER"]
    # no attack may pass: the threshold lies at .4, where one live is stopped; of ten attacks in a hundred none either
    assert got["BPCER10"] == got["BPCER20"] == got["BPCER100"] == 1 / 4
    # no live may be stopped: over .6, two of four attacks are found; the other way round three of four live pass
    assert got["TPR@FPR=1.0% (spoof positive)"] == 1 / 2 and got["TPR@FPR=1.0% (live positive)"] == 3 / 4


def test_bpcer_at_an_apcer_by_hand():
    """Attacks .01 to 1.00; live .055, .105 and .5. APCER10: ten may pass, so all under .11, and with them the first two live."""
    scores = np.concatenate([np.arange(1, 101) / 100, [0.055, 0.105, 0.5]])
    got = numbers(ranked(scores, np.arange(103) < 100))
    assert got["BPCER10"] == pytest.approx(1 / 3)
    assert got["BPCER20"] == pytest.approx(2 / 3)  # five may pass, all under .06
    assert got["BPCER100"] == pytest.approx(1)  # one, all under .02


def test_the_worst_species_settles_the_operating_point():
    """Twenty prints at .9; ten replays, one at .2 and the others at .8. Ten per cent of replays is one."""
    scores = np.array([0.9] * 20 + [0.2] + [0.8] * 9 + [0.1, 0.5, 0.85])
    attack, species = np.arange(33) < 30, np.array([0] * 20 + [1] * 10 + [-1] * 3)
    pooled, by_species = numbers(ranked(scores, attack)), numbers(ranked(scores, attack, species))
    assert pooled["BPCER10"] == by_species["BPCER10"] == pytest.approx(1 / 3)  # all under .8 pass, so .85 is stopped
    assert pooled["BPCER20"] == pytest.approx(1 / 3)  # one of thirty attacks may pass
    assert by_species["BPCER20"] == pytest.approx(2 / 3)  # none of ten replays may: the threshold is .2


def test_equal_scores_pass_together():
    got = numbers(ranked([0.5] * 6, [0, 0, 0, 1, 1, 1]))
    assert got["AUC"] == 0.5 and got["EER"] == 0.5 and got["BPCER10"] == 1


def test_frames_are_averaged_before_the_threshold():
    first, means = clip_means(np.array([0.2, 0.9, 0.4, np.nan, np.nan]), np.array([7, 7, 3, 3, 5]))
    assert first.tolist() == [2, 4, 0]
    assert means[[0, 2]].tolist() == pytest.approx([0.4, 0.55]) and np.isnan(means[1])


rated = st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=2, max_size=80)


@unhurried
@given(rated)
def test_agrees_with_scikit_learn(pairs):
    scores, attack = map(np.array, zip(*pairs, strict=True))
    assume(0 < attack.sum() < len(attack))
    got = numbers(ranked(scores, attack))
    assert got["AUC"] == pytest.approx(roc_auc_score(attack, scores))
    fpr, tpr, _ = roc_curve(attack, scores, drop_intermediate=False)  # FPR is BPCER, 1 - TPR is APCER
    assert got["TPR@FPR=1.0% (spoof positive)"] == pytest.approx(tpr[fpr <= 0.01].max())
    for name, apcer in (("BPCER10", 0.1), ("BPCER20", 0.05), ("BPCER100", 0.01)):
        assert got[name] == pytest.approx(fpr[1 - tpr <= apcer + 1e-12].min())
    nearest = np.abs(1 - tpr - fpr).min()
    eers = [(1 - t + f) / 2 for t, f in zip(tpr, fpr) if abs(1 - t - f) <= nearest + 1e-12]
    assert min(abs(got["EER"] - eer) for eer in eers) < 1e-9


@unhurried
@given(rated)
def test_a_monotone_change_of_the_scores_changes_nothing(pairs):
    scores, attack = map(np.array, zip(*pairs, strict=True))
    assert numbers(ranked(scores, attack)) == numbers(ranked(np.exp(scores / 7.0) * 3 - 1, attack))


@unhurried
@given(rated, st.floats(-21, 21))
def test_a_higher_threshold_stops_fewer_live_and_lets_more_attacks_pass(pairs, threshold):
    scores, attack = map(np.array, zip(*pairs, strict=True))
    assume(0 < attack.sum() < len(attack))
    low, high = (numbers(at(t, scores.astype(float), np.where(attack, 0, -1), ("any",))) for t in (threshold, threshold + 3))
    assert low["BPCER"] >= high["BPCER"] and low["APCER max"] <= high["APCER max"]


@unhurried
@given(rated)
def test_swapping_the_classes_and_the_sign_keeps_auc_and_eer(pairs):
    scores, attack = map(np.array, zip(*pairs, strict=True))
    assume(0 < attack.sum() < len(attack))
    assert numbers(ranked(scores, attack))["AUC"] == pytest.approx(numbers(ranked(-scores, ~attack))["AUC"])
