"""Lessons about the faces of a pack: a question from a pool and what the face's own evidence answers, the verdict from the label.

A pack holds views and no pictures, so its faces are shown alone, as the only one of a picture.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ...data_builders.instructions.evidence_answers import QUESTIONS
from ...model.errors import FacewiseError
from ...model.network.encoder import FaceEncoder, evidence
from ...model.network.evidence import Evidence
from ...model.network.looks import Look, enlarged, with_tower
from ...model.network.perceive import face_tokens
from ...model.network.processing import FacewiseProcessor
from ...model.network.shown import Shown, face_text
from ...model.perception.views import FaceViews
from ...model.wording import evidence_text
from ..encoder.packed import INPUTS, LANDMARKS, Packed
from ..language.consistency import twin_of
from ..processes import is_main
from ..recipe import Recipe
from .conversations import Conversation, evidence_turn
from .evidence_mix import mix_of, wrong_words
from .lesson import Lesson, Showing, tokenised
from .seen_store import NOWHERE

PACK = "pack"  # stands for a dataset's name
TASK_SHARE = {"spoof": 0.4, "au": 0.25, "emotion": 0.15, "describe": 0.2}
UNCERTAIN_SHARE = 0.1  # of the verdicts: how to go on after "Uncertain.", a word that is settled and never predicted


class PackSeen:
    """A pack through the frozen encoder: evidence and face tokens of every row. `look`: of a model with a tower of its own, which sees the
    encoder's small views enlarged."""

    def __init__(self, encoder: FaceEncoder, pack: Packed, look: Look | None = None, batch: int = 64):
        self.encoder, self.pack, self.look = encoder.eval(), pack, look
        self.evidence: list[Evidence] = []
        features = []
        with torch.inference_mode():
            for start in range(0, len(pack), batch):
                rows = pack.collate([pack[i] for i in range(start, min(len(pack), start + batch))])
                inputs = {name: rows[name] for name in (*INPUTS, "has_landmarks")}
                output = encoder(**inputs)
                self.evidence += evidence(output)
                tokens, self.kinds = face_tokens(output)
                features.append(tokens)
        self.features = torch.cat(features).clone()

    def shown(self, key: str) -> Shown:
        """Of the row whose number the key is."""
        row = int(key)
        features, kinds = with_tower(self.features[row], self.kinds, self.look)
        faces = () if self.look is None else (enlarged(self._views(row), self.encoder.config.views, self.look),)
        return Shown(face_text(1, evidence_text(self.evidence[row]), len(kinds)), features, kinds, faces)

    def words(self, evidence: Evidence | None) -> str:
        """A face's lines with evidence that need not be its own."""
        tokens = len(with_tower(self.features[0], self.kinds, self.look)[1])
        return face_text(1, evidence_text(evidence) if evidence else None, tokens)

    def _views(self, row: int) -> FaceViews:
        seen = self.pack[row]
        points, canonical, pose, mesh = (seen[name].float().numpy() for name in LANDMARKS)
        return FaceViews(seen["views"].numpy(), points, canonical, pose, True, NOWHERE, mesh)


def teaching(recipe: Recipe, pack: Packed) -> torch.Tensor:
    """[N] bool: the faces that lessons may be about, at most as many as there are lessons. With folds those that trained the encoder, too, because
    another encoder speaks of them."""
    may = pack.halves()[0] | pack.split("train") if recipe.encoder_folds > 1 else pack.halves()[0]
    chosen = torch.zeros_like(may)
    rows = may.nonzero().flatten()
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(recipe.seed))
    chosen[rows[order[: recipe.pack_rows]]] = True
    return chosen


def pack_lessons(
    recipe: Recipe, seen: PackSeen, unseen: Sequence[Evidence], processor: FacewiseProcessor, log: Path
) -> list[Lesson]:
    """`recipe.pack_rows` lessons; `unseen`: of each face what an encoder says that was not trained on it. Written to `log` as a human reads them.
    Raises FacewiseError where no face has a verdict."""
    rng, live = np.random.default_rng(recipe.seed), seen.pack.tensors["live"].numpy()
    if not (live >= 0).any():
        raise FacewiseError(
            f"none of the {len(live)} faces that lessons may be about has a verdict; raise --pack_rows or --limit"
        )
    lessons: list[Lesson] = []
    lines: list[str] = []
    for task in rng.choice(list(TASK_SHARE), size=recipe.pack_rows, p=list(TASK_SHARE.values())).tolist():
        row = int(rng.choice(np.flatnonzero(live >= 0) if task == "spoof" else len(live)))
        told, words, mode = shown_face(recipe, task, row, live_of(live[row]), unseen, rng)
        shown = [seen.words(words if mode != "tokens" else None)]
        ids, counts = tokenised(told, shown, processor, recipe.verdict_weight)
        showing, subject = (
            Showing(seen, str(row), mode != "words"),
            seen.pack.about["subjects"][seen.pack.tensors["subject"][row]],
        )
        label = told.turns[0].answer.partition(".")[0] if task == "spoof" else ""
        name = f"pack/{row}/{task}"
        twin = twin_of(told, shown, processor, f"{name}/{len(lessons)}") if recipe.consistency else None
        lessons.append(Lesson(name, ids, counts, (showing,), task, label, subject, PACK, twin=twin))
        lines.append(json.dumps({"id": lessons[-1].id, "messages": told.messages(), "meta": {"task": task, "shown": mode}}))
    if is_main():
        log.write_text("".join(f"{line}\n" for line in lines))
    return lessons


def shown_face(
    recipe: Recipe, task: str, row: int, live: bool | None, unseen: Sequence[Evidence], rng: np.random.Generator
) -> tuple[Conversation, Evidence, str]:
    """A question about the face and its answer, the evidence that is put into words before it, and how the face is shown."""
    question, mode = str(rng.choice(QUESTIONS[task])), mix_of(recipe).drawn(rng)
    words = said = unseen[row]
    if mode == "noised":
        words, leads = wrong_words(unseen[row], unseen[int(rng.integers(len(unseen)))], task, rng, may_lead=True)
        said, live = (words, words.spoof_logit < 0) if leads else (said, live)
    elif rng.random() < UNCERTAIN_SHARE:
        live = None
    turn = evidence_turn(task, f"Face 1: {question}", said, live)
    return Conversation((turn,), ("image",)), words, mode


def live_of(value: int) -> bool | None:
    return {-1: None, 0: True, 1: False}[int(value)]
