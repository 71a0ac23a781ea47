"""`facewise see`: plain JSON, a table and a drawing of a picture and of a clip; each bad input gets its line and the rest go on."""

import csv
import json

import av
import numpy as np
import pytest
from PIL import Image

from facewise.cli import main
from facewise.model.perception.picture import read_picture
from facewise.model.perception.video import open_clip
from facewise.model.taxonomy import AU_CODES, EMOTIONS


@pytest.fixture(autouse=True)
def _stderr_comes_back(monkeypatch):
    import sys

    monkeypatch.setattr(sys, "stderr", sys.stderr)


def seen(capfd, *words) -> tuple[int, list[dict], str]:
    """Exit code, the JSON objects and stderr of `facewise see --json`."""
    code = main(["see", *map(str, words), "--json"])
    out, err = capfd.readouterr()
    return code, [json.loads(line) for line in out.splitlines()], err


def film(path, frames, fps: int = 30):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.height, stream.width, stream.pix_fmt = frames[0].shape[0], frames[0].shape[1], "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def example_frames(examples) -> list[np.ndarray]:
    return [frame.pixels for frame, _ in zip(open_clip(examples / "invented-clip.mp4").frames(), range(12))]


def test_a_picture_is_told_as_plain_json(examples, capfd):
    code, (report,), err = seen(capfd, examples / "invented-face.jpg")
    (face,) = report["faces"]
    assert (code, err, report["kind"], report["size"]) == (0, "", "picture", [480, 480])
    assert len(face["landmarks"]) == 68 and face["streams"]["landmarks"] and face["quality"]["ok"]
    assert face["quality"]["numbers"]["iod_px"] > 100
    assert set(face["evidence"]["aus"]) == set(AU_CODES) and face["evidence"]["aus"]["AU12"]["intensity"] > 1
    assert set(face["pose_deg"]) == {"pitch", "yaw", "roll"} and set(face["gaze_deg"]) == {"to_the_persons_left", "up"}
    assert report["backend"] == "mediapipe-0.10.21-bundled"


def test_a_table_has_openfaces_columns_or_py_feats(examples, capfd, tmp_path):
    picture = examples / "invented-face.jpg"
    for layout, wanted in (
        (
            "openface",
            {"frame", "face_id", "timestamp", "confidence", "success", "pose_Rx", "x_0", "y_67", "AU01_r", "AU12_c", "AU45_r"},
        ),
        (
            "py-feat",
            {"frame", "FaceRectX", "FaceScore", "x_0", "y_67", "Pitch", "Roll", "Yaw", "AU01", "AU43", "happiness", "input"},
        ),
    ):
        out = tmp_path / f"{layout}.csv"
        assert seen(capfd, picture, picture, "--csv", out, "--csv-columns", layout)[0] == 0
        rows = list(csv.DictReader(out.open()))
        assert len(rows) == 2 and wanted <= set(rows[0])
    assert float(rows[0]["AU12"]) > 0.5 and float(rows[0]["happiness"]) > 0.5


def test_a_clip_is_told_as_plain_json_with_what_moved(examples, capfd, tmp_path):
    out, table = tmp_path / "clip.png", tmp_path / "clip.csv"
    code, (report,), _ = seen(capfd, examples / "invented-clip.mp4", "--draw", out, "--csv", table)
    (face,) = report["faces"]
    assert (code, report["kind"], report["frames"], report["fps"]) == (0, "clip", 210, 30.0)
    assert [interval["kind"] for interval in face["intervals"]].count("blink") == 2
    smile = next(i for i in face["intervals"] if i["regions"] and i["regions"][0]["region"] == "left lip corner")
    assert smile["kind"] == "micro" and 0 < smile["score"] < 1 and smile["onset_s"] < smile["apex_s"] < smile["offset_s"]
    assert set(smile["aus"]) == set(AU_CODES)
    assert face["motion"]["shortest_s"] == pytest.approx(5 / 30, abs=1e-3)
    assert face["baseline"]["kind"] == "clip" and face["seen"]["share"] == 1.0
    rows = list(csv.DictReader(table.open()))
    assert [int(row["frame"]) for row in rows] == list(range(1, 211)) and float(rows[30]["timestamp"]) == pytest.approx(1.0)
    assert set(EMOTIONS) <= set(rows[0])
    drawn = read_picture(out).pixels
    assert drawn.shape[1] > 900 and len(np.unique(drawn.reshape(-1, 3), axis=0)) > 1000


def test_a_film_is_drawn_frame_by_frame(example_frames, capfd, tmp_path):
    clip, out = film(tmp_path / "short.mp4", example_frames), tmp_path / "drawn.mp4"
    assert seen(capfd, clip, "--draw", out)[0] == 0
    drawn = [frame.pixels for frame in open_clip(out).frames()]
    assert len(drawn) == len(example_frames) and drawn[0].shape[0] > example_frames[0].shape[0]


