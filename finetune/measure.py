"""What the heads are worth on people that training never saw: every number with its n, chance level and interval.

The pack's `test` split holds other portraits and other sampled faces than `train`; `val` teaches the language
model and calibrates, a half each. Attacks are simulated.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score, mean_absolute_error, roc_auc_score

from ..model.readings import NEUTRAL, action_units, is_active
from ..model.taxonomy import ATTACKS, AU_CODES, DIGITAL_TYPES, EMOTIONS, NO_PROTOTYPE
from ..model.wording import ALTERED
from .encoder.packed import Packed
from .lessons.pack_lessons import PackSeen

RESAMPLES = 500
FEWEST = 5  # of a class, or there is no number


def measure(pack: Packed, seen: PackSeen, split: str = "test") -> list[dict]:
    """Rows of {"what", "domain", "value", "low", "high", "n", "chance"} over one split; what it has no labels for is left out."""
    rows = pack.split(split).numpy()
    kinds = (spoof_rows, digital_rows, action_unit_rows, smile_rows, emotion_rows)
    return [found for of_kind in kinds for found in of_kind(pack, seen, rows)]


def spoof_rows(pack: Packed, seen: PackSeen, rows: np.ndarray) -> list[dict]:
    live, subjects = pack.tensors["live"].numpy(), pack.tensors["subject"].numpy()
    held_out, photo = pack.tensors["held_out"].numpy() == 1, pack.tensors["photo"].numpy() == 1
    logits = np.array([face.spoof_logit for face in seen.evidence])
    found = []
    species = pack.tensors["attack"].numpy()
    sets = {"all attacks": live == 1, "simulators never trained on": (live == 1) & held_out}
    sets |= {name: species == number for number, name in enumerate(ATTACKS)}
    for people, among in (("real", photo), ("drawn", ~photo)):
        for attacks, chosen in sets.items():
            use = rows & among & (chosen | (live == 0))
            if (live[use] == 1).sum() >= FEWEST and (live[use] == 0).sum() >= FEWEST:
                what, domain = f"spoof head, AUC, {attacks}", f"simulated attacks, {people} live"
                found.append(row(what, domain, roc_auc_score, live[use], logits[use], subjects[use], 0.5))
    return found


def digital_rows(pack: Packed, seen: PackSeen, rows: np.ndarray) -> list[dict]:
    """Whether faces that software made or altered are told from those that a camera took, attacks before it among these; "called" is what words say."""
    kind, subjects = pack.tensors["digital"].numpy(), pack.tensors["subject"].numpy()
    if any(face.digital is None for face in seen.evidence):
        return []
    score = np.array([face.digital for face in seen.evidence])
    domain, found = "simulated manipulations and generated faces, photos", []
    rows = rows & (pack.tensors["photo"].numpy() == 1)
    for name, chosen in {"all": kind > 0, **{name: kind == number for number, name in enumerate(DIGITAL_TYPES, start=1)}}.items():
        use = rows & (chosen | (kind == 0))
        if (rows & chosen).sum() >= FEWEST and (rows & (kind == 0)).sum() >= FEWEST:
            found.append(row(f"digital head, AUC, {name}", domain, roc_auc_score, kind[use] > 0, score[use], subjects[use], 0.5))
    if found:
        found.append(share("untouched photos called altered", domain, score[rows & (kind == 0)] >= ALTERED[1]))
        found.append(share("altered photos called untouched", domain, score[rows & (kind > 0)] <= ALTERED[0]))
    return found


def action_unit_rows(pack: Packed, seen: PackSeen, rows: np.ndarray) -> list[dict]:
    """Per action unit F1 at level A and mean absolute error on renders."""
    labels, subjects = pack.tensors["au"].float().numpy().max(-1), pack.tensors["subject"].numpy()
    renders = rows & (pack.tensors["photo"].numpy() == 0)
    readings = [action_units(face) for face in seen.evidence]
    found = []
    for i, code in enumerate(AU_CODES):
        use = renders & ~np.isnan(labels[:, i])
        truth = labels[use, i] >= 1
        if not FEWEST <= truth.sum() < len(truth):
            continue
        said = np.array([is_active(reading[code]) for reading in readings])[use]
        level = np.array([reading[code].intensity for reading in readings])[use]
        all_positive = 2 * truth.mean() / (1 + truth.mean())
        found.append(row(f"{code} F1 at level A", "renders", f1_score, truth, said, subjects[use], all_positive))
        found.append(row(f"{code} MAE", "renders", mean_absolute_error, labels[use, i], level, subjects[use], None))
    return found


def smile_rows(pack: Packed, seen: PackSeen, rows: np.ndarray) -> list[dict]:
    """On photos, whether the smiles of the teacher are told apart, and by how much AU12 is off."""
    labels, subjects = pack.tensors["au"].float().numpy()[:, AU_CODES.index("AU12")].max(-1), pack.tensors["subject"].numpy()
    level = np.array([action_units(face)["AU12"].intensity for face in seen.evidence])
    use = rows & ~np.isnan(labels) & (pack.tensors["photo"].numpy() == 1)
    clear = use & ((labels >= 3) | (labels < 1))
    truth, domain = labels[clear] >= 3, "photos, teacher's labels"
    if len(np.unique(truth)) < 2:
        return []
    return [
        row("AU12 AUC, smile or none", domain, roc_auc_score, truth, level[clear], subjects[clear], 0.5),
        row("AU12 MAE", domain, mean_absolute_error, labels[use], level[use], subjects[use], None),
    ]


def emotion_rows(pack: Packed, seen: PackSeen, rows: np.ndarray) -> list[dict]:
    truth, subjects = pack.tensors["emotion"].numpy(), pack.tensors["subject"].numpy()
    names = (*EMOTIONS, NO_PROTOTYPE)
    said = np.array([names.index(max(face.emotion, key=face.emotion.__getitem__)) for face in seen.evidence])
    photo, found = pack.tensors["photo"].numpy() == 1, []
    for domain, among in (("renders", ~photo), ("photos driven by a known change", photo)):
        use = rows & among & (truth >= 0)
        shown = np.unique(truth[use])
        if not len(shown):
            continue
        macro_f1 = partial(f1_score, average="macro", labels=shown, zero_division=0)
        found.append(row("emotion, macro-F1", domain, macro_f1, truth[use], said[use], subjects[use], 1 / len(shown)))
        neutral = use & (truth == EMOTIONS.index(NEUTRAL))
        if neutral.any():
            found.append(share("neutral faces called neutral", domain, said[neutral] == EMOTIONS.index(NEUTRAL)))
    return found


def row(
    what: str, domain: str, metric: Callable, truth: np.ndarray, said: np.ndarray, subjects: np.ndarray, chance: float | None
) -> dict:
    low, high = interval(metric, truth, said, subjects)
    value = float(metric(truth, said))
    return {"what": what, "domain": domain, "value": value, "low": low, "high": high, "n": len(truth), "chance": chance}


def share(what: str, domain: str, hits: np.ndarray) -> dict:
    """A proportion with its Wilson interval."""
    from scipy.stats import binomtest

    found = binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")
    return {
        "what": what,
        "domain": domain,
        "value": float(hits.mean()),
        "low": found.low,
        "high": found.high,
        "n": len(hits),
        "chance": None,
    }


def interval(metric: Callable, truth: np.ndarray, said: np.ndarray, subjects: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval, resampling subjects: pictures of one face are not independent."""
    rng = np.random.default_rng(0)
    names, place = np.unique(subjects, return_inverse=True)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    values = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([members[k] for k in rng.integers(len(names), size=len(names))])
        if len(np.unique(truth[drawn])) > 1:
            values.append(metric(truth[drawn], said[drawn]))
    low, high = np.percentile(values, [2.5, 97.5]) if values else (np.nan, np.nan)
    return float(low), float(high)


def say(out: Path, rows: list[dict], name: str) -> None:
    """Into a file of the run's folder, and to stderr."""
    told = [{key: None if value != value else value for key, value in found.items()} for found in rows]  # JSON has no NaN
    (out / name).write_text(json.dumps(told, indent=1))
    for found in rows:
        chance = "" if found["chance"] is None else f", chance {found['chance']:.2f}"
        span = f"[{found['low']:.2f}, {found['high']:.2f}]" if found["low"] == found["low"] else "[one person]"
        print(f"{found['what']:28} {found['value']:.3f} {span} n = {found['n']}{chance} ({found['domain']})", file=sys.stderr)
