"""A clip on its way to answers: watched once, its faces told against their own rest, a verdict taken of a few frames.

Muscles and emotion are told of a person's strongest moment, movements of the whole clip. Where nothing moves, the face at rest is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .answer import Answer, Face
from .asked import Asked
from .drafts import Draft, Story
from .engines.protocol import Request
from .movements import AT_REST, EXPLAINED, NEVER_READ, few, limit, moment
from .network.evidence import Evidence
from .network.perceive import PerceivedFace, Perceiver
from .network.seen_clip import SeenClip, at_apex, look_at, rest_of
from .network.shown import shown_spots
from .perception.clip import WatchedFace, fetch
from .perception.faces import DUPLICATE_OVERLAP, overlap
from .perception.moments import expressions, rest_frames
from .perception.picture import Picture
from .perception.spotting import FEWEST_FRAMES, Spot, told_movement
from .perception.video import Clip, between, is_clip, open_clip
from .questions import prompt
from .readings import action_units, beyond_rest, emotion
from .sightings import interval_of, worst
from .verdicts import Shot

AROUND_TOLD_S = 1.0  # what is watched before and behind a movement that was told
FRAMES_JUDGED = 5  # of each face, spread over the frames in which it was seen


@dataclass(frozen=True, eq=False)
class Filmed:
    """A clip that can be read again, with what was `seen` in it."""

    clip: Clip
    seen: SeenClip


@dataclass(frozen=True, eq=False)
class ToldMovement:
    """A clip of which somebody knows the one movement, by its frames from 0, both ends in it: as data sets of micro-expressions tell it. `apex` None: not
    known."""

    clip: Clip
    onset: int
    offset: int
    apex: int | None = None

    def filmed(self, perceiver: Perceiver) -> Filmed:
        """Watched about the movement, which is read and not looked for."""
        around = round(AROUND_TOLD_S * self.clip.fps)
        part = between(self.clip, self.onset - around, self.offset + around)
        spotting = partial(told_movement, onset=self.onset, offset=self.offset, apex=self.apex)
        return Filmed(part, look_at(part, perceiver, spotting=spotting))


def as_filmed(source: Any, perceiver: Perceiver) -> Filmed | None:
    """The clip that a source is, watched unless that was done; None for what is no clip. Raises FacewiseError for one that cannot be read."""
    if isinstance(source, Filmed):
        return source
    if isinstance(source, ToldMovement):
        return source.filmed(perceiver)
    if isinstance(source, str | Path) and is_clip(source):
        source = open_clip(source)
    if not isinstance(source, Clip):
        return None
    return Filmed(source, look_at(source, perceiver))


def clip_drafts(filmed: Filmed, perceiver: Perceiver, asked: Asked, only: int | None = None) -> list[Draft]:
    """Of its largest faces, or of the one with the id `only`."""
    watched = filmed.seen.moments.watched
    people = [face for face in watched.faces[: perceiver.max_faces] if only in (None, face.id)]
    shots = shots_of(filmed, people, perceiver) if asked.task == "spoof" else {}
    return [_draft(face, filmed, perceiver.max_faces, asked, shots.get(face.id, ())) for face in people]


def _draft(face: WatchedFace, filmed: Filmed, most: int, asked: Asked, shots: Sequence[Shot]) -> Draft:
    rest = rest_of(face, filmed.seen)
    request = Request(prompt(asked.question, face.id, "video"), (), face.id, clips=(filmed.seen.moments,))
    if asked.task == "spoof":
        return Draft(_face(face, Answer("spoof", "-")), request, tuple(shots), _judging(shots, rest is not None))
    if rest is None:
        unread = Answer("micro", "-", intervals=()) if asked.task == "micro" else Answer("chat", "-")
        return Draft(_face(face, unread), request, story=Story(NEVER_READ, is_read=False))
    if asked.task == "micro":
        answer, story = movement_story(face, filmed.seen, asked, most)
        return Draft(_face(face, answer), request, story=story)
    answer, story, frame = _moment(face, filmed.seen, asked, rest)
    return Draft(_face(face, answer, frame), request, story=story)


def _face(face: WatchedFace, answer: Answer, frame: int | None = None) -> Face:
    left, top, right, bottom = np.median(face.boxes, axis=0).astype(float).round(1).tolist()
    streams = {"landmarks": bool(np.isfinite(face.points68).any()), "spoof": True, "motion": _moments(face) >= FEWEST_FRAMES}
    return Face(face.id, (left, top, right, bottom), worst(face), streams, answer, frame)


def _moments(face: WatchedFace) -> int:
    """At how many its movements were read."""
    return 0 if face.spotted is None else len(face.spotted.curves.times)


def _judging(shots: Sequence[Shot], is_read: bool) -> Story:
    frames = f"{len(shots)} frames" if len(shots) > 1 else "one frame"
    return Story(closing=f"The score is the mean over {frames} of the clip." if shots else "", is_read=is_read)


def movement_story(face: WatchedFace, seen: SeenClip, asked: Asked, most: int) -> tuple[Answer, Story]:
    """What a clip tells of a face's movements, `most` faces being shown."""
    spotted = face.spotted
    if spotted is None or _moments(face) < FEWEST_FRAMES:
        return Answer("micro", "-", intervals=()), Story(few(_moments(face)), is_read=False)
    intervals = {id(spot): interval_of(spot, face, seen, asked.neutral, asked.emotion) for spot in spotted.spots}
    told = tuple(intervals[id(spot)] for spot in shown_spots(face, seen, most))
    explained = tuple(EXPLAINED[kind] for kind in dict.fromkeys(span.kind for span in spotted.distractors))
    answer = Answer("micro", "-", baseline=_baseline(asked), intervals=tuple(intervals.values()))
    return answer, Story(told=told, explained=explained, closing=limit(seen.moments.watched.fps, spotted.shortest_s))


