"""`make bench`, scoring: a million predictions of two tasks, from the file to intervals by subject, each in a process of its own.

    python tests/bench_scoring.py [--lines N] [--resamples N]      (default: 1,000,000 lines, 1,000 resamples)

Prints seconds and peak memory of reading and of scoring; the target is 60 s and 2 GB for both together.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

EMOTIONS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger")
SPECIES = ("print", "replay", "paper mask", "rigid mask", "makeup")
ITEMS_A_SUBJECT = 50
TEXT = "The configuration resembles happiness (81%). The face shows cheeks raised and lip corners pulled up."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=1000)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as folder:
        for task, line in (("spoof", spoof_line), ("class", class_line)):
            path = Path(folder) / f"{task}.jsonl"
            written(path, args.lines, line)
            words = [sys.executable, __file__, "--apart", task, str(path), str(args.resamples)]
            read_s, score_s, cpu_s, peak_mb, rows = json.loads(
                subprocess.run(words, check=True, capture_output=True, text=True).stdout
            )
            print(
                f"scoring {args.lines:9,} predictions, {task:5}   {read_s + score_s:5.1f} s (reading {read_s:.1f}, scoring {score_s:.1f}; {cpu_s:.1f} s of CPU), "
                f"peak {peak_mb:.0f} MB, {rows} rows, {args.resamples} resamples, {args.lines // ITEMS_A_SUBJECT:,} subjects",
                flush=True,
            )


def apart(task: str, path: str, resamples: str) -> None:
    """Prints seconds of reading and of scoring, those of the CPU, the peak in MB, and how many rows came out."""
    from facewise.eval.answers.table import read_table
    from facewise.eval.benchmark import Benchmark
    from facewise.eval.scoring.rows import score

    metrics = {"spoof": ("error rates", "curves", "calibration", "band", "fairness"), "class": ("classes", "fairness")}[task]
    labels = EMOTIONS if task == "class" else ()
    benchmark = Benchmark("bench", "1", task, "folder", "none", labels, "?", metrics, simulated=True, groups=("group",))
    start = time.perf_counter()
    table = read_table(Path(path), benchmark)
    read = time.perf_counter()
    rows = score(table, benchmark, resamples=int(resamples))
    print(json.dumps([read - start, time.perf_counter() - read, time.process_time(), peak_mb(), len(rows)]))


def peak_mb() -> float:
    """Of this process since its program began."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def written(path: Path, count: int, line: Callable[[random.Random], dict]) -> None:
    rng = random.Random(0)
    with path.open("w") as file:
        for number in range(count):
            told = {"key": f"{rng.getrandbits(128):032x}", "item": f"pictures/{number:07d}.jpg", "text": TEXT}
            told |= line(rng) | {
                "model": "m",
                "version": "1",
                "subject": f"person {number // ITEMS_A_SUBJECT}",
                "duration_s": 0.4,
            }
            file.write(json.dumps(told) + "\n")


def spoof_line(rng: random.Random) -> dict:
    live = rng.random() < 0.5
    score = round(min(max(rng.gauss(0.35 if live else 0.65, 0.2), 0), 1), 4)
    label = "unparsed" if rng.random() < 0.01 else "live" if score < 0.4 else "spoof" if score > 0.6 else "uncertain"
    groups = {"group": rng.choice("abc")} | ({} if live else {"attack": rng.choice(SPECIES)})
    return {"label": label, "truth": "live" if live else "spoof", "scores": {"spoof": score}, "groups": groups}


def class_line(rng: random.Random) -> dict:
    truth = rng.choice(EMOTIONS)
    label = truth if rng.random() < 0.6 else rng.choice((*EMOTIONS, "unparsed", "refused"))
    return {"label": label, "truth": truth, "groups": {"group": rng.choice("abc")}}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--apart"]:
        apart(*sys.argv[2:])
    else:
        main()
