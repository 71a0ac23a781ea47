"""`facewise synth`: sets keep their records' promises, say no in one line, and give the same files twice."""

import itertools
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facewise.cli import main
from facewise.data_builders.leaks import seen_records
from facewise.data_builders.portraits import Folder, Portrait, drawn_people, read_portraits
from facewise.data_builders.records import GENUINE, Record, read_records, write_records
from facewise.data_builders.scenery import snapshots
from facewise.data_builders.synthesis import spoofs
from facewise.data_builders.synthesis.camera import FAMILIES, HELD_OUT, UNSHOT
from facewise.data_builders.synthesis.finish import UNTOUCHED, Finish
from facewise.data_builders.synthesis.spoofs import ALTERED, OF_TWO, SHARES, SpoofJob, make_spoof, spoof_job, spoof_jobs
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES

pytestmark = pytest.mark.timeout(1200)  # sets take minutes on a busy machine


def said(capsys, *words: object) -> str:
    assert main(["synth", *map(str, words)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


def test_what_is_missing_or_cannot_be_is_told_in_a_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "a.png").write_bytes(b"no picture")
    (tmp_path / "rig.npz").write_bytes(b"PK nothing")
    spoof, faces = ("spoof", "--out", tmp_path / "o", "--portraits"), ("faces", "--out", tmp_path / "o", "--rig")
    assert "nobody to photograph" in said(capsys, "spoof", "--out", tmp_path / "o")
    assert "required: --rig" in said(capsys, "faces", "--out", tmp_path / "o")
    assert "unrecognized arguments: --portraits" in said(
        capsys, "clips", "--out", tmp_path / "o", "--rig", "r", "--portraits", "p"
    )
    assert "no such folder of portraits" in said(capsys, *spoof, tmp_path / "none")
    assert "no pictures in this folder" in said(capsys, *spoof, tmp_path / "empty")
    for flag, value in (("--n", 0), ("--n", 10**8), ("--seed", -1), ("--workers", 0), ("--workers", 10**4)):
        assert f"{flag} {value}: " in said(capsys, *spoof, tmp_path / "some", flag, value)
    assert "rig.npz" in said(capsys, *faces, tmp_path / "rig.npz")
    assert not (tmp_path / "o").exists()


@pytest.mark.shared
def test_a_table_that_is_none_of_blendshapes_is_refused(shared, tmp_path, capsys):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "a.png").write_bytes(b"no picture")
    (tmp_path / "teacher.csv").write_text("a,b\n1,2\n")
    words = ("faces", "--out", tmp_path / "o", "--rig", shared / "data" / "ict_facekit.npz", "--portraits", tmp_path / "some")
    assert "no table of blendshapes" in said(capsys, *words, "--teacher", tmp_path / "teacher.csv")


def test_a_photo_without_a_face_is_left_out_with_its_reason_and_the_others_are_made(examples, tmp_path, capsys):
    folder = tmp_path / "portraits"
    folder.mkdir()
    for name in ("invented-face.jpg", "printed-face.jpg"):
        (folder / name).write_bytes((examples / name).read_bytes())
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    (folder / "junk.jpg").write_bytes(b"no picture")
    (folder / "empty.png").touch()
    (folder / "folder.jpg").mkdir()
    (folder / "gone.jpg").symlink_to(folder / "nowhere")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg")).write_bytes((examples / "invented-face.jpg").read_bytes())
    (folder / "LICENSE").write_text("CC0-1.0\nmore\n")
    out = tmp_path / "set"
    assert main(["synth", "spoof", "--out", str(out), "--portraits", str(folder), "--n", "12", "--workers", "1"]) == 0
    rejects = [json.loads(line) for line in (out / "rejects.jsonl").read_text().splitlines()]
    for name, reason in (("wall.png", "no face"), ("junk.jpg", ""), ("empty.png", "")):
        assert any(f"{name}: {reason}" in reject["reason"] for reject in rejects)
    records = read_records(out / "records.jsonl")
    assert len(records) + len(rejects) == 12 and {record.licence for record in records} == {"CC0-1.0"}
    assert f"{len(rejects)} of 12 jobs left out" in capsys.readouterr().out