def _moment(face: WatchedFace, seen: SeenClip, asked: Asked, rest: Evidence) -> tuple[Answer, Story, int | None]:
    """Of the strongest moment, beyond the person's rest; of the rest itself where nothing moves."""
    spots = face.spotted.spots if face.spotted else ()
    strongest = _strongest(face, seen)
    moved = tuple(interval_of(spot, face, seen, asked.neutral, asked.emotion) for spot in spots)
    shown = at_apex(strongest, face, seen, asked.neutral) if strongest else None
    if strongest is None or shown is None:
        numbers = beyond_rest(rest, asked.neutral) if asked.neutral else rest
        baseline, frame = "given" if asked.neutral else "population", _calmest(face, seen)
        lead = AT_REST if _moments(face) >= FEWEST_FRAMES else few(_moments(face))
    else:
        numbers, baseline = shown, _baseline(asked)
        lead, frame = moment(strongest.apex_s, strongest.apex), strongest.apex
    answer = Answer(
        asked.task,
        "-",
        aus=action_units(numbers),
        baseline=baseline,
        emotion=emotion(numbers) if asked.emotion and asked.task != "au" else None,
        intervals=moved if asked.task in ("describe", "chat") else None,
    )
    return answer, Story(lead if asked.task != "chat" else "", moved), frame


def _baseline(asked: Asked) -> str:
    return "given" if asked.neutral else "clip"


def _strongest(face: WatchedFace, seen: SeenClip) -> Spot | None:
    """The movement that rises highest above its noise, of those whose apex was read."""
    read = [spot for spot in expressions(face) if (face.id, spot.apex) in seen.evidence]
    return max(read, key=lambda spot: spot.ratio, default=None)


def _calmest(face: WatchedFace, seen: SeenClip) -> int:
    """The frame whose tokens stand for the rest."""
    return next(frame for frame in rest_frames(face) if (face.id, frame) in seen.evidence)


# Verdicts


def shots_of(filmed: Filmed, people: Sequence[WatchedFace], perceiver: Perceiver) -> dict[int, tuple[Shot, ...]]:
    """Of each face a few frames, spread over the clip, in which it was found anew."""
    wanted = {face.id: _spread(face) for face in people}
    found: dict[int, list[Shot]] = {face.id: [] for face in people}
    for frame in fetch(filmed.clip, set().union(*wanted.values())):
        picture = Picture(frame.pixels, f"{filmed.clip.name}, frame {frame.index}")
        here = perceiver.perceive(picture)
        for face in people:
            same = _same(face, frame.index, here.faces) if frame.index in wanted[face.id] else None
            if same is not None:
                found[face.id].append(Shot(picture, same, frame.index))
    return {number: tuple(shots) for number, shots in found.items()}


def _spread(face: WatchedFace) -> set[int]:
    """In the middle of as many equal parts of the face's time."""
    places = (np.arange(FRAMES_JUDGED) + 0.5) * len(face.frames) / FRAMES_JUDGED
    return {int(frame) for frame in face.frames[places.astype(int)]}


def _same(face: WatchedFace, frame: int, found: Sequence[PerceivedFace]) -> PerceivedFace | None:
    known = face.within(frame)
    if known is None or not found:
        return None
    best = max(found, key=lambda one: overlap(one.box, known.box))
    return best if overlap(best.box, known.box) >= DUPLICATE_OVERLAP else None
