"""`facewise build` as processes: killed, short of disk, with one worker and two, on Ray, and for a set ten times as large."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from built_sets import Here, drawn, tree

from facewise.data_builders.build.ledger import WORKSHOP
from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.settings import Origin, Settings

PROGRAM = """
import sys
from pathlib import Path
from facewise.data_builders.build.engines import opened
from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.settings import Origin, Settings
from facewise.model.errors import exit_code

def main():
    out, source, backend, workers = sys.argv[1:]
    with opened(backend, int(workers), "local") as engine:
        build_set(Path(out), Settings((Origin("", Path(source)),), media="copy"), engine)
    return 0

if __name__ == "__main__":
    sys.exit(exit_code(main))
"""

ON_RAY = """
import sys
from pathlib import Path
from facewise.data_builders.build.engines import opened
from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.settings import Origin, Settings
from test_build_processes import fail

with opened("ray", 2, "local") as engine:
    build_set(Path(sys.argv[1]), Settings((Origin("", Path(sys.argv[2])),), media="copy"), engine)
    print(list(engine.map(fail, range(3))))
    list(engine.map(fail, range(5)))
"""
# A peak never falls: what the second set adds to it is what the first one did not need.
PEAKS = """
import sys
from pathlib import Path
from bench_build import own_peak_mb, unlooked
from built_sets import Here

for count in (2_000, 20_000):
    unlooked(Path(sys.argv[1], f"{count}.jsonl"), Path(sys.argv[1], f"set{count}"), Here())
    print(own_peak_mb())
"""


def program(folder: Path) -> Path:
    path = folder / "build_program.py"
    path.write_text(PROGRAM)
    return path


def ran(folder: Path, *words: object, **options: Any) -> subprocess.CompletedProcess:
    command = [sys.executable, str(program(folder)), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=280, **options)


def made_here(folder: Path, source: Path) -> dict[str, bytes]:
    """What this process alone makes of it in folder/set, which is moved away."""
    build_set(folder / "set", Settings((Origin("", source),), media="copy"), Here())
    made = tree(folder / "set")
    (folder / "set").rename(folder / "whole")
    return made


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(tmp_path):
    source = drawn(tmp_path / "in", 150)
    whole = made_here(tmp_path, source)
    assert ran(tmp_path, tmp_path / "set", source, "local", 2).returncode == 0
    assert tree(tmp_path / "set") == whole and len(whole) > 150


@pytest.mark.slow
def test_a_build_that_is_killed_goes_on_to_the_same_bytes_and_leaves_no_process(tmp_path):
    source = drawn(tmp_path / "in", 400)
    whole = made_here(tmp_path, source)
    for wanted in (("media", 100), (WORKSHOP + "/rows.jsonl", 1)):
        command = [sys.executable, str(program(tmp_path)), str(tmp_path / "set"), str(source), "local", "2"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for(lambda wanted=wanted: has_grown(tmp_path / "set", *wanted))
        children = children_of(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda children=children: not any(Path(f"/proc/{child}").exists() for child in children))
    assert ran(tmp_path, tmp_path / "set", source, "local", 2).returncode == 0
    assert tree(tmp_path / "set") == whole


def has_grown(out: Path, name: str, least: int) -> bool:
    path = out / name
    if path.is_dir():
        return sum(1 for _ in path.glob("*/*")) >= least
    return path.is_file() and path.stat().st_size >= least


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], check=False, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def wait_for(claim: Callable[[], bool], seconds: float = 100) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.02)


def nap(number: int) -> int:
    time.sleep(0.2)
    return number


def test_a_worker_that_is_only_being_started_says_nothing_on_an_interrupt():
    command = (
        "from facewise.data_builders.build.engines import opened\nfrom test_build_processes import nap\n"
        "if __name__ == '__main__':\n    with opened('local', 1, '') as engine:\n        for number in engine.map(nap, range(9)):\n"
        "            print(number, flush=True)\n"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=here,
        start_new_session=True,
    )
    wait_for(lambda: len(children_of(process.pid)) > 1)  # the one that tracks what is shared, and the worker
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=100)[1]
    assert told.count("Traceback") == 1 and told.strip().endswith("KeyboardInterrupt") and "spawn_main" not in told


@pytest.mark.slow
def test_a_full_disk_is_told_in_a_line_and_the_build_goes_on_when_there_is_room(tmp_path):
    import resource

    source = drawn(tmp_path / "in", 120)
    whole = made_here(tmp_path, source)
    for limit in (20_000, 80_000):
        cut = ran(
            tmp_path,
            tmp_path / "set",
            source,
            "local",
            1,
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        assert cut.returncode == 2 and "run the same command again" in cut.stderr and "Traceback" not in cut.stderr
    build_set(tmp_path / "set", Settings((Origin("", source),), media="copy"), Here())
    assert tree(tmp_path / "set") == whole


def fail(number: int) -> int:
    if number == 3:
        raise OSError(28, "No space left on device")
    return number


@pytest.mark.slow
def test_ray_gives_the_same_bytes_as_this_machine_and_faults_as_they_were(tmp_path):
    """In one session, because a cluster takes longer to start than to work."""
    pytest.importorskip("ray.data")
    source = drawn(tmp_path / "in", 60)
    whole = made_here(tmp_path, source)
    done = subprocess.run(
        [sys.executable, "-c", ON_RAY, str(tmp_path / "set"), str(source)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        timeout=280,
    )
    assert tree(tmp_path / "set") == whole, done.stderr[-2000:]
    assert "[0, 1, 2]" in done.stdout and done.stderr.strip().endswith("OSError: [Errno 28] No space left on device")


@pytest.mark.slow
def test_memory_stays_flat_while_the_set_grows(tmp_path):
    from bench_build import synthetic, with_emotion

    for count in (2_000, 20_000):
        synthetic(tmp_path / f"{count}.jsonl", count, with_emotion)
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", PEAKS, str(tmp_path)], check=True, capture_output=True, text=True, env=here, timeout=280
    )
    few, many = map(float, done.stdout.split())
    assert many < 1.15 * few
