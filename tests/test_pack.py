"""A pack is what inference sees, plus labels that follow a mirrored picture; several files are one."""

import json

import cv2
import numpy as np
import pytest
import torch
from noise_pack import noise, written
from safetensors.numpy import load_file, save_file

from facewise.data_builders.pack import main
from facewise.data_builders.packed_row import DIGITAL, GRID, UNKNOWN, WHOLE, labelled_face, packed
from facewise.data_builders.records import Record, read_records, write_records
from facewise.finetune.encoder.packed import INPUTS, LABELS, read_pack
from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import DetectedFace, find_faces
from facewise.model.perception.picture import read_picture
from facewise.model.perception.views import face_views
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES


def record(name: str, media: str, split: str = "train", **labels) -> Record:
    return Record(name, media, "0" * 64, "tiny", "Apache-2.0", f"{name}'s subject", split, **labels)


@pytest.fixture(scope="module")
def pack(examples, tmp_path_factory):
    """A smile in train, a half-covered print in test, a wall without a face."""
    folder = tmp_path_factory.mktemp("set")
    for name in ("invented-face.jpg", "printed-face.jpg"):
        (folder / name).write_bytes((examples / name).read_bytes())
    cv2.imwrite(str(folder / "wall.png"), np.full((90, 90, 3), 128, np.uint8))
    height, width = read_picture(folder / "printed-face.jpg").pixels.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    cv2.imwrite(str(folder / "mask.png"), mask)
    spoof = {"live": False, "attack": "print", "mask": "mask.png", "cues": {"edge": 0.8, "moire": 0.3}}
    records = [
        record("smile", "invented-face.jpg", aus={"AU12": (4.0, 1.0)}, emotion="happiness"),
        record("print", "printed-face.jpg", "test", **spoof),
        record("wall", "wall.png", "val", live=True, cues={}),
    ]
    write_records(folder / "records.jsonl", records)
    assert main([str(folder / "records.jsonl"), "--out", str(folder / "set.safetensors"), "--workers", "1"]) == 0
    return folder / "set.safetensors"


def test_a_training_picture_comes_twice_and_a_wall_is_dropped_and_counted(pack):
    about = json.loads(pack.with_suffix(".json").read_text())
    assert about["ids"] == ["smile", "smile", "print"] and about["dropped"]["without a face"] == {"tiny": 1}
    assert about["subjects"] == ["smile's subject"] * 2 + ["print's subject"] and about["files"] == [pack.name]
    assert load_file(pack)["split"].tolist() == [0, 0, 2]


def test_it_holds_what_inference_sees(pack, examples):
    pixels = read_picture(examples / "invented-face.jpg").pixels
    seen = face_views(pixels, find_faces(pixels)[0])
    tensors = load_file(pack)
    assert np.array_equal(tensors["views"][0], seen.images) and np.allclose(tensors["canonical"][0], seen.canonical)


def test_sides_swap_in_the_mirror(pack):
    au = load_file(pack)["au"][:, AU_CODES.index("AU12")]
    assert au[0].tolist() == [4.0, 1.0] and au[1].tolist() == [1.0, 4.0] and np.isnan(au[2]).all()


def test_what_is_not_known_is_marked(pack):
    tensors = load_file(pack)
    assert tensors["live"].tolist() == [-1, -1, 1]
    assert tensors["attack"].tolist() == [-1, -1, ATTACKS.index("print")]
    assert (tensors["cues"][0] == -1).all() and tensors["cues"][2].tolist() == [int(name == "edge") for name in CUES]
    assert (tensors["map"][0] == UNKNOWN).all()


