"""What a set of records gives away beside its subject: labels predicted from source, size, padding, framing, background, JPEG and spectrum.

    python -m facewise.data_builders.leaks DIR/records.jsonl

A network learns the cheapest difference between classes; each line names one that must not work. Balanced accuracy over folds that keep
people apart, the mean of `DRAWS` ways to fold, with an interval over people that holds for all lines together in 95 % of sets: with so many
lines one in twenty would else cry wolf. .5 is chance; where the interval lies above it and the accuracy above `LIMIT`, the line says so. Background, JPEG grid and spectrum are read
beside the face: against the live class stand the attacks that are worn or painted, because a print or a screen changes these itself.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import NormalDist

import cv2
import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from ..model.errors import FacewiseError, exit_code
from ..model.perception.faces import find_faces
from ..model.perception.landmarks import IBUG68_IN_478, iod
from ..model.perception.picture import read_picture
from ..model.perception.video import is_clip, open_clip
from .records import Record, read_records
from .synthesis.production import quiet_worker

LIMIT = 0.55
FOLDS, DRAWS = 5, 3
SURE = 0.95  # of all lines together
FEWEST = 100  # of either class; fewer tell chance from nothing
WIDE_IOD = 4.0
FACE_IOD = 1.3  # half a side of the square that is the face's, in IOD, with throat and ears: masks reach there
BANDS = 10
RESAMPLES = 300
FEW = 32  # features
WORKERS = 2
EVERYWHERE = ("print", "replay")  # what fills the picture, background included


@dataclass(frozen=True, eq=False)
class Seen:
    """A record's picture (of a clip: its first frame) with its face's centre and inter-ocular distance, px."""

    record: Record
    pixels: np.ndarray
    centre: np.ndarray
    iod_px: float
    path: Path


@dataclass(frozen=True)
class Leak:
    """How well `label` is told from `clue` alone, and how often by chance."""

    label: str
    clue: str
    accuracy: float
    low: float
    high: float
    n: int

    @property
    def is_told(self) -> bool:
        """More than chance and the limit allow."""
        return self.accuracy > LIMIT and self.low > 0.5


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS.jsonl")
    parser.add_argument("--limit", type=int, default=4000, metavar="N", help="the first N records (default: 4000)")
    args = parser.parse_args(argv)
    print("label         clue            balanced accuracy      n    (chance .500)", flush=True)
    found = []
    for leak in leaks(seen_records(args.records, args.limit)):
        found.append(leak)
        told = "  <- leaks" if leak.is_told else ""
        print(
            f"{leak.label:13} {leak.clue:15} {leak.accuracy:.3f} [{leak.low:.3f}, {leak.high:.3f}] {leak.n:6}{told}", flush=True
        )
    if not found:
        raise FacewiseError(
            f"{args.records}: no label has {FEWEST} records of either class with a face; some 600 pictures of `synth spoof` do, 2,500 of"
            " `synth faces` for every emotion, and 300 clips"
        )
    return 1 if any(leak.is_told for leak in found) else 0


def seen_records(path: Path, limit: int) -> list[Seen]:
    """Records without a face take no part."""
    records = read_records(path)[:limit]
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"), quiet_worker) as workers:
        found = workers.map(_seen, records, repeat(path.parent), chunksize=16)
        return [seen for seen in found if seen is not None]


def leaks(seen: Sequence[Seen]) -> Iterator[Leak]:
    """Every label that the records carry against every clue."""
    asked = [
        (label, classes, clue)
        for label, (classes, clues) in _questions(seen).items()
        if min(np.bincount(classes[classes >= 0], minlength=2)) >= FEWEST
        for clue in clues
    ]
    sigmas = NormalDist().inv_cdf(1 - (1 - SURE) / 2 / max(1, len(asked)))
    for label, classes, clue in asked:
        use = np.flatnonzero(classes >= 0)
        subjects = np.unique([seen[i].record.subject for i in use], return_inverse=True)[1]
        features = np.array([CLUES[clue](seen[i]) for i in use]) if clue != "source" else _one_hot([seen[i] for i in use])
        with threadpool_limits(1):  # threads that wait for one another cost more than they bring
            accuracy, deviation = _told(features, classes[use], subjects)
        yield Leak(label, clue, accuracy, accuracy - sigmas * deviation, accuracy + sigmas * deviation, len(use))


def _questions(seen: Sequence[Seen]) -> dict[str, tuple[np.ndarray, tuple[str, ...]]]:
    """label -> (class 0, 1 or -1 for each record, the clues that must not tell it)."""
    records = [each.record for each in seen]
    everywhere = np.array([record.attack in EVERYWHERE for record in records])
    spoof = np.array([-1 if record.live is None else int(not record.live) for record in records])
    questions = {
        "spoof": (spoof, FRAMING),
        "spoof, worn": (np.where(everywhere, -1, spoof), (*FRAMING, *BESIDE)),
        "AU12": (np.array([_active(record) for record in records]), (*FRAMING, *BESIDE)),
        "micro": (np.array([_has_micro(record) for record in records]), ("timing", *FRAMING, *BESIDE)),
    }
    for emotion in sorted({record.emotion for record in records if record.emotion}):
        told = np.array([-1 if record.emotion is None else int(record.emotion == emotion) for record in records])
        questions[emotion] = (told, (*FRAMING, *BESIDE))
    return questions


def _active(record: Record) -> int:
    levels = (record.aus or {}).get("AU12")
    return -1 if levels is None else int(max(levels) >= 1)


def _has_micro(record: Record) -> int:
    return -1 if record.clip is None else int(any(event["kind"] == "micro" for event in record.clip["events"]))


def _seen(record: Record, folder: Path) -> Seen | None:
    path = folder / record.media
    pixels = next(open_clip(path).frames()).pixels if is_clip(path) else read_picture(path).pixels
    points = next((face.points for face in find_faces(pixels) if face.points is not None), None)
    if points is None:
        return None
    centre = (points.min(0) + points.max(0))[:2] / 2
    return Seen(record, pixels, centre, iod(points[list(IBUG68_IN_478)]), path)


# Clues


def _timing(seen: Seen) -> list[float]:
    clip = seen.record.clip or {}
    return [clip.get("fps", 0.0), clip.get("frames", 0)]


def _size(seen: Seen) -> list[float]:
    height, width = seen.pixels.shape[:2]
    return [height, width, height / width]


def _padding(seen: Seen) -> list[float]:
    """How far the widest view reaches beyond the picture, by side."""
    height, width = seen.pixels.shape[:2]
    reach = WIDE_IOD / 2 * seen.iod_px
    x, y = seen.centre
    return [max(0.0, beyond) / seen.iod_px for beyond in (reach - x, reach - y, x + reach - width, y + reach - height)]


def _framing(seen: Seen) -> list[float]:
    height, width = seen.pixels.shape[:2]
    return [seen.iod_px / width, seen.iod_px / height, seen.centre[0] / width, seen.centre[1] / height]


def _background(seen: Seen) -> np.ndarray:
    """The widest view without its face, 8 x 8, and how rough it is there."""
    wide, beside = _wide(seen)
    small = cv2.resize(wide * beside[..., None], (8, 8), interpolation=cv2.INTER_AREA)
    grey = wide.mean(2)
    rough = np.abs(grey - cv2.blur(grey, (5, 5)))[beside > 0]
    return np.append(small.ravel(), [rough.mean(), rough.std(), wide[beside > 0].std()])


def _jpeg(seen: Seen) -> list[float]:
    """Quantisation tables of the file, and steps at multiples of 8 px against others, beside the face."""
    tables: list[float] = []
    if seen.path.suffix in (".jpg", ".jpeg"):
        with Image.open(seen.path) as picture:
            tables = [float(np.mean(table)) for table in getattr(picture, "quantization", {}).values()]
    grey = seen.pixels.mean(2)
    steps = np.abs(np.diff(grey, axis=1)).mean(0)
    on_grid = steps[7::8].mean() / max(1e-6, steps.mean())
    return [*[*tables, 0.0, 0.0][:2], on_grid]


def _spectrum(seen: Seen) -> np.ndarray:
    """Radial log energy of what lies beside the face, by share of the Nyquist frequency; its level is left out."""
    wide, beside = _wide(seen)
    grey = wide.mean(2)
    level = (grey * beside).sum() / beside.sum()
    spread = np.sqrt((((grey - level) * beside) ** 2).sum() / beside.sum()) + 1e-3
    soft = cv2.GaussianBlur(beside, (0, 0), 3) * beside
    energy = np.abs(np.fft.rfft2((grey - level) / spread * soft)) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(grey.shape[0]), np.fft.rfftfreq(grey.shape[1]), indexing="ij")) * 2
    band = np.minimum((radius * BANDS).astype(int), BANDS)
    return np.log(np.bincount(band.ravel(), energy.ravel(), BANDS + 1)[:BANDS] + 1e-6)


CLUES: dict[str, Callable[[Seen], Sequence[float] | np.ndarray]] = {
    "timing": _timing,
    "size": _size,
    "padding": _padding,
    "framing": _framing,
    "background": _background,
    "JPEG grid": _jpeg,
    "spectrum": _spectrum,
}
FRAMING = ("source", "size", "padding", "framing")
BESIDE = ("background", "JPEG grid", "spectrum")


def _wide(seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """The widest view at one scale, float32 [112, 112, 3] in 0-1, and where it is neither padding nor face, float32 0 or 1."""
    step = WIDE_IOD * seen.iod_px / 112
    left, top = seen.centre - WIDE_IOD / 2 * seen.iod_px
    place = np.array([[step, 0, left], [0, step, top]])
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    wide = cv2.warpAffine(seen.pixels.astype(np.float32) / 255, place, (112, 112), flags=flags)
    inside = cv2.warpAffine(
        np.ones(seen.pixels.shape[:2], np.float32), place, (112, 112), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    half = round(FACE_IOD / WIDE_IOD * 112)
    inside[56 - half : 56 + half, 56 - half : 56 + half] = 0
    return wide, inside


def _one_hot(seen: Sequence[Seen]) -> np.ndarray:
    names = sorted({each.record.dataset for each in seen})
    return np.eye(len(names))[[names.index(each.record.dataset) for each in seen]]


# Prediction


def _told(features: np.ndarray, classes: np.ndarray, subjects: np.ndarray) -> tuple[float, float]:
    """(balanced accuracy, its standard deviation over people): boosted trees on a few numbers, a linear model on many."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    trees = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, class_weight="balanced", random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", C=0.05, max_iter=300))
    model = trees if features.shape[1] <= FEW else linear
    folds = [StratifiedGroupKFold(FOLDS, shuffle=True, random_state=draw) for draw in range(DRAWS)]
    right = np.mean([cross_val_predict(model, features, classes, groups=subjects, cv=each) == classes for each in folds], 0)
    rng = np.random.default_rng(0)
    people = [np.flatnonzero(subjects == who) for who in range(subjects.max() + 1)]
    drawn = (np.concatenate([people[k] for k in rng.integers(0, len(people), len(people))]) for _ in range(RESAMPLES))
    spread = [_balanced(right[rows], classes[rows]) for rows in drawn]
    return _balanced(right, classes), float(np.nanstd(spread))


def _balanced(right: np.ndarray, truth: np.ndarray) -> float:
    rates = [right[truth == k].mean() for k in (0, 1) if (truth == k).any()]
    return float(np.mean(rates)) if len(rates) == 2 else float("nan")


if __name__ == "__main__":
    sys.exit(exit_code(main))
