"""Contact sheets of everything that `facewise synth` makes, to be looked at before any of it is trained on.

What is drawn is made by the very jobs of a set, and what stands below each picture is its record: the sheet shows labels, not intentions.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ...model.drawing import grid, write_picture
from ...model.perception.picture import read_picture
from ...model.taxonomy import AU_CODES
from ..clips.scripts import DRAWABLE
from ..portraits import Portrait
from ..records import Record
from ..rig.expressions import Aus
from ..rig.look import sample_look
from ..rig.render import View, draw
from ..rig.rig import MIDLINE, expressed, sample_person
from .camera import srgb
from .faces import FaceJob, make_face, rig_and_painting
from .films import strip
from .production import MEDIA, random_of
from .spoofs import SHARES, SpoofJob, make_spoof

ACROSS = 8
TILE_PX = 224
INK = (255, 60, 40)
DRIVEN: dict[str, Aus] = {
    "at rest": {},
    **{code: {code: (3.0, 3.0)} for code in ("AU1", "AU4", "AU5", "AU9", "AU10", "AU14", "AU15", "AU17", "AU24", "AU26", "AU43")},
    "AU1+2": {"AU1": (3.0, 3.0), "AU2": (3.0, 3.0)},
    "AU6+12": {"AU6": (3.0, 3.0), "AU12": (3.0, 3.0)},
    "AU12 left": {"AU12": (3.0, 0.0)},
    "AU20+25": {"AU20": (3.0, 3.0), "AU25": (3.0, 3.0)},
    "AU20+43": {"AU20": (3.0, 3.0), "AU43": (5.0, 5.0)},
}


def write_sheets(out: Path, rig: Path, portraits: Sequence[Portrait], seed: int) -> int:
    """spoofs.png, units.png, driven.png and clips.png in `out`, and the pictures themselves in out/media."""
    (out / MEDIA).mkdir(parents=True, exist_ok=True)
    sheets = {
        "spoofs": _spoofs(out, portraits, seed),
        "units": _units(rig, seed),
        "driven": _driven(out, rig, portraits, seed),
        "clips": _clips(rig, seed),
    }
    for name, rows in sheets.items():
        path = out / f"{name}.png"
        write_picture(path, grid(list(rows), TILE_PX))
        print(path, file=sys.stdout, flush=True)
    return 0


Row = tuple[str, list[tuple[str, np.ndarray]]]


def _spoofs(out: Path, portraits: Sequence[Portrait], seed: int) -> Iterator[Row]:
    """A row for each kind: its pictures with the mask's outline, and the visible cues."""
    real = [portrait for portrait in portraits if not portrait.generated]
    for kind in SHARES:
        rng = random_of(seed, kind)
        chosen = rng.permutation(len(real))[: 2 * ACROSS]
        tiles: list[tuple[str, np.ndarray]] = []
        for number, (i, k) in enumerate(zip(chosen, np.roll(chosen, 1), strict=True)):
            job = SpoofJob(f"{kind.replace(' ', '-')}-{number}", kind, real[i], real[k])
            tiles += [_told(out, record) for record in _tried(make_spoof, job, out, seed)]
        yield kind, tiles[:ACROSS]


def _tried(make, job, out: Path, seed: int) -> list[Record]:
    """A photo of which nothing can be made leaves its place to the next."""
    from ...model.errors import FacewiseError

    try:
        return make(job, out, random_of(seed, job.name))
    except FacewiseError as error:
        print(f"{job.name}: {error}", file=sys.stderr)
        return []


def _told(out: Path, record: Record) -> tuple[str, np.ndarray]:
    pixels = read_picture(out / record.media).pixels.copy()
    if record.mask:
        mask = read_picture(out / record.mask).pixels[..., 0]
        cv2.drawContours(pixels, cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0], -1, INK, 1)
    cues = " ".join(f"{name} {value:.1f}" for name, value in (record.cues or {}).items())
    return cues or ("live" if record.live else ""), pixels


def _units(rig_path: Path, seed: int) -> Iterator[Row]:
    """Every action unit on one person at B and D, and on one side where it has sides."""
    rig, paint = rig_and_painting(rig_path)
    person = sample_person(rig, random_of(seed, "units"))
    look = sample_look(rig, paint, random_of(seed, "look"), (TILE_PX, TILE_PX))
    look = replace(look, fold=0.6)
    front = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=100.0, iod_px=0.4 * TILE_PX, place=(0.5, 0.5))
    shown = {"rest": (0.0, 0.0), "B": (2.0, 2.0), "D": (4.0, 4.0), "left D": (4.0, 0.0), "right D": (0.0, 4.0)}
    for code in AU_CODES:
        tiles = []
        for name, sides in shown.items():
            if "D" in name and name != "D" and code in MIDLINE:
                continue
            aus = {code: sides} if any(sides) else {}
            mesh = expressed(rig, person, aus, random_of(seed, "mesh"))
            tiles.append((name, np.rint(255 * srgb(draw(rig, paint, mesh, aus, look, front).pixels)).astype(np.uint8)))
        yield code, tiles


def _driven(out: Path, rig: Path, portraits: Sequence[Portrait], seed: int) -> Iterator[Row]:
    """Photos, each with its null edit and every change in turn."""
    for portrait in [portraits[i] for i in random_of(seed, "driven").permutation(len(portraits))[:ACROSS]]:
        tiles: list[tuple[str, np.ndarray]] = []
        for name, aus in DRIVEN.items():
            job = FaceJob(f"{portrait.path.stem}-{name.replace(' ', '-')}", rig, portrait.subject, portrait.split, portrait, aus)
            made = [read_picture(out / record.media).pixels for record in _tried(make_face, job, out, seed)]
            tiles += [("null edit", made[0])] if made and not tiles else []
            tiles += [(name, made[1])] if made else []
        yield portrait.path.stem, tiles


def _clips(rig: Path, seed: int) -> Iterator[Row]:
    """Of each class: onset, apex and offset of a movement, and what changed at the apex, five times."""
    for name in DRAWABLE:
        yield f"class {name}", strip(rig, name, seed)
