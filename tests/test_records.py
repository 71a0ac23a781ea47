"""Records of files that others wrote: a value that cannot be is told with its line, and costs a build that line only."""

import json
from pathlib import Path

import pytest
from built_sets import built, drawn

from facewise.data_builders.records import read_records
from facewise.data_builders.splits import split_of
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import NO_PROTOTYPE

NAN = float("nan")
WRONG = [
    ({"attack": "pie"}, "attack 'pie': choose from print"),
    ({"emotion": "joy"}, "emotion 'joy': choose from neutral"),
    ({"digital": "gan"}, "digital 'gan': choose from none"),
    ({"live": "yes"}, "live 'yes': true, false or null"),
    ({"id": ""}, "its id is empty"),
    ({"aus": {"AU12": [NAN, 0]}}, "aus of AU12 nan: a number from 0 to 5"),
    ({"aus": {"AU12": [0, 7]}}, "aus of AU12 7: a number from 0 to 5"),
    ({"aus": {"AU12": [-1, 0]}}, "aus of AU12 -1: a number from 0 to 5"),
    ({"aus": {"AU99": [0, 0]}}, "aus 'AU99': no unit of FACS"),
    ({"shown": {"AU12": "up"}}, "shown of AU12 'up': choose from both"),
    ({"cues": {"bezel": 2}}, "cue bezel 2: a number from 0 to 1"),
    ({"box": [NAN, 0, 1, 1]}, "box .*: four numbers x1, y1, x2, y2"),
    ({"frames": [4, 2]}, "frames .4, 2.: the first and the last"),
    ({"clip": {"events": [{"onset": 3, "offset": "x"}]}}, "an event at"),
    ({"affect": [2, 0]}, "valence 2: a number from -1 to 1"),
    ({"points": [[0, NAN]]}, "points: "),
]


def line(**told) -> str:
    return json.dumps({"id": "a", "media": "0.png"} | told) + "\n"


@pytest.mark.parametrize(("told", "reason"), WRONG)
def test_a_value_that_cannot_be_is_refused_at_its_line(tmp_path: Path, told, reason):
    (tmp_path / "records.jsonl").write_text(line() + line(**told))
    with pytest.raises(FacewiseError, match=rf"records\.jsonl:2: not a record \({reason}"):
        read_records(tmp_path / "records.jsonl")


def test_what_synthesis_writes_is_no_fault(tmp_path):
    told = {"emotion": NO_PROTOTYPE, "aus": {"AU12": [0, 5.0]}, "change": {"AU12": [-5.0, 5]}, "cues": {}, "digital": "none"}
    (tmp_path / "records.jsonl").write_text(line(**told, frames=[3, 3], points=[[0.5, -2]] * 68))
    (found,) = read_records(tmp_path / "records.jsonl")
    assert found.emotion == NO_PROTOTYPE and found.frames == (3, 3)


def test_in_a_build_such_a_line_is_a_fault_and_the_others_go_on(tmp_path):
    file = drawn(tmp_path / "in", 3)
    with file.open("a") as lines:
        lines.writelines(line(**({"id": "b"} | told)) for told, _ in WRONG)
    report = built(tmp_path / "set", file)
    assert report["counts"]["records"] == 3 and report["faults"]["counts"] == {"unreadable label": len(WRONG)}
    assert report["faults"]["examples"]["unreadable label"][0].startswith("records.jsonl:4: not a record (attack 'pie'")


def test_a_subject_that_is_no_text_has_a_split():
    assert split_of("b\udcff") in ("train", "val", "test")
    assert split_of("\ud800") in ("train", "val", "test")
