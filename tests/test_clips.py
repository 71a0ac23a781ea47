"""Simulated clips: labels exact to the frame, sides that are the person's own, true flow, the same bytes from the same seed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from facewise.data_builders.clips.camcorder import sample_camcorder
from facewise.data_builders.clips.clips import frames, labelled_clip, write_labelled_clip
from facewise.data_builders.clips.distractors import DISTRACTORS
from facewise.data_builders.clips.events import Event, movement
from facewise.data_builders.clips.flow_truth import SPARSE, expression_flow, flow_between, read_flow
from facewise.data_builders.clips.scripts import Script, sample_plan, sample_script
from facewise.data_builders.clips.takes import Take
from facewise.data_builders.rig.look import Look, painting, sample_look
from facewise.data_builders.rig.render import draw, project
from facewise.data_builders.rig.rig import DRAWN, load_rig, sample_person
from facewise.data_builders.synthesis.camera import FAMILIES
from facewise.model.davison import davison_class
from facewise.model.errors import FacewiseError

SIZE, IOD_PX = (160, 96), 24.0
LEFT_SMILE = {"AU12": (5.0, 0.0)}
BROWS = {"AU1": (5.0, 5.0), "AU2": (5.0, 5.0)}
MOUTH_CORNERS = {"left": 54, "right": 48}  # iBUG: the person's own sides


@cache
def stage(shared: Path, size: tuple[int, int] = SIZE):
    """(rig, painting, person, look)."""
    rig = load_rig(shared / "data" / "ict_facekit.npz")
    rng = np.random.default_rng(1)
    paint, person = painting(rig), sample_person(rig, rng)
    return rig, paint, person, sample_look(rig, paint, rng, size)


def taken(shared: Path, plan, size=SIZE, iod_px=IOD_PX) -> tuple[Take, Look]:
    rig, paint, person, look = stage(shared, size)
    return Take(rig, paint, person, plan, size, iod_px), look


def camcorder(family: str = "dslr", fps: float = 30, **changes):
    return replace(sample_camcorder(np.random.default_rng(0), family, fps), **changes)


def still_plan(
    fps: float = 30, duration_s: float = 4, events=(("micro", LEFT_SMILE, 0.04), ("macro", BROWS, 0.05)), seed: int = 0
):
    return sample_plan(np.random.default_rng(seed), fps, duration_s, events, distractors=(), blinks_per_s=0)


def marks(take: Take, i: int) -> np.ndarray:
    """The rig's 68 points in frame i, px."""
    posed = take.posed(i)
    return project(posed.mesh, take.paint.turn, posed.view, take.size)[0][take.rig.landmark68]


def displacements(take: Take) -> np.ndarray:
    """How far each of the 68 points lies from where it was in the first frame, in IOD [frames, 68]; no head motion in the plan."""
    told = np.stack([marks(take, i) for i in range(take.plan.count)])
    return np.linalg.norm(told - told[0], axis=2) / np.linalg.norm(told[0][45] - told[0][36])


# Events on a face


@pytest.mark.shared
@pytest.mark.parametrize("fps", [30, 60])
def test_the_points_move_between_onset_and_offset_only_and_most_at_the_apex(shared, fps):
    plan = still_plan(fps, 2.5)
    height = displacements(taken(shared, plan)[0]).max(1)
    quiet = np.ones(plan.count, bool)
    for event in plan.events:
        during = slice(event.onset, event.offset + 1)
        quiet[during] = False
        assert event.onset + height[during].argmax() == event.apex
        assert height[event.apex] == pytest.approx(event.peak_iod, rel=0.25)  # seen flat: what moves in depth shrinks
    assert height[quiet].max() < 0.05 * min(event.peak_iod for event in plan.events)


