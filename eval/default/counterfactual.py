"""The same attack without one of its structures: what it leaves is no longer in the picture, and must no longer be named.

The simulators keep the frame without the printer's dots, the paper's grain, the gloss or the screen's pixels; both are photographed in the
same moment by the same camera. Edges and bezels have no such frame, so they are not judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ...data_builders.portraits import Portrait
from ...data_builders.records import Record
from ...data_builders.scenery.scenes import scene
from ...data_builders.synthesis.camera import SENSOR, sample_camera, shot_alike
from ...data_builders.synthesis.faces import camera_family
from ...data_builders.synthesis.photo import SCREEN, TRACES, Attack, read_photo, traces
from ...data_builders.synthesis.production import random_of, write_media
from ...data_builders.synthesis.spoofs import BEHIND_PX, STAGED
from ...model.errors import FacewiseError
from ...model.readings import visible_cues
from .live import again
from .material import Material
from .reader import Reader, Verdict
from .row import SIMULATED, Row, share_row

SET, VARIANT, VISIBLE = "counterfactual", "b", 0.5


@dataclass(frozen=True)
class WithoutJob:
    name: str
    kind: str
    portrait: Portrait


def make_without(job: WithoutJob, out: Path, rng: np.random.Generator) -> list[Record]:
    """The attack with its cues, then one picture without each structure that left a visible one, which `source` names. Raises
    FacewiseError where none did."""
    made: Attack = STAGED[job.kind](read_photo(job.portrait.path), rng, VARIANT, scene(BEHIND_PX, rng).pixels)
    structures = [name for name in made.without if name == SCREEN or name in TRACES]
    camera = sample_camera(rng, camera_family("test", rng))
    jpeg, *bare = shot_alike([made.frame, *(made.without[name] for name in structures)], camera, rng)
    records = []
    whole = _record(job, "whole", jpeg, out)
    for structure, without in zip(structures, bare, strict=True):
        left = traces(structure, _pixels(jpeg), _pixels(without), made.iod / SENSOR)
        seen = [cue for cue, much in left.items() if much >= VISIBLE]
        if seen:
            record = _record(job, structure, without, out)
            records.append(replace(record, source=record.source | {"cues": ",".join(seen)}))
    if not records:
        raise FacewiseError(f"no structure of this {job.kind} is visible in the picture")
    return [whole, *records]


def _pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB))


def _record(job: WithoutJob, structure: str, jpeg: bytes, out: Path) -> Record:
    media, digest = write_media(out, f"{job.name}-{structure}.jpg", jpeg)
    portrait, source = job.portrait, {"kind": job.kind, "of": job.name, "without": structure}
    who = (portrait.path.parent.name, portrait.licence, portrait.subject, portrait.split)
    return Record(f"{job.name}-{structure}", media, digest, *who, live=False, attack=job.kind, source=source)


def counterfactual(reader: Reader, material: Material) -> list[Row]:
    people, count = material.tested(material.people), max(1, material.settings.attacks // 2)
    jobs = [
        WithoutJob(f"{kind}-{number:04d}", kind, portrait)
        for kind in STAGED
        for number, portrait in enumerate(again([people[i] for i in random_of(0, kind).permutation(len(people))], count))
    ]
    records = material.drawn(SET, jobs, make_without)
    verdicts = reader.verdicts(material.pictures(SET, records))
    gone = _gone(records, verdicts)
    told = "prints and replays of variant b with and without their dots, grain, gloss or pixels; cues that the object names with them"
    return [share_row("cue no longer named without it", sum(gone), len(gone), told, SIMULATED)]


def _gone(records: Sequence[Record], verdicts: Sequence[Verdict | None]) -> list[bool]:
    whole = {
        record.source["of"]: _named(each)
        for record, each in zip(records, verdicts, strict=True)
        if record.source["without"] == "whole"
    }
    return [
        cue not in _named(each)
        for record, each in zip(records, verdicts, strict=True)
        for cue in record.source.get("cues", "").split(",")
        if cue and cue in whole[record.source["of"]]
    ]


def _named(verdict: Verdict | None) -> set[str]:
    """What an answer would name; texts name no other cue than their object's."""
    return set() if verdict is None or verdict.label != "spoof" else {cue.name for cue in visible_cues(verdict.look.numbers)}
