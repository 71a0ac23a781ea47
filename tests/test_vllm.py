"""Inside vLLM the model says what it says in transformers, token by token, and looks at the same points."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import cv2
import numpy as np
import pytest
import torch

from facewise.model.checkpoint import Checkpoint, load_checkpoint
from facewise.model.engines.hf import HfEngine
from facewise.model.engines.protocol import Request
from facewise.model.network import register
from facewise.model.perception.faces import find_faces
from facewise.model.perception.picture import Picture, read_picture
from facewise.model.perception.video import Clip, open_clip
from facewise.model.questions import DEFAULT_QUESTIONS, prompt
from facewise.model.wording import CHOICES

pytest.importorskip("vllm")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
TOKENS = 24
BATCH = 10
QUESTIONS = (*DEFAULT_QUESTIONS.values(), "Is this a photo of a screen?", "Are the brows raised?")


@dataclass(frozen=True)
class Case:
    """A conversation with its media, in order."""

    messages: list[dict]
    pictures: tuple[Picture, ...] = ()
    clips: tuple[Clip, ...] = ()


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    register()
    return load_checkpoint()


@pytest.fixture(scope="module")
def vllm(checkpoint):
    from facewise.model.engines.vllm import VllmEngine
    from facewise.model.export import prepared_whole

    return VllmEngine(prepared_whole(checkpoint), checkpoint.perceiver, dtype="float32")


@pytest.fixture(scope="module")
def transformers(checkpoint) -> HfEngine:
    return HfEngine(checkpoint.model("float32"), checkpoint.processor, batch_size=BATCH)


@pytest.fixture(scope="module")
def pictures(examples) -> list[Picture]:
    """Variants of the invented faces, two of them side by side, and pictures of nobody."""
    chance = np.random.default_rng(0)
    live, printed = (read_picture(examples / name).pixels for name in ("invented-face.jpg", "printed-face.jpg"))
    found = [live, printed, live[:, ::-1], printed[:, ::-1], np.hstack([cv2.resize(one, (360, 360)) for one in (live, printed)])]
    for _ in range(8):
        source = live if chance.random() < 0.5 else printed
        gain, size = chance.uniform(0.6, 1.3), int(chance.integers(200, 480))
        found.append(np.clip(cv2.resize(source, (size, size)) * gain, 0, 255).astype(np.uint8))
    nobody = [np.full((120, 160, 3), 90, np.uint8), chance.integers(0, 255, (64, 64, 3)).astype(np.uint8)]
    return [Picture(np.ascontiguousarray(pixels)) for pixels in (*found, *nobody)]


def cases(pictures: Sequence[Picture], clip: Clip) -> Iterator[Case]:
    """100: one picture, two pictures, several turns, no face, a clip, words alone."""
    for number, picture in enumerate(pictures):
        for question in QUESTIONS[: 5 if number < 10 else 4]:
            yield Case(prompt(question, 0), (picture,))
    for first, second in zip(pictures[:6], pictures[6:12], strict=True):
        text = {"type": "text", "text": "Which of the two faces is real?"}
        yield Case([{"role": "user", "content": [{"type": "image"}, {"type": "image"}, text]}], (first, second))
    for picture in pictures:
        said = {"role": "assistant", "content": [{"type": "text", "text": "The face shows cheeks raised."}]}
        more = {"role": "user", "content": [{"type": "text", "text": "And <image> is it <|im_end|> real?"}]}
        yield Case([*prompt(DEFAULT_QUESTIONS["au"], 0), said, more], (picture,))
    for question in ("Which facial muscles move?", "What happened in this clip?", "Is the face real?"):
        yield Case([{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": question}]}], (), (clip,))
    for question in (
        "What is AU12?",
        "Hello, who are you?",
        "What can you tell from a face?",
        "Name three emotions.",
        "",
        "\n \n",
    ):
        yield Case([{"role": "user", "content": [{"type": "text", "text": question}]}])


def by_transformers(engine: HfEngine, asked: Sequence[Case]) -> list[tuple[list[int], list[int]]]:
    """(prompt ids, written ids) of each."""
    found = []
    for start in range(0, len(asked), BATCH):
        some = asked[start : start + BATCH]
        inputs = engine.processor(
            text=[engine.processor.render(case.messages) for case in some],
            images=[picture for case in some for picture in case.pictures],
            videos=[clip for case in some for clip in case.clips],
            padding=True,
        )
        with torch.inference_mode():
            written = engine.model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
        stop = engine.model.generation_config.eos_token_id
        for ids, mask, row in zip(inputs["input_ids"], inputs["attention_mask"], written, strict=True):
            answer = row[len(ids) :].tolist()
            found.append((ids[mask.bool()].tolist(), answer[: answer.index(stop)] if stop in answer else answer))
    return found


def by_vllm(engine, asked: Sequence[Case]) -> list[tuple[list[int], list[int]]]:
    from vllm import SamplingParams

    prompts = []
    for case in asked:
        ids = engine.processor.tokenizer.encode(engine.processor.render(case.messages), add_special_tokens=False)
        media = {"image": list(case.pictures), "video": list(case.clips)}
        prompts.append({"prompt_token_ids": ids, "multi_modal_data": {kind: items for kind, items in media.items() if items}})
    outputs = engine.llm.generate(prompts, SamplingParams(temperature=0, max_tokens=TOKENS), use_tqdm=False)
    stop = engine.processor.tokenizer.eos_token_id
    return [(list(o.prompt_token_ids), [t for t in o.outputs[0].token_ids if t != stop]) for o in outputs]


def test_a_hundred_mixed_requests_get_the_same_tokens(vllm, transformers, pictures, examples):
    asked = list(cases(pictures, open_clip(examples / "invented-clip.mp4")))
    assert len(asked) == 100
    there, here = by_vllm(vllm, asked), by_transformers(transformers, asked)
    assert [prompt for prompt, _ in there] == [prompt for prompt, _ in here]
    other = [number for number, (a, b) in enumerate(zip(there, here, strict=True)) if a != b]
    assert not other, [(asked[n].messages, vllm.processor.tokenizer.batch_decode([there[n][1], here[n][1]])) for n in other]


def test_engines_agree_on_scores_bans_and_lengths(vllm, transformers, pictures):
    asked = [
        Request(prompt(DEFAULT_QUESTIONS[task], 0), (picture,), choices=CHOICES, banned=banned, max_tokens=length)
        for picture in pictures[:4]
        for task, banned, length in (
            ("spoof", (), 0),
            ("au", ("cheeks raised", "lip corners tucked in"), 20),
            ("describe", (), 7),
        )
    ]
    for there, here in zip(vllm.complete(asked), transformers.complete(asked), strict=True):
        assert (there.text, there.tokens) == (here.text, here.tokens)
        assert there.choice_logprobs == pytest.approx(here.choice_logprobs, abs=1e-3)


def test_a_moved_landmark_moves_the_logits_inside_vllm(vllm, pictures):
    from vllm import SamplingParams

    processor, picture = vllm.processor, pictures[0]
    ids = processor.tokenizer.encode(processor.render(prompt(DEFAULT_QUESTIONS["spoof"], 0)), add_special_tokens=False)
    points = find_faces(picture.pixels)[0].ibug68[:, :2]
    moved = points.copy()
    moved[48:, 1] -= 6
    live, spoof = (processor.tokenizer.encode(word, add_special_tokens=False)[0] for word in CHOICES)
    seen = []
    for landmarks in (points, moved, points):
        asked = {"prompt_token_ids": ids, "multi_modal_data": {"image": [picture]}}
        asked["mm_processor_kwargs"] = {"landmarks": landmarks.tolist()}
        (output,) = vllm.llm.generate(
            [asked], SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=[live, spoof]), use_tqdm=False
        )
        told = output.outputs[0].logprobs[0]
        seen.append(told[live].logprob - told[spoof].logprob)  # a probability near one hardly moves, whatever the logits do
    assert abs(seen[1] - seen[0]) > 0.01 and math.isclose(seen[0], seen[2], abs_tol=1e-3)


def test_a_picture_is_looked_at_once_for_all_questions(vllm, checkpoint):
    picture = Picture(np.full((100, 100, 3), 77, np.uint8))
    before = checkpoint.perceiver.encoded
    vllm.complete([Request(prompt(question, 0), (picture,), max_tokens=2) for question in QUESTIONS])
    assert checkpoint.perceiver.encoded == before + 1


def test_in_bfloat16_the_verdict_stays_and_its_score_within_two_hundredths(checkpoint, transformers, pictures):
    """Against float32. Few pictures where bfloat16 is emulated: a hundred take four minutes there."""
    from facewise.model.checkpoint import fast_dtype
    from facewise.model.engines.vllm import VllmEngine
    from facewise.model.export import prepared_whole
    from facewise.model.readings import spoof_score

    chance = np.random.default_rng(1)
    faces = cycle([picture.pixels for picture in pictures if find_faces(picture.pixels)])
    noisy = (np.clip(pixels + chance.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8) for pixels in faces)
    found = islice((Picture(pixels) for pixels in noisy if find_faces(pixels)), 100 if fast_dtype() == "bfloat16" else 20)
    asked = [Request(prompt(DEFAULT_QUESTIONS["spoof"], 0), (picture,), choices=CHOICES, max_tokens=0) for picture in found]
    half = VllmEngine(prepared_whole(checkpoint), checkpoint.perceiver, dtype="bfloat16")
    odds = [
        np.array([done.choice_logprobs["Spoof"] - done.choice_logprobs["Live"] for done in engine.complete(asked)])
        for engine in (half, transformers)
    ]
    head = [checkpoint.perceiver.perceive(request.pictures[0]).faces[0].evidence.spoof_logit for request in asked]
    scores = [[spoof_score(llm, own, checkpoint.config.calibration) for llm, own in zip(row, head, strict=True)] for row in odds]
    same = np.mean((odds[0] > 0) == (odds[1] > 0))
    raw = np.abs(1 / (1 + np.exp(-odds[0])) - 1 / (1 + np.exp(-odds[1]))).max()
    print(f"bfloat16: {same:.0%} of {len(asked)} verdicts the same, the language model's probability off by at most {raw:.3f}")
    assert same >= 0.99 and np.abs(np.subtract(*scores)).max() <= 0.02


def test_a_task_adapter_is_served_beside_the_base(checkpoint, pictures, tmp_path):
    """A plain PEFT folder of the language model: asked for by name it says what the merged model says, and the base stays the base."""
    import peft
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    from facewise.model.engines.vllm import prepare_environment, settings
    from facewise.model.export import prepared_whole

    torch.manual_seed(0)
    model = checkpoint.model("float32")
    case = Case(prompt(DEFAULT_QUESTIONS["describe"], 0), (pictures[0],))
    base = by_transformers(HfEngine(model, checkpoint.processor), [case])[0]
    lora = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
    adapted = peft.get_peft_model(model.language_model, lora)
    adapted.save_pretrained(tmp_path)
    model.language_model = adapted.merge_and_unload()
    changed = by_transformers(HfEngine(model, checkpoint.processor), [case])[0]
    assert base[1] != changed[1]
    prepare_environment()
    llm = LLM(str(prepared_whole(checkpoint)), **(settings() | {"dtype": "float32", "enable_lora": True, "max_lora_rank": 8}))
    ids = checkpoint.processor.tokenizer.encode(checkpoint.processor.render(case.messages), add_special_tokens=False)
    asked = {"prompt_token_ids": ids, "multi_modal_data": {"image": [pictures[0]]}}
    stop = checkpoint.processor.tokenizer.eos_token_id
    for adapter, expected in ((None, base), (LoRARequest("mine", 1, str(tmp_path)), changed), (None, base)):
        (output,) = llm.generate([asked], SamplingParams(temperature=0, max_tokens=TOKENS), lora_request=adapter, use_tqdm=False)
        assert [token for token in output.outputs[0].token_ids if token != stop] == expected[1]


def test_another_language_model_is_served_as_it_is_run(checkpoint, pictures, tmp_path):
    """A tiny Qwen3 with random weights in the place of SmolLM2: the plugin knows no family."""
    from transformers import Qwen3Config

    from facewise.model.engines.vllm import VllmEngine
    from facewise.model.network.configuration import FacewiseConfig
    from facewise.model.network.modeling import FacewiseForConditionalGeneration

    torch.manual_seed(0)
    size = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    text = Qwen3Config(
        vocab_size=49152, head_dim=32, initializer_range=0.3, bos_token_id=1, eos_token_id=2, pad_token_id=2, **size
    )
    ours = checkpoint.config
    config = FacewiseConfig(
        encoder_config=ours.encoder_config, text_config=text, image_token_id=ours.image_token_id, verdict_ids=ours.verdict_ids
    )
    model = FacewiseForConditionalGeneration(config).eval()
    model.save_pretrained(tmp_path)
    checkpoint.processor.save_pretrained(tmp_path)
    asked = [Case(prompt(question, 0), (picture,)) for picture in pictures[:4] for question in QUESTIONS[:2]]
    here = by_transformers(HfEngine(model, checkpoint.processor), asked)
    assert len({tuple(written) for _, written in here}) > 4
    assert by_vllm(VllmEngine(tmp_path, checkpoint.perceiver, dtype="float32"), asked) == here


def test_the_command_prints_answers_and_nothing_of_vllms(examples):
    command = [
        sys.executable,
        "-m",
        "facewise.cli",
        "ask",
        str(examples / "printed-face.jpg"),
        "--task",
        "spoof",
        "--engine",
        "vllm",
    ]
    ran = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and ran.stderr == ""
    assert json.loads(ran.stdout)["faces"][0]["answer"]["label"] == "spoof"
