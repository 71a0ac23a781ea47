"""`make bench`, third part: pictures and clip frames a second of `facewise synth`, with one process and with two.

Needs the folder that FACEWISE_SHARED names, for its rig and portraits, and says so where it is missing.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

SPOOFS, RENDERS, DRIVEN, CLIPS = 240, 300, 80, 6
WARM = {"clips": 2}  # else 8: jobs made before the clock starts: compiled kernels, detectors, the rig


def main() -> None:
    shared = os.environ.get("FACEWISE_SHARED")
    if not shared:
        print("synthesis: set FACEWISE_SHARED to the folder with data/ict_facekit.npz and data/portraits", file=sys.stderr)
        return
    rig, folder = Path(shared) / "data" / "ict_facekit.npz", Path(shared) / "data" / "portraits"
    from facewise.data_builders.portraits import Folder, read_portraits
    from facewise.data_builders.synthesis.faces import face_jobs, make_face
    from facewise.data_builders.synthesis.films import clip_jobs, make_clip
    from facewise.data_builders.synthesis.spoofs import make_spoof, spoof_jobs

    portraits = read_portraits([Folder(folder)])
    rates("spoofs", "spoofs/s", spoof_jobs(portraits, SPOOFS + 16, 0), make_spoof)
    rates("renders", "renders/s", face_jobs(rig, (), RENDERS + 16, 0), make_face)
    rates("driven photos, pairs", "pairs/s", face_jobs(rig, portraits, 2 * (DRIVEN + 16), 0)[1::2], make_face)
    rates("clips", "frames/s", clip_jobs(rig, CLIPS + 2, 0), make_clip, lambda record: record.clip["frames"])


def rates(name: str, unit: str, jobs: list, make: Callable, size: Callable = lambda record: 1) -> None:
    """With one and with two workers: each counted from its first records on, so that starting up is left out."""
    one, two = (rate(jobs, make, workers, size, WARM.get(name, 8)) for workers in (1, 2))
    print(f"{name:22} 1 process {one:7.1f}   2 processes {two:7.1f} {unit:10} gain {two / one:.2f}", flush=True)


def rate(jobs: list, make: Callable, workers: int, size: Callable, warm: int) -> float:
    from facewise.data_builders.synthesis.production import produced

    with TemporaryDirectory() as folder:
        done, began = 0, 0.0
        for number, outcome in enumerate(produced(jobs, make, Path(folder), 0, workers)):
            if number == warm:
                began = time.perf_counter()
            elif number > warm:
                done += sum(size(record) for record in outcome.records[:1])
        return done / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
