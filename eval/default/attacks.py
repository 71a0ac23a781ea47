"""Attacks of the variant that training never saw, on people whom it never saw: errors by species, types, calibration, areas.

The simulators' variant "b" of print and replay is held out; the others have one variant, and new people and chance. `uncertain` is told
apart from errors. A number over all cameras stands beside that of the held-out one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...data_builders.portraits import Portrait
from ...data_builders.records import Record
from ...data_builders.synthesis.camera import HELD_OUT
from ...data_builders.synthesis.production import random_of
from ...data_builders.synthesis.spoofs import SpoofJob, make_spoof, spoof_job
from ...model.perception.picture import read_picture
from ...model.readings import attack_type
from ...model.taxonomy import EXPERIMENTAL_ATTACKS
from ..metrics import boxes, calibration
from ..metrics.curve import Ranking
from ..metrics.intervals import bootstrap
from ..metrics.statistic import Subjects
from .live import again
from .material import Material
from .reader import Reader, Verdict
from .row import SIMULATED, Row, row, share_row

SPECIES = {"print": "print", "replay": "replay", "paper mask": "paper mask", "partial eye": "partial", "partial mouth": "partial"}
LIVE = "live"
SET = "attacks"


@dataclass(frozen=True, eq=False)
class Shown:
    """A drawn picture with its record and the verdict on it."""

    record: Record
    verdict: Verdict

    @property
    def kind(self) -> str:
        return self.record.source["kind"]


def jobs(people: Sequence[Portrait], count: int, seed: int) -> list[SpoofJob]:
    """`count` pictures of each species and half as many of the experimental ones; prints and replays twice, since every second one is of
    the variant that is held out; as many live people as attacks of the species."""
    wanted = {"print": 2 * count, "replay": 2 * count, "paper mask": count, "partial eye": count // 2 + count % 2}
    wanted |= {"partial mouth": count // 2, LIVE: 4 * count, **dict.fromkeys(EXPERIMENTAL_ATTACKS, count // 2)}
    found = []
    for kind, number in wanted.items():
        order = random_of(seed, f"attacks {kind}").permutation(len(people))
        for i, portrait in enumerate(again([people[k] for k in order], number)):
            chance = random_of(seed, f"others {kind} {i}")
            found.append(spoof_job(f"{kind.replace(' ', '-')}-{i:04d}", kind, portrait, people, chance))
    return found


def shown(reader: Reader, material: Material) -> list[Shown]:
    """The set, drawn once for all who judge it; prints and replays of the trained variant left out, and pictures without a face."""
    settings = material.settings
    drawn = material.drawn(SET, jobs(material.tested(material.people), settings.attacks, settings.seed), make_spoof)
    records = [record for record in drawn if record.source.get("variant", "b") == "b"]
    verdicts = reader.verdicts(material.pictures(SET, records))
    return [Shown(record, each) for record, each in zip(records, verdicts, strict=True) if each is not None]


def attacks(reader: Reader, material: Material) -> list[Row]:
    judged = shown(reader, material)
    claimed = [each for each in judged if each.kind in SPECIES]
    live = [each for each in judged if each.kind == LIVE]
    told = "test people, variant b of print and replay, all cameras, calibrated band"
    rows = [*_errors(claimed, told), *_held_out_camera(claimed), *_experimental(judged)]
    rows.append(share_row("live people of this set called spoof", _count(live, "spoof"), len(live), told, SIMULATED))
    rows += [*_types(claimed, told), *_scores(claimed, live), *_areas(claimed, material)]
    return rows


def _errors(claimed: Sequence[Shown], told: str) -> list[Row]:
    """APCER counts a presentation called live; uncertain ones are their own row."""
    rows, rates = [], []
    for species in dict.fromkeys(SPECIES.values()):
        chosen = [each for each in claimed if SPECIES[each.kind] == species]
        wrong = _count(chosen, "live")
        rows.append(share_row(f"APCER {species}", wrong, len(chosen), told, SIMULATED))
        rows.append(share_row(f"uncertain {species}", _count(chosen, "uncertain"), len(chosen), told, SIMULATED))
        if chosen:
            rates.append((wrong / len(chosen), wrong, len(chosen)))
    _, wrong, n = max(rates, default=(0.0, 0, 0))
    return [*rows, share_row("APCER, the worst of these", wrong, n, told, SIMULATED)]


def _held_out_camera(claimed: Sequence[Shown]) -> list[Row]:
    chosen = [each for each in claimed if each.record.source["camera"] == HELD_OUT]
    told = f"the same, camera family {HELD_OUT} alone, which training never saw"
    rows = [share_row("APCER, held-out camera", _count(chosen, "live"), len(chosen), told, SIMULATED)]
    return [*rows, share_row("uncertain, held-out camera", _count(chosen, "uncertain"), len(chosen), told, SIMULATED)]


def _experimental(judged: Sequence[Shown]) -> list[Row]:
    rows = []
    for kind in EXPERIMENTAL_ATTACKS:
        chosen = [each for each in judged if each.kind == kind]
        told = "experimental, without a claim; test people"
        rows.append(share_row(f"APCER {kind}", _count(chosen, "live"), len(chosen), told, SIMULATED))
    return rows


def _types(claimed: Sequence[Shown], told: str) -> list[Row]:
    right = sum(SPECIES.get(attack_type(each.verdict.look.numbers)) == SPECIES[each.kind] for each in claimed)
    return [share_row("attack type right", right, len(claimed), f"{told}; among eleven types, partial ones as one", SIMULATED)]


def _scores(claimed: Sequence[Shown], live: Sequence[Shown]) -> list[Row]:
    """Over as many live people as attacks: the score speaks at a prior of .5."""
    half = min(len(claimed), len(live))
    chosen = [*[claimed[i] for i in random_of(0, "ECE").permutation(len(claimed))[:half]], *live[:half]]
    scores = np.array([each.verdict.score for each in chosen])
    spoof = np.array([each.kind != LIVE for each in chosen], bool)
    subjects = Subjects.named([each.record.subject for each in chosen])
    told = "as many live people as attacks, at a prior of .5; bins of equal mass, 15"
    ece, brier = bootstrap([calibration.tally(scores, spoof, subjects)])
    rows = [row("ECE of the score", ece, told, SIMULATED), row("Brier of the score", brier, told, SIMULATED)]
    (auc,) = bootstrap([Ranking(scores, spoof, subjects, only_auc=True)])
    return [*rows, row("AUC of the score", auc, told, SIMULATED)]


def _areas(claimed: Sequence[Shown], material: Material) -> list[Row]:
    """Of partial attacks: the map's boxes against those of the instrument inside the wide crop, and what no map would give."""
    chosen = [each for each in claimed if SPECIES[each.kind] == "partial"]
    looks = [each.verdict.look for each in chosen]
    truth = [_instrument(each, material) for each in chosen]
    subjects = Subjects.named([each.record.subject for each in chosen])
    said = {
        "": [np.array(look.boxes).reshape(-1, 4) for look in looks],
        ", face box": [np.array([look.face.box]) for look in looks],
        ", whole crop": [np.array([_within(look.wide_box, look.size)]) for look in looks],
    }
    told = "partial eye and mouth, whatever the verdict; boxes of connected areas within the wide crop"
    rows = []
    for name, found in said.items():
        scores = [np.full(len(one), each.verdict.score) for one, each in zip(found, chosen, strict=True)]
        joint = [_hull(one) for one in found]
        hulls = [_hull(one) for one in truth]
        iou = bootstrap([boxes.tally(joint, hulls, subjects)])[0]
        (ap,) = bootstrap([boxes.Detections(found, scores, truth, subjects, 0.5)])
        rows.append(row(f"area of partial attacks, mean IoU{name}", iou, f"{told}; all of a picture's as one", SIMULATED))
        rows.append(row(f"area of partial attacks, AP@50{name}", ap, told, SIMULATED))
    return rows


