"""Readers of emotion and attribute datasets of still pictures, each on a tiny folder in the official layout."""

from pathlib import Path

import numpy as np
import pytest

from facewise.data_builders.readers.faults import Faults
from facewise.data_builders.readers.sources import SOURCES
from facewise.data_builders.records import Record
from facewise.model.errors import FacewiseError


def read(name: str, root: Path, **options: str) -> tuple[list[Record], Faults]:
    faults = Faults()
    return list(SOURCES[name].records(root, options, faults)), faults


def pictures(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"a picture")


def test_raf_db_takes_its_classes_from_the_list_and_its_parts_from_the_names(tmp_path):
    folder = tmp_path / "basic"
    pictures(folder / "Image" / "aligned", "train_00001_aligned.jpg", "test_0001_aligned.jpg")
    (folder / "EmoLabel").mkdir()
    lines = ("train_00001.jpg 5", "test_0001.jpg 1", "train_00002.jpg 4", "test_0001.jpg 1", "train_00001.jpg 9")
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    (first, second), faults = read("rafdb", tmp_path)
    assert (first.emotion, first.split, first.media) == ("sadness", "train", "basic/Image/aligned/train_00001_aligned.jpg")
    assert (second.emotion, second.split) == ("surprise", "test")
    assert faults.counts == {"no media": 1, "duplicate id": 1, "unknown class": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_are_read_as_they_were_saved(tmp_path, encoding):
    """Windows' editors put a mark in front, Excel saves UTF-16, both end lines in their own way."""
    pictures(tmp_path / "basic" / "Image" / "aligned", "train_00001_aligned.jpg", "test_0001_aligned.jpg")
    (tmp_path / "basic" / "EmoLabel").mkdir()
    told = "train_00001.jpg 5\r\ntest_0001.jpg 1\r\n\r\n"
    (tmp_path / "basic" / "EmoLabel" / "list_patition_label.txt").write_bytes(told.encode(encoding))
    records, faults = read("rafdb", tmp_path)
    assert [record.emotion for record in records] == ["sadness", "surprise"] and not faults.counts


def test_bytes_that_are_no_text_cost_their_line_alone(tmp_path):
    pictures(tmp_path / "basic" / "Image" / "aligned", "train_00001_aligned.jpg")
    (tmp_path / "basic" / "EmoLabel").mkdir()
    (tmp_path / "basic" / "EmoLabel" / "list_patition_label.txt").write_bytes(b"train_00001.jpg 5\ntr\xe4in.jpg 1\n")
    records, faults = read("rafdb", tmp_path)
    assert len(records) == 1 and faults.counts == {"no media": 1}


AFFECTNET = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"


def test_affectnet_leaves_out_what_is_no_class_and_keeps_untold_affect_untold(tmp_path):
    pictures(tmp_path / "Manually_Annotated_Images", "1/a.jpg", "1/b.jpg", "2/c.jpg", "2/d.jpg")
    lists = tmp_path / "Manually_Annotated_file_lists"
    lists.mkdir()
    (lists / "training.csv").write_text(
        f"{AFFECTNET}\n1/a.jpg,10,20,30,40,1;2,1,0.8,0.2\n1/b.jpg,0,0,5,5,,9,-2,-2\n2/c.jpg,0,0,5,5,,7,-2,-2\n"
    )
    (lists / "validation.csv").write_text(
        f"{AFFECTNET}\n2/d.jpg,0,0,5,5,,4,-0.5,0.9\n2/e.jpg,0,0,5,5,,4,0,0\n2/d.jpg,x,0,5,5,,4,0,0\n2/d.jpg\n"
    )
    (happy, scorn, afraid), faults = read("affectnet", tmp_path)
    assert (happy.emotion, happy.affect, happy.face, happy.split) == ("happiness", (0.8, 0.2), (10, 20, 40, 60), "train")
    assert (scorn.emotion, scorn.affect) == ("contempt", None) and (afraid.emotion, afraid.split) == ("fear", "val")
    assert faults.left_out == {"uncertain": 1} and faults.counts == {"no media": 1, "unreadable label": 2}


def test_affectnets_re_release_is_read_from_its_arrays(tmp_path):
    pictures(tmp_path / "train_set" / "images", "0.jpg", "1.jpg")
    (tmp_path / "train_set" / "annotations").mkdir()
    for what, value in (("exp", "6"), ("val", "-0.4"), ("aro", "0.7")):
        np.save(tmp_path / "train_set" / "annotations" / f"0_{what}.npy", np.array(value))
    (angry,), faults = read("affectnet", tmp_path)
    assert (angry.emotion, angry.affect) == ("anger", (-0.4, 0.7)) and faults.counts == {"no label": 1}


def test_fer_reads_both_tables_and_the_votes_beside_them(tmp_path):
    grey = " ".join(["7"] * 48 * 48)
    (tmp_path / "icml_face_data.csv").write_text(
        f"emotion, Usage, pixels\n3, Training, {grey}\n0, PrivateTest, {grey}\n9, Training, {grey}\n1, Training, 1 2\n"
    )
    (happy, angry), faults = read("fer", tmp_path)
    assert (happy.emotion, happy.split, happy.media) == ("happiness", "train", "icml_face_data.csv#0")
    assert (angry.emotion, angry.split) == ("anger", "test") and faults.counts == {"unknown class": 1, "unreadable label": 1}
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    (tmp_path / "fer2013new.csv").write_text(
        f"{header}\nTraining,fer0.png,1,0,0,0,0,0,0,9,0,0\nPrivateTest,,0,0,0,0,0,0,0,0,0,10\nTraining,fer2.png,5,5,0,0,0,0,0,0,0,0\n"
    )
    (scorn,), faults = read("fer", tmp_path, labels="ferplus")
    assert scorn.emotion == "contempt" and scorn.source["votes"] == "neutral:1 contempt:9"
    assert faults.left_out == {"no face, unknown or a tie in FERPlus": 2}


def test_votes_of_ferplus_that_are_no_numbers_are_faults(tmp_path):
    grey = " ".join(["7"] * 48 * 48)
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + f"3,{grey},Training\n" * 5 + f"²,{grey},Training\n")
    votes = ("1,0,0,0,0,0,0,x,0,0", "1,0,0,0,0,0,0,²,0,0", "1,0,0,0,0,0,0,-9,0,0", "9,0", "0,8,1,0,0,0,0,0,1,0")
    names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    lines = (f"Training,fer{number}.png,{told}" for number, told in enumerate(votes))
    (tmp_path / "fer2013new.csv").write_text("\n".join((f"Usage,Image name,{names}", *lines)))
    (happy,), faults = read("fer", tmp_path, labels="ferplus")
    assert (happy.id, happy.emotion) == ("fer/Training/4", "happiness")
    assert faults.counts == {"unreadable label": 4, "no label": 1}
    assert read("fer", tmp_path)[1].counts == {"unknown class": 1}


