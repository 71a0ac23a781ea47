"""Stop on the chat page: the engine ends within a token, and what comes next waits for nothing else. Order and counts, no seconds."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from test_assistant import SMILE, assistant, evidence
from test_page import Everywhere, models, photo, talk

from facewise.model.engines.protocol import Completion
from facewise.serve.page import batch, sources
from facewise.serve.page.app import Page, blocks
from facewise.serve.page.conversation import Conversation
from facewise.serve.page.layout import Parts
from facewise.serve.page.stopping import Stoppable, StoppedError
from facewise.serve.page.talking import Talking

QUESTION = "Which facial muscles are active?"
WORDS = ["lip", "corners", "pulled", "up", "and", "cheeks", "raised."]


class Counted:
    """An engine like that of transformers, which looks between tokens whether anybody waits; `steps` counts its tokens."""

    name = "hf"

    def __init__(self, streamed: tuple[str, ...] = tuple(f" {word}" for word in WORDS), most: int = 96):
        self.streamed, self.most = streamed, most
        self.steps, self.is_closed, self.on_step = 0, False, lambda: None

    def complete(self, requests, has_left) -> list[Completion]:
        for _ in range(self.most if any(request.max_tokens for request in requests) else 0):
            if all(has_left(number) for number in range(len(requests))):
                break
            self._step()
        return [Completion("", dict.fromkeys(request.choices, -0.7), 1) for request in requests]

    def stream(self, request) -> Iterator[str]:
        try:
            for word in self.streamed:
                self._step()
                yield word
        finally:
            self.is_closed = True

    def _step(self) -> None:
        self.steps += 1
        self.on_step()


def talking_with(engine: Counted) -> tuple[Talking, Conversation]:
    asking = models()
    asking._assistant = assistant(engine, a=[evidence(**SMILE)])
    asking._perceiver = asking._assistant.perceiver
    return Talking(Parts(*(f"part {number}" for number in range(len(fields(Parts))))), asking), talk(photo())


def test_a_stopped_answer_takes_no_further_step_of_the_engine():
    engine = Counted()
    talking, conversation = talking_with(engine)
    growing = talking.ask(QUESTION, conversation)
    next(growing), next(growing)
    conversation.stop()
    steps = engine.steps
    ended = list(growing)
    assert engine.steps <= steps + 1 and engine.is_closed
    assert len(ended) == 1 and [turn.text.endswith("(stopped)") for turn in conversation.turns] == [False, True]


def test_what_is_written_again_without_streaming_is_stopped_too():
    """A text that contradicts the numbers is written once more, in one call of 96 tokens."""
    engine = Counted(streamed=(" lips pressed together,", " brows lowered."))
    talking, conversation = talking_with(engine)

    def stop_in_the_second_writing() -> None:
        if engine.steps == 5:
            conversation.stop()

    engine.on_step = stop_in_the_second_writing
    list(talking.ask(QUESTION, conversation))
    assert engine.steps == 5 and conversation.turns[-1].text.endswith("(stopped)")


def test_a_new_question_is_not_touched_by_the_one_that_was_stopped():
    engine = Counted()
    talking, conversation = talking_with(engine)
    old = talking.ask(QUESTION, conversation)
    next(old), next(old)
    conversation.stop()
    new = talking.ask("What moves?", conversation)
    next(new)
    asked = conversation.pending
    list(old)
    assert conversation.pending is asked and asked.text == ""
    list(new)
    assert [turn.question for turn in conversation.turns] == ["", QUESTION, "What moves?"] and conversation.pending is None
    assert conversation.turns[-1].reply


def test_after_a_conversation_is_left_its_answer_shows_nothing():
    talking, conversation = talking_with(Counted())
    growing = talking.ask(QUESTION, conversation)
    next(growing), next(growing)
    shown = talking.instead(conversation, Conversation())
    assert shown[talking.parts.talk] == [] and list(growing) == []


def test_stop_and_ask_are_there_when_they_can_be_pressed():
    talking, conversation = talking_with(Counted())
    growing = talking.ask(QUESTION, conversation)
    begun = next(growing)
    assert (begun[talking.parts.ask]["visible"], begun[talking.parts.stop]["visible"]) == (False, True)
    conversation.reading = object()  # a clip is read meanwhile
    ended = list(growing)[-1]
    assert (ended[talking.parts.ask]["visible"], ended[talking.parts.stop]["visible"]) == (True, True)


def test_a_stopped_reading_adds_nothing_and_leaves_no_file(tmp_path, monkeypatch):
    watched = []

    def reading(path, models, keep):
        watched.append(path)
        yield "frame 1"
        yield "frame 2"
        raise AssertionError("nobody waits for it")

    monkeypatch.setattr(sources, "read", reading)
    paths = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    for path in paths:
        path.touch()
    talking, conversation = talking_with(Counted())
    growing = talking.files([str(path) for path in paths], conversation)
    next(growing), next(growing)
    talking.stop(conversation)
    list(growing)
    assert watched == [str(paths[0])] and len(conversation.items) == 1 and not any(map(Path.exists, paths))


def test_a_stopped_batch_ends_within_a_token_and_keeps_what_is_answered(tmp_path, examples):
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.write_bytes((examples / "invented-face.jpg").read_bytes())
    engine, run = Counted(most=4), batch.Run()
    asking = models()
    asking._assistant = assistant(engine)
    asking._perceiver = asking._assistant.perceiver = Everywhere([evidence(**SMILE)])
    for reply in batch.replies([str(path) for path in paths], "au", asking, lambda: run.is_stopped):
        run.told.append(reply)
        first = engine.steps

        def stop(seen: int = first) -> None:
            run.is_stopped = engine.steps == seen + 1

        engine.on_step = stop
    assert len(run.told) == 1 and engine.steps == first + 1 and not any(map(Path.exists, paths))


def test_the_whole_of_a_stream_comes_through_a_stoppable_engine():
    stream, whole = Stoppable(Counted(), lambda: False).stream(None), []
    whole += stream
    assert "".join(whole).split() == WORDS
    with pytest.raises(StoppedError):
        next(Stoppable(Counted(), lambda: True).stream(None))


def test_no_event_of_the_page_cancels_another():
    """Gradio would close a handler that still runs, under a lock that every visitor's answers need."""
    events = blocks(Page(models())).config["dependencies"]
    assert events and not any(event["cancels"] for event in events)
