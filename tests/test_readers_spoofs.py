"""Readers of presentation attacks, each on a tiny folder in the official layout."""

import json
from pathlib import Path

import pytest
from PIL import Image

from facewise.data_builders.readers.casia_fasd import CASIA_FASD
from facewise.data_builders.readers.celeba_spoof import CELEBA_SPOOF
from facewise.data_builders.readers.faults import Faults
from facewise.data_builders.readers.mcio import MCIO
from facewise.data_builders.readers.msu_mfsd import MSU_MFSD
from facewise.data_builders.readers.oulu_npu import OULU_NPU
from facewise.data_builders.readers.padisi_face import PADISI_FACE, attack_of
from facewise.data_builders.readers.replay_attack import REPLAY_ATTACK
from facewise.data_builders.readers.siw_mv2 import FOLDERS, SIW_MV2
from facewise.data_builders.readers.source import Source
from facewise.data_builders.readers.wmca import WMCA, told
from facewise.data_builders.records import Record
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import ATTACKS


def read(source: Source, root: Path, **options: str) -> tuple[dict[str, Record], Faults]:
    """Records by the id behind the dataset's name."""
    faults = Faults()
    records = list(source.records(root, options, faults))
    assert all(record.attack is None or (record.attack in ATTACKS and record.live is False) for record in records)
    assert all((root / record.media).exists() for record in records)
    return {record.id.partition("/")[2]: record for record in records}, faults


def files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"media")


def text(root: Path, name: str, *rows: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(rows) + "\n")


# CelebA-Spoof


def spoof_label(kind: int, spoof: int, first: int = 0) -> list[int]:
    return [first, *39 * [0], kind, 2 * spoof, spoof, spoof]


def celeba_spoof(root: Path, train: dict, test: dict) -> None:
    for part, labels in (("train", train), ("test", test)):
        text(root, f"metas/intra_test/{part}_label.json", json.dumps(labels))


def test_celeba_spoof_takes_0_for_live_from_the_label_and_keeps_the_folder_beside_it(tmp_path):
    live, photo, odd = (f"Data/train/7/{name}.png" for name in ("live/000001", "spoof/000002", "live/000003"))
    screen = "Data/test/9/spoof/000004.png"
    files(tmp_path, live, photo, odd, screen)
    labels = {live: spoof_label(0, 0, 1), photo: spoof_label(1, 1), odd: spoof_label(6, 1)}
    celeba_spoof(tmp_path, labels, {screen: spoof_label(8, 1)})
    text(tmp_path, "metas/protocol2/test_on_low_quality_device/test_label.json", json.dumps({screen: spoof_label(8, 1)}))
    records, faults = read(CELEBA_SPOOF, tmp_path)
    person, paper, cut = (records[f"train/7/{name}"] for name in ("live/000001", "spoof/000002", "live/000003"))
    assert (person.live, person.attack, person.digital, person.subject) == (True, None, "none", "celeba_spoof/7")
    assert person.attributes["5_o_Clock_Shadow"] is True and person.attributes["Young"] is False and len(person.attributes) == 40
    assert (paper.live, paper.attack, paper.attributes, paper.source["illumination"]) == (False, "print", None, "Strong")
    assert (cut.live, cut.attack, cut.source["folder"], cut.source["type"]) == (False, "paper mask", "live", "Region Mask")
    tablet = records["test/9/spoof/000004"]
    assert (tablet.split, tablet.attack) == ("test", "replay")
    assert tablet.protocols == {"intra_test": "test", "protocol2/test_on_low_quality_device": "test"}
    assert not faults.counts


