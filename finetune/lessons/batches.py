"""Lessons as batches: right-padded ids, how much each token counts, and all their face tokens flat in order, whatever the batch mixes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from ...model.network.looks import Look, landmark_inputs, tower_inputs
from ...model.network.shown import Shown
from ...model.perception.views import FaceViews
from ..language.consistency import pairs_of
from ..language.tower_store import TowerStore
from .lesson import Lesson, Showing


class Lessons(Dataset):
    """Rows of a training; `collate` makes batches of them. `look`: how a model with a tower of its own sees a face; `kept`: what the tower has made of
    every face, which then stands in the place of its pixels."""

    def __init__(self, lessons: Sequence[Lesson], pad_id: int, look: Look | None = None, kept: TowerStore | None = None):
        self.lessons, self.pad_id, self.look, self.kept = lessons, pad_id, look, kept

    def __len__(self) -> int:
        return len(self.lessons)

    def __getitem__(self, index: int) -> Lesson:
        return self.lessons[index]

    def collate(self, rows: Sequence[Lesson]) -> dict[str, Any]:
        """input_ids, attention_mask and counts [B, T]; face_features and face_kinds flat over the batch, with a tower its faces, too. A batch
        of texts alone has none of them."""
        longest = max(map(len, rows))
        batch = {
            "input_ids": torch.full((len(rows), longest), self.pad_id),
            "attention_mask": torch.zeros(len(rows), longest, dtype=torch.long),
            "counts": torch.zeros(len(rows), longest),
        }
        for place, row in enumerate(rows):
            batch["input_ids"][place, : len(row)] = row.ids
            batch["attention_mask"][place, : len(row)] = 1
            batch["counts"][place, : len(row)] = row.counts
        return batch | self._faces(rows) | pairs_of(rows, self.pad_id, self._faces)

    def _faces(self, rows: Sequence[Lesson]) -> dict[str, Any]:
        showings = [showing for row in rows for showing in row.showings]
        if not showings:
            return {}
        shown = [shown_of(showing) for showing in showings]
        faces = [face for one in shown for face in one.faces]
        return {
            "face_features": torch.cat([one.features for one in shown]),
            "face_kinds": torch.cat([one.kinds for one in shown]),
            **self._looked(faces),
        }

    def _looked(self, faces: Sequence[FaceViews]) -> dict[str, Any]:
        if self.look is None:
            return {}
        if self.kept is None:
            return tower_inputs(faces, self.look)
        return {"pixel_values": self.kept.patches(faces), **landmark_inputs(faces, self.look)}


def shown_of(showing: Showing) -> Shown:
    return showing.shown() if showing.has_tokens else blank(showing.shown())


def blank(shown: Shown) -> Shown:
    """The same places with nothing in them."""
    faces = tuple(
        FaceViews(np.full_like(face.images, 127), np.zeros_like(face.points), face.canonical, face.pose, False, face.wide_box)
        for face in shown.faces
    )
    return Shown(shown.words, torch.zeros_like(shown.features), shown.kinds, faces)
