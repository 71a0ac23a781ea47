"""Questions about clips: movements settled before words, muscles against the person's own rest, a verdict over a few frames."""

import json
import re

import jsonschema
import pytest
from filmed_faces import FPS, asking, filmed, smiling, spot, still, watched, whole
from test_assistant import evidence, odds, picture

from facewise.model.agreement import agrees
from facewise.model.answer import schema
from facewise.model.asked import asked_for
from facewise.model.engines.fake import FAKE, FakeEngine
from facewise.model.errors import FacewiseError
from facewise.model.movements import KINDS, NEVER_READ, NOTHING_MOVES, movement_answer
from facewise.model.perception.patches import REGIONS
from facewise.model.questions import task_of
from facewise.model.readings import beyond_rest
from facewise.model.sightings import face_told

pytestmark = pytest.mark.usefixtures("told_by_its_look")
ONE = {"moved": {40: smiling()}}
SAYS = " lip corners pulled up on the left. The configuration resembles happiness (69%)."


def valid(reply):
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())
    return reply.faces[0].answer


def engine(*texts: str, **more) -> FakeEngine:
    return FakeEngine([text.removesuffix(".") + "." for text in texts], **more)


# Movements


def test_a_clip_is_asked_for_its_movements_where_nothing_is_asked():
    made = engine(SAYS)
    answer = valid(asking(made).ask(filmed(watched(spot(40)), **ONE)))
    assert answer.task == "micro" and answer.baseline == "clip"
    (interval,) = answer.intervals
    assert (interval.onset, interval.apex, interval.offset) == (37, 40, 47) and interval.onset_s == pytest.approx(
        37 / FPS, abs=1e-3
    )
    assert interval.aus["AU12"].intensity == pytest.approx(2.1) and interval.aus["AU12"].side == "left"
    assert interval.emotion.label == "happiness" and interval.emotion.coarse == "positive"
    assert interval.regions == ("left lip corner", "left cheek")
    assert interval.text in answer.text


def test_what_when_and_which_kind_stand_before_the_words_and_frames_are_added_behind():
    made = engine(SAYS)
    answer = valid(asking(made).ask(filmed(watched(spot(40)), **ONE)))
    prefix = made.history[0].prefix
    assert prefix == (
        "One movement stands out. Movement 1, from 1.23 to 1.57 s with its apex at 1.33 s, is a possible micro-expression around the "
        "left lip corner and the left cheek. The face shows"
    )
    assert answer.text.startswith(
        "One movement stands out. Movement 1, from 1.23 to 1.57 s (frames 37 to 47) with its apex at 1.33 s (frame 40), is a possible "
        "micro-expression around the left lip corner and the left cheek. The face shows lip corners pulled up (AU12) on the left."
    )
    assert answer.text.endswith("At 30 frames a second nothing shorter than 0.17 s is claimed.")


def test_the_engine_is_asked_over_the_clip_and_every_movement_has_its_own_bans():
    made = engine(SAYS, " nose wrinkled. The configuration resembles a neutral face (92%).")
    moved = {40: smiling(), 70: still(AU9=(3.0, 3.0, 0.9))}
    answer = valid(asking(made).ask(filmed(watched(spot(40), spot(70, "macro")), moved=moved)))
    first, second = made.history[:2]
    assert first.pictures == () and len(first.clips) == 1 and first.messages[0]["content"][0] == {"type": "video"}
    assert "nose wrinkled" in first.banned and "lip corners pulled up" not in first.banned
    assert "lip corners pulled up" in second.banned and "nose wrinkled" not in second.banned
    assert "Movement 1" in second.prefix and "lip corners pulled up on the left" in second.prefix  # settled, not written
    assert re.findall(r"Movement (\d).*?is a (possible m\wcro)", answer.text) == [
        ("1", "possible micro"),
        ("2", "possible macro"),
    ]
    assert "nose wrinkled (AU9)" in answer.intervals[1].text and "AU12" not in answer.intervals[1].text


