"""Readers of emotion videos, each on a tiny folder in the official layout, and of a folder of one's own."""

import csv
import json
from pathlib import Path

import pytest

from facewise.data_builders.readers.afew import AFEW
from facewise.data_builders.readers.crema_d import CREMA_D
from facewise.data_builders.readers.dfew import DFEW
from facewise.data_builders.readers.faults import Faults
from facewise.data_builders.readers.ferv39k import FERV39K
from facewise.data_builders.readers.folder import FOLDER
from facewise.data_builders.readers.mafw import MAFW
from facewise.data_builders.readers.source import Source
from facewise.data_builders.records import Record, json_line, record_of
from facewise.model.errors import FacewiseError


def read(source: Source, root: Path, **options: str) -> tuple[dict[str, Record], Faults]:
    """Records by the id behind the dataset's name."""
    faults = Faults()
    records = list(source.records(root, options, faults))
    assert all((root / record.media).exists() for record in records)
    assert all(record_of(json.loads(json_line(record))) == record for record in records)
    return {record.id.partition("/")[2]: record for record in records}, faults


def refused(source: Source, root: Path, **options: str) -> str:
    with pytest.raises(FacewiseError) as told:
        read(source, root, **options)
    assert "\n" not in str(told.value)
    return str(told.value)


def files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"media")


def text(root: Path, name: str, *lines: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def sheet(root: Path, name: str, *rows: tuple) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="sheets are read with the extra `data`")
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(root / name)


# DFEW


def dfew(root: Path) -> None:
    """Clip n is tested in fold n; clip 5 was handed out without frames."""
    for fold in range(1, 6):
        for part in ("train", "test"):
            rows = [f"{clip},{clip}" for clip in range(1, 6) if (clip == fold) == (part == "test")]
            text(root, f"EmoLabel_DataSplit/{part}(single-labeled)/set_{fold}.csv", "video_name,label", *rows)
    files(root, *(f"Clip/clip_224x224/0000{clip}/0000{clip}_00001.jpg" for clip in range(1, 5)))


def test_dfew_counts_labels_from_one_and_tells_the_fold_that_tests_a_clip(tmp_path):
    dfew(tmp_path)
    records, faults = read(DFEW, tmp_path, fold="2")
    assert {name: record.emotion for name, record in records.items()} == {
        "00001": "happiness",
        "00002": "sadness",
        "00003": "neutral",
        "00004": "anger",
    }
    assert {name: record.split for name, record in records.items() if record.split == "test"} == {"00002": "test"}
    assert records["00003"].protocols == {"5-fold": "3"} and records["00003"].media == "Clip/clip_224x224/00003"
    assert faults.counts == {"no media": 1}


def test_dfew_takes_videos_and_sampled_frames_from_folders_of_parts(tmp_path):
    dfew(tmp_path)
    files(tmp_path, "Clip/original/data_part_1/1.mp4", "Clip/original/00002.mp4", "Clip/original/audio/00003.wav")
    files(tmp_path, "Clip/clip_224x224_16f/00001/1.jpg")
    records, faults = read(DFEW, tmp_path, clips="original")
    assert records["00001"].media == "Clip/original/data_part_1/1.mp4" and records["00002"].media == "Clip/original/00002.mp4"
    assert faults.counts == {"no media": 3}
    records, _ = read(DFEW, tmp_path, clips="sampled")
    assert [record.media for record in records.values()] == ["Clip/clip_224x224_16f/00001"]


def test_dfew_says_which_clips_are_here_when_others_are_asked_for(tmp_path):
    dfew(tmp_path)
    assert "clips=sampled reads; here can be read: clips=aligned" in refused(DFEW, tmp_path, clips="sampled")
    (tmp_path / "Clip/clip_224x224").rename(tmp_path / "Clip/jpg_256")
    records, _ = read(DFEW, tmp_path)
    assert records["00001"].media == "Clip/jpg_256/00001"
    files(tmp_path, "Clip/jpg_256/part_1/00001/00001_00001.jpg")
    assert "has the same number" in refused(DFEW, tmp_path)


VOTES = ("1happy", "2sad", "3neutral", "4angry", "5surprise", "6disgust", "7fear", "order", "label")


