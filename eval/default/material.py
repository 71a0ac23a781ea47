"""What is judged: people whom the weights were not trained on, and where drawn pictures are kept.

Who was trained on is told by the hash of a person's name that deals everybody (data_builders/splits.py), or by the pack itself.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...data_builders.portraits import Folder, Portrait, read_portraits
from ...data_builders.records import SPLITS, Record
from ...data_builders.synthesis.production import Job, produce, random_of
from ...model.errors import FacewiseError
from ...model.perception.picture import Picture, read_picture
from .settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
PORTRAITS, NEUTRAL, GENERATED, RIG = "portraits", "neutral", "sfhq", "ict_facekit.npz"


@dataclass(frozen=True)
class Material:
    settings: Settings

    def lacks(self, need: str) -> str | None:
        """What to give so that there is `need`; None if there is."""
        if need == "teacher":
            return None if self.settings.teacher else "give --teacher, the blendshapes of the portraits"
        if need == "examples":
            return None if EXAMPLES.is_dir() else "examples/ lies in a checkout of the repository only"
        if need == "other trainings":
            return "wants a training for each attack that is left out, which no single set of weights holds"
        if self.settings.data is None:
            return f"give DATA, a folder with {need}"
        return None if (self.settings.data / need).exists() else f"{self.settings.data} holds no {need}"

    @property
    def rig(self) -> Path:
        return self._data / RIG

    @property
    def _data(self) -> Path:
        if self.settings.data is None:
            raise FacewiseError("this part needs --data")
        return self.settings.data

    @cached_property
    def people(self) -> list[Portrait]:
        """Real people whom the weights were not trained on, those at rest among them."""
        return [each for each in self._everybody if not each.generated and self.is_unseen(each)]

    @cached_property
    def _everybody(self) -> list[Portrait]:
        """In the order of `facewise synth`, on which the names of people who occur twice depend."""
        kinds = {PORTRAITS: {}, NEUTRAL: {"at_rest": True}, GENERATED: {"generated": True}}
        folders = [Folder(self._data / name, **kind) for name, kind in kinds.items() if (self._data / name).is_dir()]
        return read_portraits(folders, self.settings.teacher)

    def is_unseen(self, portrait: Portrait) -> bool:
        if self._trained_on is None:
            return portrait.split != "train"
        return portrait.subject not in self._trained_on

    @cached_property
    def _trained_on(self) -> frozenset[str] | None:
        return None if self.settings.pack is None else trained_people(self.settings.pack)

    def tested(self, people: Sequence[Portrait]) -> list[Portrait]:
        """Those on whom nothing was calibrated either; raises FacewiseError where there are none."""
        found = [each for each in people if each.split == "test"]
        if not found:
            raise FacewiseError(f"{self._data}: none of its people falls into the test part; more portraits are wanted")
        return found

    def some(self, people: Sequence[Portrait], count: int, name: str) -> list[Portrait]:
        """At most `count` of them, drawn by the seed and the name; more of them begin with the same."""
        order = random_of(self.settings.seed, name).permutation(len(people))[:count]
        return [people[i] for i in order]

    def drawn(self, name: str, jobs: Sequence[Job], make: Callable[..., list[Record]]) -> list[Record]:
        """Records of a set below --out, what is not there yet being made now."""
        made_of: dict[str, Any] = {"kind": f"evaluate-default {name}", "data": str(self._data)}
        return produce(self.folder(name), made_of, jobs, make, self.settings.workers, self.settings.seed)

    def folder(self, name: str) -> Path:
        return self.settings.out / "drawn" / name

    def pictures(self, name: str, records: Sequence[Record]) -> list[Picture]:
        return [read_picture(self.folder(name) / record.media) for record in records]


def trained_people(pack: Path) -> frozenset[str]:
    """Names of the people in the train part of a pack. Raises FacewiseError for a file that is none."""
    from safetensors import SafetensorError, safe_open

    try:
        about = json.loads(pack.with_suffix(".json").read_text())
        splits: list[np.ndarray] = []
        for name in about["files"]:
            with safe_open(pack.with_name(name), "numpy") as file:
                splits.append(file.get_tensor("split"))
        split = np.concatenate(splits)
        subjects = np.array(about["subjects"], dtype=str)
        return frozenset(subjects[split == SPLITS.index("train")].tolist())
    except (OSError, ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
        raise FacewiseError(f"{pack}: no pack as data_builders/pack.py writes it ({error!r})") from None


def photos(people: Sequence[Portrait]) -> list[Picture]:
    return [read_picture(each.path) for each in people]
