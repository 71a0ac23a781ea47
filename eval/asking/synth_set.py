"""The drawn pictures and clips of the `synth` benchmarks: made once into a folder from what examples/ holds, the same bytes each time.

Faces are the thirty-six live renders of examples/tiny, with all their action units. Presentations are these people before the
simulators of `facewise synth spoof`: live, attacked, or altered by software. Clips are cut out of examples/invented-clip.mp4, as
they are and mirrored: all of one invented person. No camera saw any of it, so every number on it is simulated.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ...data_builders.records import GENUINE, Record, read_records, write_records
from ...model.drawing import write_picture, write_video
from ...model.errors import FacewiseError
from ...model.perception.video import open_clip

EXAMPLES = Path(__file__).parents[2] / "examples"
RECORDS = "records.jsonl"
PRESENTATIONS = 64
CUTS = ((0, 105), (75, 210), (30, 180), (0, 210))  # first frame, and the first one that is out
SEED = 0
LICENCE = "Apache-2.0; heads by ICT-FaceKit (MIT)"
Tell = Callable[[str], None]


def draw(folder: Path, tell: Tell = lambda _: None, seed: int = SEED) -> Path:
    """The folder with all of the set in it. Raises FacewiseError where examples/ is not beside the package."""
    if (folder / RECORDS).is_file():
        return folder
    if not (EXAMPLES / "tiny" / RECORDS).is_file():
        raise FacewiseError(
            f"{EXAMPLES}: the synth benchmarks are drawn from examples/, which is not here; run in a clone of the repository"
        )
    tell("drawing faces and clips that nobody is in, about two minutes ...")
    faces = list(_faces(folder))
    made = [*faces, *_presented(folder, faces, seed), *_clips(folder)]
    write_records(folder / RECORDS, made)
    return folder


def drawn_records(folder: Path) -> list[Record]:
    return read_records(folder / RECORDS)


def _faces(folder: Path) -> Iterator[Record]:
    """The live renders: frames of a short video become pictures."""
    (folder / "faces").mkdir(parents=True, exist_ok=True)
    live = [record for record in read_records(EXAMPLES / "tiny" / RECORDS) if record.live]
    for media, records in groupby(live, key=lambda record: record.media):
        frames = {frame.index: frame.pixels for frame in open_clip(EXAMPLES / "tiny" / media).frames()}
        for record in records:
            name = f"faces/{record.id}.png"
            write_picture(folder / name, frames[(record.frames or (0, 0))[0]])
            yield replace(record, id=f"synth/face {record.id}", media=name, frames=None, split="test", dataset="synth")


def _presented(folder: Path, faces: list[Record], seed: int) -> list[Record]:
    from ...data_builders.portraits import Portrait
    from ...data_builders.synthesis.production import produce
    from ...data_builders.synthesis.spoofs import make_spoof, spoof_jobs

    portraits = [Portrait(folder / face.media, face.subject, "test", {}, licence=LICENCE) for face in faces]
    jobs = spoof_jobs(portraits, PRESENTATIONS, seed)
    found = produce(folder / "presented", {"made for": "the synth benchmarks"}, jobs, make_spoof, 1, seed)
    return [
        replace(
            record,
            id=f"synth/presented {record.id}",
            media=f"presented/{record.media}",
            mask=f"presented/{record.mask}" if record.mask else None,
            dataset="synth",
        )
        for record in found
    ]


def _clips(folder: Path) -> Iterator[Record]:
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    told = json.loads((EXAMPLES / "invented-clip.json").read_text())
    frames = [frame.pixels for frame in open_clip(EXAMPLES / "invented-clip.mp4").frames()]
    for first, end in CUTS:
        for name, turn in (("", 1), (" mirrored", -1)):
            media = f"clips/{first}-{end}{name.replace(' ', '-')}.mp4"
            events = _within(told["events"], first, end)
            shown = (np.ascontiguousarray(pixels[:, ::turn]) for pixels in frames[first:end])
            write_video(folder / media, shown, told["fps"])
            yield Record(
                f"synth/clip {first}-{end}{name}",
                media,
                dataset="synth",
                licence=LICENCE,
                subject="synth/clip",
                split="test",
                digital=GENUINE,
                clip={"fps": told["fps"], "events": events},
                source=_only_expression(events),
            )


def _within(events: list[dict[str, Any]], first: int, end: int) -> list[dict[str, Any]]:
    """Events that lie wholly in the cut, counted from its first frame; expressions come before blinks, because the moments of the first
    event are what a question about one expression shows."""
    kept = ("kind", "coarse", "onset", "apex", "offset")
    inside = sorted((event for event in events if first <= event["onset"] and event["offset"] < end), key=_is_blink)
    moved = [event | {name: event[name] - first for name in ("onset", "apex", "offset")} for event in inside]
    return [{name: event[name] for name in kept if name in event} for event in moved]


def _is_blink(event: dict[str, Any]) -> bool:
    return event["kind"] == "blink"


def _only_expression(events: list[dict[str, Any]]) -> dict[str, str]:
    """The coarse class of a cut in which there is one expression; a cut of two has none."""
    classes = [event["coarse"] for event in events if not _is_blink(event)]
    return {"class": classes[0]} if len(classes) == 1 else {}
