"""Lessons about clips: what is learned of a person's movements is what the assistant begins and the language model goes on with."""

import re
from pathlib import Path

import pytest
from filmed_faces import asking, filmed, smiling, spot, still, watched
from test_processing import Eyes, tiny_encoder, tiny_tokenizer

from facewise.data_builders.rows import Row, turn
from facewise.finetune.lessons.built_rows import TaughtRow
from facewise.finetune.lessons.conversations import NotTaughtError, Turn, as_told, by_evidence
from facewise.finetune.lessons.lesson import tokenised
from facewise.finetune.lessons.seen import Seen, seen_clip
from facewise.finetune.lessons.seen_store import packed, unpacked
from facewise.model.engines.fake import FakeEngine
from facewise.model.engines.protocol import Completion
from facewise.model.movements import NOTHING_MOVES
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.questions import prompt

pytestmark = pytest.mark.usefixtures("told_by_its_look")
CLIP = filmed(watched(spot(40), spot(70, "macro")), moved={40: smiling(), 70: still(AU9=(3.0, 3.0, 0.9))})
QUESTION = "What moves in this face, and when?"
ADDED = re.compile(r" \((?:frames? \d+(?: to \d+)?|AU\d+)\)")  # after the language model


class Mute(FakeEngine):
    """Leaves the words of the object."""

    def complete(self, requests):
        self.history += requests
        return [Completion("", tokens=0) for _ in requests]


@pytest.fixture(scope="module")
def processor() -> FacewiseProcessor:
    return FacewiseProcessor(tiny_tokenizer(), Eyes(tiny_encoder()))


@pytest.fixture(scope="module")
def seen(processor) -> Seen:
    return seen_clip(CLIP.seen, processor)


def taught(kind: str = "whole") -> TaughtRow:
    messages = [turn("user", QUESTION, ["video"]), turn("assistant", "One movement stands out.")]
    return TaughtRow(Row("r", messages, videos=["a.mp4"], meta={"task": "micro", "kind": kind}), Path("set"))


def test_what_is_learned_begins_as_the_assistant_begins_and_says_what_its_object_says(seen):
    engine = Mute()
    answer = asking(engine).ask(CLIP).faces[0].answer
    begun, said = seen.faces[0].movements
    assert engine.history[0].prefix == begun and said.startswith(begun)
    assert ADDED.sub("", answer.text).startswith(f"{said} At 30 frames a second")
    assert engine.history[1].prefix in said  # the second movement's beginning


def test_the_movements_of_a_clip_are_kept_with_it(seen):
    assert unpacked(packed(seen)).faces[0].movements == seen.faces[0].movements


def test_a_row_about_movements_is_answered_by_them_and_its_beginning_is_not_learned(seen, processor):
    told = by_evidence(taught(), as_told(taught(), ["video"], [seen], 0), seen.faces[0], seen.faces[0].evidence, None)
    begun, said = seen.faces[0].movements
    assert told.turns == (Turn(f"Face 1: {QUESTION}", said, begun),)
    assert told.messages()[0] == prompt(QUESTION, 0, "video")[0]
    ids, counts = tokenised(told, [seen.shown.words], processor, 0.7)
    learned = processor.tokenizer.decode(ids[counts > 0].tolist())
    assert learned.startswith(said.removeprefix(begun)[:40]) and "One movement" not in learned


def test_what_the_numbers_do_not_answer_is_left_out(seen):
    with pytest.raises(NotTaughtError, match="does not answer"):
        by_evidence(
            taught("objective"), as_told(taught("objective"), ["video"], [seen], 0), seen.faces[0], seen.faces[0].evidence, None
        )


def test_where_nothing_moves_that_is_learned(processor):
    (face,) = seen_clip(filmed(watched()).seen, processor).faces
    assert face.movements == ("", NOTHING_MOVES)


def test_a_prompt_shows_each_movement_with_its_time_kind_muscles_and_emotion(seen):
    assert (
        "Face 1, movement 1, 1.23 to 1.57 s, apex 1.33 s, possible micro-expression: lip corners pulled up 2 left; happiness 69%"
        in (seen.shown.words)
    )
    assert "movement 2, 2.23 to 2.57 s, apex 2.33 s, possible macro-expression: nose wrinkled 3; neutral" in seen.shown.words