def test_celeba_spoof_scales_boxes_of_224_by_each_side_and_keeps_them_in_the_picture(tmp_path):
    name, other = "Data/train/7/live/1.png", "Data/train/7/live/2.png"
    files(tmp_path, name, other)
    Image.new("RGB", (448, 112)).save(tmp_path / name)
    text(tmp_path, "Data/train/7/live/1_BB.txt", "112 56 200 112 0.99")
    text(tmp_path, "Data/train/7/live/2_BB.txt", "1 2 3 4 0.99")
    celeba_spoof(tmp_path, {name: spoof_label(0, 0), other: spoof_label(0, 0)}, {})
    records, _ = read(CELEBA_SPOOF, tmp_path)
    assert records["train/7/live/1"].face == (224, 28, 448, 84)
    assert records["train/7/live/1"].source["box_224"] == "112 56 200 112 0.99"
    assert records["train/7/live/2"].face is None  # no picture to take the size from


def test_celeba_spoof_refuses_a_type_that_contradicts_the_class(tmp_path):
    name = "Data/train/7/live/1.png"
    files(tmp_path, name)
    celeba_spoof(tmp_path, {name: spoof_label(3, 0), "Data/train/7/live/2.png": spoof_label(0, 0)}, {})
    records, faults = read(CELEBA_SPOOF, tmp_path)
    assert not records and faults.counts == {"unreadable label": 1, "no media": 1}
    (tmp_path / "metas/intra_test/test_label.json").unlink()
    with pytest.raises(FacewiseError, match="test_label.json: no such file"):
        read(CELEBA_SPOOF, tmp_path)


# SiW-Mv2


def siw(root: Path) -> None:
    files(root, "Live/Live_1.mov", "Live/Live_10.mov", "Spoof/Mask_HalfMask/Mask_Half_3.mov", "spoof_note.txt")
    files(root, "Spoof/Print/Paper_4.mov", "Spoof/Partial_Eye/Partial_Eye_2.mov", "Spoof/Mask_TransparentMask/Mask_Trans_5.MOV")
    for part, spoofs, live in (
        ("train", ("Mask_Half_3", "Paper_4", "Paper_4", "Mask_Half_3"), ("Live_1",)),
        ("test", ("Partial_Eye_2", "Mask_Trans_5", "Replay_7"), ("Live_10",)),
    ):
        text(root, f"pro_3_text/{part}list_all.txt", *spoofs)
        text(root, f"pro_3_text/{part}list_live.txt", *live)
    text(root, "pro_3_text/train_A_pretrain.txt", "Live_1", "Paper_4", "Paper_4")
    text(root, "pro_3_text/test_B_spoof.txt", "Live_10", "Mask_Half_3")


def test_siw_mv2_counts_repeated_lines_once_and_tells_the_attacked_area(tmp_path):
    siw(tmp_path)
    records, faults = read(SIW_MV2, tmp_path)
    half, eye, paper = (records[name] for name in ("Mask_Half_3", "Partial_Eye_2", "Paper_4"))
    assert (half.attack, half.source["area"], half.split) == ("rigid mask", "half of the face", "train")
    assert (eye.attack, eye.source["area"], eye.split) == ("partial eye", "eyes", "test")
    assert (paper.attack, paper.source, paper.live) == ("print", {"folder": "Print"}, False)
    assert records["Mask_Trans_5"].attack == "rigid mask" and records["Live_1"].live
    assert faults.counts == {"no media": 1} and "Replay_7" in faults.examples["no media"][0]


def test_siw_mv2_tells_protocols_by_part_left_out_attack_and_domain(tmp_path):
    siw(tmp_path)
    records, _ = read(SIW_MV2, tmp_path)
    assert records["Live_1"].protocols == {"I": "train", "II": "train", "III A": "train"}
    assert records["Mask_Half_3"].protocols == {"I": "train", "II": "Mask_Half", "III B": "test"}
    assert len(FOLDERS) == 14


def test_siw_mv2_needs_the_lists_of_its_repository(tmp_path):
    siw(tmp_path)
    for path in (tmp_path / "pro_3_text").iterdir():
        path.unlink()
    (tmp_path / "pro_3_text").rmdir()
    with pytest.raises(FacewiseError, match="pro_3_text: no such file or folder"):
        read(SIW_MV2, tmp_path)


