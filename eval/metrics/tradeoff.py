"""APCER against BPCER at every threshold: the points of a ROC and of a DET curve, and the normal-deviate scale of its axes.

A score is that of an attack, and what scores at least the threshold is called one, as in curve.py. A DET curve (Martin et al. 1997) puts both
errors on normal deviates, so that scores which are normal in both classes make a straight line.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

DET_ENDS = (0.001, 0.999)  # of its axes; errors beyond lie on the edge
DET_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999)
_CELLS = 300  # an axis; points of a curve that share a cell of the plane are drawn as one


@dataclass(frozen=True)
class Tradeoff:
    """Errors [k] at `threshold` [k], rising; the last one lies over all scores (inf). `worst`: the APCER of the species that is missed most
    there, as ISO/IEC 30107-3 counts."""

    threshold: np.ndarray
    apcer: np.ndarray
    bpcer: np.ndarray
    worst: np.ndarray

    def thinned(self, cells: int = _CELLS) -> "Tradeoff":
        """What can be told apart on a DET plane of `cells` by `cells`; the ends stay. A million scores become some hundred points."""
        places = np.stack([np.round(cells * deviates(each)) for each in (self.apcer, self.bpcer, self.worst)], axis=1)
        moved = np.append(True, (np.diff(places, axis=0) != 0).any(axis=1))
        moved[-1] = True
        return Tradeoff(self.threshold[moved], self.apcer[moved], self.bpcer[moved], self.worst[moved])


def tradeoff(scores: np.ndarray, attack: np.ndarray, species: np.ndarray) -> Tradeoff:
    """`scores` [n] without NaN, `attack` [n] bool, `species` [n] of the attacks, from 0. Wants both classes; equal scores pass together."""
    levels = np.append(np.unique(scores), np.inf)
    each = [_under(scores[attack & (species == kind)], levels) for kind in np.unique(species[attack])]
    return Tradeoff(levels, _under(scores[attack], levels), 1 - _under(scores[~attack], levels), np.max(each, axis=0))


def _under(scores: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The share of scores under each level."""
    return np.searchsorted(np.sort(scores), levels) / len(scores)


def deviates(share: np.ndarray | float) -> np.ndarray:
    """Shares as places on an axis of a DET plane, 0 to 1."""
    low, high = ndtri(np.array(DET_ENDS))
    return (ndtri(np.clip(share, *DET_ENDS)) - low) / (high - low)