@pytest.mark.shared
def test_a_smile_of_the_left_side_moves_the_corner_on_the_right_of_the_picture(shared):
    plan = still_plan(events=[("micro", LEFT_SMILE, 0.04)], duration_s=1.5)
    take, look = taken(shared, plan)
    told = [truth for _, truth in frames(take, look, camcorder())]
    left, right = (MOUTH_CORNERS[side] for side in ("left", "right"))
    assert told[0].points[left, 0] > told[0].points[right, 0]
    assert np.linalg.norm(told[0].points[45] - told[0].points[36]) == pytest.approx(IOD_PX, rel=1e-3)
    (event,) = plan.events
    moved = displacements(take)[event.apex]
    assert moved[left] > 0.03 > 0.01 > moved[right]
    assert told[event.apex].points[left, 1] < told[0].points[left, 1]  # y runs down: the corner rises
    assert told[event.apex].levels["AU12"][0] > 0 == told[event.apex].levels["AU12"][1]
    assert not any(told[i].levels for i in (event.onset, event.offset))


@pytest.mark.shared
def test_a_level_asked_for_is_the_level_at_the_apex_and_moves_in_proportion(shared):
    rig, _, person, _ = stage(shared)
    faint, strong = (Event("micro", {"AU12": (level, 0.0), "AU6": (level, 0.0)}, None, 0, 5, 12) for level in (1.0, 2.0))
    assert movement(rig, person, faint).levels() == {"AU12": (pytest.approx(1.0), 0.0), "AU6": (pytest.approx(1.0), 0.0)}
    np.testing.assert_allclose(movement(rig, person, strong).delta, 2.5 * movement(rig, person, faint).delta, atol=1e-5)
    parted = movement(rig, person, Event("micro", {"AU25": (2.0, 2.0)}, None, 0, 5, 12))
    assert parted.levels()["AU25"] == (pytest.approx(2.0), pytest.approx(2.0))
    with pytest.raises(FacewiseError, match="AU23 has no shape on the rig"):
        movement(rig, person, Event("micro", {"AU23": (2.0, 2.0)}, None, 0, 5, 12))


@pytest.mark.shared
def test_a_gaze_turns_the_eyeballs_and_ends_where_it_began(shared):
    plan = sample_plan(np.random.default_rng(2), 30, 4, (), ("gaze",), 0)
    take, _ = taken(shared, plan)
    ball = take.rig.part == DRAWN.index("M_ScleraLeft")
    rest = take.posed(0).mesh[ball]
    (span,) = plan.distractors
    far = max(range(span.start, span.end), key=lambda i: np.abs(take.course.gaze[i]).max())
    assert np.linalg.norm(take.posed(far).mesh[ball] - rest, axis=1).max() > 0.1  # cm
    np.testing.assert_array_equal(take.posed(span.end + 2).mesh, take.posed(0).mesh)


# Flow


@pytest.mark.shared
def test_a_still_pair_gives_no_flow_and_sees_the_whole_face(shared):
    take, look = taken(shared, still_plan())
    flow = flow_between(take, 0, 1)
    posed = take.posed(0)
    covered = draw(take.rig, take.paint, posed.mesh, {}, look, posed.view).covered
    assert not flow.px.any() and flow.px.shape == (SIZE[1], SIZE[0], 2)
    assert flow.seen.sum() > 0.5 * (covered > 0.5).sum()
    assert not flow.seen[covered == 0].any()


@pytest.mark.shared
def test_flow_is_what_the_vertices_that_a_pixel_shows_do(shared):
    plan = sample_plan(np.random.default_rng(3), 30, 3, [("macro", BROWS, 0.05)], ("drift", "turn"), 0)
    take, _ = taken(shared, plan, (256, 192), 52.0)
    i, j = plan.events[0].onset, plan.events[0].apex
    flow = flow_between(take, i, j)
    (start, depth), (end, _) = (project(p.mesh, take.paint.turn, p.view, take.size) for p in (take.posed(i), take.posed(j)))
    column, row = np.clip(np.rint(start).astype(int), 0, np.array(take.size) - 1).T
    front = flow.seen[row, column] & (take.rig.part == DRAWN.index("M_Face")) & (depth[:, 2] > 3)  # facing the camera
    off = np.linalg.norm(flow.px[row, column] - (end - start), axis=1)[front]
    assert front.sum() > 1500 and np.linalg.norm(end - start, axis=1)[front].mean() > 0.5
    assert np.median(off) < 0.03 and np.percentile(off, 95) < 0.3  # a vertex lies up to .7 px from the pixel's centre


