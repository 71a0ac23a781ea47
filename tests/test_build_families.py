"""`facewise build` on a tiny folder in the official layout of one dataset of each family: the readers' fixtures, real media."""

import zlib
from pathlib import Path

import av
import cv2
import pytest
import test_readers_forgeries as forgeries
import test_readers_micro as micro
import test_readers_spoofs as spoofs
import test_readers_stills as stills
import test_readers_units as units
import test_readers_videos as videos
from built_sets import Here, noise, told

from facewise.data_builders.build.pipeline import build_set
from facewise.data_builders.build.settings import Origin, Settings
from facewise.data_builders.readers.sources import SOURCES

FRAMES = 8


def with_real_media(root: Path) -> None:
    """A picture or a video of its own in place of each stand-in; frames of one folder are of one size."""
    for path in sorted(root.rglob("*")):
        pixels = noise(zlib.crc32(path.relative_to(root).as_posix().encode()), 96, 112)
        if path.suffix in (".jpg", ".png"):
            cv2.imwrite(str(path), pixels)
        elif path.suffix in (".mp4", ".mov", ".avi"):
            with av.open(str(path), "w") as container:
                stream = container.add_stream("libx264", rate=25)
                stream.width, stream.height, stream.pix_fmt = 112, 96, "yuv420p"
                for _ in range(FRAMES):
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
                container.mux(stream.encode())


def rafdb(root: Path) -> None:
    names = [f"{part}_{number:05d}" for part in ("train", "test") for number in range(4)]
    stills.pictures(root / "basic" / "Image" / "aligned", *(f"{name}_aligned.jpg" for name in names))
    (root / "basic" / "EmoLabel").mkdir()
    lines = [f"{name}.jpg {1 + number % 7}" for number, name in enumerate(names)]
    (root / "basic" / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")


def disfa(root: Path) -> None:
    units.disfa(root, "SN001", FRAMES, au12={3: 5}, au6={3: 2})
    units.media(root / "Videos_LeftCamera", "LeftVideoSN001_comp.avi")


def casme2(root: Path) -> None:
    micro.casme2(root, (1, "EP02_01f", (46, 48, 52), "6+12", "happiness"), (2, "EP01_1", (46, 48, 50), "4", "repression"))
    for folder in ("sub01/EP02_01f", "sub02/EP01_1"):
        micro.frames(root / micro.FRAMES_OF_CASME2 / folder, "img{}.jpg", 46, 53)


# name -> (what writes its folder, options, the media that make sense of its rows, records, tasks)
FAMILIES = {
    "rafdb": (rafdb, {}, "copy", 8, {"emotion"}),
    "disfa": (disfa, {}, "copy", FRAMES, {"au", "describe"}),
    "dfew": (videos.dfew, {}, "copy", 4, {"emotion"}),
    "replay_attack": (spoofs.replay, {}, "reference", 9, {"spoof"}),
    "faceforensics": (forgeries.forensics, {}, "copy", 7, {"spoof"}),
    "casme2": (casme2, {"classes": "5"}, "copy", 2, {"micro"}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_one_of_each_family_gives_rows_for_its_tasks(tmp_path, name):
    write, options, media, records, tasks = FAMILIES[name]
    (tmp_path / "root").mkdir()
    write(tmp_path / "root")
    with_real_media(tmp_path / "root")
    origin = Origin(name, tmp_path / "root", SOURCES[name].settled(options))
    report = build_set(tmp_path / "set", Settings((origin,), media=media), Here())
    counts = report["counts"]
    assert counts["records"] == records and set(counts["tasks"]) >= tasks
    assert not counts["rejected rows"] and not told(tmp_path / "set", "rejects.jsonl")
    for row in told(tmp_path / "set", "rows.jsonl"):
        shown = [*row.get("images", ()), *row.get("videos", ())]
        assert shown and all((tmp_path / "set" / path).exists() for path in shown)
