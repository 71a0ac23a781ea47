"""The first training set: renders with action units and emotion, and portraits as live, print and replay.

    python -m facewise.data_builders.synthesis.first_set --rig ict_facekit.npz --portraits DIR [DIR ...] --teacher labels.csv --out DIR

Every sample is drawn from the seed and its own name, so a run that was stopped goes on where it was and two machines make the same files.
Variant "b" of an attack and the camera `webcam` occur in val and test only.
"""

import argparse
import hashlib
import itertools
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ...model.errors import FacewiseError, exit_code
from ...model.perception.faces import find_faces
from ...model.perception.picture import read_picture
from ...model.taxonomy import AU_CODES
from ..portraits import Portrait, read_portraits, split_of
from ..records import Record, record_of, write_records
from .camera import FAMILIES, HELD_OUT, SENSOR, linear_light, picture_size, sample_camera, shoot
from .expressions import sample_expression
from .look import painting
from .print import print_attack
from .render import render, sample_view
from .replay import replay_attack
from .rig import expressed, lip_parting, load_rig, sample_person
from .staging import Content, framing, instrument_mask, seen_flat, stage

ATTACKS = {"print": print_attack, "replay": replay_attack}
RENDER_SIZE = 288  # of the file, px
RENDERS_A_PERSON = 4
RENDER_SPLIT = (0.8, 0.1, 0.1)
LICENCES = {"render": "MIT (ICT-FaceKit)", "portraits": "public domain", "neutral": "CC BY 4.0", "sfhq": "MIT"}
UNLABELLED = ("sfhq",)  # generated faces: no live/spoof label
NEUTRAL = ("neutral",)  # posed at rest: every action unit is silent
SMILE = 3.0


@dataclass(frozen=True)
class Sample:
    """One picture to make: a render, or what is done to a portrait."""

    name: str
    kind: str  # render, live, null, print, replay
    split: str
    subject: str
    portrait: Portrait | None = None
    emotion: str | None = None


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    if not args.rig.is_file():
        raise FacewiseError(f"{args.rig}: no such rig; ICT-FaceKit's light model as one .npz is wanted")
    (args.out / "media").mkdir(parents=True, exist_ok=True)
    samples = [*_renders(args.n_renders), *_portraits(args)]
    workers = ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn"), _single_threaded)
    try:
        made = workers.map(_make, [(sample, args.rig, args.out, args.seed) for sample in samples], chunksize=8)
        records = [record for record in _counted(made, len(samples)) if record]
    except KeyboardInterrupt:
        workers.shutdown(wait=False, cancel_futures=True)
        print("stopped; run the same command to go on", file=sys.stderr)
        return 130
    write_records(args.out / "records.jsonl", records)
    print(
        f"{len(records)} records, {len(samples) - len(records)} portraits without a face left out -> {args.out / 'records.jsonl'}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--portraits", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--teacher", type=Path, required=True, help="blendshapes of the portraits, from data_builders/teacher.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n-renders", type=int, default=4000)
    parser.add_argument(
        "--each", type=int, default=2, help="pictures of each kind a portrait: live, null, print, replay (default: 2)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    return parser


def _renders(count: int) -> list[Sample]:
    people = [f"rig/{i // RENDERS_A_PERSON}" for i in range(count)]
    return [Sample(f"render-{i:05d}", "render", split_of(who, RENDER_SPLIT), who) for i, who in enumerate(people)]


def _portraits(args: argparse.Namespace) -> list[Sample]:
    samples = []
    for folder in args.portraits:
        kinds = ("live",) if folder.name in UNLABELLED else ("live", "null", *ATTACKS)
        for portrait in read_portraits(folder, args.teacher):
            for kind, i in itertools.product(kinds, range(args.each)):
                name = f"{kind}-{folder.name}-{portrait.path.stem}-{i}"
                emotion = _emotion(portrait, first=(kind, i) == ("live", 0))
                samples.append(Sample(name, kind, portrait.split, portrait.subject, portrait, emotion))
    return samples


def _emotion(portrait: Portrait, first: bool) -> str | None:
    """Smiles outnumber neutral faces ten to one: one picture of each tells happiness, or every photo would mean happy."""
    if portrait.path.parent.name in NEUTRAL:
        return "neutral"
    return "happiness" if first and min(portrait.aus.get("AU12", (0.0, 0.0))) >= SMILE else None


def _counted(made, total: int):
    for number, record in enumerate(made, start=1):
        if number % 200 == 0 or number == total:
            print(f"{number} of {total}", file=sys.stderr, flush=True)
        yield record


# In a worker


def _single_threaded() -> None:
    cv2.setNumThreads(1)


def _make(job: tuple[Sample, Path, Path, int]) -> Record | None:
    """The sample's record; made now, or read from the file of an earlier run."""
    sample, rig, out, seed = job
    note = out / "media" / f"{sample.name}.json"
    if not note.is_file():
        rng = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(sample.name.encode()).digest()[:8])])
        record = _photo(sample, sample.portrait, out, rng) if sample.portrait else _render(sample, rig, out, rng)
        _write(note, json.dumps(asdict(record) if record else None).encode())
    values = json.loads(note.read_bytes())
    return record_of(values) if values else None


