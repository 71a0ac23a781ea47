"""The drawn benchmarks, and a tiny model of transformers: slow, because pictures are drawn and models loaded."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from facewise.cli import main
from facewise.eval.asking import synth_set
from facewise.eval.asking.items import part
from facewise.eval.benchmarks.benchmarks import BENCHMARKS
from facewise.model.engines.protocol import Request
from facewise.model.perception.picture import Picture
from facewise.model.taxonomy import EMOTIONS


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg", ".mp4") or path.name == "records.jsonl")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_cut_is_of_the_class_of_its_only_expression():
    events = [
        {"kind": "macro", "coarse": "surprise", "onset": 53, "apex": 58, "offset": 72},
        {"kind": "blink", "onset": 87, "apex": 90, "offset": 96},
        {"kind": "micro", "coarse": "positive", "onset": 160, "apex": 163, "offset": 167},
    ]
    smile = synth_set._within(events, 75, 210)
    assert [(each["kind"], each["onset"]) for each in smile] == [("micro", 85), ("blink", 12)]
    assert synth_set._only_expression(smile) == {"class": "positive"}
    assert synth_set._only_expression(synth_set._within(events, 0, 105)) == {"class": "surprise"}
    assert synth_set._only_expression(synth_set._within(events, 0, 210)) == {}
    assert synth_set._only_expression(synth_set._within(events, 80, 100)) == {}


@pytest.mark.slow
def test_the_drawn_set_is_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(synth_set, "PRESENTATIONS", 2)
    monkeypatch.setattr(synth_set, "CUTS", ((75, 180),))
    first, second = (synth_set.draw(tmp_path / name) for name in ("first", "again"))
    assert digests(first) == digests(second) and len(digests(first)) > 38
    spotting = part(BENCHMARKS["synth-spotting"], {"synth": first}, {})
    assert [item.truth for item in spotting.items] == [[{"onset": 85, "offset": 92, "kind": "micro", "emotion": "positive"}]] * 2
    units = part(BENCHMARKS["synth-units"], {"synth": first}, BENCHMARKS["synth-units"].chosen)
    assert units.of == 36 and units.items[0].record.subject == "tiny/00"


@pytest.mark.slow
def test_the_embedded_model_is_asked_and_scored(tmp_path, examples, capsys):
    (tmp_path / "own/happiness").mkdir(parents=True)
    shutil.copy(examples / "invented-face.jpg", tmp_path / "own/happiness")
    out = str(tmp_path / "out")
    words = ["folder-emotion", "--root", str(tmp_path / "own"), "--model", "default", "--out", out, "--verbose"]
    assert main(["eval", "run", *words]) == 0
    (line,) = map(json.loads, (tmp_path / "out/folder-emotion/predictions.jsonl").read_text().splitlines())
    assert line["label"] in EMOTIONS and sum(line["scores"].values()) == pytest.approx(1, abs=0.01) and line["text"]
    capsys.readouterr()
    assert main(["eval", "score", out, "--json"]) == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["answered"]["value"] == 1 and rows["WAR"]["model"] == "facewise-135m"


@pytest.mark.slow
def test_sovtp_marks_the_whole_picture_and_lists_units_of_its_faces(examples):
    from facewise.eval.asking.face_marks import marked
    from facewise.model.perception.picture import read_picture

    picture = read_picture(examples / "invented-face.jpg")
    drawn, units = marked(picture)
    changed = (drawn.pixels != picture.pixels).any(2)
    assert drawn.pixels.shape == picture.pixels.shape and 0.002 < changed.mean() < 0.3
    assert units.startswith("Active action units by a detector: Face 1: ") and "AU12 (lip corners pulled up" in units
    blank = Picture(np.zeros((64, 64, 3), np.uint8))
    assert marked(blank)[0] is blank and "No face" in marked(blank)[1]


@pytest.mark.slow
def test_any_image_text_model_of_transformers_answers(tmp_path):
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    from facewise.finetune.recipe import Recipe
    from facewise.model.base_llm import prepared
    from facewise.model.engines.image_text import ImageTextEngine
    from facewise.model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN

    tokenizer = PreTrainedTokenizerFast.from_pretrained(prepared(**Recipe().base_llm, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN)))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    template = "{% for m in messages %}{% for c in m.content %}{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}{% endfor %}{% endfor %}"
    image = CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    processor = LlavaProcessor(
        image,
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    processor.save_pretrained(tmp_path)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = CLIPVisionConfig(**shape, image_size=28, patch_size=14)
    text = LlamaConfig(**shape, vocab_size=len(tokenizer))
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_id=tokenizer.convert_tokens_to_ids("<image>"))
    LlavaForConditionalGeneration(config).save_pretrained(tmp_path)
    engine = ImageTextEngine(tmp_path)
    content = [{"type": "image"}, {"type": "text", "text": "Live or spoof?"}]
    picture = Picture(np.zeros((40, 50, 3), np.uint8))
    request = Request([{"role": "user", "content": content}], (picture,), choices=("Live", "Real"), max_tokens=4)
    (done,) = engine.complete([request])
    assert isinstance(done.text, str) and 1 <= done.tokens <= 4
    assert sum(np.exp(list(done.choice_logprobs.values()))) == pytest.approx(1, abs=1e-5)
