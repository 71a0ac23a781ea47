"""The pictures and the clip of examples/, of people whom nobody is: the same files from the same rig.

    python -m facewise.data_builders.synthesis.examples --rig ict_facekit.npz --out examples

Who is shown was chosen by eye; the numbers below are their seeds.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from ...model.errors import FacewiseError, exit_code
from ...model.perception.faces import find_faces
from ..attacks.print import print_attack
from ..clips.camcorder import sample_camcorder
from ..clips.clips import labelled_clip
from ..clips.distractors import sample_spans
from ..clips.events import Event
from ..clips.scripts import ClipPlan, Script
from ..rig.look import Painting, painting
from ..rig.render import View, render
from ..rig.rig import Rig, Sides, load_rig, sample_person
from ..scenery.scenes import scene
from .camera import SENSOR, sample_camera, shoot, srgb
from .photo import Photo

SMILE: dict[str, Sides] = {"AU6": (2.6, 2.6), "AU12": (3.2, 3.2)}
FACE_PX = 480
FACE, PRINTED, CLIP = 11, 16, 2  # seeds
CLIP_PX, CLIP_FPS, CLIP_FRAMES = (480, 360), 30, 210


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    rig = load_rig(args.rig)
    paint = painting(rig)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, jpeg in (("invented-face.jpg", face(rig, paint)), ("printed-face.jpg", printed(rig, paint))):
        (args.out / name).write_bytes(jpeg)
    rng = np.random.default_rng(CLIP)
    labelled_clip(args.out / "invented-clip.mp4", rig, paint, sample_person(rig, rng), script(rng), rng)
    (args.out / "invented-clip.npz").unlink()  # the flow: nothing shows it
    return 0


def face(rig: Rig, paint: Painting) -> bytes:
    """A smile (AU6 + AU12), as JPEG."""
    rng = np.random.default_rng(FACE)
    return shoot(smiling(rig, paint, rng, 0.23), sample_camera(rng, "dslr"), rng)


def printed(rig: Rig, paint: Painting) -> bytes:
    """Somebody else's smile, printed and held before a wall, as JPEG."""
    rng = np.random.default_rng(PRINTED)
    pixels = smiling(rig, paint, rng, 0.22)
    faces = find_faces(np.rint(255 * srgb(pixels)).astype(np.uint8))
    if not faces or faces[0].points is None:
        raise FacewiseError("the detector does not find the face that is to be printed")
    photo = Photo(pixels, np.asarray(faces[0].points, np.float32))
    made = print_attack(photo, rng, "a", scene(pixels.shape[1::-1], rng, "panelling").pixels)
    return shoot(made.frame, sample_camera(rng, "phone"), rng)


def smiling(rig: Rig, paint: Painting, rng: np.random.Generator, iod_share: float) -> np.ndarray:
    """Linear light [h, w, 3] at the sensor's sampling, nearly from the front."""
    size = round(FACE_PX * SENSOR)
    yaw, pitch, roll = np.radians(rng.normal(0, 4, 3)).tolist()
    view = View(yaw, pitch, roll, distance_cm=110.0, iod_px=iod_share * size, place=(0.5, 0.46))
    return render(rig, paint, sample_person(rig, rng), SMILE, view, rng, size).pixels


def script(rng: np.random.Generator) -> Script:
    """Brows raised, a blink, a smile of .23 s on the person's left side, another blink."""
    events = (
        Event("macro", {"AU1": (3.0, 3.0), "AU2": (3.0, 3.0)}, None, 53, 58, 72, hold=0.4),
        Event("blink", {"AU43": (5.0, 5.0)}, None, 87, 90, 96),
        Event("micro", {"AU12": (2.0, 0.0)}, None, 160, 163, 167),
        Event("blink", {"AU43": (5.0, 5.0)}, None, 178, 181, 186),
    )
    plan = ClipPlan(CLIP_FPS, CLIP_FRAMES, events, sample_spans(rng, ("drift",), CLIP_FPS, CLIP_FRAMES), seed=CLIP)
    return Script(plan, CLIP_PX, 0.27 * min(CLIP_PX), sample_camcorder(rng, "dslr", CLIP_FPS))


if __name__ == "__main__":
    sys.exit(exit_code(main))
