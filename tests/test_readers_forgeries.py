"""Readers of altered and synthesised videos, each on a tiny folder in the official layout."""

import json
from pathlib import Path

import pytest

from facewise.data_builders.readers.celeb_df import CELEB_DF
from facewise.data_builders.readers.faceforensics import FACEFORENSICS
from facewise.data_builders.readers.faults import Faults
from facewise.data_builders.readers.source import Source
from facewise.data_builders.readers.uniattackdata import UNIATTACKDATA
from facewise.data_builders.records import GENUINE, Record
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import DIGITAL_TYPES


def read(source: Source, root: Path, **options: str) -> tuple[dict[str, Record], Faults]:
    """Records by the id behind the dataset's name."""
    faults = Faults()
    records = list(source.records(root, options, faults))
    assert all(record.digital in (None, GENUINE, *DIGITAL_TYPES) for record in records)
    assert all(record.live is None or record.digital == GENUINE for record in records)
    return {record.id.partition("/")[2]: record for record in records}, faults


def files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"media")


def text(root: Path, name: str, *rows: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(rows) + "\n")


# FaceForensics++


def forensics(root: Path) -> None:
    for part, pairs in (("train", [["071", "054"]]), ("val", [["720", "672"]]), ("test", [["953", "974"]])):
        text(root, f"splits/{part}.json", json.dumps(pairs))
    files(root, *(f"original_sequences/youtube/c23/videos/{name}.mp4" for name in ("071", "054", "953", "999")))
    files(root, "original_sequences/actors/c23/videos/01__exit_phone_room.mp4")
    manipulated = root / "manipulated_sequences"
    files(
        manipulated, "Deepfakes/c23/videos/071_054.mp4", "Deepfakes/masks/videos/071_054.mp4", "Deepfakes/c40/videos/071_054.mp4"
    )
    files(manipulated, "Face2Face/c23/videos/974_953.mp4", "DeepFakeDetection/c23/videos/01_02__exit_phone_room__YVGY8LOK.mp4")


def test_face_forensics_takes_pairs_in_both_orders_and_gives_them_one_subject(tmp_path):
    forensics(tmp_path)
    records, faults = read(FACEFORENSICS, tmp_path)
    person, swapped, driven = (records[name] for name in ("youtube/c23/054", "Deepfakes/c23/071_054", "Face2Face/c23/974_953"))
    assert (person.live, person.digital, person.split, person.mask) == (True, "none", "train", None)
    assert (swapped.live, swapped.digital, swapped.split, swapped.subject) == (None, "face swap", "train", person.subject)
    assert (driven.digital, driven.split, driven.mask) == ("reenactment", "test", None)
    assert driven.source == {"method": "Face2Face", "compression": "c23", "target": "974", "source": "953"}
    assert faults.counts == {"no label": 1}  # 999 is in no pair


def test_face_forensics_gives_the_video_of_changed_pixels_as_mask_and_keeps_actors_together(tmp_path):
    forensics(tmp_path)
    records, _ = read(FACEFORENSICS, tmp_path)
    assert records["Deepfakes/c23/071_054"].mask == "manipulated_sequences/Deepfakes/masks/videos/071_054.mp4"
    actor, swapped = records["actors/c23/01__exit_phone_room"], records["DeepFakeDetection/c23/01_02__exit_phone_room__YVGY8LOK"]
    assert (
        (actor.subject, actor.split, actor.live)
        == (swapped.subject, swapped.split, True)
        == ("faceforensics/actors", "train", True)
    )
    assert (swapped.source["target"], swapped.source["source"]) == ("01", "02")


def test_face_forensics_says_which_compression_there_is(tmp_path):
    forensics(tmp_path)
    with pytest.raises(FacewiseError, match="c40/videos: no such folder; there is c23; choose compression="):
        read(FACEFORENSICS, tmp_path, compression="c40")
    (tmp_path / "splits/val.json").unlink()
    with pytest.raises(FacewiseError, match="val.json: no such file"):
        read(FACEFORENSICS, tmp_path)


def test_face_forensics_reads_c0_and_raw_alike_and_faults_a_method_that_it_does_not_know(tmp_path):
    for part in ("train", "val", "test"):
        text(tmp_path, f"dataset/splits/{part}.json", json.dumps([["071", "054"]] if part == "train" else []))
    files(tmp_path, "original_sequences/youtube/raw/videos/071.mp4", "manipulated_sequences/FaceSwap/c0/videos/054_071.mp4")
    files(tmp_path, "manipulated_sequences/NextYear/c0/videos/054_071.mp4")
    records, faults = read(FACEFORENSICS, tmp_path, compression="raw")
    assert list(records) == ["youtube/raw/071", "FaceSwap/c0/054_071"] and faults.counts == {"unknown class": 1}


# Celeb-DF


def celeb_df(root: Path, *rows: str) -> None:
    text(root, "List_of_testing_videos.txt", *rows)
    files(root, "Celeb-real/id0_0000.mp4", "Celeb-real/id1_0000.mp4", "YouTube-real/00170.mp4", "YouTube-real/00171.mp4")
    files(root, "Celeb-synthesis/id0_id1_0000.mp4", "Celeb-synthesis/id2_id3_0001.mp4", "Celeb-real/id2_0005.mp4")