# OULU-NPU


def oulu(root: Path, *extra: str) -> None:
    files(root, "Train_files/1_1_01_1.avi", "Train_files/1_1_01_2.avi", "Dev_files/2_2_21_4.avi", "Test_files/6_3_36_5.avi")
    parts = {"Train": ("+1,1_1_01_1", "-1,1_1_01_2"), "Dev": ("-1,2_2_21_4",), "Test": ("-2,6_3_36_5", *extra)}
    for protocol, folds in (("1", ("",)), ("2", ("",)), ("3", "123456"), ("4", "123456")):
        for fold in folds:
            for part, rows in parts.items():
                mine = rows if fold in ("", "6") else rows[:1] if part == "Train" else ()
                text(root, f"Protocols/Protocol_{protocol}/{part}{f'_{fold}' * bool(fold)}.txt", *mine)


def test_oulu_npu_takes_prints_and_displays_from_the_file_number(tmp_path):
    oulu(tmp_path)
    records, faults = read(OULU_NPU, tmp_path)
    kinds = {name: (record.live, record.attack, record.split) for name, record in records.items()}
    assert kinds == {
        "1_1_01_1": (True, None, "train"),
        "1_1_01_2": (False, "print", "train"),
        "2_2_21_4": (False, "replay", "val"),
        "6_3_36_5": (False, "replay", "test"),
    }
    assert records["6_3_36_5"].subject == "oulu_npu/36" and not faults.counts


def test_oulu_npu_tells_all_four_protocols_and_their_folds(tmp_path):
    oulu(tmp_path)
    records, _ = read(OULU_NPU, tmp_path)
    folds = {f"{protocol}.{fold}": "train" for protocol in "34" for fold in "123456"}
    assert records["1_1_01_1"].protocols == {"1": "train", "2": "train"} | folds
    assert records["6_3_36_5"].protocols == {"1": "test", "2": "test", "3.6": "test", "4.6": "test"}


def test_oulu_npu_faults_a_label_that_contradicts_its_file_and_a_video_that_is_not_there_once(tmp_path):
    oulu(tmp_path, "+1,6_3_36_5", "-1,6_3_36_3", "-1,nothing")
    files(tmp_path, "Test_files/holiday.avi")
    _, faults = read(OULU_NPU, tmp_path)
    assert faults.counts["unreadable label"] == 8  # two lines in each of the four lists that hold them all
    assert (faults.counts["no media"], faults.counts["no label"]) == (1, 1)
    (tmp_path / "Protocols/Protocol_4/Dev_3.txt").unlink()
    with pytest.raises(FacewiseError, match="Dev_3.txt: no such file"):
        read(OULU_NPU, tmp_path)


def test_oulu_npu_reads_archives_that_were_unpacked_into_folders_of_their_own_name(tmp_path):
    oulu(tmp_path)
    (tmp_path / "Train_files").rename(tmp_path / "inner")
    (tmp_path / "train_files").mkdir()
    (tmp_path / "inner").rename(tmp_path / "train_files" / "Train_files")
    records, _ = read(OULU_NPU, tmp_path)
    assert records["1_1_01_1"].media == "train_files/Train_files/1_1_01_1.avi"


# CASIA-FASD


def test_casia_fasd_tells_class_and_quality_by_the_name_and_counts_test_people_on(tmp_path):
    files(tmp_path, *(f"train_release/1/{name}.avi" for name in ("1", "4", "HR_3", "9")), "test_release/1/8.avi")
    records, faults = read(CASIA_FASD, tmp_path)
    person, warped, cut, tablet = (records[name] for name in ("train_1_1", "train_1_4", "train_1_HR_3", "test_1_8"))
    assert (person.live, person.attack, person.source) == (True, None, {"class": "real", "quality": "normal"})
    assert (warped.attack, warped.source["quality"], cut.attack, cut.source["quality"]) == ("print", "low", "paper mask", "high")
    assert (tablet.attack, tablet.split, tablet.subject, person.subject) == ("replay", "test", "casia_fasd/21", "casia_fasd/1")
    assert faults.counts == {"unknown class": 1}


