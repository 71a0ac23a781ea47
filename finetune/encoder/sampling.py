"""In which order the encoder's rows come: rare classes and subjects with few rows more often, a changed face together with the face before it.

An epoch is a list that (seed, epoch) settle, so a run that was stopped goes on with the very batches that it would have had. It has as many rows
as the pack; each is drawn as often as its weight says, rounded up or down (systematic resampling, Kitagawa 1996).
"""

from collections import deque
from collections.abc import Iterator
from itertools import cycle

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .ablation import batch_without
from .losses import ACTIVE_FROM
from .packed import Packed
from .variation import Chance, vary

CLASSES = ("live", "attack", "digital", "emotion")
TEMPERING = 0.5  # of inverse frequencies: wholly balanced, a handful of rows would fill every batch (Mahajan et al. 2018)


class Drawn(Dataset):
    """A pack's rows in the order of an epoch; with `jitter`, landmark noise in IOD, each is varied anew every time. The Trainer takes them from the
    first to the last and says `set_epoch`."""

    def __init__(self, pack: Packed, batch: int, seed: int, jitter: float = 0.0):
        self.pack, self.seed, self.jitter = pack, seed, jitter
        self.batch = min(batch, len(pack))
        self.weights = row_weights(pack)
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.order = epoch_order(self.weights, self.pack.tensors["pair"], self.batch, self._chance(epoch))

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        return self.pack[self.order[place]] | {"place": torch.tensor(place)}

    def collate(self, rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """A batch, or a process's share of one: what varies a row is the same in both."""
        batch = self.pack.collate(rows) | {name: torch.stack([row[name] for row in rows]) for name in ("row", "pair")}
        if self.jitter:
            number, first = divmod(int(rows[0]["place"]), self.batch)
            generator = self._chance(self.epoch, 1 + number * self.batch)
            vary(batch, self.jitter, self.pack.views, Chance(generator, self.batch, slice(first, first + len(rows))))
        return batch_without(batch, self.pack.drop, self.pack.views)  # what an ablation goes without is not varied either

    def _chance(self, epoch: int, place: int = 0) -> torch.Generator:
        drawn = np.random.SeedSequence([self.seed, epoch, place]).generate_state(1, np.uint64)[0]
        return torch.Generator().manual_seed(int(drawn >> np.uint64(1)))


def row_weights(pack: Packed) -> Tensor:
    """[N], of which only ratios count: the rarity of the rarest thing that a row is known to show, over the tempered number of rows that its
    subject has. Rarity: (rows of the commonest class of the label / rows of this class) ** TEMPERING; action units are one label."""
    labels = [pack.tensors[name] for name in CLASSES]
    shows = [classes[:, None] == torch.arange(max(1, int(classes.max()) + 1)) for classes in labels]
    shows.append((pack.tensors["au"].float().amax(-1) >= ACTIVE_FROM) | (pack.tensors["shown"] == 1))
    rarest = torch.stack([_rarest(shown) for shown in shows]).amax(0)
    rows_of_subject = pack.tensors["subject"].bincount()[pack.tensors["subject"]]
    return rarest.clamp(min=1.0) / rows_of_subject**TEMPERING


def _rarest(shown_NK: Tensor) -> Tensor:
    counts = shown_NK.sum(0)
    return (shown_NK * (counts.max() / counts.clamp(min=1)) ** TEMPERING).amax(1)


def epoch_order(weights: Tensor, pairs: Tensor, batch: int, chance: torch.Generator) -> list[int]:
    """Row numbers, batch after full batch; a row that has a pair is followed by it in its batch."""
    together, single = batch > 1, pairs < 0
    slots = -(-len(weights) // batch) * batch
    sizes = torch.where(single, 1, 1 + together)
    expected = slots * weights.double() / (weights * sizes).sum()
    drawn = torch.arange(len(weights)).repeat_interleave(_rounded(expected, chance))
    shuffled = drawn[torch.randperm(len(drawn), generator=chance)].tolist()
    units = [[row, int(pairs[row])] if together and pairs[row] >= 0 else [row] for row in shuffled]
    fill = torch.multinomial(weights * single if single.any() else weights, batch, replacement=True, generator=chance)
    return list(_placed(units, fill.tolist(), batch, slots))


def _rounded(expected: Tensor, chance: torch.Generator) -> Tensor:
    """Whole numbers whose sums are those expected: rounded at one random threshold for all, rows of like weight after each other, so that the sum of
    their class is right as well."""
    shuffled = torch.randperm(len(expected), generator=chance)
    ordered = shuffled[expected[shuffled].argsort(stable=True)]
    ends = (expected[ordered].cumsum(0) + torch.rand((), generator=chance, dtype=torch.double)).floor()
    counts = torch.zeros(len(expected), dtype=torch.long)
    counts[ordered] = ends.diff(prepend=torch.zeros(1, dtype=torch.double)).long()
    return counts


def _placed(units: list[list[int]], fill: list[int], batch: int, slots: int) -> Iterator[int]:
    """Exactly `slots` rows. A pair for which a batch has no room opens the next one, and a single row takes its place; `fill` where there is none."""
    waiting, late, spare = deque(units), deque[list[int]](), cycle([row] for row in fill)
    for _ in range(0, slots, batch):
        room = batch
        while room:
            source = late if late and len(late[0]) <= room else waiting
            unit = source.popleft() if source else next(spare)
            if len(unit) > room:
                late.append(unit)
                continue
            yield from unit
            room -= len(unit)