def _render(sample: Sample, rig_path: Path, out: Path, rng: np.random.Generator) -> Record:
    rig, paint = _rig(rig_path)
    person = sample_person(rig, np.random.default_rng(int(sample.subject.split("/")[1])))
    aus, emotion = sample_expression(rng)
    size = round(RENDER_SIZE * SENSOR)
    view = sample_view(rng, size)
    drawn = render(rig, paint, person, aus, view, rng, size)
    parted = lip_parting(rig, person, expressed(rig, person, aus, np.random.default_rng(0)))
    scored = {code: aus.get(code, (0.0, 0.0)) for code in AU_CODES} | {"AU25": (parted, parted)}
    family = _family(sample, rng)
    jpeg = shoot(drawn.pixels, sample_camera(rng, family), rng)
    return _record(sample, out, jpeg, "render", aus=scored, emotion=emotion, source={"camera": family})


def _photo(sample: Sample, portrait: Portrait, out: Path, rng: np.random.Generator) -> Record | None:
    pixels = read_picture(portrait.path).pixels
    faces = find_faces(pixels)
    if not faces or faces[0].points is None:
        return None
    folder, family = portrait.path.parent.name, _family(sample, rng)
    labels = {"aus": _aus(sample.kind, portrait) or None, "emotion": sample.emotion}
    x1, y1, x2, y2 = faces[0].box
    content = Content(linear_light(pixels), ((x1 + x2) / 2, (y1 + y2) / 2), faces[0].iod_px)
    camera = sample_camera(rng, family)
    if sample.kind in ATTACKS:
        variant = "a" if sample.split == "train" or rng.random() < 0.5 else "b"
        attack = ATTACKS[sample.kind](content, rng, variant)
        jpeg = shoot(attack.frame, camera, rng)
        mask = instrument_mask(attack.stage, picture_size(attack.frame.shape))
        _write(out / "media" / f"{sample.name}.png", cv2.imencode(".png", mask)[1].tobytes())
        seen = {"live": False, "attack": sample.kind, "mask": f"media/{sample.name}.png", "cues": attack.cues}
        return _record(sample, out, jpeg, folder, **labels, **seen, source={"camera": family, "variant": variant})
    frame = seen_flat(stage(content, rng, edge=False)) if sample.kind == "null" else _framed(content, rng)
    live = {} if folder in UNLABELLED else {"live": True, "cues": ()}
    return _record(
        sample, out, shoot(frame, camera, rng), folder, **labels, **live, source={"camera": family, "variant": sample.kind}
    )


def _aus(kind: str, portrait: Portrait) -> dict[str, tuple[float, float]]:
    at_rest = portrait.path.parent.name in NEUTRAL and kind not in ATTACKS
    return {**dict.fromkeys(AU_CODES if at_rest else (), (0.0, 0.0)), **portrait.aus}


def _framed(content: Content, rng: np.random.Generator) -> np.ndarray:
    """The photo itself before the camera, framed and sized as staged faces are."""
    scale = rng.uniform(42, 84) * SENSOR / content.iod
    filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    x1, y1, x2, y2 = framing(content, rng).astype(int)
    return cv2.resize(content.pixels[y1:y2, x1:x2], None, fx=scale, fy=scale, interpolation=filter_)


def _family(sample: Sample, rng: np.random.Generator) -> str:
    return str(rng.choice([family for family in FAMILIES if sample.split != "train" or family != HELD_OUT]))


def _record(sample: Sample, out: Path, jpeg: bytes, dataset: str, **labels) -> Record:
    media = f"media/{sample.name}.jpg"
    _write(out / media, jpeg)
    digest = hashlib.sha256(jpeg).hexdigest()
    return Record(
        sample.name, media, digest, dataset, LICENCES.get(dataset, "see source"), sample.subject, sample.split, **labels
    )


@cache
def _rig(path: Path):
    rig = load_rig(path)
    return rig, painting(rig)


def _write(path: Path, data: bytes) -> None:
    """All of a file or none of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(data)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(exit_code(main))