def test_dfew_keeps_the_votes_and_refuses_a_sheet_that_tells_other_labels(tmp_path):
    dfew(tmp_path)
    sheet(tmp_path, "Annotation/annotation.xlsx", VOTES, (8, 0, 2, 0, 0, 0, 0, 1, 1), (1, 7, 0, 0, 2, 0, 0, 2, 2))
    records, _ = read(DFEW, tmp_path)
    assert records["00001"].source == {"emotion": "1", "votes": "happiness:8 neutral:2"}
    assert records["00002"].source["votes"] == "happiness:1 sadness:7 surprise:2" and "votes" not in records["00003"].source
    sheet(tmp_path, "Annotation/annotation.xlsx", VOTES, (8, 0, 2, 0, 0, 0, 0, 1, 7))
    assert "00001 is 1 here and 7 in annotation.xlsx" in refused(DFEW, tmp_path)
    sheet(tmp_path, "Annotation/annotation.xlsx", VOTES, (8, 0, 2, 0, 0, 0, 0, "a.mp4", 7))
    assert "annotation.xlsx:2: order 'a.mp4'" in refused(DFEW, tmp_path)


def test_five_folds_that_do_not_part_the_clips_are_refused(tmp_path):
    dfew(tmp_path)
    lists = tmp_path / "EmoLabel_DataSplit"
    text(lists, "test(single-labeled)/set_4.csv", "video_name,label", "4,4", "1,1")
    assert "set_4.csv:3: 00001 is tested in fold 1 and again in 4" in refused(DFEW, tmp_path)
    text(lists, "test(single-labeled)/set_4.csv", "video_name,label", "4,4")
    text(lists, "train(single-labeled)/set_1.csv", "video_name,label", "1,1")
    assert "00001 trains and is tested by this fold" in refused(DFEW, tmp_path)
    text(lists, "train(single-labeled)/set_1.csv", "video_name,label", "6,1")
    assert "00006 trains and is tested by no fold" in refused(DFEW, tmp_path)
    (lists / "test(single-labeled)/set_5.csv").unlink()
    assert "set_5.csv: no such file" in refused(DFEW, tmp_path)


# FERV39k


def test_ferv39k_reads_lists_without_a_header_and_keeps_the_scene(tmp_path):
    files(tmp_path, *(f"2_ClipsforFaceCrop/{clip}/00.jpg" for clip in ("Action/Angry/0267", "War/Fear/0001", "War/Sad/0001")))
    odd = ("War/Sad/0001 Happy", "War/Joy/0002 Joy", "Action/Sad/0010 Sad")
    text(tmp_path, "4_setups/All_scenes/train_All.csv", "Action/Angry/0267 Angry", *odd)
    text(tmp_path, "4_setups/All_scenes/test_All.csv", "War/Fear/0001 Fear")
    records, faults = read(FERV39K, tmp_path)
    assert {name: (record.emotion, record.split) for name, record in records.items()} == {
        "Action/Angry/0267": ("anger", "train"),
        "War/Fear/0001": ("fear", "test"),
    }
    assert records["War/Fear/0001"].source == {"emotion": "Fear", "scene": "War"}
    assert records["War/Fear/0001"].protocols == {"All_scenes": "test"}
    assert faults.counts == {"unreadable label": 1, "unknown class": 1, "no media": 1}


def test_ferv39k_reads_a_scenes_own_setup_and_uncropped_frames(tmp_path):
    files(tmp_path, "3_ClipsforScenImages/War/Fear/0001/00.jpg")
    text(tmp_path, "4_setups/22_scenes/train_War.csv", "War/Fear/0001 Fear")
    assert "test_War.csv: no such file" in refused(FERV39K, tmp_path, scene="War", clips="scenes")
    text(tmp_path, "4_setups/22_scenes/test_War.csv")
    records, _ = read(FERV39K, tmp_path, scene="War", clips="scenes")
    assert records["War/Fear/0001"].protocols == {"22_scenes/War": "train"}
    assert records["War/Fear/0001"].media == "3_ClipsforScenImages/War/Fear/0001"
    assert "2_ClipsforFaceCrop: no such file or folder; give the folder" in refused(FERV39K, tmp_path, scene="War")


# MAFW


def mafw(root: Path, kind: str, labels: dict[str, str], lists: str = "Train & Test Set") -> None:
    """Clips are tested by the folds in their order."""
    for fold in range(1, 6):
        for part in ("train", "test"):
            mine = [clip for at, clip in enumerate(labels) if (at % 5 + 1 == fold) == (part == "test")]
            text(root, f"{lists}/{kind}/no_caption/set_{fold}/{part}.txt", *(f"{clip}.mp4 {labels[clip]}" for clip in mine))
    files(root, *(f"data/clips/{clip}.mp4" for clip in labels))