def test_a_face_that_leaves_and_comes_back_keeps_its_number(example_frames, capfd, tmp_path):
    empty = np.full_like(example_frames[0], 120)
    frames = [*example_frames[:6], *[empty] * 4, *example_frames[6:]]
    code, (report,), _ = seen(capfd, film(tmp_path / "gone.mp4", frames))
    (face,) = report["faces"]
    assert code == 0 and face["seen"] == {"first": 0, "last": 15, "frames": 12, "share": 0.75}


def test_a_clip_of_one_frame_has_a_face_and_no_interval(example_frames, capfd, tmp_path):
    code, (report,), _ = seen(capfd, film(tmp_path / "one.mp4", example_frames[:1]), "--draw", tmp_path / "one.png")
    assert code == 0 and report["frames"] == 1 and report["faces"][0]["intervals"] == []


def test_a_clip_without_a_face_says_so(capfd, tmp_path):
    empty = film(tmp_path / "empty.mp4", [np.full((120, 160, 3), 120, np.uint8)] * 8)
    assert main(["see", str(empty), "--draw", str(tmp_path / "empty.png")]) == 0
    assert "no face was found" in capfd.readouterr().out


def test_a_folder_of_frames_needs_its_rate(example_frames, capfd, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, pixels in enumerate(example_frames, start=46):
        Image.fromarray(pixels).save(folder / f"img{number}.png")
    code, (report,), err = seen(capfd, folder)
    assert code == 2 and "fps" in report["error"] and err.count("\n") == 1
    code, (report,), _ = seen(capfd, folder, "--fps", "200")
    assert code == 0 and report["fps"] == 200 and report["frames"] == len(example_frames)


def test_the_good_are_seen_and_each_bad_one_gets_its_line(examples, capfd, tmp_path):
    (tmp_path / "text.mp4").write_text("I am no film")
    paths = [tmp_path / "none.jpg", examples / "invented-face.jpg", tmp_path / "text.mp4"]
    code, reports, err = seen(capfd, *paths)
    assert code == 2 and ["error" in report for report in reports] == [True, False, True]
    assert err.splitlines() == [f"facewise: {report['error']}" for report in reports if "error" in report]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--draw", "drawn.txt"), "--draw"),
        (("--draw", "no-such-folder/drawn.png"), "no-such-folder"),
        (("--csv", "no-such-folder/rows.csv"), "no-such-folder"),
        (("--fps", "-3"), "frames per second"),
        (("--landmarker", "no-such.task"), "no-such.task"),
        (("--csv-columns", "excel"), "openface"),
    ],
)
def test_a_wrong_option_is_one_line(examples, capfd, words, told):
    assert main(["see", str(examples / "invented-face.jpg"), *words]) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and told in err


@pytest.mark.parametrize("option", ["--csv", "--draw"])
def test_nothing_that_is_read_is_written_over(capfd, tmp_path, example_frames, option):
    clip = film(tmp_path / "clip.mp4", example_frames[:2])
    whole = clip.read_bytes()
    assert main(["see", str(clip), option, str(clip)]) == 2
    assert "one of the inputs" in capfd.readouterr().err and clip.read_bytes() == whole


@pytest.mark.parametrize("out", ["drawn.mp4", "folder.png", "folder.png/x/y.png"])
def test_a_picture_is_drawn_as_a_picture_and_onto_no_folder(examples, capfd, tmp_path, out):
    (tmp_path / "folder.png").mkdir()
    assert main(["see", str(examples / "invented-face.jpg"), "--draw", str(tmp_path / out)]) == 2
    assert capfd.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_a_table_without_a_face_has_its_header(capfd, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "wall.png")
    assert main(["see", str(tmp_path / "wall.png"), "--csv", str(tmp_path / "rows.csv")]) == 0
    assert (tmp_path / "rows.csv").read_text().startswith("frame,face_id,timestamp") and capfd.readouterr().err == ""


def test_a_full_disk_is_one_line(examples, capfd):
    assert main(["see", str(examples / "invented-face.jpg"), "--csv", "/dev/full"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_a_name_that_is_no_text_is_seen_and_tabled(examples, capfd, tmp_path):
    odd = tmp_path / "bad\udcff.jpg"
    odd.write_bytes((examples / "invented-face.jpg").read_bytes())
    assert main(["see", str(odd), "--csv", str(tmp_path / "rows.csv")]) == 0
    assert "bad\\udcff.jpg" in (tmp_path / "rows.csv").read_text()


def test_several_inputs_are_drawn_into_a_folder(examples, capfd, tmp_path):
    both = (examples / "invented-face.jpg", examples / "printed-face.jpg")
    assert seen(capfd, *both, "--draw", tmp_path / "drawings")[0] == 0
    assert sorted(path.name for path in (tmp_path / "drawings").iterdir()) == ["000-invented-face.png", "001-printed-face.png"]
    assert seen(capfd, *both, "--draw", tmp_path / "both.png")[0] == 2