def test_a_text_that_contradicts_a_movement_is_written_again_and_then_cut():
    lie = " brows drawn down. The left brow moved at 3.2 s. She is angry."
    made = engine(lie, lie)
    answer = valid(asking(made).ask(filmed(watched(spot(40)), **ONE)))
    assert len(made.history) == 2 and made.history[1].prefix.endswith("resembles happiness (69%).")
    assert not re.search(r"brow|3\.2|angry", answer.text)
    (interval,) = answer.intervals
    assert agrees(
        "The face shows " + answer.text.partition("The face shows ")[2].partition(" At 30")[0], movement_answer(interval)
    )


def test_words_about_the_next_movement_are_left_to_it():
    made = engine(f"{SAYS} Movement 2, from 9.99 s to 12.0 s, is a fact", SAYS)
    moved = {40: smiling(), 70: smiling()}
    answer = valid(asking(made).ask(filmed(watched(spot(40), spot(70)), moved=moved)))
    assert "9.99" not in answer.text and "Movement 2, from 2.23" in answer.text


def test_a_clip_in_which_nothing_moves_says_so_and_no_word_is_asked_for():
    made = engine()
    answer = valid(asking(made).ask(filmed(watched())))
    assert (
        answer.intervals == () and answer.text == f"{NOTHING_MOVES} At 30 frames a second nothing shorter than 0.17 s is claimed."
    )
    assert made.history == []


def test_blinks_and_what_is_explained_otherwise_are_no_expression():
    face = watched(spot(40, "blink", regions={}), explained=("gaze", "speech", "gaze"))
    answer = valid(asking().ask(filmed(face)))
    assert answer.text.startswith("No expression stands out. All that happens is a blink, a shift of the gaze and speech.")
    assert answer.intervals[0].aus is None and answer.intervals[0].text == "A blink from 1.23 to 1.57 s (frames 37 to 47)."


def test_of_fewer_than_five_frames_nothing_is_claimed():
    reply = asking().ask(filmed(watched(frames=3)))
    answer = valid(reply)
    assert "3 frames" in answer.text.replace("three", "3") and "no movement is claimed" in answer.text
    assert NOTHING_MOVES not in answer.text and reply.faces[0].streams["motion"] is False


def test_a_face_that_was_never_read_is_said_to_be_so():
    clip = filmed(watched(spot(40)))
    clip.seen.evidence.clear()
    assert valid(asking().ask(clip)).text == NEVER_READ
    assert valid(asking().ask(clip, task="au")).text == NEVER_READ


def test_more_movements_than_a_prompt_shows_are_counted_and_the_surest_described():
    spots = [spot(21 + 2 * n, ratio=2 + n) for n in range(20)]
    made = engine()
    answer = valid(asking(made).ask(filmed(watched(*spots), moved={s.apex: smiling() for s in spots})))
    assert len(answer.intervals) == 20 and "20 movements stand out. The surest 15 are described." in answer.text
    assert all(interval.text for interval in answer.intervals)


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_expression_is_a_fact(kind):
    answer = valid(asking(engine(SAYS)).ask(filmed(watched(spot(40, kind)), **ONE)))
    assert all(found.group(1) == "possible" for found in re.finditer(r"(\w+) m\wcro-expression", answer.text))
    lie = movement_answer(answer.intervals[0])
    assert not agrees("The face shows lip corners pulled up on the left. It is a micro-expression of happiness (69%).", lie)


def test_without_emotion_no_interval_names_one():
    made = engine(" lip corners pulled up on the left.")
    answer = valid(asking(made).ask(filmed(watched(spot(40)), **ONE), emotion=False))
    assert answer.intervals[0].emotion is None and "happiness" not in answer.text and "happiness" in made.history[0].banned


def test_regions_in_free_words_must_have_moved():
    one = movement_answer(valid(asking(engine(SAYS)).ask(filmed(watched(spot(40)), **ONE))).intervals[0])
    said = "The face shows lip corners pulled up on the left. The configuration resembles happiness (69%)."
    assert agrees(f"{said} The left cheek moves with it.", one)
    for wrong in (
        "The right cheek moves.",
        "The chin rises.",
        "Both inner brows twitch.",
        "Nothing moves.",
        "There are three movements.",
    ):
        assert not agrees(f"{said} {wrong}", one), wrong


