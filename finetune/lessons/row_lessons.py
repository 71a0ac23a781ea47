"""Lessons of built rows: perceived media, the answer that is to be learned, and how the face is shown beside it."""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

from ...model.network.encoder import FaceEncoder
from ...model.network.evidence import Evidence
from ...model.wording import evidence_text
from ..language.consistency import twin_of
from ..recipe import Recipe
from .built_rows import TaughtRow
from .conversations import BY_EVIDENCE, NO_FACE_LABEL, Conversation, NotTaughtError, as_told, by_evidence
from .evidence_mix import mix_of, wrong_words
from .lesson import Lesson, Showing, tokenised
from .media import Eyes, all_keys, shown_kind
from .mirror import drawn_mirrored
from .pack_lessons import UNCERTAIN_SHARE
from .seen import Seen, SeenFace, labelled_face, words_of

NAMED = 0.5  # of the questions about the only face
Tell = Callable[[str], None]
Reader = Callable[[str], FaceEncoder | None]  # of a person: who speaks of the face in words; None: the encoder itself


class RowTeacher:
    """Makes lessons of rows. `reader` names the encoder that was not trained on a person."""

    def __init__(self, recipe: Recipe, eyes: Eyes, reader: Reader):
        self.recipe, self.eyes, self.reader, self.mix = recipe, eyes, reader, mix_of(recipe)
        self._others: dict[int, Eyes] = {}

    def lessons(self, rows: Sequence[TaughtRow], tell: Tell) -> list[Lesson]:
        """Of all rows that teach something true; what is left out is counted by its reason."""
        rows = drawn_mirrored(self.recipe, rows) if self.recipe.flips else rows
        if self.recipe.flips:
            tell(f"{sum(taught.is_mirrored for taught in rows)} of {len(rows)} rows are taught mirrored")
        keys = all_keys(self.eyes, rows, tell)
        made, left_out = [], Counter[str]()
        for taught, seen_as in zip(rows, keys, strict=True):
            try:
                made.append(self.lesson(taught, seen_as, rows))
            except NotTaughtError as untaught:
                left_out[str(untaught)] += 1
        self.eyes.store.flush()
        for reason, count in left_out.most_common():
            tell(f"{count} rows are left out: {reason}")
        return made

    def lesson(self, taught: TaughtRow, keys: Sequence[str], rows: Sequence[TaughtRow]) -> Lesson:
        """Of the other `rows` one may lend its face's words. Raises NotTaughtError."""
        rng = np.random.default_rng(list(blake2b(f"{self.recipe.seed}\n{taught.row.id}".encode(), digest_size=8).digest()))
        seen, spoken = [self.eyes.store[key] for key in keys], self.spoken(taught, keys)
        face = spoken_of(seen, taught)
        told = as_told(taught, [shown_kind(kind, taught) for kind, _ in taught.media()], seen, face, rng.random() < NAMED)
        if face is None:
            label = NO_FACE_LABEL if seen and taught.task != "chat" else None
            return self._made(taught, told, keys, [one.shown.words for one in seen], label)
        own, live, mode = spoken[-1].faces[face].evidence, taught.live, self.mix.drawn(rng)
        if mode == "noised" and (len(seen) > 1 or seen[0].is_clip):
            mode = "both"  # of a clip and of two pictures only the own words are known
        instead = None
        if mode == "noised":
            may_lead = self.recipe.answers == "evidence" and taught.task in BY_EVIDENCE
            words, leads = wrong_words(own, self._lent(rows, rng) or own, taught.task, rng, may_lead)
            instead = (face, evidence_text(words))
            own, live = (words, words.spoof_logit < 0) if leads else (own, live)
        told = self.answered(taught, told, spoken[-1].faces[face], own, live, rng)
        return self._made(taught, told, keys, [words_of(one, mode, instead) for one in spoken], has_tokens=mode != "words")

    def answered(
        self, taught: TaughtRow, told: Conversation, face: SeenFace, own: Evidence, live: bool | None, rng: np.random.Generator
    ) -> Conversation:
        """By the evidence where the recipe wants it. Some verdicts are left open, because what follows "Uncertain." is learned too."""
        is_verdict = taught.task == "spoof" and taught.row.meta.get("kind") in BY_EVIDENCE["spoof"]
        if is_verdict and rng.random() < UNCERTAIN_SHARE:
            return by_evidence(taught, told, face, own, None)
        if self.recipe.answers == "evidence" and taught.task in BY_EVIDENCE:
            return by_evidence(taught, told, face, own, live)
        return told

    def spoken(self, taught: TaughtRow, keys: Sequence[str]) -> list[Seen]:
        """The row's media with the words that an encoder gives which was not trained on the person."""
        encoder = self.reader(taught.subject)
        if encoder is None:
            return [self.eyes.store[key] for key in keys]
        eyes = self._others.setdefault(id(encoder), self.eyes.with_encoder(encoder))
        return [eyes.store[key] for key in eyes.keys(taught)]

    def _lent(self, rows: Sequence[TaughtRow], rng: np.random.Generator) -> Evidence | None:
        """Another row's face, if that has one."""
        seen = [self.eyes.store[key] for key in self.eyes.keys(rows[int(rng.integers(len(rows)))])]
        faces = [face for one in seen for face in one.faces]
        return faces[0].evidence if faces else None

    def _made(
        self,
        taught: TaughtRow,
        told: Conversation,
        keys: Sequence[str],
        words: Sequence[str],
        label: str | None = None,
        has_tokens: bool = True,
    ) -> Lesson:
        row = taught.row
        ids, counts = tokenised(told, words, self.eyes.processor, self.recipe.verdict_weight)
        showings = tuple(Showing(self.eyes.store, key, has_tokens) for key in keys)
        named = label or row.meta.get("label", "")
        dataset = row.meta.get("dataset", "")
        twin = twin_of(told, words, self.eyes.processor, row.id) if self.recipe.consistency else None
        return Lesson(row.id, ids, counts, showings, taught.task, named, taught.subject, dataset, taught.weight, twin)


def spoken_of(seen: Sequence[Seen], taught: TaughtRow) -> int | None:
    """The place of the face that the labels speak of in the last medium, which is the record's own; None without a medium or where no face is.
    Raises NotTaughtError where it is none of those that were found."""
    if not any(one.faces for one in seen):
        return None
    face = labelled_face(seen[-1], taught.face) if all(one.faces for one in seen) else None
    if face is None:
        raise NotTaughtError("the face that the labels speak of was not found")
    return face
