"""What the encoder found on one face, as plain numbers: the only source of every number in an answer.

No torch here, so that wording and answers import it without a network.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Evidence:
    """The numbers of one face; left and right are the person's own (FACS).

    aus: code -> (left intensity 0-5, right intensity 0-5, probability of being active at level A or more on any side).
    emotion: label -> probability over the eight emotions and "no clear prototype", adding up to 1.
    spoof_logit: log-odds of a presentation attack, uncalibrated; attack: type -> probability given an attack.
    cues: cue -> probability, each by itself. attack_map: float32 [g, g] probabilities over the wide crop, rows are y.
    digital: probability of a generated or manipulated face, None where the encoder has no such head.
    """

    aus: dict[str, tuple[float, float, float]]
    emotion: dict[str, float]
    spoof_logit: float
    attack: dict[str, float]
    cues: dict[str, float]
    attack_map: np.ndarray
    digital: float | None = None