def test_the_map_covers_the_side_that_the_mask_covers(pack):
    grid = load_file(pack)["map"][2]
    assert grid.shape == (GRID, GRID) and grid[GRID // 2, 2] == WHOLE and grid[GRID // 2, -1] == 0


def test_the_map_turns_with_a_mirrored_picture(pack):
    spoof = read_records(pack.parent / "records.jsonl")[1]
    pixels = np.ascontiguousarray(read_picture(pack.parent / spoof.media).pixels[:, ::-1])
    row = packed(spoof, pixels, find_faces(pixels)[0], pack.parent, ("rgb", "spoof"), mirrored=True)
    assert row["map"][GRID // 2, 2] == 0 and row["map"][GRID // 2, -3] == WHOLE


def test_it_reads_as_a_dataset(pack):
    rows = read_pack(pack)
    batch = rows.collate([rows[0], rows[2]])
    assert set(batch) == {*INPUTS, *LABELS, "has_landmarks", "before"} and batch["views"].shape == (2, 2, 3, 224, 224)
    assert batch["views"].abs().max() <= 1


def test_a_missing_pack_is_named(tmp_path):
    with pytest.raises(FacewiseError, match="no such pack"):
        read_pack(tmp_path / "none.safetensors")


def test_a_recipe_that_names_no_pack_is_told():
    with pytest.raises(FacewiseError, match="names no pack; give --pack"):
        read_pack("")


@pytest.mark.parametrize("spoilt", ["text", "empty", "cut", "json cut", "json missing"])
def test_a_pack_that_is_not_whole_is_one_line(pack, tmp_path, spoilt):
    path = tmp_path / "set.safetensors"
    whole = pack.read_bytes()
    path.write_bytes({"text": b"not a pack, not even nearly", "empty": b"", "cut": whole[:5000]}.get(spoilt, whole))
    if spoilt != "json missing":
        path.with_suffix(".json").write_text("{" if spoilt == "json cut" else pack.with_suffix(".json").read_text())
    with pytest.raises(FacewiseError, match="not a whole pack") as caught:
        read_pack(path)
    assert "\n" not in str(caught.value)


def test_a_pack_of_before_is_told_to_be_made_anew(pack, tmp_path):
    kept = {name: values for name, values in load_file(pack).items() if name not in ("change", "digital")}
    save_file(kept, tmp_path / "set.safetensors")
    (tmp_path / "set.json").write_text('{"ids": [], "dataset": [], "source": [], "dropped": {}}')
    with pytest.raises(
        FacewiseError, match=r"not a pack of today, it has no change, digital, files, .*; make it anew: python -m"
    ):
        read_pack(tmp_path / "set.safetensors")


def test_a_pack_with_rows_that_nothing_is_told_of_is_not_whole(tmp_path):
    path = written(noise(4), tmp_path / "set.safetensors")
    about = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(about | {"subjects": ["one"]}))
    with pytest.raises(FacewiseError, match=r"not a whole pack \(1 subjects of 4 rows\)"):
        read_pack(path)


def test_an_empty_file_of_records_is_told(tmp_path):
    (tmp_path / "records.jsonl").write_text("")
    with pytest.raises(FacewiseError, match="the file is empty"):
        main([str(tmp_path / "records.jsonl"), "--out", str(tmp_path / "set.safetensors")])


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[]", b'{"aus": "AU12"}', b"{}"])
def test_what_is_no_record_is_one_line(tmp_path, line):
    (tmp_path / "records.jsonl").write_bytes(line)
    with pytest.raises(FacewiseError, match=r"records\.jsonl.*not a") as caught:
        read_records(tmp_path / "records.jsonl")
    assert "\n" not in str(caught.value)


def test_records_without_a_single_face_make_no_pack(tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((90, 90, 3), 128, np.uint8))
    write_records(tmp_path / "records.jsonl", [record("wall", "wall.png")])
    with pytest.raises(FacewiseError, match="no face was found in any of the 1 pictures"):
        main([str(tmp_path / "records.jsonl"), "--out", str(tmp_path / "set.safetensors"), "--workers", "1"])
    assert not (tmp_path / "set.safetensors").exists()


def test_what_is_no_class_of_ours_is_told_before_anything_is_looked_at(tmp_path):
    write_records(tmp_path / "records.jsonl", [record("a", "none.jpg", emotion="awe")])
    with pytest.raises(FacewiseError, match="records.jsonl:1: not a record .emotion 'awe': choose from neutral,"):
        main([str(tmp_path / "records.jsonl"), "--out", str(tmp_path / "set.safetensors")])


# A driven pair, a manipulated face, units without levels, frames of a video, a face that the source tells


@pytest.fixture(scope="module")
def driven(examples, tmp_path_factory):
    """Two driven pairs and what else the encoder is taught by, in files of two rows."""
    folder = tmp_path_factory.mktemp("driven")
    face = examples / "invented-face.jpg"
    (folder / "face.jpg").write_bytes(face.read_bytes())
    frames = folder / "frames"
    frames.mkdir()
    photo = cv2.imread(str(face))
    for number, picture in enumerate((np.full_like(photo, 128), photo, photo)):
        cv2.imwrite(str(frames / f"{number:03d}.png"), picture)
    (folder / "broken.jpg").write_bytes(b"no picture")
    after = {"aus": {"AU1": (2.0, 3.0), "AU2": (0.0, 0.0), "AU11": (1.0, 1.0)}, "change": {"AU1": (1.0, 2.5)}}
    records = [
        record("null", "face.jpg"),
        record("moved", "face.jpg", pair="null", **after),
        record("lonely", "face.jpg", "val", pair="gone", **after),
        record("swapped", "face.jpg", "val", digital="face swap", mask="none.png"),
        record("genuine", "face.jpg", "val", digital="none"),
        record("shown", "face.jpg", "val", shown={"AU4": "left", "AU6": "absent", "AU1": "both"}, aus={"AU1": (0.0, 0.0)}),
        record("wall", "frames", "val", frames=(0, 0)),
        record("frame 2", "frames", "val", frames=(2, 2), live=False),
        record("frame 1", "frames", "val", frames=(1, 1), live=True),
        record("frame 9", "frames", "val", frames=(9, 9)),
        record("elsewhere", "face.jpg", "val", face=(0.0, 0.0, 5.0, 5.0)),
        record("broken", "broken.jpg", "val"),
        record("video", "frames", "val", live=True),
        record("clip", "frames", "val", clip={"fps": 30}),
    ]
    write_records(folder / "records.jsonl", records)
    flags = ("--workers", "1", "--shard-mb", "1", "--views", "rgb", "spoof", "spectrum")
    assert main([str(folder / "records.jsonl"), "--out", str(folder / "set.safetensors"), *flags]) == 0
    return read_pack(folder / "set.safetensors"), json.loads((folder / "set.json").read_text())


def row_of(driven, name: str) -> dict[str, torch.Tensor]:
    pack, about = driven
    return pack[about["ids"].index(name)]


def test_a_change_is_with_what_did_not_change_and_only_in_units_that_are_scored(driven):
    change = row_of(driven, "moved")["change"]
    assert change[AU_CODES.index("AU1")].tolist() == [1.0, 2.5] and change[AU_CODES.index("AU2")].tolist() == [0.0, 0.0]
    assert int((~change.isnan()).sum()) == 4 and row_of(driven, "null")["change"].isnan().all()


def test_a_pair_is_found_in_the_same_look_and_mirrored_with_it(driven):
    pack, about = driven
    assert about["ids"][:4] == ["null", "null", "moved", "moved"] and pack.tensors["pair"][:4].tolist() == [-1, -1, 0, 1]
    assert pack[3]["change"][AU_CODES.index("AU1")].tolist() == [2.5, 1.0] and pack.tensors["mirrored"][:4].tolist() == [
        0,
        1,
        0,
        1,
    ]
    assert row_of(driven, "lonely")["pair"].item() == -1


def test_a_digital_face_has_its_type_and_no_attack_map(driven):
    assert [DIGITAL[int(row_of(driven, name)["digital"])] for name in ("swapped", "genuine")] == ["face swap", "none"]
    assert row_of(driven, "null")["digital"].item() == -1 and (row_of(driven, "swapped")["map"] == UNKNOWN).all()


def test_units_without_a_level_are_present_or_absent(driven):
    row = row_of(driven, "shown")
    told = {code: int(row["shown"][AU_CODES.index(code)]) for code in ("AU1", "AU4", "AU6", "AU9")}
    assert told == {"AU1": -1, "AU4": 1, "AU6": 0, "AU9": -1} and row["au"][AU_CODES.index("AU1")].tolist() == [0.0, 0.0]


def test_single_frames_of_a_video_are_packed_and_clips_are_not(driven):
    packed_ids = {*driven[1]["ids"]}
    assert {"frame 1", "frame 2"} <= packed_ids and not {"wall", "video", "clip", "frame 9"} & packed_ids
    assert row_of(driven, "frame 1")["live"].item() == 0 and row_of(driven, "frame 2")["live"].item() == 1
    assert torch.equal(row_of(driven, "frame 1")["views"], row_of(driven, "frame 2")["views"])


def test_a_spoof_without_a_mask_has_an_unknown_map_and_a_live_face_an_empty_one(driven):
    assert (row_of(driven, "frame 2")["map"] == UNKNOWN).all() and (row_of(driven, "frame 1")["map"] == 0).all()


def test_what_is_left_out_is_counted(driven):
    assert driven[1]["dropped"] == {"without a face": {"tiny": 2}, "unreadable": {"tiny": 2}}


def test_large_sets_are_several_files_that_read_as_one(driven):
    pack, about = driven
    assert len(about["files"]) > 1 and about["files"][0] == f"set-00000-of-{len(about['files']):05d}.safetensors"
    assert len(pack) == len(about["ids"]) == pack.tensors["au"].shape[0] and pack.views == ["rgb", "spoof", "spectrum"]


def test_the_face_is_the_one_that_the_source_tells():
    small, large = (DetectedFace(0, box, 1.0, np.zeros((478, 3))) for box in ((10, 10, 20, 20), (50, 10, 90, 50)))
    blind = DetectedFace(0, (0, 0, 99, 99), 1.0, None)
    assert labelled_face([blind, large, small], None) is large and labelled_face([large, small], (9, 9, 21, 21)) is small
    assert labelled_face([large, small], (79, 9, 91, 21), mirror_width=100) is small
    assert labelled_face([large, small], (30, 60, 40, 70)) is labelled_face([blind], None) is None


# Several packs


def test_several_packs_are_one_and_share_their_people(tmp_path):
    first, second = noise(4), noise(6)
    second["subject"] = torch.tensor([2, 3, 4, 5, 6, 7])
    second["pair"][1] = 5
    paths = [written(first, tmp_path / "a.safetensors"), written(second, tmp_path / "b.safetensors")]
    pack = read_pack(", ".join(map(str, paths)))
    assert len(pack) == 10 and pack.tensors["subject"].tolist() == [0, 1, 2, 3, 2, 3, 4, 5, 6, 7]
    assert pack.tensors["pair"].tolist() == [-1] * 5 + [9] + [-1] * 4 and torch.equal(pack[9]["views"], second["views"][5])


def test_packs_of_other_views_do_not_go_together(tmp_path):
    paths = [written(noise(4), tmp_path / "a.safetensors"), written(noise(4), tmp_path / "b.safetensors", ("spoof", "rgb"))]
    with pytest.raises(FacewiseError, match="its views are spoof, rgb"):
        read_pack(",".join(map(str, paths)))


def test_rows_that_are_chosen_keep_their_pairs_and_lose_those_that_are_not(tmp_path):
    tensors = noise(6)
    tensors["pair"] = torch.tensor([-1, 0, 5, -1, 3, -1])
    pack = read_pack(written(tensors, tmp_path / "a.safetensors"))
    chosen = pack.where(torch.tensor([True, True, True, False, True, False]))
    assert chosen.tensors["pair"].tolist() == [-1, 0, -1, -1] and torch.equal(chosen[3]["views"], tensors["views"][4])
    assert chosen.where(torch.tensor([False, True, True, True])).tensors["pair"].tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [(("--views", "rgb"), "rgb and spoof are wanted"), (("--shard-mb", "0"), "from 1 on"), (("--workers", "0"), "from 1 on")],
)
def test_a_wrong_flag_of_pack_is_one_line(tmp_path, flags, words):
    write_records(tmp_path / "records.jsonl", [record("a", "none.jpg")])
    with pytest.raises(FacewiseError, match=words):
        main([str(tmp_path / "records.jsonl"), "--out", str(tmp_path / "set.safetensors"), *flags])