def test_kinds_come_in_their_shares_and_a_longer_set_begins_with_the_shorter(examples):
    portraits = read_portraits([Folder(examples)])
    jobs = spoof_jobs(portraits, 3000, 0)
    assert [job.name for job in spoof_jobs(portraits, 50, 0)] == [job.name for job in jobs[:50]]
    for kind, share in SHARES.items():
        assert sum(job.kind == kind for job in jobs) / 3000 == pytest.approx(share / sum(SHARES.values()), abs=0.02)
    live = sum(share for kind, share in SHARES.items() if kind not in (*ATTACKS, *ALTERED))
    assert live == sum(share for kind, share in SHARES.items() if kind in ATTACKS)


@pytest.fixture
def few(shared: Path, tmp_path: Path) -> dict[str, Path]:
    """A few real portraits, some posed at rest, and the rig."""
    folder = tmp_path / "people"
    folder.mkdir()
    for name in ("portraits", "neutral"):
        (folder / name).mkdir()
        pictures = [path for path in sorted((shared / "data" / name).iterdir()) if path.suffix in (".jpg", ".png")]
        for path in pictures[:8]:
            (folder / name / path.name).write_bytes(path.read_bytes())
    return {"portraits": folder / "portraits", "neutral": folder / "neutral", "rig": shared / "data" / "ict_facekit.npz"}


def test_a_person_in_two_folders_is_one_subject(examples, tmp_path):
    for name in ("photos", "again"):
        (tmp_path / name).mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes((examples / "invented-face.jpg").read_bytes())
    cv2.imwrite(
        str(tmp_path / "again" / "b.jpg"), cv2.imread(str(examples / "invented-face.jpg")), [cv2.IMWRITE_JPEG_QUALITY, 85]
    )
    first, second = read_portraits([Folder(tmp_path / "photos"), Folder(tmp_path / "again", at_rest=True)])
    assert (first.subject, first.split) == (second.subject, second.split) and second.at_rest


def made(kind: str, few: dict[str, Path], out: Path, count: int, workers: int = 2) -> list[Record]:
    flags = {"spoof": ("portraits", "neutral"), "faces": ("rig", "portraits", "neutral"), "clips": ("rig",)}[kind]
    words = [word for name in flags for word in (f"--{name}", str(few[name]))]
    assert main(["synth", kind, "--out", str(out), "--n", str(count), "--workers", str(workers), *words]) == 0
    records = read_records(out / "records.jsonl")
    splits = {(record.subject, record.split) for record in records}
    assert len(splits) == len({subject for subject, _ in splits})
    for record in records:
        assert record.source["camera"] in (*FAMILIES, UNSHOT) and (record.split != "train" or record.source["camera"] != HELD_OUT)
    return records


def test_drawn_people_are_photographed_in_their_own_split(examples, tmp_path):
    (tmp_path / "media").mkdir()
    shutil.copy(examples / "invented-face.jpg", tmp_path / "media" / "a.jpg")
    rig = {"media": "media/a.jpg", "licence": "MIT", "source": {"made of": "rig"}, "aus": {"AU12": (1.0, 1.0)}}
    driven = Record("driven", "media/a.jpg", subject="p", source={"made of": "photo"})
    of_one = [Record(name, subject="rig/0", split="val", **rig) for name in "ab"]
    write_records(tmp_path / "records.jsonl", [driven, *of_one, Record("c", subject="rig/1", **rig)])
    people = drawn_people(tmp_path / "records.jsonl")
    assert [(person.subject, person.split, person.drawn) for person in people] == [
        ("rig/0", "val", True),
        ("rig/1", "train", True),
    ]
    (tmp_path / "out" / "media").mkdir(parents=True)
    job = replace(spoof_jobs(people, 1, 0)[0], kind="live")
    (live,) = make_spoof(job, tmp_path / "out", np.random.default_rng(0))
    assert (live.live, live.dataset, live.licence, live.source["made of"]) == (True, "rig", "MIT", "rig")
    attacked = replace(of_one[0], aus=None, live=False)
    write_records(tmp_path / "none.jsonl", [driven, attacked])
    with pytest.raises(FacewiseError, match="no renders in it"):
        drawn_people(tmp_path / "none.jsonl")