@pytest.mark.shared
def test_the_flow_of_an_expression_holds_no_head_motion(shared):
    plan = sample_plan(np.random.default_rng(4), 30, 3, [("micro", LEFT_SMILE, 0.04)], ("drift", "turn", "speech"), 0)
    take, _ = taken(shared, plan, (256, 192), 52.0)
    (event,) = plan.events
    flow = expression_flow(take, event)
    moved = np.linalg.norm(flow.px.astype(float), axis=2)
    assert moved.max() == pytest.approx(0.04 * 52, rel=0.3)
    points = marks(take, event.onset)
    brows = points[17:27].mean(0).astype(int)
    assert flow.seen[brows[1], brows[0]] and moved[: brows[1]].max() < 0.1
    middle = round(points[30, 0])
    assert moved[:, middle + 8 :].sum() > 10 * moved[:, : middle - 8].sum()  # the person's left is on the picture's right
    half = expression_flow(take, event, SPARSE)
    assert half.px.shape == (96, 128, 2)
    np.testing.assert_allclose(half.px.max((0, 1)), flow.px.max((0, 1)), atol=0.1)  # px of the full frame


@pytest.mark.shared
def test_an_optical_flow_of_the_pictures_agrees_with_the_true_one(shared):
    plan = sample_plan(np.random.default_rng(5), 60, 3, [("micro", {"AU6": (2.0, 2.0), "AU12": (2.0, 2.0)}, None)], ("drift",), 0)
    take, look = taken(shared, plan, (256, 256), 70.0)
    i, j = plan.events[0].onset, plan.events[0].apex
    truth = flow_between(take, i, j)
    drawn = [draw(take.rig, take.paint, p.mesh, {}, look, p.view).pixels for p in (take.posed(i), take.posed(j))]
    one, two = (cv2.cvtColor((255 * np.sqrt(x)).astype(np.uint8), cv2.COLOR_RGB2GRAY) for x in drawn)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(0)
    inner = cv2.erode(truth.seen.astype(np.uint8), np.ones((9, 9))) > 0
    off = np.linalg.norm(dis.calc(one, two, None) - truth.px, axis=2)[inner]
    still = np.linalg.norm(truth.px.astype(float), axis=2)[inner]
    assert np.median(off) < 0.25 and np.median(off) < 0.4 * np.median(still)


# Files


def short_script(seed: int, **changes) -> Script:
    rng = np.random.default_rng(seed)
    events = [("micro", {"AU12": (2.0, 1.0)}, None), ("macro", {"AU1": (3.0, 3.0), "AU2": (3.0, 3.0)}, None)]
    plan = sample_plan(rng, 60, 3, events, DISTRACTORS)
    return replace(Script(plan, SIZE, IOD_PX, sample_camcorder(rng, "phone", 60)), **changes)


@pytest.mark.shared
def test_a_script_gives_the_same_bytes_twice_and_its_labels_tell_the_files(shared, tmp_path):
    rig, paint, person, _ = stage(shared)
    files = []
    for name in ("one", "two"):
        labels = labelled_clip(tmp_path / f"{name}.mp4", rig, paint, person, short_script(3), np.random.default_rng(9))
        files.append([(tmp_path / f"{name}{suffix}").read_bytes() for suffix in (".mp4", ".json", ".npz")])
    assert files[0] == files[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{n}{s}" for n in ("one", "two") for s in (".json", ".mp4", ".npz")
    ]
    with av.open(str(tmp_path / "one.mp4")) as container:
        rate, decoded = container.streams.video[0].average_rate, list(container.decode(video=0))
    assert (len(decoded), rate) == (labels["frames"], labels["fps"]) == (180, 60)
    assert (decoded[0].width, decoded[0].height) == (labels["width"], labels["height"]) == SIZE
    assert {span["kind"] for span in labels["distractors"]} - {"pulse"} == set(DISTRACTORS)
    assert labels["camera"]["family"] == "phone" and {"crf", "gop", "iod_px"} <= set(labels)


