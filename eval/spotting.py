"""How well movements are spotted in clips with exact labels: drawn ones, so every number here is "simulated".

    python -m facewise.eval.spotting FOLDER --rig ict_facekit.npz

draws what is missing of the clips into FOLDER (24 with five events each, 6 with distractors only) and prints the scores. An interval is right if
it overlaps an event of its own by half (IoU, ends included); events of fewer than five frames are left out, no interval may claim them.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..data_builders.clips.camcorder import sample_camcorder
from ..data_builders.clips.clips import write_labelled_clip
from ..data_builders.clips.scripts import sample_plan
from ..data_builders.clips.takes import Take
from ..data_builders.rig.look import painting, sample_look
from ..data_builders.rig.rig import Sides, load_rig, sample_person
from ..model.errors import FacewiseError, exit_code
from ..model.perception.clip import watch
from ..model.perception.spotting import FEWEST_FRAMES, Spot
from ..model.perception.video import open_clip
from .metrics.intervals import bootstrap
from .metrics.spotting import Movement, matched
from .metrics.statistic import Column, Tally, Value, ratio

APEX_S = 0.067
SIZE = (640, 360)
FAMILY = "phone"
UNITS: tuple[dict[str, Sides], ...] = (
    *(
        {code: (5.0, 5.0)}
        for code in ("AU1", "AU2", "AU4", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU24", "AU26")
    ),
    {"AU1": (5.0, 5.0), "AU2": (5.0, 5.0)},
    *({code: sides} for code in ("AU2", "AU10", "AU12", "AU20") for sides in ((5.0, 0.0), (0.0, 5.0))),
)
DISTRACTORS = ("gaze", "speech", "turn", "flicker", "exposure", "shadow")


@dataclass(frozen=True)
class Wanted:
    """One clip to draw: its name says how; `peak_iod` of the micro events, macro ones go twice as far; 0: no event at all."""

    name: str
    fps: int
    crf: int
    peak_iod: float
    distractors: tuple[str, ...]


@dataclass(frozen=True)
class Scored:
    """One clip's hits, false intervals, misses, and how far the hits' apexes lie off, in s."""

    hits: int
    false: int
    missed: int
    apex_s: tuple[float, ...]


def clips() -> Iterator[Wanted]:
    for fps, crf, peak in itertools.product((30, 60), (18, 23, 30), (0.01, 0.02, 0.04, 0.04)):
        yield Wanted(f"events-{fps}fps-crf{crf}-{round(1000 * peak):03d}", fps, crf, peak, ("drift",))
    for kind in DISTRACTORS:
        yield Wanted(f"nothing-{kind}", 30, 23, 0.0, ("drift", *[kind] * 4))


def draw(folder: Path, rig_path: Path, seconds: float = 10.0) -> None:
    """Draws what is not there yet; every clip from its own number, so a killed run goes on."""
    if not rig_path.is_file():
        raise FacewiseError(f"{rig_path}: no such rig; ICT-FaceKit's light model as one .npz is wanted")
    folder.mkdir(parents=True, exist_ok=True)
    rig = load_rig(rig_path)
    paint = painting(rig)
    for number, wanted in enumerate(clips()):
        path = folder / f"{number:02d}-{wanted.name}.mp4"
        if path.exists():
            continue
        rng = np.random.default_rng([2026, number])
        person, look = sample_person(rig, rng), sample_look(rig, paint, rng, SIZE)
        kinds = ("micro", "micro", "micro", "macro", "macro") if wanted.peak_iod else ()
        chosen = rng.choice(len(UNITS), len(kinds), replace=False)
        events = [
            (kind, UNITS[unit], wanted.peak_iod * (1 + (kind == "macro"))) for kind, unit in zip(kinds, chosen, strict=True)
        ]
        plan = sample_plan(rng, wanted.fps, seconds, events, wanted.distractors)
        take = Take(rig, paint, person, plan, SIZE, float(rng.uniform(45, 110)))
        camcorder = sample_camcorder(rng, FAMILY, wanted.fps)
        write_labelled_clip(path, take, look, replace(camcorder, crf=wanted.crf, gop=wanted.fps))
        print(f"drawn {path.name}", file=sys.stderr, flush=True)


def scored(spots: Sequence[Spot], events: Sequence[dict]) -> Scored:
    """One-to-one matching whatever the kind, the surest interval first; blinks on either side do not count."""
    wanted = [e for e in events if e["kind"] != "blink" and e["offset"] - e["onset"] + 1 >= FEWEST_FRAMES]
    claimed = [spot for spot in spots if spot.kind != "blink"]
    pairs = matched(
        [Movement(spot.onset, spot.offset, spot.kind, spot.score) for spot in claimed],
        [Movement(event["onset"], event["offset"], event["kind"]) for event in wanted],
    )
    apexes = tuple(abs(claimed[claim].apex_s - wanted[event]["apex_s"]) for claim, event in pairs)
    return Scored(len(pairs), len(claimed) - len(pairs), len(wanted) - len(pairs), apexes)


def f1(scores: Sequence[Scored]) -> Value:
    """Over all clips' intervals together, with its interval from resampled clips: each is another person."""
    counts = np.array([(s.hits, s.false, s.missed) for s in scores], float)
    events = sum(s.hits + s.missed for s in scores)
    tally = Tally((Column("F1", events),), counts, lambda sums: ratio(2 * sums[..., :1], sums @ np.array([[2.0], [1], [1]])))
    return bootstrap([tally])[0]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of clips (.mp4) with their labels (.json)")
    parser.add_argument("--rig", type=Path, help="draw the clips that are missing with this rig (ict_facekit.npz)")
    args = parser.parse_args(argv)
    if args.rig:
        draw(args.folder, args.rig)
    paths = sorted(args.folder.glob("*.mp4"))
    if not paths:
        raise FacewiseError(f"{args.folder}: no clips here; give --rig to draw them")
    report({path.stem: _watched(path) for path in paths})
    return 0


