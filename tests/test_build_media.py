"""Media of a set: written from tables, copied to the byte, cut to the frame, cropped with boxes and points that move along."""

import shutil
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from built_sets import Here, built, drawn, filed, noise, record, save, told, video

from facewise.data_builders.build.counts import Counts
from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.report import readable
from facewise.data_builders.build.settings import Origin, Settings
from facewise.data_builders.records import Record, read_records
from facewise.data_builders.rows import Row
from facewise.model.errors import FacewiseError


def one_record(out: Path) -> Record:
    (found,) = read_records(out / "records.jsonl")
    return found


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_pictures_inside_a_table_become_files(tmp_path):
    grey = [" ".join(str((number * 7 + at) % 256) for at in range(48 * 48)) for number in range(3)]
    rows = "".join(f"{number},Training,{pixels}\n" for number, pixels in enumerate(grey))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "fer2013.csv").write_text("emotion,Usage,pixels\n" + rows)
    settings = Settings((Origin("fer", tmp_path / "in", {"labels": "fer2013"}),), look=False)
    build_set(tmp_path / "set", settings, Here())
    for number, found in enumerate(read_records(tmp_path / "set" / "records.jsonl")):
        pixels = cv2.imread(str(tmp_path / "set" / found.media), cv2.IMREAD_UNCHANGED)
        assert found.media.endswith(".png") and pixels.ravel().tolist() == [int(value) for value in grey[number].split()]


def test_copied_pictures_are_the_same_bytes_with_their_masks(tmp_path):
    save(tmp_path / "in" / "0.png", noise(0))
    save(tmp_path / "in" / "m.png", noise(1))
    source = filed(tmp_path / "in", record(0, mask="m.png"), record(1, media="0.png"))
    built(tmp_path / "set", source, media="copy")
    one, other = read_records(tmp_path / "set" / "records.jsonl")
    assert (tmp_path / "set" / one.media).read_bytes() == (tmp_path / "in" / "0.png").read_bytes()
    assert (tmp_path / "set" / one.mask).read_bytes() == (tmp_path / "in" / "m.png").read_bytes()
    assert one.media == other.media and one.sha256 == other.sha256


def clip_record(**known: Any) -> Record:
    event = {"kind": "micro", "onset": 6, "apex": 8, "offset": 10, "emotion": "surprise", "coarse": "surprise"}
    outside = event | {"onset": 1, "apex": 2, "offset": 3}
    nothing = {"emotion": None, "aus": None, "live": None}
    return record(0, clip={"fps": 25, "events": [outside, event]}, **nothing, **known)


def test_a_section_of_a_video_is_cut_out_to_the_frame_and_its_labels_move(tmp_path):
    (tmp_path / "in").mkdir()
    frames = video(tmp_path / "in" / "a.mp4", 16)
    built(tmp_path / "set", filed(tmp_path / "in", clip_record(media="a.mp4", frames=(5, 12))), media="copy")
    found = one_record(tmp_path / "set")
    cut = decoded(tmp_path / "set" / found.media)
    assert len(cut) == 8 and found.frames is None
    for after, before in zip(cut, frames[5:13]):
        assert np.abs(after.astype(int) - before).max() <= 2
    (event,) = found.clip["events"]
    assert (event["onset"], event["apex"], event["offset"]) == (1, 3, 5)
    rows = told(tmp_path / "set", "rows.jsonl")
    assert rows and all(row["videos"] == [found.media] and "frames" not in row["meta"] for row in rows)


def test_where_media_stay_a_section_is_told_and_not_cut(tmp_path):
    (tmp_path / "in").mkdir()
    video(tmp_path / "in" / "a.mp4", 16)
    built(tmp_path / "set", filed(tmp_path / "in", clip_record(media="a.mp4", frames=(5, 12))))
    found = one_record(tmp_path / "set")
    assert found.frames == (5, 12) and found.media == str(tmp_path / "in" / "a.mp4") and len(found.sha256) == 64
    assert {tuple(row["meta"]["frames"]) for row in told(tmp_path / "set", "rows.jsonl")} == {(5, 12)}


