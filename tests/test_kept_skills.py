"""What is learned beside faces: general questions in the base model's own words, declines in those of the refusals, both in their shares."""

import numpy as np
import pytest
import torch
from tiny_assistant import tiny_encoder, tiny_language
from transformers import AutoTokenizer

from facewise.data_builders.instructions.chat_questions import DECLINED_QUESTIONS
from facewise.finetune.language.assistant_start import started
from facewise.finetune.lessons import kept_skills
from facewise.finetune.lessons.built_rows import taught_rows
from facewise.finetune.lessons.general_questions import GENERAL_QUESTIONS
from facewise.finetune.lessons.kept_skills import DECLINED, KEPT, beside_faces, chosen, declined, general, whole
from facewise.finetune.lessons.lesson import Lesson, Showing
from facewise.finetune.lessons.sampler import sampler_of
from facewise.finetune.recipe import Recipe
from facewise.model import base_llm
from facewise.model.errors import FacewiseError
from facewise.model.network.shown import Shown
from facewise.model.refusals import DECLINED as TOPICS
from facewise.model.refusals import refusal


class Face:
    """One face of two tokens."""

    def shown(self, key: str) -> Shown:
        return Shown("Face 1: none.\n<image><image>\n", torch.zeros(2, 16), torch.ones(2, dtype=torch.long))


def lessons(count: int, weight: float = 1.0) -> list[Lesson]:
    ids = torch.arange(3, 13, dtype=torch.int32)
    showing = (Showing(Face(), "a"),)
    return [
        Lesson(str(i), ids, torch.full((10,), 0.1), showing, ("spoof", "au")[i % 2], subject=str(i), weight=weight)
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_language(tmp_path_factory.mktemp("base"))


@pytest.fixture
def assistant(base, monkeypatch, tmp_path):
    monkeypatch.setattr(base_llm, "prepared", lambda **_: base)
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "cache"))
    return started(Recipe(), tiny_encoder())


@pytest.fixture
def replying(monkeypatch):
    """In the place of the language model, which has nothing to say; `asked` is what it was asked."""
    asked: list[str] = []

    def reply(questions, language, processor):
        asked.extend(questions)
        return [f"About that: {question}" for question in questions]

    monkeypatch.setattr(kept_skills, "_asked", reply)
    return asked


def test_there_are_many_questions_of_many_kinds_and_none_is_to_be_declined():
    asked = [question for _, question in general()]
    assert len(asked) == len({*asked}) >= 150 and len(GENERAL_QUESTIONS) >= 10
    assert not [question for question in asked if refusal(question)]


def test_there_are_a_hundred_ways_to_ask_what_is_declined_of_every_topic():
    asked = [question for _, question in declined()]
    assert len(asked) == len({*asked}) >= 100 and {*DECLINED_QUESTIONS} == {*TOPICS}
    assert min(map(len, DECLINED_QUESTIONS.values())) >= 10


def test_topics_come_alike_until_they_have_no_more():
    asked = [("a", str(i)) for i in range(9)] + [("b", "x"), ("b", "y")]
    drawn = chosen(asked, 6, np.random.default_rng(0))
    assert [topic for topic, _ in drawn].count("b") == 2 and len({*drawn}) == 6
    assert len(chosen(asked, 99, np.random.default_rng(0))) == 11


@pytest.mark.parametrize(("count", "weight"), [(40, 1.0), (40, 2.0), (3000, 1.0)])
def test_an_epoch_holds_them_in_their_shares(assistant, replying, tmp_path, count, weight):
    """Also of more rows than there are questions, and of rows that weigh more."""
    recipe, faces = Recipe(kept_skills=0.1, declines=0.05, task_weights="spoof=2"), lessons(count, weight)
    both = [*faces, *beside_faces(recipe, *assistant, faces, tmp_path)]
    drawn = [both[place].task for place in sampler_of(recipe, both)]
    assert drawn.count(KEPT) / len(drawn) == pytest.approx(0.1, abs=0.02)
    assert drawn.count(DECLINED) / len(drawn) == pytest.approx(0.05, abs=0.02)


def test_what_is_learned_is_the_reply_and_the_refusal(assistant, replying, tmp_path):
    _, processor = assistant
    made = beside_faces(Recipe(kept_skills=0.2, declines=0.2), *assistant, lessons(30), tmp_path)
    for lesson in made:
        learned = processor.tokenizer.decode(lesson.ids[lesson.counts > 0].tolist())
        opening = "I cannot tell " if lesson.task == DECLINED else "About that: "
        assert learned.startswith(opening), learned
        assert lesson.counts.sum().item() == pytest.approx(1)
    shown = [len(lesson.showings) for lesson in made if lesson.task == DECLINED]
    assert 0 < sum(shown) < len(shown) and not any(lesson.showings for lesson in made if lesson.task == KEPT)


def test_a_question_is_asked_once(assistant, replying, tmp_path):
    recipe = Recipe(kept_skills=0.2)
    first = beside_faces(recipe, *assistant, lessons(20), tmp_path)
    count = len(replying)
    assert count and len(beside_faces(recipe, *assistant, lessons(20), tmp_path)) == len(first)
    assert len(replying) == count
    beside_faces(recipe, *assistant, lessons(40), tmp_path)
    assert count < len(replying) == len({*replying})


def test_they_are_written_as_rows_that_another_recipe_can_name(assistant, replying, tmp_path):
    made = beside_faces(Recipe(kept_skills=0.2, declines=0.1), *assistant, lessons(20), tmp_path)
    rows = taught_rows((f"{tmp_path / kept_skills.FOLDER}:2",))
    assert {row.row.id for row in rows} == {lesson.id for lesson in made} and {row.task for row in rows} == {"chat"}


def test_nothing_is_asked_and_written_where_nothing_is_to_be_kept(assistant, replying, tmp_path):
    assert beside_faces(Recipe(), *assistant, lessons(20), tmp_path) == [] and not replying
    assert not (tmp_path / kept_skills.FOLDER).exists()


def test_a_language_model_that_ends_no_sentence_is_one_line(assistant, monkeypatch, tmp_path):
    monkeypatch.setattr(kept_skills, "_asked", lambda questions, *_: ["" for _ in questions])
    with pytest.raises(FacewiseError, match="gave no whole reply to 5 general questions"):
        beside_faces(Recipe(kept_skills=0.2), *assistant, lessons(20), tmp_path)


def test_replies_do_not_hang_on_who_is_asked_beside_them(assistant):
    """Padding on the left and a batch change nothing; greedy, so the same every time."""
    model, processor = assistant
    questions = ["Hello!", "How do I keep bread fresh, and for how long will it be good to eat?"]
    together = kept_skills._asked(questions, model.float().language_model, processor)
    assert together == [kept_skills._asked([question], model.language_model, processor)[0] for question in questions]


def test_a_reply_without_an_end_is_cut_at_its_last_sentence(base):
    tokenizer = AutoTokenizer.from_pretrained(base)
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)  # noqa: E731
    assert whole([*encode("Blue. It is so"), tokenizer.eos_token_id, *encode("more")], tokenizer) == "Blue. It is so"
    assert whole(encode("Blue. It is so"), tokenizer) == "Blue."
    assert whole(encode("First:\n\n1. Wash it.\n\n2."), tokenizer) == "First:\n\n1. Wash it."
    assert whole(encode("It is so"), tokenizer) == ""
