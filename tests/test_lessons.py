"""Lessons: exactly the assistant's tokens count, the prompt is the processor's own, and what a pack's faces are asked and answered."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from noise_pack import noise, written
from noise_pack import tiny_encoder as pack_encoder
from test_processing import Eyes as DrawnEyes
from test_processing import picture, tiny_tokenizer
from test_processing import tiny_encoder as digital_encoder
from tiny_assistant import tiny_encoder, tiny_language
from transformers import AutoTokenizer

from facewise.data_builders.instructions.evidence_answers import QUESTIONS, answer_text
from facewise.finetune.encoder.packed import Packed, read_pack
from facewise.finetune.lessons.boxes import box_words
from facewise.finetune.lessons.conversations import Conversation, Turn
from facewise.finetune.lessons.evidence_mix import softened, sureness, wrong_words
from facewise.finetune.lessons.lesson import Lesson, tokenised, within
from facewise.finetune.lessons.media import Eyes
from facewise.finetune.lessons.pack_lessons import PackSeen, pack_lessons
from facewise.finetune.lessons.seen_store import SeenStore
from facewise.finetune.recipe import Recipe
from facewise.model.agreement import contradicts
from facewise.model.answer import Answer
from facewise.model.errors import FacewiseError
from facewise.model.network.encoder import evidence
from facewise.model.network.perceive import Perceiver
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.wording import CHOICES, opening

BOTH = "both=1"


@pytest.fixture(scope="module")
def processor() -> FacewiseProcessor:
    """One token a byte; a picture's first pixel says how many faces it has."""
    return FacewiseProcessor(tiny_tokenizer(), DrawnEyes(digital_encoder()))


@pytest.fixture(scope="module")
def smollm(tmp_path_factory) -> FacewiseProcessor:
    folder = tiny_language(tmp_path_factory.mktemp("base"))
    return FacewiseProcessor(AutoTokenizer.from_pretrained(folder), Perceiver(tiny_encoder()))


def said(ids: torch.Tensor, counts: torch.Tensor, processor: FacewiseProcessor) -> str:
    return processor.tokenizer.decode(ids[counts > 0].tolist())


# Which tokens count


def test_every_turn_of_the_assistant_counts_and_nothing_else(smollm):
    told = Conversation(
        (Turn("Is this face real?", "Live. A person."), Turn("Why?", "No sign of an attack.")), ("image",), "Be brief."
    )
    ids, counts = tokenised(told, ["Face 1 (evidence): x\n<image><image>\n"], smollm, 0.7)
    assert said(ids, counts, smollm) == "Live. A person.<|im_end|>No sign of an attack.<|im_end|>"
    assert counts.sum().item() == pytest.approx(1)


def test_a_conversation_is_tokenised_as_the_chat_template_renders_it(smollm):
    """Token by token, with the face tokens in their places."""
    told = Conversation((Turn("Is this face real?", "Live. A person."), Turn("And who?", "I do not say.")), ("image",))
    words = "Face 1 (evidence): spoof 3%\n<image><image>\n"
    ids, _ = tokenised(told, [words], smollm, 0.7)
    whole = smollm.apply_chat_template(told.messages(), tokenize=False).replace("<image>", words, 1)
    assert ids.tolist() == smollm.tokenizer.encode(whole, add_special_tokens=False)


def test_what_is_learned_continues_the_prompt_of_the_processor(processor):
    told = Conversation((Turn("Face 1: Real?", "Spoof. A print."),), ("image",))
    shown = Eyes(processor, SeenStore(Path("nowhere")))._picture(picture(2)).shown
    ids, counts = tokenised(told, [shown.words], processor, 0.7)
    asked = processor(images=[picture(2)], text=processor.render(told.messages()[:1]))
    prompt = asked["input_ids"][0].tolist()
    first = int((counts > 0).nonzero()[0])
    assert ids[:first].tolist() == prompt and torch.equal(shown.features, asked["face_features"])


def test_the_first_word_of_a_verdict_carries_its_weight_in_any_turn(smollm):
    told = Conversation((Turn("q", "It smiles."), Turn("q", "Spoof. A print.")))
    ids, counts = tokenised(told, [], smollm, 0.7)
    first = smollm.tokenizer.encode("Spoof", add_special_tokens=False)[0]
    assert counts.max().item() == pytest.approx(0.35) and ids[counts.argmax()] == first
    plain = counts[(counts > 0)][:3]
    assert torch.allclose(plain, plain[:1].expand(3))


def test_a_settled_word_is_part_of_the_prompt(smollm):
    told = Conversation((Turn("Real?", "Uncertain. Both are possible.", "Uncertain."),))
    ids, counts = tokenised(told, [], smollm, 0.7)
    assert said(ids, counts, smollm) == " Both are possible.<|im_end|>" and counts.max() < 0.7


def test_words_that_look_like_a_picture_or_a_turn_stay_words(smollm):
    told = Conversation((Turn("<image><|im_start|>assistant", "No."),))
    ids, _ = tokenised(told, [], smollm, 0.7)
    assert smollm.image_token_id not in ids and (ids == ids[0]).sum() == 3  # system, user, assistant


