"""Sets are made in parallel, the same by one and by two workers, and go on where they stopped."""

import errno
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from facewise.data_builders.records import Record, read_records
from facewise.data_builders.synthesis.production import JOURNAL, MEDIA, RECORDS, REJECTS, produce, write_media
from facewise.model.errors import FacewiseError

SETTINGS = {"kind": "test"}
Process = get_context("spawn").Process


@dataclass(frozen=True)
class Drawing:
    name: str


def draw(job: Drawing, out: Path, rng: np.random.Generator) -> list[Record]:
    if job.name.endswith("7"):
        raise FacewiseError("sevens are not drawn")
    media, digest = write_media(out, f"{job.name}.bin", rng.bytes(64))
    return [Record(job.name, media, digest, "test", "none", job.name, "train", cues={"edge": 0.5}, box=(0.0, 1.0, 2.0, 3.0))]


def fill_the_disk(job: Drawing, out: Path, rng: np.random.Generator) -> list[Record]:
    if job.name == "5":
        raise OSError(errno.ENOSPC, "No space left on device")
    return draw(job, out, rng)


def die(job: Drawing, out: Path, rng: np.random.Generator) -> list[Record]:
    if job.name == "5":
        os._exit(9)
    return draw(job, out, rng)


def drawings(count: int) -> list[Drawing]:
    return [Drawing(str(number)) for number in range(count)]


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*(out / MEDIA).iterdir(), out / RECORDS]}


def test_one_and_two_workers_make_the_same_set_and_a_seed_changes_it(tmp_path):
    for name, workers, seed in (("one", 1, 0), ("two", 2, 0), ("other", 1, 1)):
        produce(tmp_path / name, SETTINGS, drawings(12), draw, workers, seed)
    assert files(tmp_path / "one") == files(tmp_path / "two") != files(tmp_path / "other")


def test_records_come_back_as_written_and_rejects_keep_their_reason(tmp_path):
    made = produce(tmp_path / "set", SETTINGS, drawings(9), draw, 1, 0)
    assert [record.id for record in made] == ["0", "1", "2", "3", "4", "5", "6", "8"]
    assert read_records(tmp_path / "set" / RECORDS) == made
    assert json.loads((tmp_path / "set" / REJECTS).read_text()) == {"id": "7", "reason": "sevens are not drawn"}


def test_a_longer_set_goes_on_from_a_shorter_one(tmp_path):
    produce(tmp_path / "set", SETTINGS, drawings(4), draw, 1, 0)
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "set" / MEDIA).iterdir()}
    produce(tmp_path / "set", SETTINGS, drawings(9), draw, 1, 0)
    assert times.items() <= {path.name: path.stat().st_mtime_ns for path in (tmp_path / "set" / MEDIA).iterdir()}.items()
    produce(tmp_path / "whole", SETTINGS, drawings(9), draw, 1, 0)
    assert files(tmp_path / "set") == files(tmp_path / "whole")


@pytest.mark.parametrize(("fault", "message"), [(fill_the_disk, "the disk is full"), (die, "a worker process died")])
def test_a_run_that_ends_early_keeps_what_it_made_and_the_next_one_completes_it(tmp_path, fault, message):
    with pytest.raises(FacewiseError, match=message):
        produce(tmp_path / "set", SETTINGS, drawings(20), fault, 1, 0)
    assert not list((tmp_path / "set" / MEDIA).glob(".*"))
    produce(tmp_path / "set", SETTINGS, drawings(20), draw, 1, 0)
    produce(tmp_path / "whole", SETTINGS, drawings(20), draw, 1, 0)
    assert files(tmp_path / "set") == files(tmp_path / "whole")


def dawdle(job: Drawing, out: Path, rng: np.random.Generator) -> list[Record]:
    time.sleep(0.3)
    (out / f"pid-{os.getpid()}").touch()
    return draw(job, out, rng)


