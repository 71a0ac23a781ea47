"""A light model as one whole folder: it answers as before, stands alone, and never half."""

from pathlib import Path

import pytest

from facewise.cli import main
from facewise.model.assistant import load
from facewise.model.checkpoint import load_checkpoint
from facewise.model.errors import FacewiseError
from facewise.model.export import export, prepared_whole
from facewise.model.network import register


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    register()
    return export(load_checkpoint(), tmp_path_factory.mktemp("export") / "mine")


def test_it_answers_as_the_light_one(whole, examples):
    light, heavy = (load(model).ask(examples / "printed-face.jpg", task="spoof") for model in ("default", str(whole)))
    assert (light.text, light.label) == (heavy.text, heavy.label)
    assert heavy.score == pytest.approx(light.score, abs=1e-4) and heavy.model == "mine"


def test_it_stands_alone_and_names_no_place(whole):
    assert load_checkpoint(str(whole)).config.base_llm is None and load_checkpoint().config.base_llm is not None
    told = "".join(path.read_text() for path in whole.rglob("*.json") if path.name != "tokenizer.json")
    assert str(whole) not in told and ".cache" not in told


def test_transformers_auto_classes_load_it(whole):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model, processor = AutoModelForImageTextToText.from_pretrained(whole), AutoProcessor.from_pretrained(whole)
    assert type(model).__name__ == "FacewiseForConditionalGeneration" and processor.perceiver.max_faces == model.config.max_faces


def test_a_folder_with_files_is_left_alone(whole, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FacewiseError, match="exists already"):
        export(load_checkpoint(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_whole_model_is_served_from_its_own_folder(whole):
    assert prepared_whole(load_checkpoint(str(whole))) == whole.resolve()


def test_the_verb_says_where_it_is(capsys, tmp_path):
    assert main(["export", "no-such-model", str(tmp_path / "out")]) == 2
    assert not list(tmp_path.iterdir())
