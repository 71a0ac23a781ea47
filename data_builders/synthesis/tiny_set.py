"""The set that finetune/recipes/tiny.yaml learns from, examples/tiny/: eighteen drawn people, each live twice and once as a print or a screen.

    python -m facewise.data_builders.synthesis.tiny_set --rig ict_facekit.npz --out examples/tiny

One frame of a split's short video is one picture, so that fifty-four of them are four files. Enough to see every stage run; nothing is learned from it.
"""

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from ...model.errors import FacewiseError, exit_code
from ...model.perception.faces import find_faces
from ...model.taxonomy import AU_CODES
from ..attacks.print import print_attack
from ..attacks.replay import replay_attack
from ..records import GENUINE, Record, write_records
from ..rig.expressions import Aus, sample_expression
from ..rig.look import Painting, painting
from ..rig.render import View, render
from ..rig.rig import Person, Rig, load_rig, sample_person
from ..scenery.scenes import scene
from .camera import SENSOR, sample_camera, shoot, srgb
from .photo import Photo

PEOPLE = {"train": 10, "val": 4, "test": 4}
ATTACKS = {"print": print_attack, "replay": replay_attack}
SHOT_PX, FRAME_PX = 480, 256
CRF = 20


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    rig = load_rig(args.rig)
    args.out.mkdir(parents=True, exist_ok=True)
    frames: dict[str, list[np.ndarray]] = {split: [] for split in PEOPLE}
    records: list[Record] = []
    for frame, known in pictures(rig, painting(rig)):
        records.append(record(len(records), len(frames[known["split"]]), known))
        frames[known["split"]].append(frame)
    for split, shown in frames.items():
        write_frames(args.out / f"{split}.mp4", shown)
    write_records(args.out / "records.jsonl", records)
    print(f"{len(records)} pictures -> {args.out}")
    return 0


def pictures(rig: Rig, paint: Painting) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """Frames with what is known of each: two looks of a person, then an attack made of a third."""
    splits = [split for split, count in PEOPLE.items() for _ in range(count)]
    for number, split in enumerate(splits):
        rng = np.random.default_rng(number)
        person, known = sample_person(rig, rng), {"subject": f"tiny/{number:02d}", "split": split}
        for _ in range(2):
            aus, emotion = sample_expression(rng)
            frame = drawn(rig, paint, person, aus, rng)
            every = {code: aus.get(code, (0.0, 0.0)) for code in AU_CODES}
            yield shot(frame, rng), known | {"live": True, "cues": {}, "aus": every, "emotion": emotion}
        kind = list(ATTACKS)[number // 2 % 2]
        frame = presented(drawn(rig, paint, person, {}, rng), kind, rng)
        yield shot(frame, rng), known | {"live": False, "attack": kind}


def drawn(rig: Rig, paint: Painting, person: Person, aus: Aus, rng: np.random.Generator) -> np.ndarray:
    """Linear light at the sensor's sampling, nearly from the front."""
    size = round(SHOT_PX * SENSOR)
    yaw, pitch, roll = np.radians(rng.normal(0, 4, 3)).tolist()
    iod = float(rng.uniform(0.24, 0.3)) * size
    view = View(yaw, pitch, roll, distance_cm=110.0, iod_px=iod, place=(0.5, 0.46))
    return render(rig, paint, person, aus, view, rng, size).pixels


def presented(pixels: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Raises FacewiseError where the detector does not find the face."""
    faces = find_faces(np.rint(255 * srgb(pixels)).astype(np.uint8))
    if not faces or faces[0].points is None:
        raise FacewiseError("the detector does not find a face that is to be presented")
    photo = Photo(pixels, np.asarray(faces[0].points, np.float32))
    return ATTACKS[kind](photo, rng, "a", scene(pixels.shape[1::-1], rng).pixels).frame


def shot(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 [FRAME_PX, FRAME_PX, 3], as a camera has it."""
    jpeg = shoot(frame, sample_camera(rng, "phone"), rng)
    pixels = np.asarray(Image.open(BytesIO(jpeg)).convert("RGB"))
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return cv2.resize(pixels[top : top + side, left : left + side], (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA)


def write_frames(path: Path, frames: list[np.ndarray]) -> None:
    """H.264 of key frames alone, one thread: the same bytes everywhere."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.height, stream.width, stream.pix_fmt, stream.gop_size, stream.thread_count = FRAME_PX, FRAME_PX, "yuv420p", 1, 1
        stream.options = {"crf": str(CRF), "x264-params": "keyint=1"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())


def record(number: int, frame: int, known: dict[str, Any]) -> Record:
    return Record(
        f"{number:02d}",
        f"{known['split']}.mp4",
        frames=(frame, frame),
        dataset="tiny",
        licence="Apache-2.0; heads by ICT-FaceKit (MIT)",
        digital=GENUINE,
        **known,
    )


if __name__ == "__main__":
    sys.exit(exit_code(main))