def test_mafw_keeps_emotions_that_are_not_ours_in_the_sources_words(tmp_path):
    mafw(tmp_path, "single", {"00001": "anger", "00002": "anxiety", "00025": "contempt", "00026": "boredom"})
    records, faults = read(MAFW, tmp_path, language="none")
    assert {name: record.emotion for name, record in records.items()} == {"00001": "anger", "00002": None, "00025": "contempt"}
    assert records["00002"].source == {"emotion": "anxiety"}
    assert (records["00001"].split, records["00002"].split, records["00002"].protocols) == (
        "test",
        "train",
        {"single 5-fold": "2"},
    )
    assert faults.counts == {"unknown class": 1}


def test_mafw_takes_captions_of_either_language_by_the_clip(tmp_path):
    mafw(tmp_path, "single", {"00001": "anger", "00002": "neutral"})
    assert "Labels: no such file or folder; give the folder that holds" in refused(MAFW, tmp_path)
    sheet(tmp_path, "Labels/descriptive_text.xlsx", ("00001.mp4", "男人皱着眉头。", "A man frowns."))
    records, _ = read(MAFW, tmp_path)
    assert records["00001"].source == {"emotion": "anger", "caption": "A man frowns."}
    assert "caption" not in records["00002"].source
    records, _ = read(MAFW, tmp_path, language="chinese")
    assert records["00001"].source["caption"] == "男人皱着眉头。"
    sheet(tmp_path, "Labels/descriptive_text.xlsx", ("00001.mp4", "A man frowns.", "男人皱着眉头。"))
    assert "descriptive_text.xlsx:1: " in refused(MAFW, tmp_path)


def test_mafw_reads_compound_labels_and_folders_of_frames(tmp_path):
    mafw(tmp_path, "compound", {"00001": "anger_disgust", "00002": "sadness", "00003": "anger_envy"}, lists="split")
    files(tmp_path, "data/frames/00001/1.jpg")
    records, faults = read(MAFW, tmp_path, labels="compound", language="none", clips="frames")
    assert (records["00001"].emotion, records["00001"].source) == (None, {"emotion": "anger_disgust"})
    assert records["00001"].media == "data/frames/00001" and records["00001"].protocols == {"compound 5-fold": "1"}
    assert faults.counts == {"no media": 1, "unknown class": 1}
    assert "single: no such file or folder" in refused(MAFW, tmp_path, language="none")


# AFEW


def test_afew_takes_the_class_from_the_folder_and_the_part_from_the_set(tmp_path):
    files(tmp_path, "Train_AFEW/Angry/000149120.avi", "Train_AFEW/Happy/._000149120.avi", "Train_AFEW/Bored/000149121.avi")
    files(tmp_path, "Val/Surprise/000149120.avi", "Val/Surprise/notes.txt")
    records, faults = read(AFEW, tmp_path)
    assert {name: (record.emotion, record.split, record.subject) for name, record in records.items()} == {
        "train/000149120": ("anger", "train", "afew/train/000149120"),
        "val/000149120": ("surprise", "val", "afew/val/000149120"),
    }
    assert faults.counts == {"unknown class": 1}


def test_afew_labels_aligned_faces_by_the_folder_of_the_video(tmp_path):
    for part, faces in (("Train_AFEW", "AlignedFaces_LBPTOP_Points"), ("Val_AFEW", "AlignedFaces_LBPTOP_Points_Val")):
        files(tmp_path, f"{part}/Sad/1.avi", f"{part}/Fear/2.avi", f"{part}/{faces}/Faces/1/001.jpg")
    records, faults = read(AFEW, tmp_path, clips="faces")
    assert records["val/1"].media == "Val_AFEW/AlignedFaces_LBPTOP_Points_Val/Faces/1" and records["val/1"].emotion == "sadness"
    assert faults.counts == {"no media": 2}


def test_afew_refuses_folders_without_a_class(tmp_path):
    files(tmp_path, "Train_AFEW/clips/1.avi")
    assert "no folder of a class in it; angry, disgust" in refused(AFEW, tmp_path)


# CREMA-D


