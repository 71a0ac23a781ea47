"""Packs as one PyTorch dataset: uint8 views, detector's points and labels, in the files that data_builders/pack_files.py writes.

Labels that a row does not carry are marked (NaN, -1, 255) and take no part in any loss. Views stay in their files, which are mapped into
memory, so a set may be larger than that.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import Dataset

from ...data_builders.packed_row import UNKNOWN
from ...data_builders.records import SPLITS
from ...model.errors import FacewiseError
from ...model.network.perceive import as_input
from ...model.taxonomy import ATTACKS
from .ablation import another_face, batch_without, check_drop

LANDMARKS = ("points", "canonical", "pose", "mesh")
INPUTS = ("views", *LANDMARKS)
LABELS = ("au", "change", "shown", "emotion", "live", "attack", "digital", "cues", "map")
COLUMNS = (*INPUTS, *LABELS, "split", "photo", "held_out", "mirrored")
ROW_LISTS = ("ids", "pair", "subjects", "dataset", "source")  # of the JSON, an entry a row
MAKE_ONE = "python -m facewise.data_builders.pack makes one"


class Joined:
    """Tensors of several files as one, looked up row by row and never put together."""

    def __init__(self, parts: Sequence[Tensor], places: Tensor | None = None):
        self._parts = parts
        self._starts = torch.tensor([0, *(len(part) for part in parts)]).cumsum(0)
        self._places = torch.arange(int(self._starts[-1])) if places is None else places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, row: Any) -> Any:
        """The row of a number; of a mask or of several numbers another Joined."""
        if isinstance(row, Tensor) and row.ndim:
            return Joined(self._parts, self._places[row])
        place = int(self._places[row])
        part = int(torch.searchsorted(self._starts, place, right=True)) - 1
        return self._parts[part][place - int(self._starts[part])]


class Packed(Dataset):
    """Rows of a pack, as dicts of tensors. `drop`: what an ablation goes without (ablation.py); whoever trains on the rows or measures by
    them sees no more."""

    def __init__(self, tensors: dict[str, Any], about: dict[str, Any], drop: str = ""):
        self.tensors, self.about, self.drop = tensors, about, drop

    def __len__(self) -> int:
        return len(self.tensors["views"])

    @property
    def views(self) -> list[str]:
        return self.about["views"]

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        """INPUTS and LABELS of a row, its own number, and the number of the row that it is the change of, or -1."""
        face = another_face(self.tensors["subject"], row) if self.drop == "landmarks" else row
        guides = {name: self.tensors[name][face] for name in LANDMARKS}
        labels = {name: self.tensors[name][row] for name in LABELS}
        return {
            "views": self.tensors["views"][row],
            **guides,
            **labels,
            "row": torch.tensor(row),
            "pair": self.tensors["pair"][row],
        }

    def where(self, keep: Tensor) -> "Packed":
        """The rows for which `keep` [N] is True; a row whose pair is left out has none."""
        places = torch.full((len(self) + 1,), -1)  # the last one is that of -1
        places[:-1][keep] = torch.arange(int(keep.sum()))
        kept = {name: values[keep] for name, values in self.tensors.items()}
        return Packed(kept | {"pair": places[kept["pair"]]}, self.about, self.drop)

    def without(self, drop: str) -> "Packed":
        """The same rows, of which something is not seen. Raises FacewiseError for what no ablation goes without."""
        check_drop(drop, self.views)
        return Packed(self.tensors, self.about, drop)

    def split(self, name: str) -> Tensor:
        return self.tensors["split"] == SPLITS.index(name)

    def tells_of_attacks(self) -> Tensor:
        """Rows that say anything about attacks or manipulations."""
        return authenticity_known(self.tensors)

    def tells_of_expressions(self) -> Tensor:
        """Rows that say anything about action units or emotion, and those that another one is a known change of."""
        known, pairs = expression_known(self.tensors), self.tensors["pair"]
        known[pairs[known & (pairs >= 0)]] = True
        return known

    def halves(self) -> tuple[Tensor, Tensor]:
        """The `val` rows by subject: one half teaches the language model, which must see evidence as wrong as at inference and so on faces
        that the encoder was not trained on; the other half calibrates."""
        val, even = self.split("val"), self.tensors["subject"] % 2 == 0
        return val & even, val & ~even

    def shows(self, attacks: Sequence[str]) -> Tensor:
        """Rows of one of these attacks."""
        return torch.isin(self.tensors["attack"], torch.tensor([ATTACKS.index(name) for name in attacks], dtype=torch.long))

    def leaving_out(self, attacks: Sequence[str]) -> "Packed":
        """These attacks teach and calibrate nothing; of `test` they stay."""
        return self.where(self.split("test") | ~self.shows(attacks))

    def refuse_gaps(self, experimental: Sequence[str] = ()) -> None:
        """Raises FacewiseError when a part that training or its numbers need has no live or no spoof faces, `experimental` attacks not counted: now,
        not after the first stage."""
        teaches, calibrates = self.halves()
        parts = {
            "train": self.split("train"),
            "val, even subjects": teaches,
            "val, odd subjects": calibrates,
            "test": self.split("test"),
        }
        for part, rows in parts.items():
            for value, label in enumerate(("live", "spoof")):
                if not (rows & ~self.shows(experimental) & (self.tensors["live"] == value)).any():
                    raise FacewiseError(
                        f"the pack has no {label} face in its part {part}; raise --limit (0: all) or give a larger pack"
                    )

    def collate(self, rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """A batch as the encoder takes it, its labels, and `before` [B]: where in the batch the row is that a row is the change of, or -1."""
        batch = {name: torch.stack([row[name] for row in rows]) for name in (*INPUTS, *LABELS)}
        batch["views"] = as_input(batch["views"])
        for name in LANDMARKS:
            batch[name] = batch[name].float()
        batch["has_landmarks"] = torch.ones(len(rows), dtype=torch.bool)
        places = {int(row["row"]): place for place, row in enumerate(rows)}
        batch["before"] = torch.tensor([places.get(int(row["pair"]), -1) for row in rows])
        return batch_without(batch, self.drop, self.about.get("views", ()))


def authenticity_known(labels: Mapping[str, Tensor]) -> Tensor:
    """[B]: whether a row says anything about attacks or manipulations."""
    told = [labels[name] >= 0 for name in ("live", "attack", "digital")]
    told += [(labels["cues"] >= 0).any(-1), (labels["map"] != UNKNOWN).flatten(1).any(-1)]
    return torch.stack(told).any(0)


def expression_known(labels: Mapping[str, Tensor]) -> Tensor:
    """[B]: whether a row says anything about action units or emotion."""
    told = [(~labels[name].isnan()).flatten(1).any(-1) for name in ("au", "change")]
    told += [(labels["shown"] >= 0).any(-1), labels["emotion"] >= 0]
    return torch.stack(told).any(0)


def read_pack(paths: str | Path, limit: int = 0, drop: str = "") -> Packed:
    """One pack, or several with commas between them. Raises FacewiseError when there is no whole pack at a path, or they differ in their views,
    and for a `drop` that does not exist."""
    names = [name.strip() for name in str(paths).split(",") if name.strip()]
    if not names:
        raise FacewiseError(f"the recipe names no pack; give --pack SET.safetensors, {MAKE_ONE}")
    packs = [_read(Path(name)) for name in names]
    for name, (_, about) in zip(names, packs, strict=True):
        if about["views"] != packs[0][1]["views"]:
            raise FacewiseError(
                f"{name}: its views are {', '.join(about['views'])}, those of {names[0]} are others; pack it anew"
            )
    pack = Packed(*_together(packs)).without(drop)
    if limit:
        keep = torch.zeros(len(pack), dtype=torch.bool)
        keep[torch.randperm(len(pack), generator=torch.Generator().manual_seed(0))[:limit]] = True
        pack = pack.where(keep)
    return pack


def check_there(path: Path) -> None:
    """Raises FacewiseError where no pack lies at the path."""
    if not path.is_file() and not path.with_suffix(".json").is_file():
        raise FacewiseError(f"{path}: no such pack; {MAKE_ONE}")


def _read(path: Path) -> tuple[list[dict[str, Tensor]], dict[str, Any]]:
    """The tensors of each file, and what the JSON says."""
    check_there(path)
    index = path.with_suffix(".json")
    try:
        about = json.loads(index.read_text())
        files = [load_file(path.with_name(name)) for name in about.get("files", [path.name])]
    except (OSError, ValueError, AttributeError, SafetensorError) as error:
        raise FacewiseError(f"{path}: not a whole pack ({str(error).splitlines()[0]}); {MAKE_ONE}") from None
    lacking = [name for name in COLUMNS if any(name not in tensors for tensors in files)]
    lacking += [name for name in ("files", "views", *ROW_LISTS) if name not in about]
    if lacking:
        raise FacewiseError(f"{path}: not a pack of today, it has no {', '.join(lacking)}; make it anew: {MAKE_ONE}")
    rows = sum(len(tensors["views"]) for tensors in files)
    if odd := [name for name in ROW_LISTS if len(about[name]) != rows]:
        raise FacewiseError(f"{path}: not a whole pack ({len(about[odd[0]])} {odd[0]} of {rows} rows); {MAKE_ONE}")
    return files, about


def _together(packs: list[tuple[list[dict[str, Tensor]], dict[str, Any]]]) -> tuple[dict[str, Any], dict[str, Any]]:
    files = [tensors for of_pack, _ in packs for tensors in of_pack]
    tensors: dict[str, Any] = {name: torch.cat([each[name] for each in files]) for name in COLUMNS if name != "views"}
    tensors["views"] = Joined([each["views"] for each in files])
    about = {name: [value for _, told in packs for value in told[name]] for name in ROW_LISTS}
    places = {name: number for number, name in enumerate(sorted({*about["subjects"]}))}
    tensors["subject"] = torch.tensor([places[name] for name in about["subjects"]])
    pairs, start = [], 0
    for _, told in packs:
        pairs += [pair if pair < 0 else pair + start for pair in told["pair"]]
        start += len(told["ids"])
    tensors["pair"] = torch.tensor(pairs)
    return tensors, {"views": packs[0][1]["views"], "subjects": sorted(places)}