def test_every_region_that_perception_names_is_known_to_the_check():
    from facewise.model.agreement import _REGION

    assert all(_REGION.fullmatch(name) for name in REGIONS)


# Other tasks


def test_muscles_are_told_at_the_strongest_moment_against_the_persons_rest():
    made = engine(" lip corners pulled up on the left.")
    rest = still(AU12=(1.0, 0.2, 0.6))
    clip = filmed(watched(spot(40, ratio=9.0), spot(70)), moved={40: smiling(), 70: still(AU9=(3.0, 3.0, 0.9))}, rest=rest)
    reply = asking(made).ask(clip, task="au")
    answer = valid(reply)
    assert reply.faces[0].frame == 40 and answer.baseline == "clip" and answer.emotion is None
    assert answer.aus["AU12"].intensity == pytest.approx(1.2)
    assert answer.text.startswith("The strongest moment is at 1.33 s (frame 40). The face shows lip corners pulled up (AU12)")
    assert "nose wrinkled" in made.history[0].banned


def test_words_about_a_moment_name_no_region_that_did_not_move():
    made = engine(*[" lip corners pulled up on the left. The left cheek moves. The chin moves."] * 2)
    text = asking(made).ask(filmed(watched(spot(40)), **ONE), task="au").text
    assert "left cheek" in text and "chin" not in text


def test_where_nothing_moves_the_face_at_rest_is_told_against_people_at_large():
    answer = valid(asking(engine(" lip corners pulled up on both sides.")).ask(filmed(watched(), rest=smiling()), task="au"))
    assert answer.baseline == "population" and answer.text.startswith(NOTHING_MOVES) and answer.aus["AU12"].intensity > 2


def test_a_given_neutral_face_takes_the_place_of_the_clips_rest():
    assistant = asking(engine(SAYS), still(AU12=(2.0, 0.2, 0.6)))
    answer = valid(assistant.ask(filmed(watched(spot(40)), **ONE), task="au", neutral=picture("calm")))
    assert answer.baseline == "given" and answer.aus["AU12"].intensity == pytest.approx(0.2)


def test_a_verdict_is_the_mean_over_spread_frames_before_it_meets_the_threshold():
    made = FakeEngine(logprobs=[odds(value) for value in (-6.0, -6.0, 6.0, 6.0, 6.0)])
    reply = asking(made, evidence(0.0)).ask(filmed(watched(frames=100)), task="spoof")
    answer = valid(reply)
    scores = [1 / (1 + 2.718281828 ** (-value / 2)) for value in (-6.0, -6.0, 6.0, 6.0, 6.0)]
    assert answer.score == pytest.approx(sum(scores) / 5, abs=1e-3) and answer.label == "uncertain"
    assert answer.frames == (10, 30, 50, 70, 90) and "mean over 5 frames" in answer.text and answer.text.startswith("Uncertain.")
    assert len(made.history[0].pictures) == 1 and made.history[-1].clips


def test_a_spoofed_clip_has_its_area_in_the_frame_that_shows_it_best():
    made = FakeEngine(logprobs=[odds(value) for value in (5.0, 6.0, 9.0, 6.0, 6.0)])
    reply = asking(made, evidence(5.0)).ask(filmed(watched(frames=100)), task="spoof")
    answer = valid(reply)
    assert answer.label == "spoof" and reply.faces[0].frame == 50 and answer.boxes and answer.attack == "replay"


def test_free_words_may_name_what_any_movement_shows_and_nothing_else():
    made = engine(" A beard. The nose wrinkled.")
    moved = {40: smiling(), 70: still(AU9=(3.0, 3.0, 0.9))}
    answer = valid(asking(made).ask(filmed(watched(spot(40), spot(70)), moved=moved), "Is there a beard?"))
    assert answer.task == "chat" and answer.text.startswith("A beard.") and "nose wrinkled (AU9)" in answer.text
    assert "brows drawn down" in made.history[0].banned and "nose wrinkled" not in made.history[0].banned
    assert len(answer.intervals) == 2