def test_labels_beyond_the_end_of_a_video_are_a_fault(tmp_path):
    (tmp_path / "in").mkdir()
    video(tmp_path / "in" / "a.mp4", 8)
    source = filed(tmp_path / "in", clip_record(media="a.mp4"), record(1, media="a.mp4", frames=(7, 7)))
    report = built(tmp_path / "set", source)
    assert report["counts"]["records"] == 1
    (line,) = report["faults"]["examples"]["unreadable media"]
    assert "it has 8 frames, and the labels speak of frame 10" in line


def test_single_frames_of_a_video_become_pictures(tmp_path):
    (tmp_path / "in").mkdir()
    frames = video(tmp_path / "in" / "a.mp4", 9)
    wanted = (3, 4, 8, 1)
    source = filed(tmp_path / "in", *(record(number, media="a.mp4", frames=(number, number)) for number in wanted))
    built(tmp_path / "set", source, media="copy")
    for number, found in zip(wanted, read_records(tmp_path / "set" / "records.jsonl")):
        pixels = cv2.imread(str(tmp_path / "set" / found.media))
        assert found.frames is None and np.abs(pixels.astype(int) - frames[number]).max() <= 2
    assert all(row["images"] and not row.get("videos") for row in told(tmp_path / "set", "rows.jsonl"))


def test_a_folder_of_frames_is_copied_in_part_under_its_own_names(tmp_path):
    for number in range(8, 12):
        save(tmp_path / "in" / "clip" / f"img{number}.png", noise(number))
    moved = {"kind": "micro", "onset": 1, "apex": 2, "offset": 2, "emotion": None}
    source = filed(
        tmp_path / "in",
        record(0, media="clip", frames=(1, 2), emotion=None, aus=None, live=None, clip={"fps": 200, "events": [moved]}),
    )
    built(tmp_path / "set", source, media="copy")
    found = one_record(tmp_path / "set")
    assert sorted(path.name for path in (tmp_path / "set" / found.media).iterdir()) == ["img10.png", "img9.png"]
    assert found.clip["events"][0]["onset"] == 0


def test_boxes_and_points_move_with_the_crop_and_pixels_stay(tmp_path):
    pixels = noise(0, 200, 300)
    save(tmp_path / "in" / "0.png", pixels)
    marked = np.zeros((200, 300, 3), np.uint8)
    marked[90:110, 160:190] = 255
    save(tmp_path / "in" / "m.png", marked)
    told_places = {"face": (140.0, 80.0, 190.0, 130.0), "box": (160.0, 90.0, 190.0, 110.0), "points": [[150.0, 100.0]] * 68}
    source = filed(tmp_path / "in", record(0, live=False, attack="glasses", mask="m.png", **told_places))
    built(tmp_path / "set", source, media="crop")
    found = one_record(tmp_path / "set")
    left, top, right, bottom = map(int, found.source["crop"].split())
    assert right - left == bottom - top == 124  # 4 IOD, each .62 of the face
    crop = cv2.imread(str(tmp_path / "set" / found.media))[..., ::-1]
    assert np.array_equal(crop, pixels[top:bottom, left:right])
    mask = cv2.imread(str(tmp_path / "set" / found.mask), cv2.IMREAD_GRAYSCALE)
    y, x = np.nonzero(mask)
    assert found.box == (x.min(), y.min(), x.max() + 1, y.max() + 1) == (160 - left, 90 - top, 190 - left, 110 - top)
    assert found.face == (140 - left, 80 - top, 190 - left, 130 - top) and found.points[0] == [150 - left, 100 - top]


def test_crops_find_the_face_themselves_and_a_picture_without_one_stays_whole(tmp_path, examples):
    (tmp_path / "in").mkdir()
    shutil.copy(examples / "invented-face.jpg", tmp_path / "in" / "0.jpg")
    save(tmp_path / "in" / "1.png", noise(3, 120, 160))
    report = built(tmp_path / "set", filed(tmp_path / "in", record(0, media="0.jpg"), record(1)), media="crop")
    face, none = read_records(tmp_path / "set" / "records.jsonl")
    height, width = cv2.imread(str(tmp_path / "set" / face.media)).shape[:2]
    left, top, right, bottom = map(int, face.source["crop"].split())
    assert (width, height) == (right - left, bottom - top) and face.media.endswith(".jpg")
    assert none.source["crop"].startswith("no face was found") and report["counts"]["crops without a face"] == 1


