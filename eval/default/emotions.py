"""What a configuration resembles: prototypes and combinations that are none, on renders; calm faces and clear smiles on real photos."""

import numpy as np

from ...model.network.evidence import Evidence
from ...model.readings import emotion
from ...model.taxonomy import EMOTIONS, NO_PROTOTYPE
from ..metrics import classes
from ..metrics.intervals import bootstrap
from ..metrics.statistic import Subjects
from .material import Material, photos
from .reader import Reader, active, both, levels
from .row import REAL, SIMULATED, Row, row, share_row
from .units import PRESENT, rendered

CLASSES = (*EMOTIONS, NO_PROTOTYPE)
STRONG = 3.0  # level C


def label_of(numbers: Evidence) -> str:
    """As an answer's; `uncertain` where nothing leads clearly."""
    return emotion(numbers).label


def emotions(reader: Reader, material: Material) -> list[Row]:
    faces = [face for face in rendered(reader, material) if face.record.emotion is not None]
    truth = np.array([CLASSES.index(str(face.record.emotion)) for face in faces])
    said = np.array([CLASSES.index(label) if label in CLASSES else -1 for label in (label_of(face.numbers) for face in faces)])
    people = [face.record.subject for face in faces]
    told = "renders of new people; prototypes whole, with a unit missing, and blended; `uncertain` counts as wrong"
    rows = _prototypes(truth, said, people, told)
    none = truth == CLASSES.index(NO_PROTOTYPE)
    right = int((said[none] == CLASSES.index(NO_PROTOTYPE)).sum())
    return [*rows, share_row("no clear prototype, recall", right, int(none.sum()), told, SIMULATED)]


def _prototypes(truth: np.ndarray, said: np.ndarray, people: list[str], told: str) -> list[Row]:
    """Over faces that are a prototype or neutral; "no clear prototype" is a wrong answer for them."""
    use = truth < len(EMOTIONS)
    subjects = Subjects.named([who for who, chosen in zip(people, use, strict=True) if chosen])
    answers = np.where(said[use] < len(EMOTIONS), said[use], -1)
    values = {value.name: value for value in bootstrap([classes.tally(truth[use], answers, EMOTIONS, subjects)])}
    rows = [row("prototypes, macro-F1", values["macro-F1"], told, SIMULATED)]
    rows.append(row("prototypes, accuracy", values["WAR"], told, SIMULATED))
    return rows + [row(f"prototypes, F1 {name}", values[f"F1 {name}"], told, SIMULATED) for name in EMOTIONS]


def neutral_faces(reader: Reader, material: Material) -> list[Row]:
    """People posed at rest, and portraits that the teacher sees without a smile where there is one."""
    people = [each for each in material.people if each.at_rest or _is_calm(each.aus)]
    _, looks = both(people, reader.looks(photos(people)))
    strong = [bool((active(look.numbers) & (levels(look.numbers).max(1) >= STRONG)).any()) for look in looks]
    neutral = [label_of(look.numbers) == "neutral" for look in looks]
    told, n = "people at rest who were not trained on", len(looks)
    return [
        share_row("neutral faces without a strong unit", n - sum(strong), n, f"{told}; strong from level C on", REAL),
        share_row("neutral faces called neutral", sum(neutral), n, told, REAL),
    ]


def _is_calm(aus: dict[str, tuple[float, float]]) -> bool:
    return "AU12" in aus and max(aus["AU12"]) < PRESENT


def smiles(reader: Reader, material: Material) -> list[Row]:
    people = [each for each in material.people if each.emotion == "happiness"]
    _, looks = both(people, reader.looks(photos(people)))
    happy = [label_of(look.numbers) == "happiness" for look in looks]
    told = "portraits not trained on, the teacher's AU12 at C or above on both sides"
    return [share_row("clear smiles called happiness", sum(happy), len(happy), told, REAL)]
