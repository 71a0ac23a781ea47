"""Whether the verdict depends on how light a skin is in its photo, or on how good the photo is.

The tone is ITA, the individual typology angle, of the cheeks in the source picture: light, medium or dark as it was photographed; nobody's
race is guessed. The counterfactual scales the skin's albedo of one drawn face and changes nothing else.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from ...model.perception.faces import find_faces
from ...model.perception.picture import Picture, read_picture
from ..metrics import fairness as gaps
from ..metrics.intervals import bootstrap
from ..metrics.statistic import Column, Subjects, Tally, Value, ratio
from .attacks import SPECIES, shown
from .drawing import PosedJob, make_posed
from .material import Material, photos
from .reader import Reader, Verdict, both
from .row import REAL, SIMULATED, Row, row, share_row

TONES = ("dark", "medium", "light")
TONE_DEG = (28.0, 41.0)  # ITA; of the six classes of the literature the three darkest and the two lightest are one each
CHEEKS = ((41, 48, 4), (46, 54, 12))  # iBUG: lower lid, lip corner and jaw of a side
QUALITIES = ("doubted", "ok")
ALBEDOS = (1.0, 0.5, 0.7, 1.3)
SET = "albedo"


def fairness(reader: Reader, material: Material) -> list[Row]:
    """Live: all people not trained on. Attacks: those of attacks.py, by the tone of the person who was presented."""
    people, verdicts = both(material.people, reader.verdicts(photos(material.people)))
    tones = {each.path.name: tone(read_picture(each.path)) for each in people}
    judged = [each for each in shown(reader, material) if each.kind in SPECIES]
    told = "photos of people not trained on"
    rows = _live_by("tone", TONES, [tones[each.path.name] for each in people], verdicts, told)
    rows += _live_by("quality", QUALITIES, [int(each.quality.ok) for each in verdicts], verdicts, told)
    of_attacks = [tones.get(each.record.source["portrait"], -1) for each in judged]
    names = [*[each.subject for each in people], *[each.record.subject for each in judged]]
    all_verdicts = [*verdicts, *[each.verdict for each in judged]]
    truth = np.array([0] * len(people) + [1] * len(judged))
    by_tone = np.array([*[tones[each.path.name] for each in people], *of_attacks])
    by_quality = np.array([int(each.quality.ok) for each in all_verdicts])
    for title, names_of, groups in (("tone", TONES, by_tone), ("quality", QUALITIES, by_quality)):
        rows += _gaps(title, names_of, groups, truth, all_verdicts, Subjects.named(names))
    return rows


def _live_by(title: str, names: Sequence[str], groups: Sequence[int], verdicts: Sequence[Verdict], told: str) -> list[Row]:
    rows, rates = [], []
    for number, name in enumerate(names):
        labels = [each.label for each, group in zip(verdicts, groups, strict=True) if group == number]
        rows.append(share_row(f"called live, {title} {name}", labels.count("live"), len(labels), told, REAL))
        if labels:
            rates.append(labels.count("live") / len(labels))
    gap = Value("", max(rates) - min(rates) if len(rates) > 1 else None, len(verdicts), chance=0.0)
    return [
        *rows,
        row(f"live, widest gap by {title}", gap, f"{told}; largest less smallest share, wide by chance in small groups", REAL),
    ]


def _gaps(
    title: str, names: Sequence[str], groups: np.ndarray, truth: np.ndarray, verdicts: Sequence[Verdict], subjects: Subjects
) -> list[Row]:
    """Equalised odds and equal opportunity over live people and attacks together; `uncertain` is no answer."""
    said = np.array([{"live": 0, "spoof": 1}.get(each.label, -1) for each in verdicts])
    values = bootstrap([gaps.tally(truth, said, 2, groups, names, subjects, title)])
    told = "real live people, attacks of the held-out variant"
    return [row(value.name, value, told, SIMULATED) for value in values[:3]]


def tone(picture: Picture) -> int:
    """Place in TONES; -1 where no cheek can be seen."""
    angle = ita(picture.pixels)
    return -1 if angle is None else int(np.searchsorted(TONE_DEG, angle))


def ita(pixels: np.ndarray) -> float | None:
    """arctan((L* - 50) / b*) in degrees, the median of both cheeks (Chardon 1991); None without landmarks."""
    faces = find_faces(pixels)
    if not faces or faces[0].ibug68 is None:
        return None
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    for cheek in CHEEKS:
        x, y = np.rint(faces[0].ibug68[list(cheek), :2].mean(0)).astype(int).tolist()
        cv2.circle(mask, (x, y), max(2, round(0.1 * faces[0].iod_px)), 1, -1)
    lightness, _, yellow = lab[mask > 0].T
    return float(np.median(np.degrees(np.arctan2(lightness - 50, yellow)))) if len(lightness) else None


def albedo(reader: Reader, material: Material) -> list[Row]:
    settings = material.settings
    jobs = [
        PosedJob(f"{number:04d}-{factor}", material.rig, who, {}, None, factor, look=f"look {who}")
        for number, who in enumerate(f"default/albedo/{settings.seed}/{i}" for i in range(max(2, settings.people // 3)))
        for factor in ALBEDOS
    ]
    records, verdicts = both(*_drawn(reader, material, jobs))
    plain = {
        record.subject: each.score for record, each in zip(records, verdicts, strict=True) if record.source["albedo"] == "1.0"
    }
    off = [
        (record.subject, abs(each.score - plain[record.subject]))
        for record, each in zip(records, verdicts, strict=True)
        if record.source["albedo"] != "1.0" and record.subject in plain
    ]
    told = f"one drawn face each, its skin {', '.join(map(str, ALBEDOS[1:]))} times as bright, all else the same"
    rows = [row("albedo scaled, mean |dscore|", _mean([d for _, d in off], [who for who, _ in off]), told, SIMULATED)]
    largest = Value("", max((d for _, d in off), default=None), len(off))
    rows.append(row("albedo scaled, largest |dscore|", largest, told, SIMULATED))
    return [*rows, share_row("albedo scaled, |dscore| <= .03", sum(d <= 0.03 for _, d in off), len(off), told, SIMULATED)]


def _drawn(reader: Reader, material: Material, jobs: Sequence[PosedJob]) -> tuple[list, list]:
    records = material.drawn(SET, jobs, make_posed)
    return records, reader.verdicts(material.pictures(SET, records))


def _mean(values: Sequence[float], people: Sequence[str]) -> Value:
    """With its interval over people."""
    counts = (
        Subjects.named(people).sums(np.stack([np.ones(len(values)), np.array(values, float)], 1)) if values else np.zeros((0, 2))
    )
    (value,) = bootstrap([Tally((Column("mean", len(values), 0.0),), counts, lambda sums: ratio(sums[..., 1:], sums[..., :1]))])
    return value