def test_who_stands_beside_somebody_is_another_person_of_the_same_split_and_nobody_made_them():
    people = [Portrait(Path(f"{i}.jpg"), f"p{i % 6}", "train" if i % 2 else "test", {}, generated=i > 9) for i in range(12)]
    for seed, portrait in itertools.product(range(8), people):
        job = spoof_job("a", "live", portrait, people, np.random.default_rng(seed))
        assert len({other.path for other in job.company}) == len(job.company) == 2
        for other in job.company:
            assert other.split == portrait.split and other.subject != portrait.subject and not other.generated
    assert spoof_job("a", "live", people[0], people[:1], np.random.default_rng(0)).company == ()


def test_a_picture_in_company_shows_others_and_a_snapshot_is_not_the_portrait(examples, tmp_path, monkeypatch):
    (tmp_path / "media").mkdir()
    person, other = (Portrait(examples / f"{name}-face.jpg", name, "test", {}) for name in ("invented", "printed"))
    monkeypatch.setattr(spoofs, "SETTINGS", {"company": 1.0})
    monkeypatch.setattr(spoofs, "HANDLED", 0.0)
    monkeypatch.setattr(spoofs, "HAND", 0.0)

    def picture(name: str, company: tuple[Portrait, ...], shares: dict[str, float]) -> tuple[Record, np.ndarray]:
        monkeypatch.setattr(snapshots, "SHARES", shares)
        (record,) = make_spoof(SpoofJob(name, "live", person, None, company), tmp_path, np.random.default_rng(5))
        return record, cv2.imread(str(tmp_path / record.media))

    beside, shown = picture("beside", (other, other), {})
    alone, empty = picture("alone", (), {})
    assert (beside.source["setting"], alone.source["setting"]) == ("company", "matted") and not np.array_equal(shown, empty)
    turned, _ = picture("turned", (), {"turned": 1.0})
    assert (alone.source["taken"], turned.source["taken"]) == ("as it is", "turned")
    assert (alone.digital, turned.digital) == (GENUINE, None) and alone.sha256 != turned.sha256


def test_a_live_picture_is_finished_as_an_attack_is(examples, tmp_path, monkeypatch):
    (tmp_path / "media").mkdir()
    person = Portrait(examples / "invented-face.jpg", "invented", "test", {})
    grainy = Finish(grain=0.06)
    for kind in ("live", "print"):
        found = []
        for finish in (UNTOUCHED, grainy):
            monkeypatch.setattr(spoofs, "sample_finish", lambda rng, finish=finish: finish)
            found += make_spoof(SpoofJob(f"{kind}-{len(found)}", kind, person, None, ()), tmp_path, np.random.default_rng(5))
        assert [record.source["finish"] for record in found] == ["as it is", "grain"] and found[0].sha256 != found[1].sha256


@pytest.mark.shared
@pytest.mark.slow
def test_a_set_of_spoofs_keeps_its_promises(few, tmp_path):
    for record in made("spoof", few, tmp_path / "set", 120):
        assert (tmp_path / "set" / record.media).is_file() and record.aus is None
        by_software = record.source["kind"] in ALTERED
        altered = record.attack is not None or by_software
        assert record.live is (None if by_software else record.attack is None)
        turned = "turned" in record.source["taken"]
        assert record.digital == (None if turned else ALTERED.get(record.source["kind"], GENUINE))
        assert (record.mask is not None) == (record.box is not None) == altered
        assert ("donor" in record.source) == (record.source["kind"] in OF_TWO)
        if record.split == "train":
            assert record.source.get("variant") != "b"
        if altered:
            assert set(record.cues) <= set(CUES) and all(0 <= value <= 1 for value in record.cues.values())
            picture, mask = (cv2.imread(str(tmp_path / "set" / name)) for name in (record.media, record.mask))
            assert mask.shape == picture.shape and set(np.unique(mask)) <= {0, 255}
            x1, y1, x2, y2 = map(int, record.box)
            outside = mask.copy()
            outside[y1:y2, x1:x2] = 0
            assert mask.any() and not outside.any()
        else:
            assert record.cues == {}


