"""`make bench`, fourth part: `facewise build`, as rates and ratios within one run.

    python tests/bench_build.py [--records N]      memory up to N records (default: 50,000; 1,000,000 take twenty minutes)

Rows a second with media untouched on two processes; crops as a share of what perception alone does with the same pictures; the
peak memory of the process that holds the set together, and of its workers, for few records and for many. Needs no other folder;
portraits of the folder that FACEWISE_SHARED names are taken for the crops where there is one, else the example again and again.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

ROWS_OF, FEW, MANY = 8_000, 2_000, 50_000
PICTURES, ROUNDS = 80, 6
EMOTIONS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
UNITS = ("AU1", "AU2", "AU4", "AU6", "AU7", "AU10", "AU12", "AU15", "AU17", "AU25", "AU26")
EXAMPLE = Path(__file__).parent.parent / "examples" / "invented-face.jpg"


class Here:
    """An engine of this process."""

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        return map(function, tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=MANY)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as folder:
        rows(Path(folder))
        memory(Path(folder), args.records)
        crops(Path(folder))


def rows(folder: Path) -> None:
    from facewise.data_builders.build.engines import opened

    synthetic(folder / "records.jsonl", ROWS_OF)
    with opened("local", 2, "auto") as engine:
        unlooked(folder / "records.jsonl", folder / "warm", engine, limit=500)
        start = time.perf_counter()
        report = unlooked(folder / "records.jsonl", folder / "set", engine)
        spent = time.perf_counter() - start
    count = report["counts"]["rows"]
    print(f"template rows, media untouched       {count / spent:8.0f} rows/s, 2 processes ({count:,} rows)", flush=True)


def crops(folder: Path) -> None:
    """In this process, so that both sides have the same detector; what is measured is everything beside it."""
    import cv2

    from facewise.data_builders.build.pipeline import build_set
    from facewise.data_builders.build.settings import Origin, Settings
    from facewise.data_builders.records import Record, write_records
    from facewise.model.perception.faces import find_faces
    from facewise.model.perception.picture import read_picture

    shared = os.environ.get("FACEWISE_SHARED")
    portraits = sorted((Path(shared) / "data" / "portraits").glob("*.jpg"))[:PICTURES] if shared else []
    (folder / "in").mkdir()
    for number in range(PICTURES):
        shutil.copy(portraits[number % len(portraits)] if portraits else EXAMPLE, folder / "in" / f"{number}.jpg")
    write_records(folder / "in" / "records.jsonl", [Record(f"crop/{n}", f"{n}.jpg", emotion="neutral") for n in range(PICTURES)])
    files = [folder / "in" / f"{number}.jpg" for number in range(PICTURES)]
    origins = (Origin("", folder / "in" / "records.jsonl"),)
    cv2.setNumThreads(1)  # as in a worker
    build_set(folder / "warm crops", Settings(origins, media="crop", limit=PICTURES // 4), Here())
    alone = spent = 0.0
    for number in range(ROUNDS):  # by turns: what else the machine does meets both
        alone += spent_s(lambda: [find_faces(read_picture(file).pixels) for file in files])
        out = folder / f"crops {number}"
        spent += spent_s(lambda out=out: build_set(out, Settings(origins, media="crop"), Here()))
    rate = ROUNDS * PICTURES / alone
    print(f"building with crops / perception     {alone / spent:8.2f} of its rate ({rate:.0f} pictures a CPU second)", flush=True)


def spent_s(work: Callable[[], object]) -> float:
    """Seconds of this process on all cores."""
    start = time.process_time()
    work()
    return time.process_time() - start


def memory(folder: Path, many: int) -> None:
    """Of records with an emotion alone, which are quick, and of the ledger when it compares as many invented hashes and
    people."""
    for count in (FEW, many):
        synthetic(folder / f"{count}.jsonl", count, with_emotion)
        own, workers = apart("--peak", folder / f"{count}.jsonl", folder / f"set-{count}")
        (compared,) = apart("--compare", count, folder / f"ledger-{count}")
        print(
            f"peak memory, {count:9,} records       {own:8.0f} MB, workers {workers:.0f} MB, comparing {compared:.0f} MB",
            flush=True,
        )


def apart(*words: object) -> list[float]:
    """What a process of its own prints."""
    done = subprocess.run([sys.executable, __file__, *map(str, words)], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def build_apart(file: str, out: str) -> None:
    from facewise.data_builders.build.engines import opened

    with opened("local", 2, "auto") as engine:
        unlooked(Path(file), Path(out), engine)
    print(own_peak_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def compare_apart(count: str, out: str) -> None:
    """Every hundredth picture lies in both splits."""
    from facewise.data_builders.build.comparing import compare
    from facewise.data_builders.build.ledger import Ledger
    from facewise.data_builders.build.settings import Settings
    from facewise.data_builders.checks.near_duplicates import HASH_BITS
    from facewise.data_builders.records import Record

    Path(out).mkdir()
    ledger, rng = Ledger(Path(out)), random.Random(0)
    for number in range(int(count)):
        name = f"synthetic/{number:07d}"
        ledger.is_new(name)
        ledger.listed(
            Record(name, name, subject=f"synthetic/{number // 20}", split="test" if number % 5 == 0 else "train"), 0, True
        )
        ledger.looked_at(number + 1, 0, rng.getrandbits(HASH_BITS) if number % 100 else 7, None)
    compare(ledger, Settings(()))
    print(own_peak_mb())


def own_peak_mb() -> float:
    """Since this program began; getrusage would count what its parent held when it started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def unlooked(file: Path, out: Path, engine: object, limit: int | None = None) -> dict:
    from facewise.data_builders.build.pipeline import build_set
    from facewise.data_builders.build.settings import Origin, Settings

    return build_set(out, Settings((Origin("", file),), look=False, limit=limit), engine)


def synthetic(path: Path, count: int, known: Callable[[random.Random], dict] | None = None) -> None:
    """Records without media: of every kind of label, or of those that are `known`."""
    rng = random.Random(0)
    with path.open("w") as file:
        for number in range(count):
            person = number // 20
            told = {
                "id": f"synthetic/{number:07d}",
                "media": f"pictures/{number // 1000:04d}/{number:07d}.jpg",
                "dataset": "Synthetic",
                "licence": "none",
                "subject": f"synthetic/{person}",
                "split": "train" if person % 5 else "test",
            }
            file.write(json.dumps(told | (known or with_all)(rng)) + "\n")


def with_emotion(rng: random.Random) -> dict:
    return {"emotion": rng.choice(EMOTIONS)}


def with_all(rng: random.Random) -> dict:
    told = {
        "aus": {code: [float(rng.choice((0, 0, 0, 1, 2, 3, 4)))] * 2 for code in UNITS},
        "emotion": rng.choice(EMOTIONS),
        "live": rng.random() < 0.5,
        "digital": "none",
        "cues": {name: round(rng.random(), 3) for name in ("edge", "bezel", "moire")},
    }
    return told if told["live"] else told | {"attack": rng.choice(("print", "replay")), "box": [10.0, 20.0, 200.0, 220.0]}


APART = {"--peak": build_apart, "--compare": compare_apart}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in APART:
        APART[sys.argv[1]](*sys.argv[2:])
    else:
        main()