def test_casia_fasd_refuses_a_folder_of_something_else(tmp_path):
    with pytest.raises(FacewiseError, match="train_release: no such file or folder; give the folder"):
        read(CASIA_FASD, tmp_path)


# MSU-MFSD


def msu(root: Path) -> None:
    text(root, "train_sub_list.txt", "02", "03")
    text(root, "test_sub_list.txt", "01")
    files(root, "scene01/real/real_client003_android_SD_scene01.mp4", "scene01/real/real_client009_laptop_SD_scene01.mov")
    files(root, "scene01/attack/attack_client001_laptop_SD_printed_photo_scene01.mov", "scene01/real/real_client003_android.face")
    files(
        root,
        "scene01/attack/attack_client002_android_SD_ipad_video_scene01.mp4",
        "scene01/attack/attack_client002_android_SD_scene01.mp4",
    )


def test_msu_mfsd_splits_by_client_and_tells_which_videos_stand_on_their_head(tmp_path):
    msu(tmp_path)
    records, faults = read(MSU_MFSD, tmp_path)
    turned = records["real_client003_android_SD_scene01"]
    assert (turned.live, turned.split, turned.subject) == (True, "train", "msu_mfsd/3")
    assert turned.source == {"camera": "android", "upside_down": "180 degrees"}
    paper = records["attack_client001_laptop_SD_printed_photo_scene01"]
    assert (paper.attack, paper.split, paper.source) == ("print", "test", {"camera": "laptop", "instrument": "printed_photo"})
    assert records["attack_client002_android_SD_ipad_video_scene01"].attack == "replay"
    assert faults.counts == {"no label": 1, "unknown class": 1}  # a client in no list, an attack without an instrument


def test_msu_mfsd_needs_both_lists(tmp_path):
    msu(tmp_path)
    (tmp_path / "test_sub_list.txt").unlink()
    with pytest.raises(FacewiseError, match="test_sub_list.txt: no such file"):
        read(MSU_MFSD, tmp_path)


# Replay-Attack

REAL = "real/client{:03d}_session01_webcam_authenticate_adverse_1.mov"
PHOTO = "attack/{}/attack_{}_client{:03d}_session01_highdef_photo_controlled.mov"


def replay(root: Path) -> None:
    for part, client in (("train", 1), ("devel", 3), ("test", 9)):
        printed, phone = (f"{part}/{PHOTO.format(*told_by, client)}" for told_by in (("fixed", "print"), ("hand", "mobile")))
        files(root, f"{part}/{REAL.format(client)}", printed, phone)
        text(root, f"protocols/real-{part}.txt", f"{part}/{REAL.format(client)}")
        text(root, f"protocols/attack-grandtest-allsupports-{part}.txt", printed, phone)
        text(root, f"protocols/attack-print-fixed-{part}.txt", printed)


def test_replay_attack_reads_the_grandtest_lists_and_tells_the_other_protocols(tmp_path):
    replay(tmp_path)
    records, faults = read(REPLAY_ATTACK, tmp_path)
    assert len(records) == 9 and not faults.counts
    person, printed = (
        records[f"devel/{name.removesuffix('.mov')}"] for name in (REAL.format(3), PHOTO.format("fixed", "print", 3))
    )
    phone = records[f"test/{PHOTO.format('hand', 'mobile', 9).removesuffix('.mov')}"]
    assert (person.live, person.split, person.subject, person.source) == (True, "val", "replay_attack/3", {"light": "adverse"})
    assert person.protocols == printed.protocols == {"grandtest": "val", "print-fixed": "val"}
    assert (phone.attack, phone.split, phone.protocols) == ("replay", "test", {"grandtest": "test"})
    assert phone.source == {"instrument": "mobile", "sample": "photo", "light": "controlled", "support": "hand"}


