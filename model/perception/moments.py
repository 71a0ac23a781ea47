"""The moments of a clip that matter, one pass to find them and one to fetch them: each face's rest, and onset and apex of each movement.

Of a moment the face is kept, found anew with its mesh, and its views, which are small; whole frames only where somebody will draw them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import FacewiseError
from .clip import Spotting, Watched, WatchedFace, fetch, watch
from .faces import DUPLICATE_OVERLAP, DetectedFace, FaceBackend, find_faces, overlap
from .spotting import Spot, spot
from .video import Clip, Frame
from .views import SIZE, FaceViews, face_views

DRAWN = 6  # movements of a face that a drawing shows
REST_FRAMES = 9  # a person's rest is the median of this many of the calmest frames


@dataclass(frozen=True, eq=False)
class Moments:
    """A clip that was `watched`; by (face id, frame) the `faces` found anew and the `views` of those that are read; `frames` to draw by number.
    `clip` can be read again."""

    clip: Clip
    watched: Watched
    frames: dict[int, Frame]
    faces: dict[tuple[int, int], DetectedFace]
    views: dict[tuple[int, int], FaceViews]

    @cached_property
    def sha256(self) -> str:
        """Hash of what a model is shown of it: the key of caches."""
        digest = hashlib.sha256(repr((self.watched.duration_s, [expressions(face) for face in self.watched.faces])).encode())
        for place, view in sorted(self.views.items()):
            digest.update(repr(place).encode() + view.images.tobytes() + view.points.tobytes())
        return digest.hexdigest()

    def light(self) -> Moments:
        """Without what only a drawing or a table needs: frames, meshes, and the file behind the clip."""
        return replace(self, clip=replace(self.clip, read=_gone, file=None), frames={}, faces={})


def nobody() -> Moments:
    """The moments of a clip without a face."""
    clip = Clip("nobody", (1, 1), 30.0, 1, _gone)
    return Moments(clip, Watched(clip.name, clip.size, clip.fps, 1, 1 / clip.fps, (), ()), {}, {}, {})


def _gone(clip: Clip) -> Iterator[Frame]:
    raise FacewiseError(f"{clip.name}: only its moments were kept")


def moments_of(
    clip: Clip,
    max_faces: int,
    backend: FaceBackend | None = None,
    size: int = SIZE,
    views: Sequence[str] = ("rgb", "spoof"),
    progress: Callable[[Frame], None] | None = None,
    spotting: Spotting = spot,
) -> Moments:
    """Of its `max_faces` largest faces: their rest and their movements, with the named `views` (of VIEWS) at `size` pixels. `progress` is told
    each frame that was watched; `spotting` tells movements. Raises FacewiseError for a clip that cannot be read."""
    watched = watch(clip, backend, progress, spotting)
    people = watched.faces[:max_faces]
    read = {face.id: {*rest_frames(face), *(spot.apex for spot in expressions(face))} for face in people}
    drawn = {face.id: {m for spot in drawn_spots(face) for m in (spot.onset, spot.apex)} for face in people}
    found = Moments(clip, watched, {}, {}, {})
    for frame in fetch(clip, set().union(*read.values(), *drawn.values())):
        here = find_faces(frame.pixels, backend)
        for face in people:
            same = _same_face(face.within(frame.index), here) if frame.index in read[face.id] | drawn[face.id] else None
            if same is not None:
                found.faces[face.id, frame.index] = same
                if frame.index in read[face.id]:
                    found.views[face.id, frame.index] = face_views(frame.pixels, same, size, views)
        if not found.frames or any(frame.index in chosen for chosen in drawn.values()):
            found.frames[frame.index] = frame
    return found


def rest_frames(face: WatchedFace) -> list[int]:
    """The calmest frames, spread over the clip."""
    if face.spotted is None:
        return []
    calm = face.spotted.curves.frames[face.spotted.calm]
    return [int(frame) for frame in calm[np.unique(np.linspace(0, len(calm) - 1, REST_FRAMES).astype(int))]]


def expressions(face: WatchedFace) -> list[Spot]:
    return [spot for spot in (face.spotted.spots if face.spotted else ()) if spot.kind != "blink"]


def drawn_spots(face: WatchedFace) -> list[Spot]:
    """The surest movements of a face, in order of time; a drawing has no room for more."""
    surest = sorted(expressions(face), key=lambda spot: -spot.score)[:DRAWN]
    return sorted(surest, key=lambda spot: spot.onset)


def _same_face(known: DetectedFace | None, found: list[DetectedFace]) -> DetectedFace | None:
    """The face found anew in a frame that is the one known from watching."""
    if known is None or not found:
        return None
    best = max(found, key=lambda face: overlap(face.box, known.box))
    return best if overlap(best.box, known.box) >= DUPLICATE_OVERLAP else None
