"""Movements in drawn clips (eval/spotting.py): F1 of micro and macro, false intervals, apexes, and the coarse class of what was spotted; and in clips of
photos whose faces are bent (data_builders/clips/photo_clips.py), which is real skin.

An event counts from five frames on; blinks count on neither side. The class is that of Davison's table, three of them, others left out.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...data_builders.clips.photo_clips import write_photo_clip
from ...data_builders.driving.puppet import Puppet, puppet
from ...data_builders.portraits import Portrait
from ...data_builders.rig.rig import load_rig
from ...data_builders.synthesis.production import random_of
from ...model.network.seen_clip import look_at
from ...model.perception.spotting import FEWEST_FRAMES
from ...model.perception.video import open_clip
from ...model.sightings import clip_report
from ..metrics import classes
from ..metrics import spotting as spotted
from ..metrics.intervals import bootstrap
from ..metrics.spotting import Movement
from ..metrics.statistic import Subjects, Value
from ..spotting import APEX_S, draw
from .material import Material
from .reader import Reader
from .row import SIMULATED, Row, missing, row, share_row

COARSE = ("positive", "negative", "surprise")
SET, PHOTO_SET = "clips", "photo-clips"
CLIPS_EACH = 2  # of a person
OF_PHOTOS = (
    "photos that move, spotting F1, any kind",
    "photos that move, false intervals a minute",
    "photos that move, apex within 67 ms",
)
PEAKS = {".04": "-040", ".02": "-020"}
TOLD = "drawn clips of 10 s with drift, 30 and 60 fps, CRF 18, 23 and 30, peaks of .01, .02 and .04 IOD"


@dataclass(frozen=True)
class Watched:
    """A clip's name and length, its events and the intervals that were reported of its largest face, as plain JSON, blinks left out."""

    name: str
    duration_s: float
    events: list[dict[str, Any]]
    intervals: list[dict[str, Any]]

    @property
    def pairs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(interval, event), matched whatever the kind."""
        found = spotted.matched(_movements(self.intervals), _movements(self.events))
        return [(self.intervals[claim], self.events[event]) for claim, event in found]


def spotting(reader: Reader, material: Material) -> list[Row]:
    folder = material.folder(SET)
    draw(folder, material.rig)
    clips = [watched(path, reader) for path in sorted(folder.glob("*.mp4"))]
    told_of = [clip for clip in clips if "events" in clip.name]
    return [*_f1(told_of), *_distracted(clips), _apexes(told_of), *_coarse(told_of)]


def photo_spotting(reader: Reader, material: Material) -> list[Row]:
    """No photo taught spotting anything, so people who calibrated something else are as good as others."""
    people = [each for each in material.people if each.at_rest]
    clips = [watched(path, reader) for portrait in people for path in _photo_clips(portrait, material)]
    if not clips:
        return [missing(what, "nobody at rest whom the weights were not trained on") for what in OF_PHOTOS]
    minutes, pairs = sum(clip.duration_s for clip in clips) / 60, [pair for clip in clips for pair in clip.pairs]
    false = sum(len(clip.intervals) for clip in clips) - len(pairs)
    early = sum(abs(interval["apex_s"] - event["apex_s"]) <= APEX_S for interval, event in pairs)
    told = f"photos of {len(people)} people at rest, {CLIPS_EACH} clips of 8 s each, bent for a micro- and a macro-expression, held in a hand; nobody blinks"
    f1, a_minute, apexes = OF_PHOTOS
    return [
        row(f1, f1_of(clips)["F1 any kind"], f"{told}; one-to-one at IoU .5", SIMULATED),
        row(a_minute, Value("", false / minutes, len(clips)), f"{told}; {minutes:.1f} minutes, {false} intervals", SIMULATED),
        share_row(apexes, early, len(pairs), f"{told}; of those spotted", SIMULATED),
    ]


def _photo_clips(portrait: Portrait, material: Material) -> Iterator[Path]:
    """Filmed where they are not there yet."""
    folder = material.folder(PHOTO_SET)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(CLIPS_EACH):
        path = folder / f"{portrait.subject.replace('/', '-')}-{number}.mp4"
        if not path.with_suffix(".json").exists():  # written last
            rng = random_of(material.settings.seed, f"{PHOTO_SET} {portrait.subject} {number}")
            write_photo_clip(path, portrait.path, _puppet(material.rig), rng)
        yield path


@cache
def _puppet(rig: Path) -> Puppet:
    return puppet(load_rig(rig))


def watched(path: Path, reader: Reader) -> Watched:
    events = json.loads(path.with_suffix(".json").read_text())["events"]
    report = clip_report(look_at(open_clip(path), reader.assistant.perceiver), 1)
    intervals = report["faces"][0]["intervals"] if report["faces"] else []
    return Watched(
        path.stem,
        report["duration_s"],
        [each for each in events if each["kind"] != "blink" and each["offset"] - each["onset"] + 1 >= FEWEST_FRAMES],
        [each for each in intervals if each["kind"] != "blink"],
    )


def _movements(found: Sequence[dict[str, Any]]) -> list[Movement]:
    return [Movement(each["onset"], each["offset"], each["kind"], each.get("score", 1.0)) for each in found]


def f1_of(clips: Sequence[Watched]) -> dict[str, Value]:
    """By name, as metrics/spotting.py tells them; each clip is another person."""
    said, there = [_movements(clip.intervals) for clip in clips], [_movements(clip.events) for clip in clips]
    return {value.name: value for value in bootstrap([spotted.tally(said, there, Subjects.each(len(clips)))])}


def _f1(clips: Sequence[Watched]) -> list[Row]:
    values = f1_of(clips)
    told = f"{TOLD}; one-to-one at IoU .5"
    rows = [row(f"spotting F1, {kind}", values[f"F1 {kind}"], told, SIMULATED) for kind in ("micro", "macro", "any kind")]
    return [*rows, row("spotting recall, any kind", values["recall any kind"], told, SIMULATED)]


def _distracted(clips: Sequence[Watched]) -> list[Row]:
    calm = [clip for clip in clips if "nothing" in clip.name]
    minutes = sum(clip.duration_s for clip in calm) / 60
    false = sum(len(clip.intervals) for clip in calm)
    value = Value("", false / minutes if minutes else None, len(calm))
    told = f"{minutes:.1f} minutes of drift with gaze, speech, turns, flicker, exposure steps or shadows, {false} intervals"
    return [row("false intervals a minute of distractors", value, told, SIMULATED)]


def _apexes(clips: Sequence[Watched]) -> Row:
    off = [abs(interval["apex_s"] - event["apex_s"]) for clip in clips for interval, event in clip.pairs]
    return share_row("apex within 67 ms", sum(each <= APEX_S for each in off), len(off), f"{TOLD}; of those spotted", SIMULATED)


def _coarse(clips: Sequence[Watched]) -> list[Row]:
    """Of spotted micro events at a peak: the interval's emotion.coarse; none of the three is a wrong answer."""
    rows = []
    for peak, mark in PEAKS.items():
        what = f"coarse UF1 at {peak} IOD"
        pairs = [(clip.name, *pair) for clip in clips if mark in clip.name for pair in clip.pairs if pair[1]["kind"] == "micro"]
        told = [(name, each.get("emotion"), event["coarse"]) for name, each, event in pairs if event["coarse"] in COARSE]
        if told and all(emotion is None for _, emotion, _ in told):
            rows.append(missing(what, "the intervals of this version carry no emotion"))
            continue
        truth = np.array([COARSE.index(coarse) for *_, coarse in told], int)
        said = np.array([COARSE.index(each["coarse"]) if each and each["coarse"] in COARSE else -1 for _, each, _ in told], int)
        tally = classes.tally(truth, said, COARSE, Subjects.named([name for name, *_ in told]), f1="UF1", each=False)
        value = next(value for value in bootstrap([tally]) if value.name == "UF1")
        rows.append(row(what, value, f"{TOLD}; micro events that were spotted", SIMULATED))
    return rows
