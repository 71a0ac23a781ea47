"""`facewise export RUN OUT`: asked before and after, a card that says what is known, adapters apart, and one line for what does not fit."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
import run_twin
import torch
import yaml
from run_twin import BAND, TASKS
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from facewise.cli import main
from facewise.model.checkpoint import Checkpoint, load_checkpoint
from facewise.model.export import vllm_line
from facewise.model.export_run import Exported, export_run, planned, told
from facewise.model.model_card import model_card
from facewise.model.network.loading import load_strict
from facewise.model.network.modeling import FacewiseForConditionalGeneration
from facewise.model.peft_folder import adapted, lora_flags
from facewise.model.self_test import EXACT, ROUNDED, ROWS, Said, compared, drawn_face


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return run_twin.run(tmp_path_factory.mktemp("twin"))


@pytest.fixture
def copied(run, tmp_path) -> Path:
    """One that a test may spoil."""
    shutil.copytree(run.parent, tmp_path / "twin")
    config = tmp_path / "twin" / "run" / "config.json"
    config.write_text(config.read_text().replace(str(run.parent), str(tmp_path / "twin")))
    return tmp_path / "twin" / "run"


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory) -> Exported:
    return export_run(str(run), tmp_path_factory.mktemp("out") / "my model")


@pytest.fixture(scope="module")
def whole(exported) -> Path:
    return exported.folder


@pytest.fixture(scope="module")
def beside(run, tmp_path_factory) -> Path:
    """With its adapters."""
    return export_run(str(run), tmp_path_factory.mktemp("beside") / "mine", keeps_adapters=True).folder


def language(folder: Path) -> dict[str, torch.Tensor]:
    """Of a whole folder, under the language model's own names."""
    stored, prefix = load_file(folder / "model.safetensors"), "language_model."
    return {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}


# The self-test


def test_ten_answers_are_alike_and_that_is_told(exported, whole):
    first, left, *lines = told(exported)
    assert "Self-test: 10 of 10 answers alike, token by token" in first and "(0.001 allowed)" in first
    assert left == "Its adapters au, spoof were left in the run; --adapters keeps them."
    assert [line.strip() for line in lines[1:]] == [f"facewise serve '{whole}'", vllm_line(whole)]


def test_a_folder_that_answers_otherwise_is_not_written(run, tmp_path, monkeypatch, capfd):
    save = FacewiseForConditionalGeneration.save_pretrained

    def half_saved(self, folder, **options):
        self.language_model.model.layers[1].self_attn.q_proj.weight.data.neg_()
        save(self, folder, **options)

    monkeypatch.setattr(FacewiseForConditionalGeneration, "save_pretrained", half_saved)
    assert main(["export", str(run), str(tmp_path / "out")]) == 2
    printed = capfd.readouterr()
    assert printed.err.count("\n") == 1 and "not written, it would answer otherwise than" in printed.err and not printed.out
    assert not list(tmp_path.iterdir())


def test_an_adapter_that_is_copied_wrong_is_found_too(run, tmp_path, monkeypatch, capfd):
    other = run / "adapters" / "spoof" / "adapter_model.safetensors"
    monkeypatch.setattr("shutil.copyfile", lambda source, target: Path(target).write_bytes(other.read_bytes()))
    assert main(["export", str(run), str(tmp_path / "out"), "--adapters"]) == 2
    assert "20 of 30 answers alike" in capfd.readouterr().err and not list(tmp_path.iterdir())


def said(changed: int = 0, off: float = 0.0) -> dict[str, Said]:
    return {"main": Said([[1, 2 + (row < changed)] for row in range(ROWS)], [off, *[0.0] * (ROWS - 1)])}


@pytest.mark.parametrize(
    ("changed", "off", "exact", "rounded"),
    [
        (0, 0.0009, True, True),
        (1, 0.0, False, True),
        (0, 0.01, False, True),
        (3, 0.0, False, False),
        (0, 0.2, False, False),
        (0, float("nan"), False, False),
    ],
)
def test_whole_numbers_are_held_to_all_ten_and_halves_to_a_stated_tolerance(changed, off, exact, rounded):
    assert [compared(said(), said(changed, off), allowed).is_passed for allowed in (EXACT, ROUNDED)] == [exact, rounded]