def report(found: dict[str, tuple[Scored, float]]) -> None:
    """Prints F1 with interval and n per peak, then the false intervals a minute where nothing is expressed."""
    events = {name: scores for name, (scores, _) in found.items() if "events" in name}
    groups = {"all": "events", ".01 IOD": "-010", ".02 IOD": "-020", ".04 IOD": "-040", "30 fps": "30fps", "60 fps": "60fps"}
    for title, mark in groups.items():
        scores = [s for name, s in events.items() if mark in name]
        if scores:
            print(f"spotting F1, simulated, {title:8} {_told(f1(scores))} events in {len(scores)} clips")
    apexes = np.array([a for s in events.values() for a in s.apex_s])
    if len(apexes):
        print(f"apex within {1000 * APEX_S:.0f} ms          {np.mean(apexes <= APEX_S):.2f} n = {len(apexes)}")
    nothing = [pair for name, pair in found.items() if "nothing" in name]
    if nothing:
        minutes = sum(seconds for _, seconds in nothing) / 60
        print(
            f"false intervals a minute    {sum(s.false for s, _ in nothing) / minutes:.1f} over {minutes:.1f} minutes of distractors"
        )


def _told(value: Value) -> str:
    """ "0.71 [0.62, 0.80] n = 120"."""
    number = "none" if value.value is None else f"{value.value:.2f}"
    interval = "" if value.low is None else f" [{value.low:.2f}, {value.high:.2f}]"
    return f"{number}{interval} n = {value.n}"


def _watched(path: Path) -> tuple[Scored, float]:
    events = json.loads(path.with_suffix(".json").read_text())["events"]
    seen = watch(open_clip(path))
    spots = seen.faces[0].spotted.spots if seen.faces and seen.faces[0].spotted else ()
    print(f"watched {path.name}", file=sys.stderr, flush=True)
    return scored(spots, events), seen.duration_s


if __name__ == "__main__":
    sys.exit(exit_code(main))