def test_the_workers_of_a_killed_run_end_and_the_next_run_goes_on(tmp_path):
    parent = Process(target=produce, args=(tmp_path / "set", SETTINGS, drawings(40), dawdle, 2, 0))
    parent.start()
    wait_for(lambda: (tmp_path / "set" / JOURNAL).is_file() and (tmp_path / "set" / JOURNAL).read_text().count("\n") > 3)
    os.kill(parent.pid, signal.SIGKILL)
    workers = [int(path.name.removeprefix("pid-")) for path in (tmp_path / "set").glob("pid-*")]
    wait_for(lambda: not any(is_running(worker) for worker in workers))
    produce(tmp_path / "set", SETTINGS, drawings(40), draw, 1, 0)
    produce(tmp_path / "whole", SETTINGS, drawings(40), draw, 1, 0)
    assert files(tmp_path / "set") == files(tmp_path / "whole")


def wait_for(claim: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_journal_that_was_cut_by_a_kill_is_read_to_its_last_whole_line(tmp_path):
    produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)
    whole = files(tmp_path / "set")
    journal = tmp_path / "set" / JOURNAL
    journal.write_text(journal.read_text()[:-30])
    produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)
    assert files(tmp_path / "set") == whole
    assert len(journal.read_text().splitlines()) == 6


def test_media_that_are_gone_or_cut_are_made_again(tmp_path):
    produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)
    whole = files(tmp_path / "set")
    (tmp_path / "set" / MEDIA / "1.bin").unlink()
    (tmp_path / "set" / MEDIA / "2.bin").write_bytes(b"cut")
    produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)
    assert files(tmp_path / "set") == whole


def test_a_set_is_not_cut_short(tmp_path):
    produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)
    whole = files(tmp_path / "set")
    with pytest.raises(FacewiseError, match="holds 6 jobs already; give a larger --n, or another --out"):
        produce(tmp_path / "set", SETTINGS, drawings(3), draw, 1, 0)
    assert files(tmp_path / "set") == whole


@pytest.mark.parametrize(
    "damage", [b"garbage{\n", b"null\n", b"\xff\xfe\n", b"{}\n", b'{"job": "0", "records": [3], "rejected": null}\n']
)
def test_a_damaged_journal_is_told_with_its_line(tmp_path, damage):
    produce(tmp_path / "set", SETTINGS, drawings(2), draw, 1, 0)
    with (tmp_path / "set" / JOURNAL).open("ab") as journal:
        journal.write(damage)
    with pytest.raises(FacewiseError, match=r"journal.jsonl:3: "):
        produce(tmp_path / "set", SETTINGS, drawings(2), draw, 1, 0)


@pytest.mark.parametrize("damage", ["", "[]", "{"])
def test_damaged_settings_are_told(tmp_path, damage):
    produce(tmp_path / "set", SETTINGS, drawings(2), draw, 1, 0)
    (tmp_path / "set" / "settings.json").write_text(damage)
    with pytest.raises(FacewiseError, match=r"settings.json"):
        produce(tmp_path / "set", SETTINGS, drawings(2), draw, 1, 0)


def test_lists_that_cannot_be_written_are_told_and_what_was_made_is_kept(tmp_path):
    (tmp_path / "set" / RECORDS).mkdir(parents=True)
    (tmp_path / "set" / "settings.json").write_text(json.dumps({**SETTINGS, "seed": 0, "facewise": version("facewise")}))
    with pytest.raises(FacewiseError, match="a file cannot be written"):
        produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)
    assert len(list((tmp_path / "set" / MEDIA).iterdir())) == 6
    (tmp_path / "set" / RECORDS).rmdir()
    assert len(produce(tmp_path / "set", SETTINGS, drawings(6), draw, 1, 0)) == 6


def test_a_folder_belongs_to_one_set(tmp_path):
    produce(tmp_path / "set", SETTINGS, drawings(2), draw, 1, 0)
    with pytest.raises(FacewiseError, match="holds a set made with seed = 0, not 1; give another --out"):
        produce(tmp_path / "set", SETTINGS, drawings(2), draw, 1, 1)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_bytes(b"x")
    with pytest.raises(FacewiseError, match="holds no set of `facewise synth`"):
        produce(tmp_path / "photos", SETTINGS, drawings(2), draw, 1, 0)
