"""The media of rows through the processor's own eyes: a picture by detector, views and encoder, a clip by its moments, as `ask` and `serve` do.

A row's frames of a longer video are a clip of their own, a single one is a picture.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from ...model.errors import FacewiseError
from ...model.network.encoder import FaceEncoder
from ...model.network.perceive import Perceiver
from ...model.network.processing import FacewiseProcessor
from ...model.network.seen_clip import look_at
from ...model.perception.picture import Picture, read_picture
from ...model.perception.video import Clip, Frame, open_clip
from ...model.perception.views import face_views
from .built_rows import TaughtRow
from .mirror import mirrored_picture
from .seen import Seen, seen_clip, seen_picture
from .seen_store import SeenStore, fingerprint

TOLD_EVERY = 500  # media


class Eyes:
    """A processor's perceiver with a memory on disk, `store`."""

    def __init__(self, processor: FacewiseProcessor, store: SeenStore):
        self.processor, self.store = processor, store
        self.print = fingerprint(processor.perceiver.encoder, processor.look, processor.perceiver.max_faces)

    def with_encoder(self, encoder: FaceEncoder) -> "Eyes":
        """Other numbers of the same media."""
        perceiver = Perceiver(encoder, self.processor.perceiver.max_faces, backend=self.processor.perceiver.backend)
        return Eyes(FacewiseProcessor(self.processor.tokenizer, perceiver, look=self.processor.look), self.store)

    def keys(self, taught: TaughtRow) -> list[str]:
        """The store's keys of a row's media; what is not known yet is perceived. Raises FacewiseError for a medium that cannot be read."""
        found = []
        for kind, path in taught.media():
            key = f"{_digest(path)}-{medium_name(kind, taught)}-{self.print}"
            self.store.keep(key, partial(self._silently, kind, path, taught))
            found.append(key)
        return found

    def _silently(self, kind: str, path: Path, taught: TaughtRow) -> Seen:
        with without_noise():
            return self._look(kind, path, taught)

    def _look(self, kind: str, path: Path, taught: TaughtRow) -> Seen:
        if kind == "image":
            picture = read_picture(path)
            return self._picture(mirrored_picture(picture) if taught.is_mirrored else picture)
        clip = open_clip(path, taught.fps if path.is_dir() else None)
        if taught.frames and taught.frames[0] == taught.frames[1]:
            return self._picture(single_frame(clip, taught.frames[0]))
        part = section(clip, *taught.frames) if taught.frames else clip
        return seen_clip(look_at(part, self.processor.perceiver), self.processor)

    def _picture(self, picture: Picture) -> Seen:
        look, perceiver = self.processor.look, self.processor.perceiver
        found = perceiver.perceive(picture)
        views = [face_views(picture.pixels, face, look.image_size, look.views) for face in found.detected] if look else []
        return seen_picture(found, perceiver.encoder.config.hidden_size, look, views)


@contextmanager
def without_noise() -> Iterator[None]:
    """What MediaPipe and TFLite tell, from C and through sys.stderr, is dropped; faults travel as exceptions."""
    console, kept = sys.stderr, os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        sys.stderr = nowhere
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            sys.stderr = console


def all_keys(eyes: Eyes, rows: Sequence[TaughtRow], tell: Callable[[str], None]) -> list[list[str]]:
    """The keys of every row's media, in the order of the rows; what was seen is kept also when this is stopped."""
    found = []
    try:
        for number, taught in enumerate(rows, start=1):
            found.append(eyes.keys(taught))
            if number % TOLD_EVERY == 0:
                tell(f"media of {number} of {len(rows)} rows perceived")
    finally:
        eyes.store.flush()
    return found


def medium_name(kind: str, taught: TaughtRow) -> str:
    """What of a file is shown."""
    if kind == "image":
        return "image mirrored" if taught.is_mirrored else "image"
    return f"clip {taught.frames or 'all'} {taught.fps or ''}"


def shown_kind(kind: str, taught: TaughtRow) -> str:
    """Whether a prompt holds a picture or a clip."""
    is_frame = taught.frames is not None and taught.frames[0] == taught.frames[1]
    return "image" if kind == "image" or is_frame else "video"


def section(clip: Clip, first: int, last: int) -> Clip:
    """The frames from the first to the last, numbered and timed anew from 0."""

    def frames(_: Clip) -> Iterator[Frame]:
        start_s = None
        for frame in clip.frames():
            if frame.index > last:
                return
            if frame.index >= first:
                start_s = frame.time_s if start_s is None else start_s
                yield Frame(frame.index - first, frame.time_s - start_s, frame.pixels)

    return replace(clip, read=frames, frames_told=last - first + 1)


def single_frame(clip: Clip, number: int) -> Picture:
    """Raises FacewiseError where the clip ends before."""
    for frame in clip.frames():
        if frame.index >= number:
            return Picture(frame.pixels, f"{clip.name}, frame {frame.index}")
    raise FacewiseError(f"{clip.name}: it has no frame {number}, and a row asks about that one; build the set anew")


@cache
def _digest(path: Path) -> str:
    """Of the bytes of a file, or of all files of a folder of frames."""
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        digest.update(file.name.encode() if path.is_dir() else b"")
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:32]