def crema_d(root: Path, *videos: str) -> None:
    files(root, *(f"VideoFlash/{name}" for name in videos))
    actors = ('1001,51,"Male","Caucasian","Not Hispanic"', '1002,22,"Female","Unknown","Hispanic"')
    text(root, "VideoDemographics.csv", '"ActorID","Age","Sex","Race","Ethnicity"', *actors)
    answers = ("1,1001_DFA_ANG_XX,1,H", "2,1001_DFA_ANG_XX,2,A", "3,1001_DFA_ANG_XX,2,D", "4,1001_DFA_ANG_XX,2,D")
    text(root, "finishedResponses.csv", '"","clipName","queryType","respEmo"', *answers)
    text(
        root,
        "processedResults/summaryTable.csv",
        '"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"',
        '"1","1001_DFA_ANG_XX","A","47.33","D","41.8","A","41.5"',
        '"2","1002_IEO_FEA_HI","F","44","A:F","30.67:51.00","F","48"',
    )


def test_crema_d_tells_what_was_asked_for_and_who_acted(tmp_path):
    crema_d(
        tmp_path,
        "1001_DFA_ANG_XX.flv",
        "1001_DFA_ANG_XX.mp4",
        "1002_IEO_FEA_HI.flv",
        "1001_DFA_JOY_XX.flv",
        "1077_DFA_ANG_XX.flv",
    )
    records, faults = read(CREMA_D, tmp_path)
    angry, afraid = records["1001_DFA_ANG_XX"], records["1002_IEO_FEA_HI"]
    assert (angry.emotion, angry.age, angry.subject) == ("anger", 51, "crema_d/1001")
    assert angry.media == "VideoFlash/1001_DFA_ANG_XX.mp4"
    assert angry.attributes == {"gender": "male", "race": "Caucasian", "ethnicity": "Not Hispanic"}
    assert afraid.attributes == {"gender": "female", "ethnicity": "Hispanic"} and afraid.source["level"] == "HI"
    assert angry.source == {
        "emotion": "ANG",
        "level": "XX",
        "sentence": "Don't forget a jacket.",
        "face_vote": "D",
        "face_level": "41.8",
        "multimodal_vote": "A",
        "votes": "anger:1 disgust:2",
    }
    assert faults.counts == {"unreadable label": 2}


def test_crema_d_can_tell_what_was_seen_in_the_face_alone(tmp_path):
    crema_d(tmp_path, "1001_DFA_ANG_XX.flv", "1002_IEO_FEA_HI.flv", "1002_IEO_SAD_HI.flv")
    records, faults = read(CREMA_D, tmp_path, labels="perceived")
    assert {name: record.emotion for name, record in records.items()} == {"1001_DFA_ANG_XX": "disgust"}
    assert faults.left_out == {"a tie between those who saw the face alone": 1} and faults.counts == {"no label": 1}


def test_crema_d_keeps_an_actor_in_one_split_and_tells_pointers_of_git_lfs(tmp_path):
    crema_d(tmp_path, *(f"1001_{sentence}_SAD_XX.flv" for sentence in ("DFA", "IOM", "TSI")))
    text(tmp_path, "VideoFlash/1001_IWW_SAD_XX.flv", "version https://git-lfs.github.com/spec/v1", "oid sha256:0", "size 1")
    records, faults = read(CREMA_D, tmp_path)
    assert len(records) == 3 and len({record.split for record in records.values()}) == 1
    assert faults.counts == {"unreadable media": 1} and "git lfs pull" in faults.examples["unreadable media"][0]


def test_crema_d_needs_the_tables_of_its_repository(tmp_path):
    crema_d(tmp_path, "1001_DFA_ANG_XX.flv")
    (tmp_path / "finishedResponses.csv").unlink()
    assert "finishedResponses.csv: no such file or folder; give the folder of the dataset's repository" in refused(
        CREMA_D, tmp_path
    )


# A folder of one's own: metadata


