"""Contact sheets of everything that `facewise synth` makes, to be looked at before any of it is trained on.

What is drawn is made by the very jobs of a set, and what stands below each picture is its record: the sheet shows labels, not intentions.
Its folder is a set, too: records.jsonl, and the pictures under the names that the sheets tell.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...model.drawing import grid, write_picture
from ...model.perception.picture import read_picture
from ...model.taxonomy import AU_CODES
from ..clips.scripts import DRAWABLE
from ..portraits import Portrait
from ..records import Record
from ..rig.expressions import PROTOTYPES, Aus
from ..rig.look import sample_look
from ..rig.render import View, draw
from ..rig.rig import MIDLINE, expressed, sample_person
from .camera import srgb
from .faces import FaceJob, make_face, rig_and_painting
from .films import strip
from .production import produce, random_of
from .spoofs import SHARES, SpoofJob, make_spoof, spoof_job

ACROSS = 8
TILE_PX = 224
INK = (255, 60, 40)
SEEN = 0.25  # a cue that is faint is told, too
DRIVEN: dict[str, Aus] = {
    "at rest": {},
    **{code: {code: (3.0, 3.0)} for code in ("AU1", "AU4", "AU5", "AU9", "AU10", "AU14", "AU15", "AU17", "AU24", "AU26", "AU43")},
    "AU1+2": {"AU1": (3.0, 3.0), "AU2": (3.0, 3.0)},
    "AU6+12": {"AU6": (3.0, 3.0), "AU12": (3.0, 3.0)},
    "AU12 left": {"AU12": (3.0, 0.0)},
    "AU20+25": {"AU20": (3.0, 3.0), "AU25": (3.0, 3.0)},
    "AU20+43": {"AU20": (3.0, 3.0), "AU43": (5.0, 5.0)},
}


Row = tuple[str, list[tuple[str, np.ndarray]]]


def write_sheets(out: Path, settings: dict[str, Any], rig: Path, portraits: Sequence[Portrait], workers: int, seed: int) -> int:
    """spoofs.png, driven.png, units.png, emotions.png and clips.png in `out`, and the set of the first two."""
    jobs: list[SpoofJob | FaceJob] = [*_spoof_jobs(portraits, seed), *_driven_jobs(rig, portraits, seed)]
    records = produce(out, settings, jobs, _made, workers, seed)
    sheets = {
        "spoofs": _spoofs(out, records),
        "driven": _driven(out, records),
        "units": _units(rig, seed),
        "emotions": _emotions(rig, seed),
        "clips": _clips(rig, seed),
    }
    for name, rows in sheets.items():
        path = out / f"{name}.png"
        write_picture(path, grid(list(rows), TILE_PX))
        print(path, file=sys.stdout, flush=True)
    return 0


def _made(job: SpoofJob | FaceJob, out: Path, rng: np.random.Generator) -> list[Record]:
    return make_spoof(job, out, rng) if isinstance(job, SpoofJob) else make_face(job, out, rng)


def _spoof_jobs(portraits: Sequence[Portrait], seed: int) -> Iterator[SpoofJob]:
    """Of each kind more than are shown: of some photos nothing can be made."""
    real = [portrait for portrait in portraits if not portrait.generated]
    for kind in SHARES:
        rng = random_of(seed, kind)
        for number, i in enumerate(rng.permutation(len(real))[: 2 * ACROSS]):
            yield spoof_job(f"{kind.replace(' ', '-')}-{number}", kind, real[i], real, rng)


def _spoofs(out: Path, records: Sequence[Record]) -> Iterator[Row]:
    """A row for each kind: its pictures with the mask's outline, and the visible cues."""
    for kind in SHARES:
        yield kind, [_told(out, record) for record in records if record.source["kind"] == kind][:ACROSS]


def _driven_jobs(rig: Path, portraits: Sequence[Portrait], seed: int) -> Iterator[FaceJob]:
    for portrait in [portraits[i] for i in random_of(seed, "driven").permutation(len(portraits))[:ACROSS]]:
        for name, aus in DRIVEN.items():
            yield FaceJob(f"{portrait.path.stem}-{name.replace(' ', '-')}", rig, portrait.subject, portrait.split, portrait, aus)


