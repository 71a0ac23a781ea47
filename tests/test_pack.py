"""A pack is what inference sees, plus labels that follow a mirrored picture."""

import json

import cv2
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from facewise.data_builders.pack import GRID, UNKNOWN, WHOLE, Job, main, packed
from facewise.data_builders.records import Record, read_records, write_records
from facewise.finetune.packed import INPUTS, LABELS, read_pack
from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import find_faces
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
    assert about["ids"] == ["smile", "smile", "print"] and about["dropped"] == {"tiny": 1}
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
    row = packed(spoof, pixels, find_faces(pixels)[0], Job(spoof, pack.parent, mirrored=True))
    assert row["map"][GRID // 2, 2] == 0 and row["map"][GRID // 2, -3] == WHOLE


def test_it_reads_as_a_dataset(pack):
    rows = read_pack(pack)
    batch = rows.collate([rows[0], rows[2]])
    assert set(batch) == {*INPUTS, *LABELS, "has_landmarks"} and batch["views"].shape == (2, 2, 3, 112, 112)
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
        path.with_suffix(".json").write_text("{" if spoilt == "json cut" else "{}")
    with pytest.raises(FacewiseError, match="not a whole pack") as caught:
        read_pack(path)
    assert "\n" not in str(caught.value)


def test_other_tensors_than_a_packs_are_named_by_what_they_lack(pack, tmp_path):
    kept = {name: values for name, values in load_file(pack).items() if name not in ("pose", "live")}
    save_file(kept, tmp_path / "set.safetensors")
    (tmp_path / "set.json").write_text("{}")
    with pytest.raises(FacewiseError, match="not a pack, it has no pose, live;"):
        read_pack(tmp_path / "set.safetensors")


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