def test_replay_attack_faults_missing_and_foreign_files_and_refuses_a_list_of_another_part(tmp_path):
    replay(tmp_path)
    text(tmp_path, "protocols/real-test.txt", f"test/{REAL.format(11)}", "test/real/holiday.mov")
    _, faults = read(REPLAY_ATTACK, tmp_path)
    assert faults.counts == {"no media": 1, "unknown class": 1}
    text(tmp_path, "protocols/real-test.txt", f"train/{REAL.format(1)}")
    with pytest.raises(FacewiseError, match="a path within test/ was looked for"):
        read(REPLAY_ATTACK, tmp_path)


# WMCA

PERSON, MASK, PRINT = "31.01.18_035_01_000_0_01", "14.02.18_530_03_001_2_18", "23.05.18_098_07_006_3_11"


def wmca(root: Path) -> None:
    files(root, f"colour/{PERSON}.mp4", f"colour/{MASK}/000.jpg", f"colour/{MASK}/001.jpg", f"colour/{PRINT}.mp4")
    rows = (f"{PERSON},35,train", f"data/{MASK}.hdf5,530,dev", f"{PRINT},98,eval", "16.05.18_001_07_007_3_03,1,train")
    text(root, "protocols/PROTOCOL-grandtest-curated.csv", "name,client,group", *rows)
    text(root, "protocols/LOO_flexiblemask.csv", "name,group", f"{PERSON},train", f"{MASK},eval")


def test_wmca_tells_person_and_instrument_by_the_numbers_of_a_stem(tmp_path):
    wmca(tmp_path)
    records, faults = read(WMCA, tmp_path)
    assert (records[PERSON].live, records[PERSON].subject, records[PERSON].split) == (True, "wmca/35", "train")
    assert (records[MASK].attack, records[MASK].media, records[MASK].split) == ("flexible mask", f"colour/{MASK}", "val")
    assert records[MASK].protocols == {"grandtest": "val", "LOO_flexiblemask": "test"}
    assert (records[PRINT].attack, records[PRINT].split, records[PRINT].source["presenter"]) == ("print", "test", "006")
    assert faults.counts == {"no media": 1}


def test_wmca_keeps_apart_what_shares_a_type(tmp_path):
    kinds = {
        "1_01": "glasses",
        "1_02": "rigid mask",
        "1_09": None,
        "2_03": "fake head",
        "2_08": "paper mask",
        "2_12": "rigid mask",
    }
    kinds |= {"2_75": "flexible mask", "3_15": "replay", "3_14": "print", "4_02": "replay", "5_100": "makeup"}
    assert {tail: told(f"31.01.18_035_01_000_{tail}").attack for tail in kinds} == kinds


def test_wmca_says_that_the_colour_channel_has_to_be_exported(tmp_path):
    files(tmp_path, f"face-station/{PERSON}.hdf5")
    text(tmp_path, "protocols/grandtest.csv", f"{PERSON},train")
    with pytest.raises(FacewiseError, match="only \\['.hdf5'\\]; give the folder"):
        read(WMCA, tmp_path)
    text(tmp_path, "protocols/grandtest.csv", "file;set", f"{PERSON};train")
    with pytest.raises(FacewiseError, match="no row with one stem and one of train"):
        read(WMCA, tmp_path)


# PADISI-Face