def test_celeba_joins_attributes_parts_and_people(tmp_path):
    pictures(tmp_path / "img_align_celeba", "000001.jpg")
    names = [f"Attribute_{number}" for number in range(40)]
    signs = ["1", *["-1"] * 39]
    (tmp_path / "list_attr_celeba.txt").write_text(
        "\n".join(["2", " ".join(names), " ".join(["000001.jpg", *signs]), " ".join(["000002.jpg", *signs])])
    )
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg 1\n000002.jpg 2\n")
    (tmp_path / "identity_CelebA.txt").write_text("000001.jpg 2880\n000002.jpg 2937\n")
    (record,), faults = read("celeba", tmp_path)
    assert (record.subject, record.split) == ("celeba/2880", "val") and faults.counts == {"no media": 1}
    assert record.attributes["Attribute_0"] is True and sum(record.attributes.values()) == 1


def test_utkface_reads_names_and_tells_those_that_lack_a_part(tmp_path):
    pictures(tmp_path, "part1/26_1_2_20170116174525125.jpg.chip.jpg", "part1/39_1_20170116174525125.jpg", "1_0_4_20161219.jpg")
    records, faults = read("utkface", tmp_path)
    told = {(record.age, record.attributes["gender"], record.attributes["race"]) for record in records}
    assert told == {(26, "female", "Asian"), (1, "male", "other")} and faults.counts == {"unreadable label": 1}


def test_morph_keeps_a_person_in_one_split(tmp_path):
    pictures(tmp_path / "Album2", *(f"0094_{number}M42.JPG" for number in range(3)))
    lines = [f"0094,{number},42,M,B,Album2/0094_{number}M42.jpg" for number in range(4)]
    (tmp_path / "morph.csv").write_text(
        "\n".join(["id_num,picture_num,age,gender,race,photo", *lines, "0095,1,,M,W,0094_0M42.JPG"])
    )
    records, faults = read("morph2", tmp_path)
    assert len(records) == 3 and len({(record.subject, record.split) for record in records}) == 1
    assert records[0].age == 42 and faults.counts == {"no media": 1, "unreadable label": 1}


def test_a_folder_of_something_else_is_refused_in_a_line(tmp_path):
    for name in SOURCES:
        with pytest.raises(FacewiseError) as told:
            read(name, tmp_path)
        assert str(tmp_path) in str(told.value) and "\n" not in str(told.value)
    with pytest.raises(FacewiseError, match="no such folder"):
        read("rafdb", tmp_path / "none")
    with pytest.raises(FacewiseError, match="has no option 'fold'"):
        read("rafdb", tmp_path, fold="1")
