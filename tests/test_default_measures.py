"""What the table counts, worked by hand: sides, steps of the retargeting matrix, cues that go, classes of movements, shares."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facewise.data_builders.portraits import Portrait
from facewise.data_builders.records import Record
from facewise.eval.default import attacks, counterfactual, emotions, movements, retargeting, units
from facewise.eval.default.drawing import PosedJob, driven_jobs, person_jobs
from facewise.eval.default.live import again
from facewise.eval.default.reader import Look, Verdict, both
from facewise.model.answer import Quality
from facewise.model.network.evidence import Evidence
from facewise.model.perception.faces import DetectedFace
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS, NO_PROTOTYPE


def numbers(spoof_logit: float = 0.0, cues: tuple[str, ...] = (), **aus: tuple[float, float]) -> Evidence:
    levels = {code: (*aus.get(code, (0.0, 0.0)), 0.9 if code in aus else 0.1) for code in AU_CODES}
    emotion = dict.fromkeys((*EMOTIONS, NO_PROTOTYPE), 1 / 9)
    shown = {cue: 0.9 if cue in cues else 0.1 for cue in CUES}
    return Evidence(levels, emotion, spoof_logit, dict.fromkeys(ATTACKS, 1 / 11), shown, np.zeros((14, 14), np.float32))


def look(read: Evidence) -> Look:
    return Look(DetectedFace(0, (10.0, 10.0, 50.0, 50.0), 1.0, None), (0.0, 0.0, 60.0, 60.0), (60, 60), read)


def verdict(label: str, score: float = 0.9, **told) -> Verdict:
    return Verdict(look(numbers(**told)), Quality(True), score, label)


def record(name: str, **values) -> Record:
    return replace(Record(name, f"{name}.jpg", subject=name, split="test"), **values)


def portrait(name: str, split: str = "test") -> Portrait:
    return Portrait(Path(f"{name}.jpg"), f"portraits/{name}", split, {})


def by_name(rows):
    return {each.what: each for each in rows}


def test_a_side_is_right_by_its_stronger_half_and_named_from_a_level_on():
    def face(**read):
        truth = record("a", aus={"AU12": (3.0, 1.0), "AU2": (2.0, 2.0)})
        return units.Rendered(truth, numbers(**read), numbers())

    told = by_name(units._sides([face(AU12=(2.0, 0.5)), face(AU12=(1.2, 1.0)), face(AU12=(0.0, 2.0)), face()]))
    assert (told["sides right"].value, told["sides right"].n) == (0.5, 4)
    assert told["sides named"].value == 0.25


def test_f1_of_a_group_is_the_mean_of_its_units():
    truths = [{"AU12": (3.0, 3.0)}, {"AU12": (1.0, 1.0)}, {}, {"AU25": (2.0, 2.0)}]
    faces = [units.Rendered(record(str(i), aus=aus), numbers(), numbers()) for i, aus in enumerate(truths)]
    said = np.zeros((4, 22), bool)
    said[[0, 2], AU_CODES.index("AU12")] = True
    said[3, AU_CODES.index("AU25")] = True
    told = by_name(units._groups(faces, said, "lone still", ""))
    assert told["F1 of AU 12 18 20 22 25 26 27 43, lone still"].value == pytest.approx((0.5 + 1.0) / 2)


def steps(unit: str, *levels: float, change=None, beside=None):
    return [
        (
            record(f"{i}", change=change or {}, source={"unit": unit}),
            look(numbers(**{unit: (level, level)}, **(beside or {}) if i else {})),
        )
        for i, level in enumerate(levels)
    ]


def test_a_unit_climbs_if_it_never_falls_and_ends_higher():
    assert retargeting.climbs(steps("AU12", 0, 1, 2, 2, 3), "AU12")
    assert retargeting.climbs(steps("AU12", 0, 1, 0.95, 2), "AU12")
    assert not retargeting.climbs(steps("AU12", 0, 2, 1, 3), "AU12")
    assert not retargeting.climbs(steps("AU12", 1, 1, 1), "AU12")


def test_what_the_rig_moved_too_is_no_fault():
    moved = {"AU25": (1.5, 1.5)}
    assert retargeting.others_calm(steps("AU26", 0, 1, beside=moved)) == [False]
    assert retargeting.others_calm(steps("AU26", 0, 1, beside=moved, change={"AU25": (2.0, 2.0)})) == [True]


def test_a_cue_is_gone_when_the_bare_picture_no_longer_names_it():
    source = {"of": "x", "kind": "print"}
    records = [
        record("x-whole", source=source | {"without": "whole"}),
        record("x-dots", source=source | {"without": "dots", "cues": "halftone"}),
        record("x-paper", source=source | {"without": "paper", "cues": "paper texture"}),
        record("x-reflection", source=source | {"without": "reflection", "cues": "glare"}),
    ]
    seen = [
        verdict("spoof", cues=("halftone", "paper texture")),
        verdict("spoof", cues=("halftone",)),
        verdict("live", cues=("paper texture",)),
        verdict("spoof"),
    ]
    assert counterfactual._gone(records, seen) == [False, True]  # glare was never named


def test_uncertain_is_no_error_and_has_its_own_row():
    shown = [
        attacks.Shown(record(str(i), source={"kind": kind, "camera": "phone"}), verdict(label))
        for i, (kind, label) in enumerate(
            [("print", "live"), ("print", "uncertain"), ("print", "spoof"), ("partial eye", "spoof"), ("partial mouth", "live")]
        )
    ]
    told = by_name(attacks._errors(shown, ""))
    assert told["APCER print"].value == pytest.approx(1 / 3) and told["uncertain print"].value == pytest.approx(1 / 3)
    assert told["APCER partial"].value == 0.5 and told["APCER replay"].value is None
    assert told["APCER, the worst of these"].value == 0.5


def test_every_species_is_drawn_and_prints_and_replays_twice():
    people = [portrait(name) for name in "abcde"]
    drawn = attacks.jobs(people, 4, 0)
    kinds = [job.kind for job in drawn]
    assert kinds.count("print") == kinds.count("replay") == 8 and kinds.count("paper mask") == 4
    assert kinds.count("partial eye") + kinds.count("partial mouth") == 4 and kinds.count("live") == 16
    assert all(job.donor is not None and job.donor.subject != job.portrait.subject for job in drawn)
    longer = {job.name: job for job in attacks.jobs(people, 6, 0)}
    assert all(longer[job.name] == job for job in drawn)


def test_a_hull_is_one_box():
    assert attacks._hull(np.array([[1.0, 2, 3, 4], [0, 3, 9, 5]])).tolist() == [[0, 2, 9, 5]]
    assert attacks._hull(np.empty((0, 4))).shape == (0, 4)


def clip(name: str, events, intervals, duration_s: float = 10.0) -> movements.Watched:
    def told(onset, offset, kind, **more):
        return {"onset": onset, "offset": offset, "kind": kind, "apex_s": (onset + offset) / 60, **more}

    return movements.Watched(
        name, duration_s, [told(*each[:3], **each[3]) for each in events], [told(*each[:3], **each[3]) for each in intervals]
    )


def test_the_coarse_class_is_that_of_spotted_micro_events_and_others_are_left_out():
    seen = [
        clip(
            "00-events-30fps-crf18-040",
            [
                (10, 20, "micro", {"coarse": "positive"}),
                (40, 50, "micro", {"coarse": "other"}),
                (70, 80, "macro", {"coarse": "surprise"}),
            ],
            [
                (10, 20, "micro", {"emotion": {"coarse": "positive"}}),
                (40, 50, "micro", {"emotion": {"coarse": "negative"}}),
                (70, 80, "macro", {"emotion": {"coarse": "negative"}}),
            ],
        )
    ]
    told = by_name(movements._coarse(seen))
    assert (told["coarse UF1 at .04 IOD"].value, told["coarse UF1 at .04 IOD"].n) == (1.0, 1)
    assert told["coarse UF1 at .02 IOD"].value is None


def test_intervals_without_an_emotion_are_told_as_missing():
    events, intervals = [(10, 20, "micro", {"coarse": "positive"})], [(10, 20, "micro", {"emotion": None})]
    told = by_name(movements._coarse([clip("00-events-30fps-crf18-040", events, intervals)]))
    assert "carry no emotion" in told["coarse UF1 at .04 IOD"].why


def test_false_intervals_are_counted_over_clips_without_an_event():
    seen = [clip("24-nothing-gaze", [], [(1, 9, "micro", {})], 30.0), clip("25-nothing-turn", [], [], 30.0)]
    (told,) = movements._distracted(seen)
    assert (told.value, told.met) == (1.0, True)


def test_kinds_are_matched_apart_and_an_apex_within_67_ms_counts():
    seen = [clip("00-events-x", [(10, 20, "micro", {}), (50, 80, "macro", {})], [(10, 20, "micro", {}), (50, 80, "micro", {})])]
    told = by_name(movements._f1(seen))
    assert told["spotting F1, micro"].value == pytest.approx(2 / 3) and told["spotting F1, macro"].value == 0.0
    assert told["spotting F1, any kind"].value == 1.0
    assert movements._apexes(seen).value == 1.0


def test_every_person_is_drawn_at_rest_and_in_four_expressions(tmp_path):
    jobs = person_jobs(tmp_path, 2, 5)
    assert [isinstance(job, PosedJob) for job in jobs] == [True, False, False, False, False] * 2
    assert len({job.name for job in jobs}) == 10 and {job.subject for job in jobs} == {"default/5/0", "default/5/1"}
    assert len(driven_jobs(tmp_path, [portrait("a"), portrait("b")], ("AU1", "AU2"))) == 4


def test_people_take_turns():
    assert again([1, 2, 3], 7) == [1, 2, 3, 1, 2, 3, 1]


def test_pairs_without_one_of_two_are_left_out():
    assert both([1, None, 3], ["a", "b", None]) == ([1], ["a"])
    assert both([], []) == ([], [])


class Shown:
    """Reader and material in one: people with the numbers that would be read of them."""

    def __init__(self, read: dict[str, Evidence], **told: dict):
        self.people = [replace(portrait(name), path=Path("portraits") / name, **told.get(name, {})) for name in read]
        self._looks = {name: look(each) for name, each in read.items()}

    def looks(self, pictures):
        return [self._looks[each.path.name] for each in pictures]


@pytest.fixture
def unread(monkeypatch):
    """Photos stand for themselves."""
    for module in (units, emotions):
        monkeypatch.setattr(module, "photos", list)


def test_smiles_are_held_against_the_teachers_order(unread):
    read = {name: numbers(AU12=(level, level)) for name, level in zip("abcd", (0.0, 1.0, 2.0, 4.0), strict=True)}
    told = {name: {"aus": {"AU12": (level, level)}} for name, level in zip("abcd", (0.0, 3.0, 2.0, 5.0), strict=True)}
    (got,) = units.units_on_portraits(Shown(read), Shown(read, **told))
    assert got.n == 4 and got.value == pytest.approx(0.8) and got.met is False  # 1 - 6 * 2 / (4 * 15)


def test_two_photos_have_no_order(unread):
    read = {name: numbers() for name in "ab"}
    (got,) = units.units_on_portraits(Shown(read), Shown(read, a={"aus": {"AU12": (0.0, 0.0)}}))
    assert got.value is None and got.n == 1


def felt(label: str, **aus) -> Evidence:
    return replace(numbers(**aus), emotion={name: 0.9 if name == label else 0.0125 for name in (*EMOTIONS, NO_PROTOTYPE)})


def test_calm_people_are_those_at_rest_and_those_whom_the_teacher_sees_without_a_smile(unread):
    read = {
        "a": felt("neutral"),
        "b": felt("sadness", AU4=(3.5, 3.5)),
        "c": felt("happiness", AU12=(4.0, 4.0)),
        "d": felt("neutral", AU1=(2.0, 2.0)),
    }
    told = {
        "a": {"at_rest": True},
        "b": {"at_rest": True},
        "c": {"aus": {"AU12": (4.0, 4.0)}},
        "d": {"aus": {"AU12": (0.2, 0.0)}},
    }
    people = Shown(read, **told)
    rows = by_name(emotions.neutral_faces(people, people))
    assert (rows["neutral faces without a strong unit"].value, rows["neutral faces without a strong unit"].n) == (
        pytest.approx(2 / 3),
        3,
    )
    assert rows["neutral faces called neutral"].value == pytest.approx(2 / 3)
    (happy,) = emotions.smiles(people, people)
    assert (happy.value, happy.n) == (1.0, 1)