def padisi(root: Path) -> None:
    person, mask = "5c76e895,08b8ddc9,FACE_SMILE_WITHOUT_GLASS", "5d704e8a,g18567d4,FACE_WITHOUT_GLASS_1"
    lost = "5d713690,q779ecb7,FACE_WITHOUT_GLASS_1"
    odd = "5d713690,q779ecb7,FACE_WITH_GLASS_1"
    files(root, *(f"colour/ID_{name.replace(',', '_')}.png" for name in (person, mask, odd)))
    head, tables = "transaction_id,trial_id,trial_name", "data/face_partitions/padisi_USC_FACE"
    text(
        root,
        f"{tables}_ground_truth.csv",
        f"{head},modality,ground_truth,participant_id,gender,ethnicity,race,age",
        f"{person},FACE,m00000,55f9,Female,Not Hispanic or Latino,Asian,23",
        f"{mask},FACE,m50507,aa39,Male,,White,23",
        f"{lost},FACE,m50901,daa2,Male,,Asian,25",
        f"{odd},FACE,m51001,daa2,Male,,Asian,25",
    )
    for fold, parts in enumerate((("train", "test"), ("valid", "train"), ("test", "train"))):
        held = (f"{name},{part}" for name, part in zip((person, mask), parts, strict=True))
        text(
            root,
            f"{tables}_dataset_partition_3folds_part{fold}.csv",
            f"{head},partition_name",
            *held,
            f"{lost},test",
            f"{odd},test",
        )
    text(root, f"{tables}_descriptions.csv", f"{head},des0,des1,des2,des3,des4", f"{mask},there is a fabric mask,a mask,,,")


def test_padisi_face_tells_person_code_and_folds(tmp_path):
    padisi(tmp_path)
    records, faults = read(PADISI_FACE, tmp_path)
    person, mask = records.values()
    assert (person.live, person.attack, person.subject, person.split) == (True, None, "padisi_face/55f9", "train")
    assert person.protocols == {"fold 0": "train", "fold 1": "val", "fold 2": "test"} and person.age == 23
    assert person.attributes == {"gender": "female", "race": "Asian", "ethnicity": "Not Hispanic or Latino"}
    assert (mask.live, mask.attack, mask.split, mask.source["code"]) == (False, "flexible mask", "test", "m50507")
    assert mask.source["answer"] == "there is a fabric mask" and "answer" not in person.source
    assert faults.counts == {"no media": 1, "unreadable label": 1}


def test_padisi_face_knows_its_nine_codes():
    codes = {"m50102": "glasses", "m50201": "print", "m50303": "fake head", "m50401": "rigid mask", "m50505": "rigid mask"}
    codes |= {"m50602": "makeup", "m50701": "flexible mask", "m50802": "glasses", "m50901": "tattoo", "m00000": None}
    assert {code: attack_of(code) for code in codes} == codes
    with pytest.raises(ValueError, match="m51001"):
        attack_of("m51001")


def test_padisi_face_says_that_the_colour_has_to_be_exported(tmp_path):
    with pytest.raises(FacewiseError, match="ground_truth.csv: no such file or folder; give the folder"):
        read(PADISI_FACE, tmp_path)
    padisi(tmp_path)
    for path in tmp_path.rglob("ID_*"):
        path.rename(path.with_suffix(".npz"))
    with pytest.raises(FacewiseError, match="only \\['.npz'\\]; give the folder"):
        read(PADISI_FACE, tmp_path)


# the frame lists of FLIP

MCIO_LISTS = {
    "msu_real_train": ["msu/train/real/real_client002_android_SD_scene01_frame0.png"],
    "msu_real_test": ["msu/train/real/real_client002_android_SD_scene01_frame0.png"],
    "msu_fake_train": ["msu/test/fake/attack_client001_laptop_SD_printed_photo_scene01_frame0.png"],
    "casia_real_train": ["casia/test/real/1_HR_1_frame0.png"],
    "casia_real_shot": ["casia/test/real/1_HR_1_frame0.png"],
    "casia_fake_train": ["casia/train/fake/1_5_frame0.png"],
    "replay_real_train": ["replay/test/real/real_client009_session01_webcam_authenticate_adverse_1_frame0.png"],
    "replay_fake_train": ["replay/train/fake/fixed_attack_highdef_client001_session01_highdef_photo_adverse_frame0.png"],
    "oulu_real_train": ["oulu/train/real/1_1_01_1_frame0.png"],
    "oulu_fake_train": ["oulu/test/fake/1_1_36_4_frame0.png"],
    "celeb_real_train": ["celeb/real/167_live_096546.jpg"],
    "celeb_fake_train": ["celeb/fake/997_live_125049.jpg"],
}