def _instrument(each: Shown, material: Material) -> np.ndarray:
    """Boxes [k, 4] of the mask's connected parts inside the wide crop, those over half as large as the largest, as answers tell them."""
    mask = read_picture(material.folder(SET) / str(each.record.mask)).pixels[..., 0] > 127
    x1, y1, x2, y2 = (int(round(value)) for value in _within(each.verdict.look.wide_box, each.verdict.look.size))
    inside = np.zeros(mask.shape, np.uint8)
    inside[y1:y2, x1:x2] = mask[y1:y2, x1:x2]
    count, _, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    parts = [part for part in stats[1:count].tolist() if 2 * part[cv2.CC_STAT_AREA] >= stats[1:, cv2.CC_STAT_AREA].max()]
    return np.array([[x, y, x + w, y + h] for x, y, w, h, _ in parts], float).reshape(-1, 4)


def _hull(found: np.ndarray) -> np.ndarray:
    """One box about all; none of none."""
    return np.array([[*found[:, :2].min(0), *found[:, 2:].max(0)]]) if len(found) else found


def _within(square: tuple[float, ...], size: tuple[int, int]) -> tuple[float, float, float, float]:
    (x1, y1, x2, y2), (width, height) = square, size
    return max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)


def _count(chosen: Sequence[Shown], label: str) -> int:
    return sum(each.verdict.label == label for each in chosen)
