"""One picture that shows what was seen of an input: faces, views and, of a clip, the motion curve and each movement's views; or a film of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .drawing import curve, faces_drawn, sheet, stacked, with_cursor
from .network.perceive import Perceived
from .perception.clip import WatchedFace
from .perception.moments import Moments, drawn_spots
from .perception.motion import between, motion_view
from .perception.picture import Picture
from .perception.views import VIEWS, face_views
from .wording import active_aus

ROWS = 6  # faces or movements that get their views drawn
TILE_PX = 168


def picture_sheet(picture: Picture, found: Perceived) -> np.ndarray:
    """The picture with its faces, and beside it each face's views and active units."""
    faces = list(found.detected)
    notes = [
        ", ".join(f"{code} {intensity:.1f}" for code, (intensity, _) in active_aus(face.evidence).items()) for face in found.faces
    ]
    tiles = []
    for face, note in zip(faces[:ROWS], notes, strict=False):
        views = face_views(picture.pixels, face, TILE_PX, tuple(VIEWS)).images
        tiles.append((f"face {face.id + 1}  {note}", list(zip(VIEWS, views, strict=True))))
    return sheet(faces_drawn(picture.pixels, faces), tiles, TILE_PX)


def clip_sheet(seen: Moments) -> np.ndarray:
    """The first frame that was kept with its faces, each face's curve, and onset, apex and motion of its movements."""
    drawn, tiles = [], []
    moments = sorted(seen.frames)
    if moments:
        frame = seen.frames[moments[0]]
        here = [found for person in seen.watched.faces if (found := person.within(frame.index))]
        drawn.append(sheet(faces_drawn(frame.pixels, here), []))
    for face in seen.watched.faces[:ROWS]:
        if face.spotted is not None:
            drawn.append(curve(face.spotted))
            tiles += movement_tiles(face, seen)
    return sheet(stacked(drawn or [np.full((64, 480, 3), 250, np.uint8)]), tiles[:ROWS], TILE_PX)


def movement_tiles(face: WatchedFace, seen: Moments) -> list[tuple[str, list[tuple[str, np.ndarray]]]]:
    """A row of views for every expression interval: onset, apex, and what moved between them."""
    rows = []
    for spot in drawn_spots(face):
        first, second = seen.faces.get((face.id, spot.onset)), seen.faces.get((face.id, spot.apex))
        if first is None or second is None or first.points is None or second.points is None:
            continue
        onset, apex = seen.frames[spot.onset].pixels, seen.frames[spot.apex].pixels
        motion = between((onset, first.points), (apex, second.points))
        tiles = [
            (f"onset, frame {spot.onset}", face_views(onset, first, TILE_PX).images[0]),
            (f"apex, frame {spot.apex}", face_views(apex, second, TILE_PX).images[0]),
            ("motion", motion_view(motion, TILE_PX)),
        ]
        rows.append((f"face {face.id + 1}, {spot.onset_s:.2f}-{spot.offset_s:.2f} s: {spot.kind}, score {spot.score:.2f}", tiles))
    return rows


def film(seen: Moments) -> Iterator[np.ndarray]:
    """Every frame of the clip with its faces, above the largest face's curve with a cursor."""
    largest = seen.watched.faces[0] if seen.watched.faces else None
    drawn = None
    for frame in seen.clip.frames():
        here = [face for person in seen.watched.faces if (face := person.within(frame.index))]
        picture = faces_drawn(frame.pixels, here)
        if largest is None or largest.spotted is None:
            yield picture
            continue
        if drawn is None:
            drawn = curve(largest.spotted, width=max(480, picture.shape[1]), height=200)
        yield stacked([picture, with_cursor(drawn, largest.spotted, frame.time_s)])
