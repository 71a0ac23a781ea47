"""What a language model is shown of a picture or a clip: evidence in words, and in its place each face's visual tokens.

A picture is one line and one block of tokens a face. A clip is, for each face, its rest, then its surest movements with their apex. Where
nobody is found a sentence and one learned token stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..perception.clip import WatchedFace
from ..perception.moments import expressions, rest_frames
from ..perception.spotting import Spot
from ..perception.views import FaceViews
from ..taxonomy import NO_FACE, NO_FACE_IN_CLIP
from ..wording import evidence_text, movement_text
from .evidence import Evidence
from .looks import Look, enlarged, with_tower
from .perceive import Perceived, Perceiver
from .regions import N_REGIONS
from .seen_clip import SeenClip, at_apex, rest_of

IMAGE_TOKEN = "<image>"  # a picture's place in a rendered prompt, and each face token's in the expanded one
VIDEO_TOKEN = "<video>"  # a clip's place in a rendered prompt
BLOCKS = 16  # of a clip: faces at rest and movements, some 110 tokens each; a prompt has room for twice as many
WORDS = 72  # tokens of a block's words, at most, in a tokenizer like SmolLM2's


@dataclass(frozen=True, eq=False)
class Shown:
    """`words` hold IMAGE_TOKEN in the place of each face token; `features` [T, C] and `kinds` [T] are those tokens, in order; `faces` are the
    views that a larger preset's own tower sees, in the order of their tokens."""

    words: str
    features: torch.Tensor
    kinds: torch.Tensor
    faces: tuple[FaceViews, ...] = ()


def shown_picture(found: Perceived, width: int, look: Look | None = None, seen: Sequence[FaceViews] = ()) -> Shown:
    """`width` is the C of a picture without a face; a model with a tower gives its `look` and what it has `seen` of each face."""
    if not found.faces:
        return _nobody(NO_FACE, width)
    tokens = [with_tower(face.features, face.kinds, look) for face in found.faces]
    words = [
        face_text(number, evidence_text(face.evidence), len(kinds))
        for number, (face, (_, kinds)) in enumerate(zip(found.faces, tokens, strict=True), start=1)
    ]
    features, kinds = (torch.cat(part) for part in zip(*tokens, strict=True))
    return Shown("".join(words), features, kinds, tuple(seen))


def shown_clip(seen: SeenClip, width: int, max_faces: int, look: Look | None = None, views: Sequence[str] = ()) -> Shown:
    """`width` is the C of a clip in which no face could be read; a model with a tower gives its `look` and the names of the clip's `views`."""
    watched = seen.moments.watched
    blocks = [block for face in watched.faces[:max_faces] for block in _face_blocks(face, seen, max_faces)]
    head = f"A clip of {watched.duration_s:.1f} s.\n"
    if not blocks:
        nobody = _nobody(NO_FACE_IN_CLIP, width)
        return Shown(head + nobody.words, nobody.features, nobody.kinds)
    tokens = [with_tower(seen.features[place], seen.kinds, look) for _, place in blocks]
    words = [f"{line}\n{IMAGE_TOKEN * len(kinds)}\n" for (line, _), (_, kinds) in zip(blocks, tokens, strict=True)]
    features, kinds = (torch.cat(part) for part in zip(*tokens, strict=True))
    faces = [] if look is None else [enlarged(seen.moments.views[place], views, look) for _, place in blocks]
    return Shown(head + "".join(words), features, kinds, tuple(faces))


def longest(perceiver: Perceiver, look: Look | None = None) -> dict[str, int]:
    """The most tokens that an "image" or a "video" can become in a prompt, for a model with a tower by its `look`."""
    config = perceiver.encoder.config
    tower = 0 if look is None else len(look.views) * look.tokens
    block = N_REGIONS + 1 + len(config.views) * config.tokens_per_view + tower + WORDS
    return {"image": perceiver.max_faces * block, "video": max(BLOCKS, perceiver.max_faces) * block}


def face_text(number: int, words: str | None, n_tokens: int) -> str:
    """One face's lines: its evidence in words, if it is shown, and the places of its tokens."""
    return f"Face {number} (evidence): {words or 'not given'}\n{IMAGE_TOKEN * n_tokens}\n"


def _nobody(sentence: str, width: int) -> Shown:
    return Shown(f"{sentence} {IMAGE_TOKEN}\n", torch.zeros(1, width), torch.zeros(1, dtype=torch.long))


def shown_spots(face: WatchedFace, seen: SeenClip, max_faces: int) -> list[Spot]:
    """The movements of a face that a prompt shows, in order of time: the surest of those whose apex was read, as many as there is room for."""
    people = min(len(seen.moments.watched.faces), max_faces)
    surest = sorted(expressions(face), key=lambda spot: -spot.score)
    read = [spot for spot in surest if (face.id, spot.apex) in seen.evidence][: (BLOCKS - people) // people]
    return sorted(read, key=lambda spot: spot.onset)


def _face_blocks(face: WatchedFace, seen: SeenClip, max_faces: int) -> list[tuple[str, tuple[int, int]]]:
    """Lines of one face, its surest movements among them, each with the (face id, frame) whose tokens follow it; none where the face could not be read at rest."""
    rest, calm = rest_of(face, seen), [frame for frame in rest_frames(face) if (face.id, frame) in seen.evidence]
    if rest is None:
        return []
    told = [
        (_movement(face.id + 1, number, spot, beyond), (face.id, spot.apex))
        for number, spot in enumerate(shown_spots(face, seen, max_faces), start=1)
        if (beyond := at_apex(spot, face, seen)) is not None
    ]
    return [(f"Face {face.id + 1} (evidence at rest): {evidence_text(rest)}", (face.id, calm[0])), *told]


def _movement(face: int, number: int, spot: Spot, beyond: Evidence) -> str:
    when = f"{spot.onset_s:.2f} to {spot.offset_s:.2f} s, apex {spot.apex_s:.2f} s"
    return f"Face {face}, movement {number}, {when}, possible {spot.kind}-expression: {movement_text(beyond, spot.regions)}"