def test_a_description_of_a_clip_is_of_its_strongest_moment():
    answer = valid(asking(engine(SAYS)).ask(filmed(watched(spot(40)), **ONE), task="describe"))
    assert answer.text.startswith("The strongest moment") and "happiness" in answer.text and len(answer.intervals) == 1


def test_every_person_of_a_clip_is_answered_and_one_can_be_chosen():
    clip = filmed(watched(spot(40)), watched(number=1), moved={40: smiling()})
    reply = asking(engine(SAYS)).ask(clip)
    assert [face.id for face in reply.faces] == [0, 1] and NOTHING_MOVES in reply.faces[1].text
    streamed = whole(asking(engine(SAYS)).stream(clip, 1, asked_for(is_clip=True)))
    assert [face.id for face in streamed.faces] == [1]
    with pytest.raises(FacewiseError, match="face 3: clip.mp4 shows 2"):
        whole(asking().stream(clip, 2, asked_for(is_clip=True)))


def test_a_stream_about_a_clip_grows_and_ends_with_what_ask_says():
    clip = filmed(watched(spot(40), spot(70)), moved={40: smiling(), 70: smiling()})
    heard, stream = [], asking(engine(SAYS, SAYS)).stream(clip, 0, asked_for(is_clip=True))
    while True:
        try:
            heard.append(next(stream))
        except StopIteration as ended:
            reply = ended.value
            break
    assert len(heard) > 6 and heard[0].startswith("Two movements stand out. Movement 1")
    assert reply.text == asking(engine(SAYS, SAYS)).ask(clip).text


def test_a_clip_of_nobody_is_answered_by_a_note():
    reply = asking().ask(filmed(), task="spoof")
    assert reply.faces == () and "No face could be read in this clip" in reply.note


def test_pictures_and_clips_are_asked_together_each_by_its_own_default():
    clip = filmed(watched(spot(40)), **ONE)
    replies = asking(None, evidence()).ask([picture("one"), clip])
    assert [reply.faces[0].answer.task for reply in replies] == ["describe", "micro"] and FAKE in replies[0].text


@pytest.mark.parametrize("asked", [{"task": "micro"}, {"question": "Is there a micro-expression?"}])
def test_a_picture_is_not_asked_for_a_movement(asked):
    clip = filmed(watched(spot(40)), **ONE)
    good, bad = asking(None, evidence()).ask([clip, picture("one")], **asked)
    assert not good.error and "give a clip" in bad.error


def test_who_someone_is_is_declined_of_a_clip_too():
    made = engine()
    assert (
        "cannot tell who" in asking(made).ask(filmed(watched(spot(40)), **ONE), "Who is this person?").text and made.history == []
    )


def test_what_see_reports_of_a_movement_is_what_ask_holds_of_it():
    clip = filmed(watched(spot(40)), **ONE)
    (told,) = face_told(clip.seen.moments.watched.faces[0], clip.seen)["intervals"]
    (held,) = asking(engine(SAYS)).ask(clip).to_dict()["faces"][0]["answer"]["intervals"]
    json.dumps(told)
    assert {name: told[name] for name in ("onset", "apex_s", "kind", "aus")} == {
        name: held[name] for name in ("onset", "apex_s", "kind", "aus")
    }
    assert told["emotion"]["label"] == "happiness" and [part["region"] for part in told["regions"]] == held["regions"]


# Questions and numbers


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("Which muscles are moving?", "micro"),
        ("What happened, and when?", "micro"),
        ("Is this a live person moving?", "spoof"),
        ("Which muscles are active?", "au"),
        ("Which emotion does it resemble?", "emotion"),
        ("Is there a beard?", "chat"),
    ],
)
def test_words_of_movement_decide_what_is_asked_of_a_clip(question, task):
    assert task_of(question, is_clip=True) == task


def test_an_emotion_beyond_rest_is_what_the_movement_gained():
    rest, moved = still(), smiling(0.5)
    beyond = beyond_rest(moved, rest).emotion
    assert sum(beyond.values()) == pytest.approx(1) and beyond["happiness"] == pytest.approx(0.49)
    always = beyond_rest(smiling(), smiling()).emotion
    assert always["neutral"] == pytest.approx(1)
