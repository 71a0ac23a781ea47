"""What a medium is to a lesson: its faces with evidence, box and tokens, and how a prompt shows them.

A picture can be shown with other evidence in words than its own, or with none; a clip with its own or none. The words are the processor's
(model/network/shown.py), so that training and serving write the same prompt.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...model.answer import Box
from ...model.asked import asked_for
from ...model.clips import movement_story
from ...model.movements import movement_answer, whole
from ...model.network.evidence import Evidence
from ...model.network.looks import Look
from ...model.network.perceive import Perceived
from ...model.network.processing import FacewiseProcessor
from ...model.network.seen_clip import SeenClip, rest_of
from ...model.network.shown import IMAGE_TOKEN, Shown, shown_clip, shown_picture
from ...model.perception.clip import WatchedFace
from ...model.perception.faces import DUPLICATE_OVERLAP, overlap
from ...model.perception.views import FaceViews
from ...model.wording import opening

_LINE = re.compile(rf"[^\n]*: [^\n]*(?=\n{re.escape(IMAGE_TOKEN)})")


@dataclass(frozen=True, eq=False)
class SeenFace:
    """`number`: what the prompt calls it; `box` and `wide_box` in pixels. A clip's face has the median box of its frames, the evidence of its rest
    and no wide crop; `movements` is what an answer tells of those that the prompt shows: its settled beginning, and the whole."""

    number: int
    box: Box
    wide_box: Box | None
    evidence: Evidence
    movements: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Seen:
    """A medium as `Shown`, with its `faces`, the largest first."""

    shown: Shown
    faces: tuple[SeenFace, ...]
    is_clip: bool = False


def seen_picture(found: Perceived, width: int, look: Look | None = None, views: Sequence[FaceViews] = ()) -> Seen:
    faces = tuple(SeenFace(face.id + 1, face.box, face.wide_box, face.evidence) for face in found.faces)
    return Seen(shown_picture(found, width, look, views), faces)


def seen_clip(clip: SeenClip, processor: FacewiseProcessor) -> Seen:
    encoder, most = processor.perceiver.encoder.config, processor.perceiver.max_faces
    watched = clip.moments.watched.faces[:most]
    read = [(face, rest) for face in watched if (rest := rest_of(face, clip)) is not None]  # a prompt shows no others
    faces = tuple(SeenFace(face.id + 1, _median_box(face.boxes), None, rest, _movements(face, clip, most)) for face, rest in read)
    return Seen(shown_clip(clip, encoder.hidden_size, most, processor.look, encoder.views), faces, is_clip=True)


def _movements(face: WatchedFace, clip: SeenClip, most: int) -> tuple[str, str]:
    """As the assistant settles them; what it adds after the language model, frames and codes, is not learned."""
    answer, story = movement_story(face, clip, asked_for(task="micro", is_clip=True), most)
    if not story.is_read:
        return "", story.lead
    parts = whole(answer.intervals or (), story.told, story.explained)
    begun = [*parts[:2], opening(movement_answer(story.told[0]))] if story.told else []
    return " ".join(begun), " ".join(parts)


def _median_box(boxes_n4: np.ndarray) -> Box:
    left, top, right, bottom = np.median(boxes_n4, axis=0).tolist()
    return left, top, right, bottom


def words_of(seen: Seen, mode: str, other: tuple[int, str] | None = None) -> str:
    """What stands in the prompt: without evidence in words where `mode` is "tokens"; `other`: a face's place from 0 in a picture and the words that stand
    in the place of its own."""
    if mode == "tokens":
        return _LINE.sub(lambda line: f"{line[0].rpartition(': ')[0]}: not given", seen.shown.words)
    if other is None:
        return seen.shown.words
    place, words = other
    chosen = list(_LINE.finditer(seen.shown.words))[place]
    head = chosen[0].rpartition(": ")[0]
    return f"{seen.shown.words[: chosen.start()]}{head}: {words}{seen.shown.words[chosen.end() :]}"


def labelled_face(seen: Seen, box: Box | None) -> int | None:
    """The place, from 0, of the face that labels speak of: the one under the record's box, without a box the largest; None where there is none."""
    if not seen.faces or box is None:
        return 0 if seen.faces else None
    shares = [overlap(face.box, box) for face in seen.faces]
    best = max(range(len(shares)), key=shares.__getitem__)
    return best if shares[best] >= DUPLICATE_OVERLAP else None