def test_the_faces_are_drawn_alike_everywhere_and_no_two_are_the_same():
    assert drawn_face(3).sha256 == drawn_face(3).sha256 and len({drawn_face(row).sha256 for row in range(ROWS)}) == ROWS


def test_a_base_in_halves_stays_in_halves(tmp_path, capfd):
    run = run_twin.run(tmp_path, dtype="bfloat16", initializer_range=0.05)
    assert main(["export", str(run), str(tmp_path / "out")]) == 0
    assert "(0.1 allowed)" in capfd.readouterr().out
    assert {value.dtype for value in language(tmp_path / "out").values()} == {torch.bfloat16}


# The card


def test_the_card_says_what_is_known(whole):
    card = (whole / "README.md").read_text()
    _, head, text = card.split("---\n", 2)
    assert yaml.safe_load(head) | {"license": "other", "library_name": "facewise"} == yaml.safe_load(head)
    assert "# my model" in text and "- base: llm, licence: not known here" in text
    assert (
        "pack `faces.safetensors`, and 7 questions" in text
        and "rows of `built`, weight 2" in text
        and "| lora_rank | 4 |" in text
    )
    assert "| spoof head, AUC | simulated attacks | 0.750 [0.500, 0.900] | 12 | 0.50 |" in text
    assert f"`live` below a score of {BAND['low']:.2f}" in text
    assert "names nobody" in text and "lie detector" in text and "folded into the language model" in text and "10 of 10" in text


def test_what_is_written_names_no_place_of_this_machine(whole, beside, run):
    for out in (whole, beside):
        texts = [path for path in out.rglob("*") if path.suffix in (".json", ".md") and path.name != "tokenizer.json"]
        assert not [path for path in texts if str(run.parent) in path.read_text() or str(out.parent) in path.read_text()]