@pytest.mark.parametrize(("drop", "left"), [(True, 1), (False, None)])
def test_a_row_that_is_too_long_is_refused_or_left_out_and_never_cut(drop, left):
    lessons = [Lesson("short", torch.zeros(5), torch.zeros(5)), Lesson("long", torch.zeros(50), torch.zeros(50))]
    heard: list[str] = []
    if drop:
        assert len(within(lessons, 10, True, heard.append)) == left and "1 of 2 rows are longer than 10" in heard[0]
    else:
        with pytest.raises(FacewiseError, match="row 'long' has 50 tokens and 0 more are over max_length 10"):
            within(lessons, 10, False, heard.append)
    with pytest.raises(FacewiseError, match="all 1 rows are longer"):
        within(lessons[1:], 10, True, heard.append)


# Boxes


def test_a_box_is_thousandths_of_the_wide_crop_as_the_attack_map_lies():
    wide = (100.0, 50.0, 300.0, 250.0)
    assert box_words((150, 100, 250, 300), wide) == "[250, 250, 750, 1000]"
    assert box_words((0, 0, 400, 100), wide) == "[0, 0, 1000, 250]"


# Evidence in words


def some_face(spoof: float = 3.0, seed: int = 0):
    chance = torch.Generator().manual_seed(seed)
    output = tiny_encoder()(
        views=torch.zeros(1, 2, 3, 224, 224),
        points=torch.rand(1, 2, 68, 2, generator=chance),
        canonical=torch.randn(1, 68, 3, generator=chance),
        pose=torch.zeros(1, 3),
        has_landmarks=torch.tensor([True]),
    )
    output.spoof[:] = spoof
    return evidence(output)[0]


@pytest.mark.parametrize("live", [True, False, None])
def test_a_verdicts_answer_opens_with_the_label_and_keeps_to_it(live):
    text = answer_text("spoof", some_face(), live)
    label = {True: "live", False: "spoof", None: "uncertain"}[live]
    assert text.startswith(opening(Answer("spoof", "-", label)))
    assert text.split(".")[0] in (*CHOICES, "Uncertain") and not contradicts(
        text.split(". ")[0] + ".", Answer("spoof", "-", label)
    )


@pytest.mark.parametrize("task", ["spoof", "au", "emotion", "describe"])
def test_words_that_are_wrong_lead_only_where_they_may_and_are_the_surer(task):
    rng = np.random.default_rng(0)
    for seed in range(8):
        own, other = some_face(rng.normal(), seed), some_face(4 * rng.normal(), seed + 9)
        words, leads = wrong_words(own, other, task, rng, may_lead=True)
        assert leads == (sureness(words, task) > sureness(own, task))
        _, leads = wrong_words(own, other, task, rng, may_lead=False)
        assert not leads
    assert sureness(softened(some_face(6.0)), task) < sureness(some_face(6.0), task)


# A pack's faces


@pytest.fixture(scope="module")
def parted(tmp_path_factory) -> Packed:
    rows = {**noise(8), "split": torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])}
    return read_pack(written(rows, tmp_path_factory.mktemp("pack") / "noise.safetensors"))


@pytest.fixture(scope="module")
def seen(parted) -> PackSeen:
    return PackSeen(pack_encoder(), parted.where(parted.halves()[0]))


def of_pack(seen: PackSeen, smollm, folder: Path, name: str = "rows.jsonl", **more) -> list[Lesson]:
    recipe = Recipe(pack_rows=40, answers="evidence", **more)
    return pack_lessons(recipe, seen, seen.evidence, smollm, folder / name)


def test_a_packs_lessons_are_as_many_as_asked_and_of_every_kind(seen, smollm, tmp_path):
    lessons = of_pack(seen, smollm, tmp_path)
    logged = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(lessons) == len(logged) == 40 and {lesson.task for lesson in lessons} == set(QUESTIONS)
    assert {made["meta"]["shown"] for made in logged} == {"both", "tokens", "words", "noised"}
    assert {lesson.label for lesson in lessons if lesson.task == "spoof"} <= {"Live", "Spoof", "Uncertain"}
    assert {lesson.subject for lesson in lessons} == {"000002", "000004"}
    for lesson, made in zip(lessons, logged, strict=True):
        assert made["messages"][0]["content"][1]["text"].startswith("Face 1: ")
        assert said(lesson.ids, lesson.counts, smollm).rstrip().endswith("<|im_end|>")


def test_the_same_seed_gives_the_same_lessons(seen, smollm, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        of_pack(seen, smollm, tmp_path, name, seed=seed)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() != (tmp_path / "c").read_text()


@pytest.mark.parametrize(("mode", "words", "tokens"), [("both", True, True), ("tokens", False, True), ("words", True, False)])
def test_a_face_shows_words_or_tokens_or_both(seen, smollm, tmp_path, mode, words, tokens):
    for lesson in of_pack(seen, smollm, tmp_path, evidence_mix=f"{mode}=1")[:5]:
        text = smollm.tokenizer.decode(lesson.ids.tolist())
        assert ("(evidence): not given" not in text) == words and lesson.showings[0].has_tokens == tokens
        assert (lesson.ids == smollm.image_token_id).sum() == len(lesson.showings[0].shown().kinds)


def test_a_verdict_keeps_to_its_label_unless_surer_words_speak_against_it(seen, smollm, tmp_path):
    live = {"0": "Live", "1": "Spoof"}
    for lesson in of_pack(seen, smollm, tmp_path, evidence_mix=BOTH):
        if lesson.task == "spoof":
            assert lesson.label in (live[lesson.id.split("/")[1]], "Uncertain")
