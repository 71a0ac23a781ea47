"""Action units by frame: F1 of each and their mean, levels where the data set has them.

Zero-shot needs no training folds, so that all people are asked about; DISFA-part N and BP4D-part N are the test folds of the
field's three, for models that were trained on the other two.
"""

from dataclasses import replace

from ..benchmark import Benchmark
from .questions import UNITS

DISFA_12 = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU9", "AU12", "AU15", "AU17", "AU20", "AU25", "AU26")
DISFA_8 = ("AU1", "AU2", "AU4", "AU6", "AU9", "AU12", "AU25", "AU26")
BP4D_12 = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23", "AU24")
PEOPLE = {"protocols.3-fold": ("part 1", "part 2", "part 3")}


def _units(
    name: str, reader: str, protocol: str, codes: tuple[str, ...], metrics: tuple[str, ...], positive_at: float
) -> Benchmark:
    question = UNITS.format(labels=", ".join(codes))
    return Benchmark(
        name, "1", "units", reader, protocol, codes, question, metrics, truth="units", chosen=PEOPLE, positive_at=positive_at
    )


_EIGHT = _units("disfa-8", "disfa", "27 people, 8 units at level 2", DISFA_8, ("unit f1", "unit auc", "unit levels"), 2.0)
_TWELVE = _units("disfa-12", "disfa", "27 people, 12 units at level 2", DISFA_12, ("unit f1", "unit auc", "unit levels"), 2.0)
_BP4D = _units("bp4d", "bp4d", "41 people, 12 units, occurrence", BP4D_12, ("unit f1", "unit auc"), 1.0)


def _parts(whole: Benchmark) -> tuple[Benchmark, ...]:
    return tuple(
        replace(
            whole,
            name=f"{whole.name}-part{part}",
            protocol=f"3-fold, test part {part}; {whole.protocol.partition(', ')[2]}",
            chosen={"protocols.3-fold": (f"part {part}",)},
        )
        for part in (1, 2, 3)
    )


ACTION_UNITS = (_EIGHT, _TWELVE, _BP4D, *_parts(_EIGHT), *_parts(_TWELVE), *_parts(_BP4D))
