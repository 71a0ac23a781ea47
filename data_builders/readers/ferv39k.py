"""FERV39k: 4_setups/All_scenes/{train,test}_All.csv with lines `Action/Angry/0267 Angry`, and the frames in 2_ClipsforFaceCrop/.

The lists have no header and blanks between their columns. scene=Action reads 22_scenes/{train,test}_Action.csv, that scene's own
setup; clips=scenes takes the uncropped frames of 3_ClipsforScenImages. Nobody is named: a clip is its own subject. Layout: public
readers.
"""

from collections.abc import Iterator
from pathlib import Path

from ..records import Record
from .faults import Faults
from .listing import lines, needed, unpacked, within
from .source import Source

CLASSES = {
    "Happy": "happiness",
    "Sad": "sadness",
    "Neutral": "neutral",
    "Angry": "anger",
    "Surprise": "surprise",
    "Disgust": "disgust",
    "Fear": "fear",
}
# fmt: off
SCENES = (
    "Action", "Argue", "Business", "Conflict", "Contest", "Crime", "Crisis", "DailyLife", "ElegantArt", "Experiment", "History",
    "Interview", "Liveshow", "Medicine", "OfficialEvent", "ScholarReport", "School", "Social", "Speech", "Talkshow", "Terror", "War",
)
# fmt: on
FRAMES = {"faces": "2_ClipsforFaceCrop", "scenes": "3_ClipsforScenImages"}
HINT = "give the folder that holds 4_setups and 2_ClipsforFaceCrop"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    frames = unpacked(root, FRAMES[options["clips"]], hint=HINT)
    scene = options["scene"]
    setup, name = ("All_scenes", "All") if scene == "all" else ("22_scenes", scene)
    lists = needed(unpacked(root, "4_setups", hint=HINT), setup, hint=HINT)
    for part in ("train", "test"):
        for where, line in lines(needed(lists, f"{part}_{name}.csv", hint=HINT)):
            clip, _, label = line.rpartition(" ")
            if clip.count("/") != 2 or label not in CLASSES:
                faults.add("unknown class", where, f"{line!r}: a line such as `Action/Angry/0267 Angry` was looked for")
            elif clip.split("/")[1] != label:
                faults.add("unreadable label", where, f"{line!r}: the folder tells another class")
            elif not (path := frames / clip).is_dir():
                faults.add("no media", where, within(path, root))
            else:
                yield Record(
                    f"ferv39k/{clip}",
                    within(path, root),
                    dataset="FERV39k",
                    licence=FERV39K.terms,
                    subject=f"ferv39k/{clip}",
                    split=part,
                    emotion=CLASSES[label],
                    protocols={setup if scene == "all" else f"{setup}/{scene}": part},
                    source={"emotion": label, "scene": clip.split("/")[0]},
                )


FERV39K = Source(
    "ferv39k",
    "FERV39k",
    "on application, non-commercial research",
    _read,
    {"scene": ("all", *SCENES), "clips": tuple(FRAMES)},
    unverified="the uncropped frames of 3_ClipsforScenImages and the lists of 22_scenes are known from few public readers; persons are not told",
)