def _driven(out: Path, records: Sequence[Record]) -> Iterator[Row]:
    """Photos, each with its null edit and every change in turn."""
    driven = [record for record in records if record.source["kind"] == "driven"]
    nulls = {record.id: record for record in records if record.source["kind"] == "null"}
    for photo in dict.fromkeys(record.source["portrait"] for record in driven):
        of_photo = [record for record in driven if record.source["portrait"] == photo]
        tiles = [("null edit", read_picture(out / nulls[str(of_photo[0].pair)].media).pixels)]
        tiles += [(_change(record), read_picture(out / record.media).pixels) for record in of_photo]
        yield Path(photo).stem, tiles


def _change(record: Record) -> str:
    """What was asked for, and what changed most by how much."""
    asked = record.id.removesuffix("-driven").removeprefix(Path(record.source["portrait"]).stem + "-")
    most = sorted((record.change or {}).items(), key=lambda item: -max(map(abs, item[1])))[:2]
    return f"{asked}: " + " ".join(f"{code} {max(sides, key=abs):+.1f}" for code, sides in most)


def _told(out: Path, record: Record) -> tuple[str, np.ndarray]:
    pixels = read_picture(out / record.media).pixels.copy()
    if record.mask:
        mask = read_picture(out / record.mask).pixels[..., 0]
        cv2.drawContours(pixels, cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0], -1, INK, 1)
    seen = {name: value for name, value in (record.cues or {}).items() if value >= SEEN}
    cues = " ".join(f"{name} {value:.1f}" for name, value in sorted(seen.items(), key=lambda cue: -cue[1])[:2])
    number = record.id.rpartition("-")[2]
    return f"{number}: {'live' if record.live else cues or 'no cue is seen'}", pixels


def _units(rig_path: Path, seed: int) -> Iterator[Row]:
    """Every action unit on one person from A to E, and on one side where it has sides."""
    shown = {
        "rest": (0.0, 0.0),
        **{level: (i, i) for i, level in enumerate("ABCDE", start=1)},
        "left D": (4, 0),
        "right D": (0, 4),
    }
    for code in AU_CODES:
        levels = {name: sides for name, sides in shown.items() if code not in MIDLINE or sides[0] == sides[1]}
        yield (
            code,
            [(name, _posed(rig_path, seed, "units", {code: sides} if any(sides) else {})) for name, sides in levels.items()],
        )


def _emotions(rig_path: Path, seed: int) -> Iterator[Row]:
    """Each prototype of each emotion at D on several people; contempt on the left side."""
    for emotion, variants in PROTOTYPES.items():
        sides = (4.0, 0.0) if emotion == "contempt" else (4.0, 4.0)
        for codes in variants:
            aus = {code: (4.0, 4.0) if code in MIDLINE else sides for code in codes}
            name = " ".join(code.removeprefix("AU") for code in codes)
            yield emotion, [(name, _posed(rig_path, seed, f"person {k}", aus)) for k in range(ACROSS)]


def _posed(rig_path: Path, seed: int, who: str, aus: Aus) -> np.ndarray:
    """Somebody before a camera, from the front, uint8 [TILE_PX, TILE_PX, 3]."""
    rig, paint = rig_and_painting(rig_path)
    person = sample_person(rig, random_of(seed, who))
    look = replace(sample_look(rig, paint, random_of(seed, f"look of {who}"), (TILE_PX, TILE_PX)), fold=0.6)
    front = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=100.0, iod_px=0.4 * TILE_PX, place=(0.5, 0.5))
    mesh = expressed(rig, person, aus, random_of(seed, "mesh"))
    return np.rint(255 * srgb(draw(rig, paint, mesh, aus, look, front).pixels)).astype(np.uint8)


def _clips(rig: Path, seed: int) -> Iterator[Row]:
    """Of each class: onset, apex and offset of a movement, and what changed at the apex, five times."""
    for name in DRAWABLE:
        yield f"class {name}", strip(rig, name, seed)