def test_a_clip_is_cropped_by_one_rectangle_and_stays_a_clip(tmp_path, examples):
    (tmp_path / "in").mkdir()
    shutil.copy(examples / "invented-clip.mp4", tmp_path / "in" / "0.mp4")
    nothing = {"emotion": None, "aus": None, "live": None}
    source = filed(tmp_path / "in", record(0, media="0.mp4", frames=(2, 11), clip={"fps": 30, "events": []}, **nothing))
    built(tmp_path / "set", source, media="crop")
    found = one_record(tmp_path / "set")
    left, top, right, bottom = map(int, found.source["crop"].split())
    cut, whole = decoded(tmp_path / "set" / found.media), decoded(tmp_path / "in" / "0.mp4")[2:12]
    assert len(cut) == 10 and cut[0].shape == (bottom - top, right - left, 3)
    for after, before in zip(cut, whole):
        assert np.abs(after.astype(int) - before[top:bottom, left:right]).mean() < 3


def test_a_frame_of_a_video_is_a_picture_also_where_media_stay(tmp_path):
    (tmp_path / "in").mkdir()
    frames = video(tmp_path / "in" / "a.mp4", 9)
    source = filed(tmp_path / "in", record(0, media="a.mp4", frames=(3, 3)))
    built(tmp_path / "set", source)
    found = one_record(tmp_path / "set")
    pixels = cv2.imread(str(tmp_path / "set" / found.media))
    assert found.media.endswith(".png") and found.frames is None and np.abs(pixels.astype(int) - frames[3]).max() <= 2
    assert all(row["images"] == [found.media] and not row.get("videos") for row in told(tmp_path / "set", "rows.jsonl"))
    with pytest.raises(FacewiseError, match="needs looking; build without --no-look"):
        built(tmp_path / "unseen", source, look=False)


def test_boxes_end_with_the_picture_and_those_outside_are_counted(tmp_path):
    for number in range(2):
        save(tmp_path / "in" / f"{number}.png", noise(number))
    spoof = {"live": False, "attack": "print"}
    source = filed(
        tmp_path / "in",
        record(0, box=(-5.0, 4.0, 90.0, 20.0), face=(60.0, 0.0, 70.0, 9.0), **spoof),
        record(1, box=(1.0, 2.0, 9.5, 9.0), **spoof),
    )
    report = built(tmp_path / "set", source)
    one, other = read_records(tmp_path / "set" / "records.jsonl")
    assert one.box == (0, 4, 48, 20) and one.face is None and other.box == (1, 2, 9.5, 9)
    assert one.source["outside the picture"] == "face" and report["counts"]["boxes outside the picture"] == 1
    assert "boxes outside their pictures, taken away: 1" in readable(report)


def test_a_fault_tells_its_path_once_and_as_text(tmp_path):
    source = filed(tmp_path / "in", record(0), record(1, media="b\udcff.png"), record(2))
    save(tmp_path / "in" / "2.png", noise(2))
    (tmp_path / "in" / "0.png").write_bytes(b"no picture")
    lines = built(tmp_path / "set", source)["faults"]["examples"]["unreadable media"]
    assert lines[0].count("0.png") == 1 and lines[1].startswith(f"{tmp_path}/in/b\\udcff.png: its name is no text")


def test_counts_are_of_texts_and_of_single_attributes():
    counts = Counts()
    counts.add_reject({"row": {}, "reason": "contradicts the label: frown; says what someone feels: sad"})
    meta = {"split": "train", "task": "attributes", "writer": "template", "label": "Smiling, Eyeglasses"}
    for label in (meta["label"], "Smiling"):
        counts.add_row(Row("a", [], meta=meta | {"label": label}))
    found = counts.told()
    assert found["rejected rows"] == {"contradicts the label": 1}
    assert found["classes"]["attributes"] == {"Smiling": 2, "Eyeglasses": 1}


def test_names_of_datasets_rule_neither_the_terminal_nor_the_card(tmp_path):
    file = drawn(tmp_path / "in", 2, dataset="a\x1b[2J<b>|*x*", licence="[mine](http://x)\nfree")
    report = built(tmp_path / "set", file)
    assert "\x1b" not in readable(report) and "a\\x1b[2J<b>" in readable(report)
    card = (tmp_path / "set" / "README.md").read_text()
    assert r"| a\\x1b\[2J&lt;b&gt;\|\*x\* | \[mine\](http://x) free |" in card and "\x1b" not in card
