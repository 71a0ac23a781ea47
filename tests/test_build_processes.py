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
from built_sets import drawn, tree

from facewise.data_builders.build.ledger import WORKSHOP

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


def program(folder: Path) -> Path:
    path = folder / "build_program.py"
    path.write_text(PROGRAM)
    return path


def ran(folder: Path, *words: object, **options: Any) -> subprocess.CompletedProcess:
    command = [sys.executable, str(program(folder)), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=280, **options)


@pytest.mark.slow
def test_one_and_two_processes_give_the_same_bytes(tmp_path):
    source = drawn(tmp_path / "in", 150)
    found = []
    for workers in (1, 2):
        assert ran(tmp_path, tmp_path / "set", source, "local", workers).returncode == 0
        found.append(tree(tmp_path / "set"))
        (tmp_path / "set").rename(tmp_path / str(workers))
    assert found[0] == found[1] and len(found[0]) > 150


@pytest.mark.slow
def test_a_build_that_is_killed_goes_on_to_the_same_bytes_and_leaves_no_process(tmp_path):
    source = drawn(tmp_path / "in", 600)
    assert ran(tmp_path, tmp_path / "set", source, "local", 2).returncode == 0
    whole = tree(tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "whole")
    for wanted in (("media", 100), (WORKSHOP + "/rows.jsonl", 1), ("media", 500)):
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

    source = drawn(tmp_path / "in", 200)
    assert ran(tmp_path, tmp_path / "set", source, "local", 1).returncode == 0
    whole = tree(tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "whole")
    for limit in (20_000, 120_000):
        cut = ran(
            tmp_path,
            tmp_path / "set",
            source,
            "local",
            1,
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        assert cut.returncode == 2 and "run the same command again" in cut.stderr and "Traceback" not in cut.stderr
    assert ran(tmp_path, tmp_path / "set", source, "local", 1).returncode == 0
    assert tree(tmp_path / "set") == whole


@pytest.mark.slow
def test_ray_gives_the_same_bytes_as_this_machine(tmp_path):
    pytest.importorskip("ray.data")
    source = drawn(tmp_path / "in", 60)
    found = []
    for backend in ("local", "ray"):
        done = ran(tmp_path, tmp_path / "set", source, backend, 2)
        assert done.returncode == 0, done.stderr[-2000:]
        found.append(tree(tmp_path / "set"))
        (tmp_path / "set").rename(tmp_path / backend)
    assert found[0] == found[1]


def fail(number: int) -> int:
    if number == 3:
        raise OSError(28, "No space left on device")
    return number


@pytest.mark.slow
def test_a_fault_on_ray_arrives_as_it_was():
    pytest.importorskip("ray.data")
    command = (
        "from facewise.data_builders.build.engines import opened\nfrom test_build_processes import fail\n"
        "with opened('ray', 1, 'local') as engine:\n    print(list(engine.map(fail, range(3))))\n    list(engine.map(fail, range(5)))"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", command], check=False, capture_output=True, text=True, env=here, timeout=280)
    assert "[0, 1, 2]" in done.stdout and done.stderr.strip().endswith("OSError: [Errno 28] No space left on device")


@pytest.mark.slow
def test_memory_stays_flat_while_the_set_grows(tmp_path):
    from bench_build import apart, synthetic, with_emotion

    peaks = []
    for count in (2_000, 20_000):
        synthetic(tmp_path / f"{count}.jsonl", count, with_emotion)
        peaks.append(apart("--peak", tmp_path / f"{count}.jsonl", tmp_path / f"set{count}")[0])
    assert peaks[1] < 1.15 * peaks[0]