def test_celeb_df_tests_what_the_list_names_and_trains_on_the_rest(tmp_path):
    celeb_df(tmp_path, "1 YouTube-real/00170.mp4", "0 Celeb-synthesis/id0_id1_0000.mp4", "1 Celeb-real/id9_0000.mp4", "2 x")
    records, faults = read(CELEB_DF, tmp_path)
    real, swapped = records["YouTube-real/00170"], records["Celeb-synthesis/id0_id1_0000"]
    assert (real.split, real.live, real.digital, real.subject) == ("test", True, "none", "celeb_df/00170")
    assert (swapped.split, swapped.live, swapped.digital) == ("test", None, "face swap")
    assert (swapped.subject, swapped.source["face_of"]) == ("celeb_df/id0", "id1")
    assert sum(record.split == "train" for record in records.values()) == 5
    assert faults.counts == {"no media": 1, "unreadable label": 1}


def test_celeb_df_leaves_out_of_training_who_is_tested_on_demand(tmp_path):
    celeb_df(tmp_path, "0 Celeb-synthesis/id0_id1_0000.mp4")
    records, faults = read(CELEB_DF, tmp_path, test_people="left out")
    trained = {name for name, record in records.items() if record.split == "train"}
    assert trained == {"Celeb-real/id2_0005", "YouTube-real/00170", "YouTube-real/00171", "Celeb-synthesis/id2_id3_0001"}
    assert sum(faults.left_out.values()) == 2


def test_celeb_df_refuses_a_list_of_the_other_polarity(tmp_path):
    celeb_df(tmp_path, "0 YouTube-real/00170.mp4")
    with pytest.raises(FacewiseError, match="contradicts its folder; 1 of real videos"):
        read(CELEB_DF, tmp_path)


# UniAttackData

RELEASED = (
    "UniAttackData/Data/live/central-asia/CA-183/real.rssdk/color/0057.jpg 0",
    "UniAttackData/Data/spoof/east-asia/EA-456/cloth-outdoor/color/0145.jpg 1",
    "UniAttackData/Data/adv-attacks/alma/alma_central-asia-112x112/CA-057/0001.jpg 2",
    "UniAttackData/Data/OneShotTH/east-asia/EA-139-To-ref2/0001.jpg 3",
    "UniAttackData/Data/somebody/africa/AF-001-To-EA-002/0001.jpg 3",
)


def released(root: Path, *rows: str) -> None:
    for part in ("train", "dev", "test"):
        text(root, f"protocol/UniAttackData@p1_image_{part}.txt", *(rows if part == "dev" else ()))
    files(root, *(row.split()[0].removeprefix("UniAttackData/") for row in RELEASED))


def test_uniattackdata_reads_the_detailed_labels_of_its_release(tmp_path):
    released(tmp_path, *RELEASED, "UniAttackData/Data/live/africa/AF-009/real.rssdk/color/0001.jpg 0", "what 7")
    records, faults = read(UNIATTACKDATA, tmp_path)
    live, print_, adversarial, talking, unknown = records.values()
    assert all(record.split == "val" and record.protocols == {"p1": "dev"} for record in records.values())
    assert (live.live, live.digital, live.subject) == (True, "none", "uniattackdata/CA-183")
    assert (print_.live, print_.attack, print_.digital) == (False, "print", "none")
    assert (adversarial.live, adversarial.digital, adversarial.source) == (None, None, {"class": "adversarial", "method": "alma"})
    assert (talking.live, talking.digital, talking.subject) == (None, "reenactment", "uniattackdata/EA-139")
    assert (unknown.digital, unknown.source) == (None, {"class": "digital", "method": "somebody"})
    assert faults.counts == {"no media": 1, "unreadable label": 1}


def test_uniattackdata_counts_a_clip_once_and_refuses_labels_of_the_other_polarity(tmp_path):
    released(tmp_path, *RELEASED)
    clip = "UniAttackData/Data/spoof/east-asia/EA-456/cloth-outdoor/color 1"
    for part in ("train", "dev", "test"):
        text(tmp_path, f"protocol/UniAttackData@p1_video_{part}.txt", *([clip] * 3 if part == "test" else []))
    records, faults = read(UNIATTACKDATA, tmp_path, items="video")
    assert [record.media for record in records.values()] == [
        "Data/spoof/east-asia/EA-456/cloth-outdoor/color"
    ] and not faults.counts
    released(tmp_path, RELEASED[0][:-1] + "1")
    with pytest.raises(FacewiseError, match="contradicts its folder"):
        read(UNIATTACKDATA, tmp_path)


def test_uniattackdata_takes_0_for_live_in_the_challenge_and_leaves_out_what_has_no_label(tmp_path):
    for protocol in ("p1", "p2.1", "p2.2"):
        text(tmp_path, f"phase1/{protocol}/train_label.txt", *(f"{protocol}/train/00000{n}.jpg {n}" for n in (0, 1, 2)))
        text(tmp_path, f"phase1/{protocol}/dev.txt", f"{protocol}/dev/000001.jpg")
        files(tmp_path, f"phase1/{protocol}/train/000000.jpg", f"phase1/{protocol}/train/000001.jpg")
    fakes = {}
    for protocol in ("p1", "p2.1", "p2.2"):
        records, faults = read(UNIATTACKDATA, tmp_path, protocol=protocol)
        assert (records[f"{protocol}/train/000000"].live, records[f"{protocol}/train/000000"].digital) == (True, "none")
        fakes[protocol] = (records[f"{protocol}/train/000001"].live, records[f"{protocol}/train/000001"].digital)
        assert faults.counts == {"unreadable label": 1} and sum(faults.left_out.values()) == 1
    assert fakes == {"p1": (None, None), "p2.1": (None, None), "p2.2": (False, "none")}
    with pytest.raises(FacewiseError, match=r"the challenge has the protocols p1, p2.1, p2.2"):
        read(UNIATTACKDATA, tmp_path, protocol="p1.2")