@pytest.mark.shared
def test_an_event_is_told_with_its_class_levels_and_flow(shared, tmp_path):
    script = short_script(4)
    take, look = taken(shared, script.plan)
    labels = write_labelled_clip(tmp_path / "clip.mp4", take, look, script.camcorder)
    by_frame = json.loads((tmp_path / "clip.json").read_text())
    assert {key: by_frame[key] for key in labels} == labels and len(by_frame["pose"]["yaw"]) == script.plan.count
    for event, told in zip(script.plan.events, labels["events"], strict=True):
        assert (told["onset"], told["apex"], told["offset"]) == (event.onset, event.apex, event.offset)
        assert told["apex_s"] == pytest.approx(event.apex / 60, abs=1e-3)
        for code, sides in told["aus"].items():
            assert by_frame["levels"][code][event.apex] == pytest.approx(sides, abs=0.01)
            assert by_frame["levels"][code][event.onset] == by_frame["levels"][code][event.offset] == [0, 0]
        if event.kind == "blink":
            assert "class" not in told
            continue
        assert told["class"] == davison_class(event.aus)
        flow, again = read_flow(tmp_path / "clip.npz", told["flow"]), expression_flow(take, event, SPARSE)
        np.testing.assert_array_equal(flow.px, again.px)
        np.testing.assert_array_equal(flow.seen, again.seen)
    smile, brows = (next(e for e in labels["events"] if e["kind"] == kind) for kind in ("micro", "macro"))
    assert (smile["class"], smile["coarse"], smile["intensity"]) == ("I", "positive", {"AU12": "B"})
    assert (brows["class"], brows["coarse"], brows["intensity"]) == ("II", "surprise", {"AU1": "C", "AU2": "C"})
    assert smile["aus"] == {"AU12": [2.0, 1.0]}


@pytest.mark.shared
def test_a_clip_that_cannot_be_written_leaves_nothing(shared, tmp_path):
    take, look = taken(shared, still_plan(duration_s=2, events=()))
    with pytest.raises(OSError, match=r"No such file or directory.*clip"):
        write_labelled_clip(tmp_path / "missing" / "clip.mp4", take, look, camcorder())
    (tmp_path / "full.mp4").mkdir()  # a name that is taken
    (tmp_path / "full.mp4" / "by").touch()
    with pytest.raises(OSError, match=r"full.mp4"):
        write_labelled_clip(tmp_path / "full.mp4", take, look, camcorder())
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


KILLED = """
import sys
from pathlib import Path
import numpy as np
from facewise.data_builders.clips.clips import labelled_clip
from facewise.data_builders.rig.look import painting
from facewise.data_builders.rig.rig import load_rig, sample_person
from facewise.data_builders.clips.scripts import sample_script
rig, rng = load_rig(sys.argv[1]), np.random.default_rng(0)
print("drawing", flush=True)
labelled_clip(Path(sys.argv[2]), rig, painting(rig), sample_person(rig, rng), sample_script(rng, "phone"), rng)
"""


@pytest.mark.shared
@pytest.mark.slow
def test_a_killed_run_leaves_nothing_that_looks_whole(shared, tmp_path):
    path = tmp_path / "clip.mp4"
    command = [sys.executable, "-c", KILLED, str(shared / "data" / "ict_facekit.npz"), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        process.stdout.readline()
        deadline = time.monotonic() + 120
        while not (begun := list(tmp_path.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGKILL)
    assert begun and process.returncode == -signal.SIGKILL
    assert all(one.name.startswith(".") for one in tmp_path.iterdir())


@pytest.mark.shared
@pytest.mark.slow
def test_drawn_scripts_become_clips(shared, tmp_path):
    rig, paint, person, _ = stage(shared)
    for seed, family in enumerate(FAMILIES):
        drawn = ((rng, sample_script(rng, family)) for rng in map(np.random.default_rng, range(100 * seed, 100 * seed + 100)))
        rng, script = min(drawn, key=lambda each: each[1].plan.count * each[1].size[0])
        labels = labelled_clip(tmp_path / f"{seed}.mp4", rig, paint, person, script, rng)
        assert labels["frames"] == script.plan.count and labels["camera"]["family"] == family
        assert len(labels["events"]) == len(script.plan.events)