def test_a_generated_face_is_neither_live_nor_an_attack(examples, tmp_path):
    for name in ("photos", "generated"):
        (tmp_path / name).mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes((examples / "printed-face.jpg").read_bytes())
    (tmp_path / "generated" / "b.jpg").write_bytes((examples / "invented-face.jpg").read_bytes())
    words = [
        word for name in ("photos", "generated") for word in (f"--{name.replace('photos', 'portraits')}", str(tmp_path / name))
    ]
    assert main(["synth", "spoof", "--out", str(tmp_path / "set"), "--n", "8", "--workers", "1", *words]) == 0
    records = [each for each in read_records(tmp_path / "set" / "records.jsonl") if each.dataset == "generated"]
    assert records
    for record in records:
        told = None if "turned" in record.source["taken"] else "synthetic"
        assert (record.live, record.attack, record.mask, record.digital) == (None, None, None, told)
        assert record.source["kind"] in ("generated", "generated staged") and "live" not in record.media


@pytest.mark.shared
@pytest.mark.slow
def test_a_set_of_faces_knows_levels_of_the_rig_and_changes_of_photos(few, tmp_path):
    records = {record.id: record for record in made("faces", few, tmp_path / "set", 16)}
    renders = [record for record in records.values() if record.source["made of"] == "rig"]
    driven = [record for record in records.values() if record.pair]
    assert len(renders) == 8 and driven
    for record in renders:
        assert set(record.aus) == set(AU_CODES) and record.live is None and len(record.points) == 68
        regions = cv2.imread(str(tmp_path / "set" / record.regions), cv2.IMREAD_UNCHANGED)
        assert regions.shape == cv2.imread(str(tmp_path / "set" / record.media)).shape[:2] and len(np.unique(regions)) > 8
    for record in driven:
        null = records[record.pair]
        assert null.subject == record.subject and null.source["kind"] == "null" and record.live is None
        assert null.source["taken"] == record.source["taken"]
        for code, (left, right) in record.change.items():
            assert 0 <= record.aus[code][0] <= 5 and max(abs(left), abs(right)) > 0


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), [("spoof", 12), ("faces", 6), ("clips", 2)])
def test_one_and_two_workers_give_the_same_files(few, tmp_path, kind, count):
    for workers in (1, 2):
        made(kind, few, tmp_path / str(workers), count, workers)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name / "media").iterdir()} for name in "12")
    assert one == two and len(one) >= count
    assert (tmp_path / "1" / "records.jsonl").read_bytes() == (tmp_path / "2" / "records.jsonl").read_bytes()


@pytest.mark.shared
@pytest.mark.slow
def test_the_detector_finds_nearly_every_made_face(few, tmp_path):
    for kind, count in (("spoof", 60), ("faces", 20)):
        records = made(kind, few, tmp_path / kind, count)
        assert len(seen_records(tmp_path / kind / "records.jsonl", 100)) > 0.9 * len(records)


@pytest.mark.shared
@pytest.mark.slow
def test_sheets_show_every_attack_unit_and_class(few, tmp_path, capsys):
    words = [word for name in ("rig", "portraits", "neutral") for word in (f"--{name}", str(few[name]))]
    assert main(["synth", "sheet", "--out", str(tmp_path / "sheets"), *words]) == 0
    assert read_records(tmp_path / "sheets" / "records.jsonl")
    for line in capsys.readouterr().out.splitlines():
        assert cv2.imread(line).mean() > 10
    assert {path.name for path in (tmp_path / "sheets").glob("*.png")} == {
        f"{name}.png" for name in ("spoofs", "driven", "units", "emotions", "clips")
    }
