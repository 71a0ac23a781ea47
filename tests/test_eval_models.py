"""Each kind of model: what an answer's object, a tool's table or a chat says, in the label space of the benchmark."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from facewise.data_builders.records import Record
from facewise.eval.asking.items import Item
from facewise.eval.benchmarks.benchmarks import BENCHMARKS
from facewise.eval.models.choosing import Asked, check_model
from facewise.eval.models.facewise import FacewiseModel, _sources, in_thousandths, movements
from facewise.eval.models.protocol import Said, Shown
from facewise.eval.models.tool_tables import TableModel
from facewise.model.answer import ActionUnitReading, Answer, Cue, Digital, Emotion, Face, Interval, Quality, Reply
from facewise.model.clips import ToldMovement
from facewise.model.errors import FacewiseError
from facewise.model.perception.picture import Picture
from facewise.model.replies import UNPARSED

CALIBRATION = {"llm": 1.0, "head": 1.0, "bias": 0.0, "low": 0.3, "high": 0.7}
PICTURE = Picture(np.zeros((50, 100, 3), np.uint8))


def reply(answer: Answer | None) -> Reply:
    if answer is None:
        return Reply("x", (), "m", note="No face was found in this picture.")
    streams = {"landmarks": True, "spoof": True, "motion": False}
    return Reply("x", (Face(0, (0, 0, 1, 1), Quality(True), streams, answer),), "m")


EITHER = "uniattackdata-p1"


def said(name: str, *answers: Answer | None, **more) -> Said:
    """What a benchmark hears from an assistant that gives these answers, one a picture."""
    asked = []

    def ask(pictures, question, task):
        asked.append((len(pictures), question, task))
        return [reply(answer) for answer in answers]

    eyes = SimpleNamespace(perceive=lambda picture: None)
    model = FacewiseModel(SimpleNamespace(ask=ask, name="m", calibration=CALIBRATION, perceiver=eyes))
    benchmark = replace(BENCHMARKS[name], **more)
    shown = Shown(Item(Record("r", "r.png"), None), (PICTURE,) * len(answers), benchmark.question)
    ((_, found),) = model.answers(iter([[shown]]), benchmark)
    assert asked[0][:2] == (len(answers), benchmark.question)
    return found


def feeling(**scores: float) -> Answer:
    return Answer("emotion", "It resembles something.", emotion=Emotion("uncertain", scores))


def test_an_emotion_is_the_likeliest_of_the_label_space():
    assert said("rafdb", feeling(contempt=0.5, fear=0.3, anger=0.2)).label == "fear"
    assert said("affectnet-8", feeling(contempt=0.5, fear=0.3, anger=0.2)).label == "contempt"
    assert said("smic-hs", feeling(fear=0.2, anger=0.25, happiness=0.4)).label == "negative"


def test_others_of_a_label_space_are_all_that_no_other_label_is():
    assert said("samm-5", feeling(fear=0.2, sadness=0.2, anger=0.3)).label == "others"
    assert said("casme3-7", feeling(**{"fear": 0.2, "anger": 0.3, "no clear prototype": 0.35})).label == "others"
    assert said("casme2-5", feeling(disgust=0.5, sadness=0.4)).label == "disgust"


def test_of_a_micro_expression_whose_moments_are_told_the_clip_is_looked_at(tmp_path, examples):
    event = {"onset": 52, "offset": 73, "apex": 58}
    record = Record("r", str(examples / "invented-clip.mp4"), clip={"fps": 30, "events": [event]})
    benchmark = BENCHMARKS["casme2-3"]
    (source,) = _sources(Shown(Item(record, "surprise"), (PICTURE,) * 3, benchmark.question), benchmark)
    assert isinstance(source, ToldMovement) and (source.onset, source.apex, source.offset) == (52, 58, 73)
    assert _sources(Shown(Item(record, "surprise"), (PICTURE,) * 3, "?"), BENCHMARKS["dfew-1"]) == [PICTURE] * 3


def test_pictures_of_a_clip_are_averaged_and_those_without_a_face_left_out():
    found = said("dfew-1", feeling(fear=0.9, anger=0.1), None, feeling(fear=0.0, anger=0.9))
    assert found.label == "anger" and found.scores["anger"] == 0.5
    assert said("dfew-1", None).label == UNPARSED and "No face" in said("dfew-1", None).text


def test_a_verdict_keeps_its_label_and_score():
    found = said("oulu-1", Answer("spoof", "Spoof.", label="uncertain", score=0.6))
    assert (found.label, found.scores) == ("uncertain", {"spoof": 0.6})
    two = said("oulu-1", Answer("spoof", "Live.", label="live", score=0.1), Answer("spoof", "Spoof.", label="spoof", score=0.8))
    assert (two.label, two.scores["spoof"]) == ("uncertain", pytest.approx(0.45))
    assert said("oulu-1", Answer("spoof", "Live.", label="live", score_missing="none")).scores == {}
    assert said("siw-mv2-types", Answer("spoof", "-", label="spoof", score=0.9, attack="print")).label == "print"
    assert said("siw-mv2-types", Answer("spoof", "-", label="live", score=0.1)).label == "live"


def test_a_verdict_on_attacks_is_none_on_altered_pictures():
    assert said("celeb-df", Answer("spoof", "Live.", label="live", score=0.1)).label == UNPARSED
    found = said("celeb-df", Answer("spoof", "-", digital=Digital(0.8, "face swap")))
    assert (found.label, found.scores["spoof"]) == ("spoof", 0.8)


def test_of_attacks_of_both_kinds_one_is_enough_and_both_must_be_told():
    live, swapped = Answer("spoof", "-", label="live", score=0.1), Digital(0.8)
    assert said(EITHER, live).label == said(EITHER, Answer("spoof", "-", digital=swapped)).label == UNPARSED
    found = said(EITHER, replace(live, digital=swapped))
    assert (found.label, found.scores) == ("spoof", {"spoof": 0.8})
    assert said(EITHER, replace(live, digital=Digital(0.05))).label == "live"
    assert said(EITHER, replace(live, label="uncertain", score=0.5, digital=Digital(0.05))).label == "uncertain"


def test_units_are_active_as_the_text_names_them_or_from_the_protocols_level_on():
    aus = {"AU12": ActionUnitReading(1.4, 0.9), "AU4": ActionUnitReading(2.2, 0.8), "AU1": ActionUnitReading(2.5, 0.1)}
    found = said("bp4d", Answer("au", "-", aus=aus))
    assert found.label == ["AU4", "AU12"] and found.scores["AU12"] == 1.4 and found.scores["AU23"] is None
    assert said("disfa-8", Answer("au", "-", aus=aus)).label == ["AU1", "AU4"]


def test_cues_and_boxes_come_from_the_object():
    answer = Answer("spoof", "-", label="spoof", score=1.0, cues=(Cue("moire", 0.9), Cue("bezel", 0.8)), boxes=((10, 5, 50, 25),))
    assert said("synth-cues", answer).label == ["bezel", "moire"]
    assert said("synth-boxes", answer).label == [[100, 100, 500, 500]] == [in_thousandths((10, 5, 50, 25), 100, 50)]


def test_movements_are_the_expressions_among_a_clips_intervals():
    found = movements(
        Answer(
            "micro",
            "-",
            intervals=(
                Interval(3, 5, 9, "micro", 0.8, emotion=Emotion("disgust", {}, "negative")),
                Interval(20, 22, 25, "blink", 0.9),
                Interval(30, 40, 70, "macro", 0.5),
            ),
        )
    )
    assert found == [
        {"onset": 3, "offset": 9, "kind": "micro", "score": 0.8, "emotion": "negative"},
        {"onset": 30, "offset": 70, "kind": "macro", "score": 0.5, "emotion": ""},
    ]


def test_what_the_object_does_not_hold_is_read_from_the_words():
    assert said("utkface", Answer("chat", "Perhaps 40 years old.")).label == 40
    assert said("utkface", Answer("chat", "I cannot say.")).label == UNPARSED
    assert said("utkface", Answer("age", "-", age=33.0)).label == 33


OPENFACE = """frame, face_id, timestamp, confidence, success, AU04_r, AU12_r, AU04_c, AU12_c, AU45_c
1, 0, 0.0, 0.98, 1, 0.4, 3.0, 0.0, 1.0, 1
2, 0, 0.1, 0.98, 1, 2.4, 0.2, 1.0, 0.0, 0
3, 0, 0.2, 0.10, 0, 5.0, 5.0, 1.0, 1.0, 0
"""
PYFEAT = "input,frame,FaceRectX,AU04,AU12,anger,happiness\na.jpg,0,3,0.2,0.9,0.1,0.8\nb.jpg,1,3,0.7,0.1,0.6,0.2\n"


def table_said(model: TableModel, name: str, record: Record) -> Said:
    shown = Shown(Item(record, None), (), "?")
    ((_, found),) = model.answers(iter([[shown]]), BENCHMARKS[name])
    return found


def test_openfaces_levels_and_presence_by_frame(tmp_path):
    (tmp_path / "SN001.csv").write_text(OPENFACE)
    model = TableModel(tmp_path)
    first, second, lost = (table_said(model, "disfa-8", Record("r", "videos/SN001.avi", frames=(n, n))) for n in (0, 1, 2))
    assert first.label == ["AU12"] and second.label == ["AU4"] and second.scores["AU4"] == 2.4
    assert lost.label == UNPARSED and table_said(model, "disfa-8", Record("r", "other.avi", frames=(0, 0))).label == UNPARSED
    assert table_said(model, "bp4d", Record("r", "SN001.avi", frames=(0, 1))).label == ["AU4", "AU12"]


def test_pyfeats_probabilities_and_emotions_by_picture(tmp_path):
    (tmp_path / "fex.csv").write_text(PYFEAT)
    model = TableModel(tmp_path / "fex.csv")
    assert table_said(model, "bp4d", Record("r", "pictures/A.jpg")).label == ["AU12"]
    assert table_said(model, "rafdb", Record("r", "b.jpg")).label == "anger"
    assert table_said(model, "smic-hs", Record("r", "b.jpg")).label == "negative"
    with pytest.raises(FacewiseError, match="oulu-1 asks for neither"):
        table_said(model, "oulu-1", Record("r", "b.jpg"))


@pytest.mark.parametrize("text, fault", [("a,b\n1,2\n", "no table with columns"), ("input,AU12\na.jpg,much\n", "fex.csv:2")])
def test_a_table_that_is_none_is_told(tmp_path, text, fault):
    (tmp_path / "fex.csv").write_text(text)
    with pytest.raises(FacewiseError, match=fault):
        TableModel(tmp_path)


def test_a_models_name_says_what_it_is(tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/config.json").write_text('{"model_type": "facewise"}')
    (tmp_path / "peer").mkdir()
    (tmp_path / "peer/config.json").write_text('{"model_type": "qwen3_vl"}')
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "p.jsonl").write_text("")
    kinds = [("default", "facewise"), ("ours", "facewise"), ("peer", "transformers"), ("a.csv", "tables"), ("p.jsonl", "given")]
    for name, kind in kinds:
        assert check_model(Asked(name if name == "default" else str(tmp_path / name))) == kind
    assert check_model(Asked("https://host/v1", served="x")) == "server"
    assert check_model(Asked("default", engine="vllm")) == "facewise"
    with pytest.raises(FacewiseError, match="--engine vllm runs a model folder of ours, and .*peer is none"):
        check_model(Asked(str(tmp_path / "peer"), engine="vllm"))
    (tmp_path / "peer/config.json").write_text("{}")
    with pytest.raises(FacewiseError, match="model_type is not told"):
        check_model(Asked(str(tmp_path / "peer")))