def test_the_licence_of_a_base_stands_in_the_header_where_its_card_tells_it(copied):
    (copied.parent / "llm" / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A base\n")
    (copied / "heads.json").unlink()
    (copied / "recipe.yaml").unlink()
    card = model_card(load_checkpoint(str(copied)), "mine")
    assert "license: apache-2.0\n" in card and "- base: llm, licence: apache-2.0" in card
    assert "No recipe lies beside the weights" in card and "No numbers lie beside the weights" in card


def test_the_embedded_models_card_is_its_own():
    card = model_card(load_checkpoint(), "mine")
    assert card == (load_checkpoint().folder / "README.md").read_text() and "base_model: HuggingFaceTB" in card


def test_exported_again_a_folder_says_once_what_it_is(whole, tmp_path):
    again = export_run(str(whole), tmp_path / "again").folder
    cards = [(folder / "README.md").read_text() for folder in (whole, again)]
    assert cards[0].partition("## This folder")[0] == cards[1].partition("## This folder")[0]
    assert cards[1].count("## This folder") == 1 and all(torch.equal(v, language(again)[k]) for k, v in language(whole).items())


# Adapters apart


def test_adapters_of_tasks_lie_beside_the_base_that_they_were_trained_on(beside, whole, run):
    for name, value in language(beside).items():
        assert torch.equal(value, language(whole)[name])
    assert sorted(folder.name for folder in (beside / "adapters").iterdir()) == sorted(TASKS)
    for task in TASKS:
        settings = json.loads((beside / "adapters" / task / "adapter_config.json").read_text())
        assert settings["base_model_name_or_path"] == "mine" and settings["r"] == 4
        one, two = (load_file(folder / "adapters" / task / "adapter_model.safetensors") for folder in (beside, run))
        assert one.keys() == two.keys() and all(torch.equal(value, two[name]) for name, value in one.items())


def test_adapters_on_the_base_alone_leave_it_alone_and_the_runs_own_is_one_of_them(run, tmp_path, capfd):
    out = tmp_path / "out"
    assert main(["export", str(run_twin.on_base(run, tmp_path / "on-base")), str(out), "--adapters"]) == 0
    base = load_file(run.parent / "llm" / "model.safetensors")
    assert all(torch.equal(value, base[name]) for name, value in language(out).items() if name in base)
    assert sorted(folder.name for folder in (out / "adapters").iterdir()) == sorted(("main", *TASKS))
    printed = capfd.readouterr().out
    places = " ".join(f"{name}={out / 'adapters' / name}" for name in ("au", "main", "spoof"))
    assert printed.count(f"--enable-lora --lora-modules {places}") == 2 and "30 of 30 answers alike" in printed
    assert "numbers and band above are those of `main`" in (out / "README.md").read_text()
    assert load_checkpoint(str(out)).config.calibration is None  # it was fitted on what the run's own adapter says


def test_a_run_without_adapters_of_tasks_keeps_its_own(copied):
    shutil.rmtree(copied / "adapters")
    plan = planned(load_checkpoint(str(copied)), keeps_adapters=True)
    assert plan.kept == {"main": copied / "adapter"} and not plan.is_folded


def test_peft_puts_a_kept_adapter_on_the_exported_language_model(beside):
    model = load_strict(FacewiseForConditionalGeneration, beside)
    adapted(model.language_model, beside / "adapters" / "au")
    assert any("lora_B" in name and value.any() for name, value in model.named_parameters())


def test_a_rank_above_vllms_own_is_told_to_it(run, tmp_path):
    llm = run.parent / "llm"
    small, large = run_twin.lora(llm, tmp_path / "small", 0, r=8), run_twin.lora(llm, tmp_path / "large", 0, r=20)
    assert shlex.join(lora_flags([small])) == f"--enable-lora --lora-modules small={small}"
    assert lora_flags([small, large])[1:3] == ["--max-lora-rank", "32"]


# What does not fit


def spoil(name: str, run: Path) -> None:
    """Faults by name."""
    llm = run.parent / "llm"
    if name == "a base with another name":
        change(run / "adapter" / "adapter_config.json", base_model_name_or_path="another/base")
    elif name == "an adapter of a wider base":
        shutil.rmtree(run / "adapters" / "au")
        run_twin.base(run.parent / "wide" / "llm", hidden_size=96, num_attention_heads=3)
        run_twin.lora(run.parent / "wide" / "llm", run / "adapters" / "au", 0)
    elif name == "an adapter of a deeper base":
        shutil.rmtree(run / "adapter")
        run_twin.base(run.parent / "deep" / "llm", num_hidden_layers=3)
        run_twin.lora(run.parent / "deep" / "llm", run / "adapter", 0)
    elif name == "half an adapter":
        path = run / "adapter" / "adapter_model.safetensors"
        save_file({key: value for key, value in load_file(path).items() if "layers.1" not in key}, path)
    elif name == "another projector":
        change(run / "config.json", projector_hidden=32)
    elif name == "another encoder":
        config = json.loads((run / "config.json").read_text())
        change(run / "config.json", encoder_config=config["encoder_config"] | {"tokens_per_view": 4})
    elif name == "another base":
        shutil.rmtree(llm)
        run_twin.base(llm, num_hidden_layers=3)
    elif name == "an unfinished run":
        (run / "config.json").unlink()
    elif name == "an encoder's run":
        (run / "config.json").unlink()
        (run / "recipe.yaml").write_text("stages: [encoder]\n")
    elif name == "numbers that are none":
        (run / "heads.json").write_text('[{"what": "AUC"}]')
    elif name == "two of a name":
        (run / "adapters" / "au").rename(run / "adapters" / "main")
        (run / "recipe.yaml").write_text("adapters_on: base\n")
    elif name == "nothing to keep":
        shutil.rmtree(run / "adapters")
        shutil.rmtree(run / "adapter")


def change(path: Path, **fields) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("a base with another name", "the adapter is for the base 'another/base', this model's is"),
        ("an adapter of a wider base", "au: an adapter for another base: the weights do not fit the model; of another shape"),
        ("an adapter of a deeper base", "adapter: an adapter for another base: the weights do not fit the model; unexpected: "),
        ("half an adapter", "missing: base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"),
        ("another projector", "a checkpoint of another config: the weights do not fit the model; of another shape: projector."),
        ("another encoder", "the evidence encoder is of another config; its tokens_per_view is 16, config.json says 4"),
        ("another base", "made for another base; the language model in"),
        ("an unfinished run", "an unfinished training; `facewise train` with the same recipe goes on"),
        ("an encoder's run", "an unfinished training; its recipe trains an evidence encoder alone"),
        ("numbers that are none", "heads.json: no numbers of a training"),
        ("two of a name", "the run's own adapter is kept as 'main'"),
        ("nothing to keep", "no LoRA to keep apart"),
    ],
)
def test_what_does_not_belong_together_is_one_line_before_anything_large_is_read(
    copied, tmp_path, monkeypatch, capfd, fault, words
):
    spoil(fault, copied)
    monkeypatch.setattr(Checkpoint, "unmerged", None)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", None)
    capfd.readouterr()
    assert main(["export", str(copied), str(tmp_path / "out"), "--adapters"]) == 2
    printed = capfd.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and not printed.out and not (tmp_path / "out").exists()