def table(root: Path, *rows: dict[str, str], name: str = "metadata.csv") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    with (root / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def lines(root: Path, *rows: dict, name: str = "metadata.jsonl") -> None:
    text(root, name, *map(json.dumps, rows))


def labelled(root: Path, cells: dict, **options: str) -> Record:
    """The record of one picture with these cells."""
    files(root, "a.jpg")
    lines(root, {"file_name": "a.jpg"} | cells)
    records, faults = read(FOLDER, root, **options)
    assert not faults.counts, faults.examples
    (record,) = records.values()
    return record


def fault(root: Path, cells: dict, **options: str) -> str:
    """Why one picture with these cells gives no record."""
    files(root, "a.jpg")
    lines(root, {"file_name": "a.jpg"} | cells)
    records, faults = read(FOLDER, root, **options)
    assert not records and sum(faults.counts.values()) == 1
    return next(iter(faults.examples.values()))[0]


def test_metadata_tell_emotion_person_and_split_in_everyday_words(tmp_path):
    root = tmp_path / "own"
    files(root, "train/a.jpg", "b.mp4")
    table(
        root,
        {"file_name": "train/a.jpg", "emotion": "Happy", "subject": "ann", "split": "", "mood": "sunny"},
        {"file_name": "b.mp4", "emotion": "fearful", "subject": "bo", "split": "validation", "mood": ""},
    )
    text(root, "LICENSE", "CC0", "and more")
    records, faults = read(FOLDER, root)
    ann, bo = records["train/a.jpg"], records["b.mp4"]
    assert (ann.id, ann.emotion, ann.subject, ann.split) == ("own/train/a.jpg", "happiness", "own/ann", "train")
    assert (ann.dataset, ann.licence, ann.source) == ("own", "CC0", {"emotion": "Happy", "mood": "sunny"})
    assert (bo.emotion, bo.split, bo.source) == ("fear", "val", {"emotion": "fearful", "split": "validation"})
    assert not faults.counts


def test_a_row_without_a_person_is_a_person_of_its_own_and_says_so(tmp_path):
    record = labelled(tmp_path, {"emotion": "sad"})
    assert record.subject == record.id and record.split in ("train", "val", "test")
    assert record.source["subject"].startswith("not told") and record.source["split"] == "by a hash of the subject"


@pytest.mark.parametrize(
    ("word", "live"),
    [
        ("live", True),
        ("Real", True),
        ("bona-fide", True),
        (True, True),
        ("TRUE", True),
        ("spoof", False),
        ("fake", False),
        (False, False),
    ],
)
def test_live_and_spoof_are_read_from_words(tmp_path, word, live):
    assert labelled(tmp_path, {"live": word}).live is live


@pytest.mark.parametrize("value", ["0", "1", 0, 1, 1.0, "1.0"])
@pytest.mark.parametrize("column", ["live", "label", "emotion"])
def test_a_number_for_a_class_is_refused_with_a_line_that_asks_for_words(tmp_path, column, value):
    files(tmp_path, "a.jpg")
    lines(tmp_path, {"file_name": "a.jpg", column: value})
    told = refused(FOLDER, tmp_path)
    assert told.startswith(f"{tmp_path / 'metadata.jsonl'}:1: {column} {value!r} is a number") and "write words (" in told


def test_an_attack_makes_a_spoof_and_contradictions_cost_the_row(tmp_path):
    record = labelled(tmp_path, {"attack": "paper_mask", "box": "1 2 30 40"})
    assert (record.live, record.attack, record.box) == (False, "paper mask", (1, 2, 30, 40))
    assert labelled(tmp_path, {"attack": "none", "live": "live"}).attack is None
    assert "live and print at once" in fault(tmp_path, {"attack": "photo", "live": "real"})
    assert "live and face swap at once" in fault(tmp_path, {"digital": "face_swap", "live": "real"})
    assert "morph is no presentation attack" in fault(tmp_path, {"digital": "morph", "live": "spoof"})
    assert labelled(tmp_path, {"digital": "morph", "attack": "replay"}).live is False
    assert "emotion happiness and sadness at once" in fault(tmp_path, {"emotion": "joy", "label": "sad"})


def test_fake_can_be_told_to_mean_a_generated_picture(tmp_path):
    fake = labelled(tmp_path, {"label": "fake"}, fake="synthetic")
    real = labelled(tmp_path, {"label": "real"}, fake="synthetic")
    assert (fake.live, fake.digital, real.live, real.digital) == (None, "synthetic", True, "none")
    assert labelled(tmp_path, {"live": "spoof"}, fake="synthetic").live is False


def test_an_unknown_class_is_a_fault_that_names_the_choices(tmp_path):
    assert "metadata.jsonl:1: emotion 'sleepy': choose from neutral, happiness" in fault(tmp_path, {"emotion": "sleepy"})
    assert "live 'maybe': choose from live, spoof" in fault(tmp_path, {"live": "maybe"})
    assert "attack 'mask': choose from print" in fault(tmp_path, {"attack": "mask"})
    assert "label 'glasses': choose from" in fault(tmp_path, {"label": "glasses"})  # an attack only where it is called one
    assert "split 'holdout': choose from train" in fault(tmp_path, {"split": "holdout", "emotion": "sad"})


def test_units_are_levels_or_letters_with_sides_where_they_are_told(tmp_path):
    record = labelled(
        tmp_path, {"AU01": "2.5", "au12_left": 4, "AU12_right": "B", "AU45": "1", "aus": {"AU4": [0, 3], "AU6": "C"}}
    )
    assert record.aus == {"AU1": (2.5, 2.5), "AU12": (4, 2), "AU4": (0, 3), "AU6": (3, 3)} and record.source["AU45"] == "1"
    assert "AU12: one value, or both AU12_left and AU12_right" in fault(tmp_path, {"AU12_left": 4})
    assert "AU12: 6: a level 0 to 5 or A to E was looked for" in fault(tmp_path, {"AU12": 6})
    assert "'smile': units are called AU1 to AU43" in fault(tmp_path, {"aus": {"smile": 3}})
    assert "is no JSON" in fault(tmp_path, {"aus": "{AU12: 3}"})


def test_units_of_zero_and_one_are_asked_about_once(tmp_path):
    files(tmp_path, "a.jpg", "b.jpg")
    table(tmp_path, {"file_name": "a.jpg", "AU12": "1", "AU4": "0"}, {"file_name": "b.jpg", "AU12": "0", "AU4": ""})
    assert "no level of an action unit is above 1" in refused(FOLDER, tmp_path)
    records, _ = read(FOLDER, tmp_path, units="presence")
    assert records["a.jpg"].shown == {"AU12": "both", "AU4": "absent"} and records["b.jpg"].shown == {"AU12": "absent"}
    records, _ = read(FOLDER, tmp_path, units="levels")
    assert records["a.jpg"].aus == {"AU12": (1, 1), "AU4": (0, 0)} and records["a.jpg"].shown is None
    one_sided = labelled(tmp_path / "sides", {"AU12_left": 1, "AU12_right": 0}, units="presence")
    assert one_sided.shown == {"AU12": "left"}
    assert "'3', '3': 0 or 1 were looked for" in fault(tmp_path / "sides", {"AU12": "3"}, units="presence")


def test_other_fields_are_read_within_their_ranges(tmp_path):
    event = {"kind": "micro", "onset": 3, "apex": 5, "offset": 9}
    record = labelled(
        tmp_path,
        {
            "age": "31",
            "face": [1, 2, 3, 4],
            "valence": -0.5,
            "arousal": 1,
            "frames": "0 9",
            "attributes": {"gender": "female", "beard": False},
        }
        | {
            "cues": {"bezel": 0.9},
            "shown": {"AU12": "left"},
            "clip": {"fps": 30, "events": [event]},
            "protocols": {"mine": 1},
            "id": "own/7",
        },
    )
    assert (record.id, record.age, record.face, record.affect, record.frames) == ("own/7", 31, (1, 2, 3, 4), (-0.5, 1), (0, 9))
    assert record.attributes == {"gender": "female", "beard": False} and record.cues == {"bezel": 0.9}
    assert (
        record.clip == {"fps": 30, "events": [event]} and record.protocols == {"mine": "1"} and record.shown == {"AU12": "left"}
    )
    assert "age: 'old': an age up to 120 years" in fault(tmp_path, {"age": "old"})
    assert "not width and height" in fault(tmp_path, {"box": [30, 40, 20, 20]})
    assert "valence and arousal are told together" in fault(tmp_path, {"valence": 0.5})
    assert "'border': choose from edge" in fault(tmp_path, {"cues": {"border": 1}})
    assert "frames counted from 0 were looked for" in fault(tmp_path, {"clip": {"events": [event | {"offset": 4}]}})
    assert "frames: inf: a number was looked for" in fault(tmp_path, {"frames": "[1, 1e999]", "age": 3})


def test_labels_without_media_and_media_without_labels_are_both_told(tmp_path):
    files(tmp_path, "a.jpg", "b.jpg", "clip/1.png", "clip/2.png", "masks/a.png", "notes.txt", ".hidden.jpg", "sub/c.mov")
    rows = (
        {"file_name": "a.jpg", "mask_file_name": "masks/a.png"},
        {"file_name": "clip"},
        {"file_name": "gone.jpg"},
        {"file_name": "../x.jpg"},
    )
    lines(tmp_path, *(row | {"live": "spoof"} for row in rows))
    records, faults = read(FOLDER, tmp_path)
    assert records["a.jpg"].mask == "masks/a.png" and records["clip"].media == "clip"
    assert faults.counts == {"no media": 2, "no label": 2}
    assert faults.examples["no label"] == ["b.jpg: no row of the metadata names it", "sub/c.mov: no row of the metadata names it"]
    assert "'../x.jpg' is no file in the folder" in faults.examples["no media"][1]


def test_a_path_that_leads_out_of_the_folder_is_asked_for_relative_to_it(tmp_path):
    for name in ("../x.jpg", str(tmp_path / "a.jpg")):
        assert "is no file in the folder; tell it relative to the folder" in fault_of_name(tmp_path, name)
    assert "relative" not in fault_of_name(tmp_path, "gone.jpg")


def fault_of_name(root: Path, name: str) -> str:
    lines(root, {"file_name": name, "live": "spoof"})
    return read(FOLDER, root)[1].examples["no media"][0]


def test_a_file_with_two_labels_is_told_with_both_rows(tmp_path):
    files(tmp_path, "a.jpg", "b.mp4")
    told = {"file_name": "a.jpg", "emotion": "sad"}
    video = {"file_name": "b.mp4", "emotion": "sad"}
    lines(
        tmp_path,
        told | {"id": "x/1"},
        told | {"id": "x/2", "emotion": "happy"},
        told | {"id": "x/3", "face": [1, 2, 3, 4], "emotion": "happy"},
        video | {"id": "x/4", "frames": [0, 3]},
        video | {"id": "x/5", "frames": [4, 9], "emotion": "happy"},
    )
    records, faults = read(FOLDER, tmp_path)
    assert list(records) == ["1", "3", "4", "5"] and faults.counts == {"unreadable label": 1}
    assert faults.examples["unreadable label"] == ["metadata.jsonl:2: 'a.jpg' has another label than in metadata.jsonl:1"]


def test_a_name_that_is_no_text_costs_its_file_and_no_licence_is_not_told(tmp_path):
    files(tmp_path, "sad/a.jpg", "sad/b\udcff.jpg")
    records, faults = read(FOLDER, tmp_path)
    assert list(records) == ["sad/a.jpg"] and records["sad/a.jpg"].licence == "not told"
    assert faults.examples == {"unreadable media": ["sad/b\\udcff.jpg: its name is no text in UTF-8; rename the file"]}


def test_metadata_may_lie_in_the_folders_of_the_splits(tmp_path):
    files(tmp_path, "train/a.jpg", "test/b.jpg")
    table(tmp_path, {"file_name": "a.jpg", "emotion": "sad"}, name="train/metadata.csv")
    lines(tmp_path, {"file_name": "b.jpg", "emotion": "sad", "split": "train"}, name="test/metadata.jsonl")
    records, faults = read(FOLDER, tmp_path)
    assert {name: record.split for name, record in records.items()} == {"train/a.jpg": "train"}
    assert faults.examples["unreadable label"] == ["test/metadata.jsonl:1: split train and test at once"]


def test_broken_metadata_are_refused_in_a_line_that_tells_the_remedy(tmp_path):
    files(tmp_path, "a.jpg")
    text(tmp_path, "metadata.csv", "file_name;emotion", "a.jpg;sad")
    assert "parted by semicolons; save it with commas" in refused(FOLDER, tmp_path)
    table(tmp_path, {"image": "a.jpg", "emotion": "sad"})
    assert "no columns of file names among image, emotion; call the one that names the file file_name" in refused(
        FOLDER, tmp_path
    )
    table(tmp_path, {"file_name": "a.jpg", "mood": "sad"})
    assert "none of its columns (file_name, mood) tells a label; call them emotion, live" in refused(FOLDER, tmp_path)
    table(tmp_path, {"file_name": "a.jpg", "AU01_r": "2.0"})
    assert "column 'AU01_r' is OpenFace's; read its tables as openface_csv" in refused(FOLDER, tmp_path)
    text(tmp_path, "metadata.csv", "file_name,emotion")
    assert "no row in it can be read" in refused(FOLDER, tmp_path)
    text(tmp_path, "metadata.jsonl", '[{"file_name": "a.jpg"}]')
    assert "both metadata.csv and metadata.jsonl are here" in refused(FOLDER, tmp_path)
    (tmp_path / "metadata.csv").unlink()
    assert "it begins with a list" in refused(FOLDER, tmp_path)
    (tmp_path / "metadata.jsonl").rename(tmp_path / "metadata.xlsx")
    assert "metadata are read from metadata.csv or metadata.jsonl" in refused(FOLDER, tmp_path)


def test_a_line_that_is_no_object_costs_itself_only(tmp_path):
    files(tmp_path, "a.jpg")
    text(tmp_path, "metadata.jsonl", '{"file_name": "a.jpg", "emotion": "sad"}', "", "{broken", "3")
    records, faults = read(FOLDER, tmp_path)
    assert list(records) == ["a.jpg"] and faults.counts == {"unreadable label": 2}
    assert faults.examples["unreadable label"][0].startswith("metadata.jsonl:3: one JSON object a line was looked for")


# A folder of one's own: a folder for each class


def test_folders_tell_classes_and_splits_where_there_are_no_metadata(tmp_path):
    files(tmp_path, "train/Happiness/x.jpg", "valid/angry/y.MP4", "live/z.png", "spoof/paper-mask/w.webm", "fake/v.jpg")
    files(tmp_path, "fake/face_swap/u.png", "synthetic/t.png", "test/spoof/print/s.jpg")
    records, faults = read(FOLDER, tmp_path)
    told = {name: (record.emotion, record.live, record.attack, record.digital) for name, record in records.items()}
    assert told == {
        "train/Happiness/x.jpg": ("happiness", None, None, None),
        "valid/angry/y.MP4": ("anger", None, None, None),
        "live/z.png": (None, True, None, None),
        "spoof/paper-mask/w.webm": (None, False, "paper mask", None),
        "fake/v.jpg": (None, False, None, None),
        "fake/face_swap/u.png": (None, None, None, "face swap"),
        "synthetic/t.png": (None, None, None, "synthetic"),
        "test/spoof/print/s.jpg": (None, False, "print", None),
    }
    assert records["valid/angry/y.MP4"].split == "val" and records["test/spoof/print/s.jpg"].split == "test"
    assert records["fake/v.jpg"].source["folder"] == "fake" and not faults.counts


def test_folders_of_no_class_are_faults_and_attacks_want_a_spoof_above(tmp_path):
    files(
        tmp_path,
        "happy/a.jpg",
        "sleepy/b.jpg",
        "c.jpg",
        "glasses/d.jpg",
        "live/print/e.jpg",
        "spoof/prnt/f.jpg",
        "happy/sad/g.jpg",
    )
    records, faults = read(FOLDER, tmp_path)
    assert list(records) == ["happy/a.jpg"]
    assert faults.counts == {"unknown class": 4, "no label": 1, "unreadable label": 1}
    assert "sleepy/b.jpg: folder 'sleepy' is not named after an emotion" in " ".join(faults.examples["unknown class"])


def test_a_folder_that_tells_nothing_is_refused_with_what_it_would_take(tmp_path):
    assert "no pictures and no videos in it (.avi" in refused(FOLDER, tmp_path)
    files(tmp_path, *(f"person{number}/a.jpg" for number in range(7)))
    told = refused(FOLDER, tmp_path)
    assert "its folders (person0, person1, person2, person3, person4, ...) tell no class" in told and "lay a metadata.csv" in told
    files(tmp_path / "deep", "images/happy/a.jpg")
    assert "Name every folder of a path from here after an emotion" in refused(FOLDER, tmp_path / "deep")


def test_the_order_of_records_is_that_of_the_names_on_every_machine(tmp_path):
    files(tmp_path, "sad/b.jpg", "sad/a.jpg", "angry/c.jpg")
    assert list(read(FOLDER, tmp_path)[0]) == ["angry/c.jpg", "sad/a.jpg", "sad/b.jpg"]


def test_every_reader_refuses_a_folder_of_something_else_in_a_line(tmp_path):
    for source in (DFEW, FERV39K, MAFW, AFEW, CREMA_D, FOLDER):
        assert str(tmp_path) in refused(source, tmp_path)
        assert "no such folder" in refused(source, tmp_path / "none")
        assert "has no option 'colour'" in refused(source, tmp_path, colour="red")
