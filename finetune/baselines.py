"""What needs no network: the same numbers from the landmarks and a logistic regression (docs/science.md §2: points alone carry most of what
they can say). Told in rows like measure.py's, on the same people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..model.taxonomy import AU_CODES
from .encoder.packed import Packed
from .measure import row

FEWEST = 5  # test faces of the rarest class


@dataclass(frozen=True, eq=False)
class Asked:
    """`labels` [N], and the rows that teach and that are judged; `scored`: the metric wants a score, not a label."""

    what: str
    domain: str
    labels: np.ndarray
    teaches: np.ndarray
    judged: np.ndarray
    metric: Callable
    chance: float | None = None
    scored: bool = False

    @property
    def can_be_told(self) -> bool:
        counts = np.unique(self.labels[self.judged], return_counts=True)[1]
        return len(np.unique(self.labels[self.teaches])) > 1 and len(counts) > 1 and counts.min() >= FEWEST


def points_alone(pack: Packed) -> list[dict]:
    """Fitted on the `train` rows, told of the `test` rows; without the questions of which either part lacks an answer."""
    points = pack.tensors["canonical"].float().flatten(1).numpy()
    subjects = pack.tensors["subject"].numpy()
    found = []
    for asked in questions(pack):
        if not asked.can_be_told:
            continue
        fit = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", C=0.1, max_iter=2000))
        fit.fit(points[asked.teaches], asked.labels[asked.teaches])
        said = (fit.decision_function if asked.scored else fit.predict)(points[asked.judged])
        found.append(
            row(asked.what, asked.domain, asked.metric, asked.labels[asked.judged], said, subjects[asked.judged], asked.chance)
        )
    return found


def questions(pack: Packed) -> Iterator[Asked]:
    """Named as measure.py names them."""
    train, test = pack.split("train").numpy(), pack.split("test").numpy()
    photo, unseen = (pack.tensors[name].numpy() == 1 for name in ("photo", "held_out"))
    live, emotion = pack.tensors["live"].numpy(), pack.tensors["emotion"].numpy()
    levels = pack.tensors["au"].float().numpy().max(-1)
    known, judged = live >= 0, photo & ((live == 0) | unseen)
    what = "spoof head, AUC, simulators never trained on"
    yield Asked(
        what, "simulated attacks, real live", live, train & known & photo, test & known & judged, roc_auc_score, 0.5, True
    )
    for number, code in enumerate(AU_CODES):
        known, active = ~np.isnan(levels[:, number]), (levels[:, number] >= 1).astype(int)
        yield Asked(f"{code} F1 at level A", "renders", active, train & known, test & known & ~photo, f1_score)
    smile = levels[:, AU_CODES.index("AU12")]
    clear, smiles = (smile >= 3) | (smile < 1), (smile >= 3).astype(int)
    domain = "photos, teacher's labels"
    yield Asked("AU12 AUC, smile or none", domain, smiles, train & clear, test & clear & photo, roc_auc_score, 0.5, True)
    known = emotion >= 0
    yield Asked("emotion, macro-F1", "renders", emotion, train & known, test & known & ~photo, _macro_f1)


def _macro_f1(truth: np.ndarray, said: np.ndarray) -> float:
    return f1_score(truth, said, average="macro", zero_division=0)