def test_a_whole_folder_of_another_config_is_told_too(whole, tmp_path, capfd):
    shutil.copytree(whole, tmp_path / "copied")
    config = json.loads((whole / "config.json").read_text())
    change(tmp_path / "copied" / "config.json", text_config=config["text_config"] | {"num_hidden_layers": 3})
    assert main(["export", str(tmp_path / "copied"), str(tmp_path / "out")]) == 2
    assert "a checkpoint of another config: the weights do not fit the model; missing: language_model.model.layers.2" in (
        capfd.readouterr().err
    )


def test_a_folder_that_exists_is_told_first(tmp_path, capfd):
    (tmp_path / "diary.txt").write_text("mine")
    assert main(["export", "no-such-model", str(tmp_path)]) == 2
    assert "exists already; give a new folder" in capfd.readouterr().err


def test_the_verb_says_that_there_is_no_such_model(tmp_path, capfd):
    assert main(["export", "no-such-model", str(tmp_path / "out")]) == 2
    assert "neither a model's name nor a folder" in capfd.readouterr().err and not list(tmp_path.iterdir())


def test_half_an_adapter_is_refused_by_every_door(copied):
    """PEFT would draw the other half anew."""
    spoil("half an adapter", copied)
    with pytest.raises(Exception, match="an adapter for another base"):
        load_checkpoint(str(copied)).model()


# In vLLM


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_vllm_says_with_each_adapter_what_peft_says(beside, examples):
    pytest.importorskip("vllm")
    from test_vllm import Case, by_transformers
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    from facewise.model.engines.hf import HfEngine
    from facewise.model.engines.vllm import prepare_environment, settings
    from facewise.model.network.processing import FacewiseProcessor
    from facewise.model.perception.picture import read_picture
    from facewise.model.questions import DEFAULT_QUESTIONS, prompt

    prepare_environment()
    small = {"max_model_len": 512, "max_num_seqs": 4, "limit_mm_per_prompt": {"image": 1, "video": 0}}
    llm = LLM(str(beside), **(settings() | {"dtype": "float32", "enable_lora": True, "max_loras": 2} | small))
    processor, picture = FacewiseProcessor.from_pretrained(beside), read_picture(examples / "printed-face.jpg")
    cases = [Case(prompt(question, 0), (picture,)) for question in DEFAULT_QUESTIONS.values()]
    ids = [processor.tokenizer.encode(processor.render(case.messages), add_special_tokens=False) for case in cases]
    asked = [{"prompt_token_ids": row, "multi_modal_data": {"image": [picture]}} for row in ids]
    modules = dict(word.split("=", 1) for word in lora_flags([beside / "adapters" / task for task in TASKS])[2:])
    found = {}
    for number, name in enumerate((None, *TASKS)):
        model = load_strict(FacewiseForConditionalGeneration, beside)
        if name is not None:
            model.language_model = adapted(model.language_model, beside / "adapters" / name).get_base_model()
        here = [written for _, written in by_transformers(HfEngine(model, processor), cases)]
        wears = None if name is None else LoRARequest(name, number, modules[name])
        outputs = llm.generate(asked, SamplingParams(temperature=0, max_tokens=24), lora_request=wears, use_tqdm=False)
        stop = processor.tokenizer.eos_token_id
        there = [[token for token in output.outputs[0].token_ids if token != stop] for output in outputs]
        assert there == here, name
        found[name] = here
    assert found[None] != found["spoof"] != found["au"] != found[None]


def test_the_twin_is_loud_enough_that_an_adapter_changes_its_words(run):
    """Or the test above would compare one answer with itself."""
    words = torch.arange(3, 40)[None]
    language = LlamaForCausalLM.from_pretrained(run.parent / "llm")
    base = language(words).logits.argmax(-1)
    assert not torch.equal(adapted(language, run / "adapters" / "au")(words).logits.argmax(-1), base)
