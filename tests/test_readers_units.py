"""Readers of action-unit datasets and of other tools' tables, each on a tiny folder in the official layout with its quirks."""

import shutil
from pathlib import Path

import pytest

from facewise.data_builders.readers.bp4d import BP4D
from facewise.data_builders.readers.disfa import DISFA, PARTS
from facewise.data_builders.readers.disfa_plus import DISFA_PLUS
from facewise.data_builders.readers.emotionet import EMOTIONET
from facewise.data_builders.readers.faults import Faults
from facewise.data_builders.readers.openface_csv import OPENFACE_CSV
from facewise.data_builders.readers.pyfeat_csv import PYFEAT_CSV
from facewise.data_builders.readers.source import Source
from facewise.data_builders.records import Record
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import AU_CODES, EMOTIONS

SIX = (DISFA, DISFA_PLUS, BP4D, EMOTIONET, OPENFACE_CSV, PYFEAT_CSV)


def read(source: Source, root: Path, **options: str) -> tuple[list[Record], Faults]:
    faults = Faults()
    return list(source.records(root, options, faults)), faults


def media(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"a picture")


def text(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


# DISFA

TWELVE = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def disfa(root: Path, person: str, frames: int, units: tuple[int, ...] = TWELVE, **levels: dict[int, int]) -> None:
    """All levels are 0 but those of `levels`, such as au12={3: 5}."""
    for unit in units:
        told = levels.get(f"au{unit}", {})
        lines = [f"{number},{told.get(number, 0)}" for number in range(1, frames + 1)]
        text(root / "ActionUnit_Labels" / person / f"{person}_au{unit}.txt", *lines)


def test_a_record_of_disfa_is_a_labelled_frame_counted_from_0(tmp_path):
    disfa(tmp_path, "SN001", 4, au12={3: 5}, au6={3: 2})
    media(tmp_path / "Videos_LeftCamera", "LeftVideoSN001_comp.avi")
    records, faults = read(DISFA, tmp_path)
    assert [record.frames for record in records] == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert {record.media for record in records} == {"Videos_LeftCamera/LeftVideoSN001_comp.avi"}
    third = records[2]
    assert (third.id, third.subject, third.source["frame"]) == ("disfa/SN001/left/3", "disfa/SN001", "3")
    assert third.aus["AU12"] == (5, 5) and third.aus["AU6"] == (2, 2) and third.aus["AU1"] == (0, 0)
    assert set(third.aus) == {f"AU{unit}" for unit in TWELVE} and third.emotion is None
    assert third.protocols == {"3-fold": "part 1"} and not faults.counts


def test_disfas_right_camera_has_a_capital_letter_and_a_folder_of_its_own(tmp_path):
    disfa(tmp_path, "SN013", 61)
    media(tmp_path / "Video_RightCamera", "RightVideoSN013_Comp.avi", "RightVideoSN033_Comp.avi")
    records, faults = read(DISFA, tmp_path, camera="right", step="30")
    assert [record.frames for record in records] == [(0, 0), (30, 30), (60, 60)]
    assert records[0].id == "disfa/SN013/right/1" and records[0].protocols == {"3-fold": "part 2"}
    assert faults.counts == {"no label": 1}
    with pytest.raises(FacewiseError, match="Videos_LeftCamera: no such file or folder"):
        read(DISFA, tmp_path)


def test_disfas_parts_are_three_of_nine_people_each():
    assert sorted(PARTS.values()) == ["part 1"] * 9 + ["part 2"] * 9 + ["part 3"] * 9


def test_a_unit_of_disfa_without_a_file_is_unknown_and_no_zero(tmp_path):
    disfa(tmp_path, "SN002", 2, units=TWELVE[:-1])
    disfa(tmp_path, "SN004", 2)
    text(tmp_path / "ActionUnit_Labels" / "SN002" / "SN002_au1.txt", "1,7", "2,3", "x,1", "1,")
    media(tmp_path / "Videos_LeftCamera", "LeftVideoSN002_comp.avi")
    (first, second), faults = read(DISFA, tmp_path)
    assert "AU26" not in first.aus and "AU1" not in first.aus and second.aus["AU1"] == (3, 3)
    assert faults.counts == {"no label": 1, "unreadable label": 3, "no media": 2}
    assert "ActionUnit_Labels/SN002/SN002_au1.txt:1: 1,7" in faults.examples["unreadable label"]


def test_labels_of_disfa_that_count_from_0_are_another_layout(tmp_path):
    text(tmp_path / "ActionUnit_Labels" / "SN001" / "SN001_au1.txt", "0,0", "1,0")
    media(tmp_path / "Videos_LeftCamera", "LeftVideoSN001_comp.avi")
    with pytest.raises(FacewiseError, match="DISFA counts its frames from 1"):
        read(DISFA, tmp_path)


# DISFA+


def test_disfa_plus_has_disfas_subjects_and_a_picture_a_record(tmp_path):
    trial = tmp_path / "Labels" / "SN001" / "A1_AU1_TrailNo_1"
    for unit in TWELVE:
        text(
            trial / f"AU{unit}.txt",
            "# Intensity of an action unit",
            "# frame  level",
            "000.jpg     0",
            f"001.jpg     {unit % 6}",
            "002.jpg  1",
        )
    media(tmp_path / "Images" / "SN001" / "A1_AU1_TrailNo_1", "000.jpg", "001.jpg", "003.jpg")
    (still, posed), faults = read(DISFA_PLUS, tmp_path)
    assert (posed.media, posed.frames) == ("Images/SN001/A1_AU1_TrailNo_1/001.jpg", None)
    assert posed.subject == "disfa/SN001" and posed.aus["AU5"] == (5, 5) and still.aus["AU5"] == (0, 0)
    assert posed.source == {"trial": "A1_AU1_TrailNo_1"} and faults.counts == {"no media": 1, "no label": 1}
    assert len(read(DISFA_PLUS, tmp_path, step="2")[0]) == 1


# BP4D

CODED = [0, *range(1, 29), 38, 64]


def bp4d(root: Path, name: str, *rows: tuple[int, dict[int, int]]) -> None:
    """Occurrences; units that a row does not tell are 9."""
    lines = [",".join(str(number if unit == 0 else told.get(unit, 9)) for unit in CODED) for number, told in rows]
    text(root / "AUCoding" / "AU_OCC" / f"{name}.csv", ",".join(map(str, CODED)), *lines)


def test_bp4d_finds_pictures_by_number_and_leaves_what_is_unknown(tmp_path):
    bp4d(tmp_path, "F001_T1", (998, {1: 1, 12: 0, 23: 1, 64: 1}), (1000, {}), (1001, {4: 1}), (1002, {4: 5}))
    media(tmp_path / "BP4D-training" / "F001" / "T1", "0998.jpg", "0999.jpg", "1000.jpg")
    (record,), faults = read(BP4D, tmp_path)
    assert record.media == "BP4D-training/F001/T1/0998.jpg" and record.aus is None
    assert record.shown == {"AU1": "both", "AU12": "absent"}
    assert record.source == {"task": "T1", "other units": "AU23:1"}
    assert (record.subject, record.protocols) == ("bp4d/F001", {"3-fold": "part 1"})
    assert faults.counts == {"no media": 1, "unreadable label": 1}
    assert faults.left_out == {"frames of which no unit is known": 1, "pictures outside the coded part": 1}


def test_bp4ds_levels_stand_for_occurrences_and_contradictions_are_left_out(tmp_path):
    bp4d(tmp_path, "M011_T8", *((number, {6: 1, 7: 1, 10: 1, 14: 0}) for number in (1, 2)))
    for unit, lines in ((6, ("1,3", "2,9")), (10, ("1,0", "2,1")), (14, ("1,0", "2,0"))):
        text(tmp_path / "AUCoding" / "AU_INT" / f"AU{unit:02}" / f"M011_T8_AU{unit:02}.csv", *lines)
    media(tmp_path / "M011" / "T8", "001.jpg", "002.jpg")
    (first, second), faults = read(BP4D, tmp_path)
    assert first.aus == {"AU6": (3, 3), "AU14": (0, 0)} and first.shown == {"AU7": "both"}
    assert first.source["contradictory units"] == "AU10"
    assert second.aus == {"AU10": (1, 1), "AU14": (0, 0)} and second.shown == {"AU6": "both", "AU7": "both"}
    assert not faults.counts and [record.id for record in read(BP4D, tmp_path, step="2")[0]] == ["bp4d/M011/T8/001"]


def test_bp4d_plus_and_its_other_people_are_refused(tmp_path):
    bp4d(tmp_path, "F024_T1", (1, {1: 1}))
    media(tmp_path / "F024" / "T1", "1.jpg")
    with pytest.raises(FacewiseError, match=r"BP4D\+ is not read"):
        read(BP4D, tmp_path)


def test_the_first_hand_out_of_bp4d_has_its_files_one_folder_higher(tmp_path):
    bp4d(tmp_path, "F001_T1", (1, {1: 1}))
    (tmp_path / "AUCoding" / "AU_OCC").rename(tmp_path / "inner")
    (tmp_path / "AUCoding").rmdir()
    (tmp_path / "inner").rename(tmp_path / "AUCoding")
    text(tmp_path / "AU-Intensity-Codes3.0" / "AU12" / "F001_T1_AU12.csv", "1,4")
    media(tmp_path / "F001" / "T1", "1.jpg")
    ((record,), _) = read(BP4D, tmp_path)
    assert (record.shown, record.aus) == ({"AU1": "both"}, {"AU12": (4, 4)})


# EmotioNet


def emotionet(name: str, folder: str = "N_0000000001_00001", **units: int) -> str:
    """Units that are not told are 999."""
    address = f"https://s3.us-east-2.amazonaws.com/emotionet/Images/{folder}/{name}.jpg"
    return "\t".join((address, f"http://elsewhere.example/{name}.jpg", *(str(units.get(f"au{n}", 999)) for n in range(1, 61))))


def test_emotionet_takes_told_units_and_names_the_emotion_of_the_very_units_that_are_active(tmp_path):
    happy, awed, smiling = (
        {"au12": 1, "au25": 1, "au4": 0, "au51": 1},
        {f"au{n}": 1 for n in (1, 2, 5, 25)},
        {"au12": 1, "au6": 1, "au3": 0},
    )
    folder = tmp_path / "emotioNet_challenge_files_server_challenge_1.2_aws"
    text(folder / "dataFile_0001.txt", emotionet("a", **happy), emotionet("b", **awed), emotionet("dead", **happy), "a\tb\t1")
    text(folder / "dataFile_1000.txt", emotionet("c", **smiling))
    media(tmp_path / "images", "N_0000000001_00001/a.jpg", "dataFile_0001/b.jpg", "c.jpg")
    (first, second, third), faults = read(EMOTIONET, tmp_path)
    assert first.media == "images/N_0000000001_00001/a.jpg" and first.emotion == "happiness"
    assert first.shown == {"AU4": "absent", "AU12": "both", "AU25": "both"} and first.source["action units"] == "12+25+51"
    assert (second.emotion, second.source["compound emotion"]) == (None, "awed")
    assert (first.split, first.source["labelled by"]) == ("train", "EmotioNet's algorithm")
    assert (third.split, third.source["labelled by"], third.emotion) == ("val", "people", None)
    assert third.shown == {"AU6": "both", "AU12": "both"}  # of the 23 units only
    assert faults.left_out == {"pictures that are not here, as of dead addresses": 1} and faults.counts == {"unreadable label": 1}


def test_a_list_of_emotionet_without_any_picture_is_a_missing_part(tmp_path):
    text(tmp_path / "dataFile_0001.txt", emotionet("a", au1=1), emotionet("b", au1=1))
    (tmp_path / "Images").mkdir()
    records, faults = read(EMOTIONET, tmp_path)
    assert not records and faults.counts == {"no media": 2}


# OpenFace

OPENFACE_UNITS = [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45]
LEVELS = [f"AU{unit:02}_r" for unit in OPENFACE_UNITS]
SEEN = [f"AU{unit:02}_c" for unit in sorted([*OPENFACE_UNITS, 28])]


def openface(path: Path, head: str, *rows: str, gap: str = "", **cells: str) -> None:
    """Columns of `head`, then all units; these are 0 but for `cells`."""
    units = [cells.get(name, "0") for name in (*LEVELS, *SEEN)]
    text(path, f",{gap}".join((*head.split(","), *LEVELS, *SEEN)), *(f",{gap}".join((*row.split(","), *units)) for row in rows))


def test_openface_frames_are_read_with_their_levels(tmp_path):
    media(tmp_path, "clips/smile.mp4")
    openface(
        tmp_path / "clips" / "smile.csv",
        "frame,face_id,timestamp,confidence,success,x_0,x_67,y_0,y_67",
        *(
            "1,0,0.000,0.98,1,10.5,30.0,20.0,40.0",
            "2,0,0.033,0.02,0,0,0,0,0",
            "3,1,0.067,0.91,1,10.5,30.0,20.0,nan",
            "0,0,0,1,1,1,2,3,4",
        ),
        AU12_r="2.31",
        AU45_r="4.00",
        AU23_r="1.5",
        AU12_c="0",
        AU28_c="1",
    )
    (first, third), faults = read(OPENFACE_CSV, tmp_path)
    assert (first.media, first.frames, third.frames) == ("clips/smile.mp4", (0, 0), (2, 2))
    assert (first.id, third.id) == ("openface_csv/clips/smile.mp4/0/0", "openface_csv/clips/smile.mp4/2/1")
    assert first.aus["AU12"] == (2.31, 2.31) and first.aus["AU43"] == (4, 4) and len(first.aus) == 16
    assert first.shown == {"AU28": "both"} and first.source["other units"] == "AU23:1.5"
    assert (first.face, third.face) == ((10.5, 20, 30, 40), (10.5, 20, 30, 20))
    assert first.source["tool"] == "OpenFace 2" and "machine readings" in first.licence and first.emotion is None
    assert faults.left_out == {"frames where no face was found": 1} and faults.counts == {"unreadable label": 1}
    assert len(read(OPENFACE_CSV, tmp_path, step="5")[0]) == 1


def test_old_openface_tables_have_spaces_and_no_number_of_a_face(tmp_path):
    media(tmp_path, "a/0001.png", "a/0002.png")
    openface(tmp_path / "a.csv", "frame,timestamp,confidence,success", "2,0.03,0.88,1", gap=" ", AU01_r="0.6773")
    (record,), _ = read(OPENFACE_CSV, tmp_path)
    assert (record.media, record.frames, record.aus["AU1"]) == ("a", (1, 1), (0.6773, 0.6773))


def test_an_openface_table_of_a_picture_has_no_frames(tmp_path):
    media(tmp_path, "pictures/group.jpg")
    openface(tmp_path / "processed" / "group.csv", "face,confidence", "0,0.975", "1,0.9", AU04_r="6.2", AU04_c="1")
    records, faults = read(OPENFACE_CSV, tmp_path)
    assert not records and faults.counts == {"unreadable label": 2}
    openface(tmp_path / "processed" / "group.csv", "face,confidence", "0,0.975", "1,0.9", AU04_r="2")
    records, faults = read(OPENFACE_CSV, tmp_path)
    assert [(record.frames, record.id[-1]) for record in records] == [(None, "0"), (None, "1")] and not faults.counts


def test_the_video_that_openface_read_is_taken_and_not_the_one_it_drew_upon(tmp_path):
    media(tmp_path, "raw/talk.mp4", "processed/talk.avi", "processed/odd.avi")
    for name in ("talk", "odd"):
        openface(tmp_path / "processed" / f"{name}.csv", "frame,face_id,timestamp,confidence,success", "1,0,0,1,1")
    text(tmp_path / "processed" / "talk_of_details.txt", "Input:raw/talk.mp4", "Camera parameters:500,500,320,240")
    text(tmp_path / "processed" / "odd_of_details.txt", "Input:webcam")
    (record,), faults = read(OPENFACE_CSV, tmp_path)
    assert record.media == "raw/talk.mp4" and faults.counts == {"no media": 1}


def test_two_media_that_are_equally_good_are_none(tmp_path):
    media(tmp_path, "a/x.mp4", "b/x.mp4", "c/y.mp4", "d/y.mp4")
    for name in ("x", "c/y"):
        openface(tmp_path / f"{name}.csv", "frame,confidence,success", "1,1,1")
    text(tmp_path / "metadata.csv", "file_name,emotion", "x.mp4,anger")
    (tmp_path / "no table.csv").write_bytes(b"\0" * 200_000)
    (record,), faults = read(OPENFACE_CSV, tmp_path)
    assert record.media == "c/y.mp4" and faults.counts == {"no media": 1}
    assert faults.left_out == {"tables that are none of OpenFace 2's": 2}


# py-feat

FEX = "FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,AU01,AU11,AU12,AU43"
FEELINGS = "anger,disgust,fear,happiness,sadness,surprise,neutral"


def test_py_feat_probabilities_are_seen_or_not_and_no_levels(tmp_path):
    media(tmp_path, "film.mp4", "a.jpg", "b/a.jpg", "c/a.jpg")
    text(
        tmp_path / "film.csv",
        f"{FEX},{FEELINGS},input,frame",
        "10.5,20,30,40,0.99,0.2,0.7,0.97,0.5,0,0,0,0.93,0,0,0.07,/elsewhere/film.mp4,0.0",
        "50,20,30,40,0.98,0.9,,nan,0.1,0,0,0,0.3,0.3,0,0.4,/elsewhere/film.mp4,0.0",
        ",,,,,,,,,,,,,,,,/elsewhere/film.mp4,10.0",
        "50,20,30,40,0.98,1.9,0,0,0,0,0,0,0,0,0,1,/elsewhere/film.mp4,20.0",
        r"1,2,3,4,0.98,0,0,0,0,0,0,0,0,0,0,1,C:\pictures\a.jpg,3",
        "1,2,3,4,0.98,0,0,0,0,0,0,0,0,0,0,1,b/a.jpg,4",
    )
    (first, second, still, other), faults = read(PYFEAT_CSV, tmp_path)
    assert first.shown == {"AU1": "absent", "AU12": "both", "AU43": "both"} and first.aus is None
    assert (first.emotion, second.emotion) == ("happiness", None) and first.source["other units"] == "AU11:0.7"
    assert second.shown == {"AU1": "both", "AU43": "absent"} and "other units" not in second.source
    assert first.face == (10.5, 20, 40.5, 60) and first.frames == (0, 0)
    assert (first.id, second.id) == ("pyfeat_csv/film.mp4/0/0", "pyfeat_csv/film.mp4/0/1")
    assert (still.media, still.frames, still.emotion, still.source["tool"]) == ("a.jpg", None, "neutral", "py-feat")
    assert other.media == "b/a.jpg"
    assert faults.left_out == {"rows without a face": 1} and faults.counts == {"unreadable label": 1}


def test_py_feats_new_spelling_of_emotions_and_its_oldest_tables_are_read(tmp_path):
    media(tmp_path, "new.mp4", "old.mp4")
    text(tmp_path / "new.csv", f"{FEX},Neutral,Happy,Sad,frame", "1,2,3,4,1,0,0,0,0,.1,.1,.8,7")
    text(tmp_path / "old.csv", "frame,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,AU12", "10,1,2,3,4,0.9973319")
    new, old = read(PYFEAT_CSV, tmp_path)[0]
    assert (new.emotion, new.frames, old.frames, old.shown) == ("sadness", (7, 7), (10, 10), {"AU12": "both"})


# Our own tables


def seen_by_us(path: Path, layout: str, *rows: tuple) -> None:
    """What `facewise see --csv` writes of a face at (input, frame), by its own writer."""
    import numpy as np

    from facewise.model.answer import ActionUnitReading
    from facewise.model.face_table import FaceRow, Table
    from facewise.model.perception.faces import DetectedFace

    aus = dict.fromkeys(AU_CODES, ActionUnitReading(0.0, 0.1)) | {
        "AU12": ActionUnitReading(3.5, 0.9),
        "AU43": ActionUnitReading(1.0, 0.8),
    }
    emotion = dict.fromkeys(EMOTIONS, 0.02) | {"happiness": 0.86}
    points = np.random.default_rng(0).uniform(100, 200, (478, 3))
    with Table(path, layout) as table:
        for name, frame, number in rows:
            face = DetectedFace(number, (90.0, 95.0, 210.0, 215.0), 0.97, points if number < 9 else None)
            table.add(FaceRow(str(name), frame, frame / 30, face, (0.1, 0.0), aus, emotion))


@pytest.mark.parametrize(("layout", "source"), [("openface", OPENFACE_CSV), ("py-feat", PYFEAT_CSV)])
def test_what_facewise_see_writes_is_read_back(tmp_path, layout, source):
    media(tmp_path, "clip.mp4", "other/clip.mp4", "a.jpg")
    rows = [(tmp_path / "clip.mp4", frame, face) for frame in (0, 1) for face in (0, 1)]
    seen_by_us(tmp_path / "seen.csv", layout, *rows, (tmp_path / "a.jpg", 0, 0))
    records, faults = read(source, tmp_path)
    assert [(record.media, record.frames) for record in records] == [
        *[("clip.mp4", (0, 0))] * 2,
        *[("clip.mp4", (1, 1))] * 2,
        ("a.jpg", None),
    ]
    assert not faults.counts and len({record.id for record in records}) == 5
    for record in records:
        assert record.emotion == "happiness" and record.source["tool"] == "Facewise" and record.face is not None
        told = record.aus or record.shown
        assert set(told) == set(AU_CODES)
        assert told["AU12"] == ((3.5, 3.5) if layout == "openface" else "both")
        assert told["AU43"] == ((1, 1) if layout == "openface" else "both") and told["AU4"] in ((0, 0), "absent")


def test_faces_that_we_found_without_points_are_left_out(tmp_path):
    media(tmp_path, "a.jpg")
    seen_by_us(tmp_path / "seen.csv", "openface", ("a.jpg", 0, 0), ("a.jpg", 0, 9))
    (record,), faults = read(OPENFACE_CSV, tmp_path)
    assert record.media == "a.jpg" and faults.left_out == {"frames where no face was found": 1}


@pytest.mark.slow
@pytest.mark.parametrize(("layout", "source"), [("openface", OPENFACE_CSV), ("py-feat", PYFEAT_CSV)])
def test_a_picture_and_a_folder_of_frames_that_were_seen_are_read_back(tmp_path, examples, layout, source):
    from PIL import Image

    from facewise.cli import main
    from facewise.model.perception.video import open_clip

    (tmp_path / "smile").mkdir()
    shutil.copy(examples / "invented-face.jpg", tmp_path / "face.jpg")
    for number, frame in zip(range(46, 54), open_clip(examples / "invented-clip.mp4").frames()):
        Image.fromarray(frame.pixels).save(tmp_path / "smile" / f"img{number}.png")
    names = [str(tmp_path / name) for name in ("face.jpg", "smile")]
    assert main(["see", *names, "--fps", "30", "--csv", str(tmp_path / "seen.csv"), "--csv-columns", layout]) == 0
    (still, *frames), faults = read(source, tmp_path)
    assert not faults.counts and (still.media, still.frames, still.emotion) == ("face.jpg", None, "happiness")
    assert still.aus["AU12"][0] > 1 if layout == "openface" else still.shown["AU12"] == "both"
    assert {record.media for record in frames} == {"smile"} and [record.frames for record in frames] == [(i, i) for i in range(8)]


def test_a_folder_of_something_else_is_refused_in_a_line(tmp_path):
    media(tmp_path, "notes/readme.jpg")
    text(tmp_path / "table.csv", "a,b", "1,2")
    for source in SIX:
        with pytest.raises(FacewiseError) as told:
            read(source, tmp_path)
        assert str(tmp_path) in str(told.value) and "\n" not in str(told.value)


def test_records_of_units_are_written_and_read_back_as_they_were(tmp_path):
    from facewise.data_builders.records import read_records, write_records

    bp4d(tmp_path, "M011_T8", (1, {6: 1, 7: 1}))
    text(tmp_path / "AUCoding" / "AU_INT" / "AU06" / "M011_T8_AU06.csv", "1,3")
    media(tmp_path / "M011" / "T8", "001.jpg")
    records, _ = read(BP4D, tmp_path)
    write_records(tmp_path / "records.jsonl", records)
    assert read_records(tmp_path / "records.jsonl") == records
