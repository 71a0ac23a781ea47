"""`facewise see`: each input is read once, reported, and on demand written as a table and drawn.

Inputs are checked before a model is loaded; a bad one gets its line and the others go on. A table grows row by row and a drawing is
written when it is whole, so that a Ctrl-C keeps what is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from .checkpoint import load_checkpoint
from .drawing import write_picture, write_video
from .errors import FacewiseError
from .face_table import FaceRow, Table
from .network.perceive import Perceiver
from .network.seen_clip import look_at
from .perception.faces import FaceBackend
from .perception.picture import Picture, read_picture
from .perception.video import Clip, Frame, is_clip, open_clip
from .readings import action_units
from .sheets import clip_sheet, film, picture_sheet
from .sightings import clip_report, gaze_of, picture_report, rows

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
VIDEO_SUFFIX = ".mp4"


@dataclass(frozen=True)
class Wanted:
    """What is asked of every input: a table, a drawing (a file, or a folder where there are several inputs), frames per second."""

    csv: str | None = None
    columns: str = "openface"
    draw: str | None = None
    fps: float | None = None


def see(
    paths: Sequence[str], wanted: Wanted, model: str = "default", landmarker: str | None = None, console: TextIO | None = None
) -> Iterator[dict[str, Any]]:
    """One report per path, in order; progress goes to `console`. Raises FacewiseError for what concerns all of them."""
    targets = drawings(paths, wanted)
    inputs = [_opened(path, wanted.fps) for path in paths]
    backend = _backend(landmarker)
    perceiver = None
    with ExitStack() as stack:
        table = stack.enter_context(Table(wanted.csv, wanted.columns)) if wanted.csv else None
        for path, source, target in zip(paths, inputs, targets, strict=True):
            if isinstance(source, str):
                yield {"input": path, "error": source}
                continue
            if perceiver is None:
                perceiver = load_checkpoint(model).perceiver
                perceiver.backend = backend
            yield _one(path, source, perceiver, table, target, console)
            if table:
                table.flush()


def drawings(paths: Sequence[str], wanted: Wanted) -> list[Path | None]:
    """Where each input is drawn. Raises FacewiseError for an output that cannot be written, is of no known kind or would overwrite an input."""
    _refuse_inputs(paths, wanted)
    if wanted.csv and not Path(wanted.csv).parent.is_dir():
        raise FacewiseError(f"--csv: {wanted.csv}: there is no folder {Path(wanted.csv).parent}")
    if wanted.draw is None:
        return [None] * len(paths)
    out = Path(wanted.draw)
    if len(paths) > 1:
        if out.suffix or (out.exists() and not out.is_dir()):
            raise FacewiseError(f"--draw: {out}: {len(paths)} inputs are drawn into a folder; give a folder's name")
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FacewiseError(f"--draw: {out}: the folder cannot be made ({error.strerror})") from None
        return [out / f"{number:03d}-{Path(path).stem}.png" for number, path in enumerate(paths)]
    known = PICTURE_SUFFIXES if not is_clip(paths[0]) else (*PICTURE_SUFFIXES, VIDEO_SUFFIX)
    if out.suffix.lower() not in known or out.is_dir():
        raise FacewiseError(f"--draw: {wanted.draw!r}: give a file that ends in {', '.join(known)}")
    if not out.parent.is_dir():
        raise FacewiseError(f"--draw: {out}: there is no folder {out.parent}")
    return [out]


def _refuse_inputs(paths: Sequence[str], wanted: Wanted) -> None:
    """Nothing that is read may be written over."""
    outputs = {option: Path(out).resolve() for option, out in (("--csv", wanted.csv), ("--draw", wanted.draw)) if out}
    for path in paths:
        read = Path(path).resolve()
        for option, out in outputs.items():
            if out == read or (read.is_dir() and read in out.parents):
                raise FacewiseError(f"{option}: {out} is one of the inputs, or lies in one; give another place")
    if len(outputs) > len(set(outputs.values())):
        raise FacewiseError("--csv and --draw name the same file; give two")


def _opened(path: str, fps: float | None) -> Picture | Clip | str:
    """The input, or what is wrong with it."""
    try:
        return open_clip(path, fps) if is_clip(path) else read_picture(path)
    except FacewiseError as error:
        return str(error)


def _backend(landmarker: str | None) -> FaceBackend | None:
    if landmarker is None:
        return None
    from .perception.landmarker_task import LandmarkerTask

    return LandmarkerTask(landmarker)


def _one(
    path: str, source: Picture | Clip, perceiver: Perceiver, table: Table | None, target: Path | None, console: TextIO | None
) -> dict[str, Any]:
    try:
        if isinstance(source, Picture):
            return _picture(source, perceiver, table, target)
        return _clip(source, perceiver, table, target, console)
    except FacewiseError as error:
        return {"input": path, "error": str(error)}


def _picture(picture: Picture, perceiver: Perceiver, table: Table | None, target: Path | None) -> dict[str, Any]:
    found = perceiver.perceive(picture)
    if table:
        for face, seen in zip(found.faces, found.detected, strict=True):
            numbers = face.evidence
            table.add(FaceRow(picture.name, 0, 0.0, seen, gaze_of(seen), action_units(numbers), numbers.emotion))
    if target:
        write_picture(target, picture_sheet(picture, found))
    return picture_report(picture, found)


def _clip(clip: Clip, perceiver: Perceiver, table: Table | None, target: Path | None, console: TextIO | None) -> dict[str, Any]:
    seen = look_at(clip, perceiver, progress=_progress(clip, console))
    if console is not None:
        print("\r\033[K", end="", file=console, flush=True)  # the counter goes when there is a report
    if table:
        for row in rows(seen, perceiver):
            table.add(row)
    if target and target.suffix.lower() == VIDEO_SUFFIX:
        write_video(target, film(seen.moments), clip.fps)
    elif target:
        write_picture(target, clip_sheet(seen.moments))
    return clip_report(seen, perceiver.max_faces)


def counted(clip: Clip, console: TextIO) -> Clip:
    """The same clip, which tells how far it is read."""
    tell = _progress(clip, console)

    def read(of: Clip) -> Iterator[Frame]:
        for frame in clip.read(of):
            if tell:
                tell(frame)
            yield frame
        print("\r\033[K", end="", file=console, flush=True)  # the counter goes when all is read

    return replace(clip, read=read)


def _progress(clip: Clip, console: TextIO | None) -> Callable[[Frame], None] | None:
    """A line that counts the frames, where somebody looks."""
    if console is None:
        return None
    total = f" of {clip.frames_told}" if clip.frames_told else ""

    def tell(frame: Frame) -> None:
        if frame.index % 30 == 0:
            print(f"\r{clip.name}: frame {frame.index}{total}", end="", file=console, flush=True)

    return tell