def frame_lists(root: Path, lists: dict[str, list[str]]) -> None:
    for name, pictures in lists.items():
        text(root, f"txt/{name}.txt", *pictures)
        files(root / "frame", *pictures, *(picture.replace("frame0", "frame1") for picture in pictures if name.endswith("test")))


def test_mcio_takes_real_and_fake_from_the_list_and_people_as_the_sets_own_readers_do(tmp_path):
    frame_lists(tmp_path, MCIO_LISTS)
    records, faults = read(MCIO, tmp_path)
    assert len(records) == 11 and not faults.counts and all(record.split == "train" for record in records.values())
    kinds = {record.dataset: (record.subject, record.attack) for record in records.values() if not record.live}
    assert kinds == {
        "MSU-MFSD": ("msu_mfsd/1", "print"),
        "CASIA-FASD": ("casia_fasd/1", "paper mask"),
        "Replay-Attack": ("replay_attack/1", "replay"),
        "OULU-NPU": ("oulu_npu/36", "replay"),
        "CelebA-Spoof": ("celeba_spoof/997", None),
    }
    shot = records["casia/test/real/1_HR_1_frame0"]
    assert (shot.subject, shot.protocols, shot.source["lists"]) == ("casia_fasd/21", {"mcio": "casia"}, "shot train")


def test_mcio_tests_on_both_frames_though_the_list_tells_one(tmp_path):
    frame_lists(tmp_path, MCIO_LISTS)
    records, _ = read(MCIO, tmp_path)
    stem = "msu/train/real/real_client002_android_SD_scene01_frame"
    assert (records[f"{stem}0"].source["lists"], records[f"{stem}1"].source["lists"]) == ("test train", "test")


def test_mcio_faults_a_name_of_the_other_class_and_reads_wcs_on_demand(tmp_path):
    frame_lists(
        tmp_path, MCIO_LISTS | {"oulu_real_train": ["oulu/train/real/1_1_01_2_frame0.png", "oulu/train/real/1_1_02_1_frame0.png"]}
    )
    (tmp_path / "frame/oulu/train/real/1_1_02_1_frame0.png").unlink()
    _, faults = read(MCIO, tmp_path)
    assert faults.counts == {"unreadable label": 1, "no media": 1}
    with pytest.raises(FacewiseError, match="wmca_real_train.txt: no such file"):
        read(MCIO, tmp_path, benchmark="wcs")
    wcs = {
        "wmca_real_train": ["wmca/train/real/31.01.18_035_01_000_0_01_00.jpg"],
        "wmca_fake_train": ["wmca/train/fake/04.06.18_001_07_000_3_05_04.jpg"],
        "cefa_real_train": ["cefa/train/real/3_499_1_1_1_00.jpg"],
        "cefa_fake_train": ["cefa/train/fake/3_499_3_2_2_00.jpg"],
        "surf_real_train": ["surf/train/real/Training_real_part_CLKJ_CS0110_real.rssdk_color_91.jpg"],
        "surf_fake_train": ["surf/test/fake/Val_0007_007193-color.jpg"],
    }
    frame_lists(tmp_path, wcs)
    records, faults = read(MCIO, tmp_path, benchmark="wcs")
    assert [record.subject for record in records.values() if record.live] == ["wmca/35", "cefa/EA-499", "surf/CS0110"]
    assert [record.attack for record in records.values() if not record.live] == ["replay", "print", None]
    assert not faults.counts
