"""The language stages on built rows and real pictures, with tiny twins of a larger preset: tower, guidance, adapters, and one line for what cannot be."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_processing import tiny_encoder
from test_tower import bases

from facewise import load
from facewise.cli import main
from facewise.data_builders.records import Record, write_records
from facewise.data_builders.rows import Row, row_line, turn
from facewise.finetune.language.answer_loss import WithLoss
from facewise.finetune.language.answering import all_lessons
from facewise.finetune.language.assistant_start import base_configs, started
from facewise.finetune.language.stages import batches_of, instruct, lessons_of, rest, task_adapters
from facewise.finetune.lessons.built_rows import taught_rows
from facewise.finetune.lessons.media import Eyes, section
from facewise.finetune.lessons.seen_store import SeenStore
from facewise.finetune.outline import outline, table
from facewise.finetune.recipe import Recipe
from facewise.model.assembly import assembled, write_light
from facewise.model.checkpoint import load_checkpoint
from facewise.model.errors import FacewiseError
from facewise.model.network import register
from facewise.model.perception.picture import read_picture
from facewise.model.perception.video import open_clip

STEPS = {
    "language_epochs": 2.0,
    "align_epochs": 1.0,
    "language_batch": 2,
    "lora_rank": 2,
    "language_rate": 1e-2,
    "max_length": 4000,
}


@pytest.fixture(scope="module")
def twins(tmp_path_factory) -> Path:
    """llm and tower as a hub has them, and a light folder whose encoder is used as it is."""
    register()
    folder = tmp_path_factory.mktemp("bases")
    llm, tower = bases(folder)
    write_light(*assembled(str(llm), str(tower), tiny_encoder()), folder / "light")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory, examples) -> Path:
    """A picture, an attack, a text, a conversation."""
    folder = tmp_path_factory.mktemp("set")
    for name in ("invented-face.jpg", "printed-face.jpg", "invented-clip.mp4"):
        shutil.copy(examples / name, folder)
    rows = [
        row(
            "a",
            "spoof",
            "Is this face real?",
            "Live. A person is before the camera.",
            "invented-face.jpg",
            subject="ann",
            label="live",
        ),
        row("b", "spoof", "Is this face real?", "Spoof. It is a print.", "printed-face.jpg", subject="bob", label="spoof"),
        row(
            "c", "au", "Which muscles?", "The face shows lip corners pulled up.", "invented-face.jpg", subject="ann", label="AU12"
        ),
        row("d", "chat", "Who are you?", "Facewise.", None, subject="cid", label="about"),
    ]
    (folder / "rows.jsonl").write_text("".join(map(row_line, rows)))
    write_records(folder / "records.jsonl", [Record(id="one", media="invented-face.jpg", live=True)])
    return folder


def row(name: str, task: str, question: str, answer: str, media: str | None, **meta) -> Row:
    kind = "video" if media and media.endswith("mp4") else "image"
    messages = [turn("user", question, [kind] if media else ()), turn("assistant", answer)]
    told = {"task": task, "kind": "verdict", "split": "train", "record": "one", "dataset": "drawn", **meta}
    return Row(name, messages, **({f"{kind}s": [media]} if media else {}), meta=told)


def recipe(twins: Path, built: Path, out: Path, **more) -> Recipe:
    named = {"llm": str(twins / "llm"), "tower": str(twins / "tower"), "encoder_from": str(twins / "light")}
    return Recipe(**{"stages": ("align", "instruct"), "rows": (str(built),), "output_dir": str(out), **named, **STEPS, **more})


def flags(recipe: Recipe) -> list[str]:
    told = {name: getattr(recipe, name) for name in ("stages", "rows", "output_dir", "llm", "tower", "encoder_from", *STEPS)}
    return [
        word
        for name, value in told.items()
        for word in (f"--{name}", ",".join(value) if isinstance(value, tuple) else str(value))
    ]


@pytest.fixture(scope="module")
def finished(twins, built, tmp_path_factory) -> Path:
    """All of it by the command: tower and guidance learn too, an adapter for a task and one for a dataset."""
    folder = tmp_path_factory.mktemp("run")
    path = folder / "recipe.yaml"
    path.write_text("trained: [projector, guidance, tower]\nadapter_tasks: [spoof, drawn]\n")
    assert main(["train", str(path), *flags(recipe(twins, built, folder / "out"))]) == 0
    return folder / "out"


@pytest.mark.slow
def test_a_run_on_built_rows_gives_a_folder_with_its_own_tower_that_answers(finished, twins, examples):
    assert json.loads((finished / "config.json").read_text())["base_tower"] is None
    own, before = load_file(finished / "model.safetensors"), load_file(twins / "light" / "model.safetensors")
    moved = {name.split(".")[1] for name, value in own.items() if name.startswith("vision.") and not _same(name, value, before)}
    assert {"tower", "guidance", "projector"} <= moved
    reply = load(str(finished)).ask(examples / "invented-face.jpg", task="describe")
    assert len(reply.faces) == 1 and reply.faces[0].answer.text
    assert load(str(finished)).ask(examples / "invented-face.jpg", task="spoof").label == "uncertain"  # no pack, no calibration


def _same(name: str, value: torch.Tensor, before: dict[str, torch.Tensor]) -> bool:
    return name in before and torch.allclose(value.float(), before[name].float(), atol=1e-4)


@pytest.mark.slow
def test_each_task_or_dataset_has_a_plain_adapter_of_its_own(finished):
    for name in ("spoof", "drawn"):
        folder = finished / "adapters" / name
        assert sorted(file.name for file in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
        weights = load_file(folder / "adapter_model.safetensors")
        assert all(value.any() for value in weights.values()) and all("language" not in key for key in weights)
    one, two = (load_file(finished / "adapters" / name / "adapter_model.safetensors") for name in ("spoof", "drawn"))
    assert not all(torch.equal(value, two[name]) for name, value in one.items())


@pytest.mark.slow
def test_a_finished_run_is_not_begun_again(finished, twins, built, capsys):
    path = finished.parent / "recipe.yaml"
    assert main(["train", str(path), *flags(recipe(twins, built, finished))]) == 0
    assert "trained already by this recipe" in capsys.readouterr().err


@pytest.mark.slow
def test_every_switch_at_once_trains_and_answers(twins, built, tmp_path, examples):
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "trained: [projector, guidance]\nadapter_tasks: [spoof]\nadapters_on: base\ngradient_checkpointing: true\npvtm_drop: 0.5\n"
        "precision: bfloat16\nlora_dropout: 0.1\naccumulate: 2\nanswers: evidence\ntemperature: 2\ntask_weights: spoof=2\nlimit: 3\n"
    )
    assert main(["train", str(path), *flags(recipe(twins, built, tmp_path / "out"))]) == 0
    assert load(str(tmp_path / "out")).ask(examples / "invented-face.jpg", task="describe").text


def made(recipe: Recipe, out: Path):
    encoder = load_checkpoint(recipe.encoder_from).perceiver.encoder
    model, processor = started(recipe, encoder)
    return model.float(), processor, all_lessons(recipe, encoder, processor, None, taught_rows(recipe.rows), out)


def test_a_mixed_batch_of_real_pictures_counts_as_its_rows(twins, built, tmp_path):
    """With a tower: pictures of other faces and a text alone in one batch."""
    told = recipe(twins, built, tmp_path, evidence_mix="both=1,words=1", seed=3)
    model, processor, lessons = made(told, tmp_path)
    rows = batches_of(lessons, model, processor)
    learner = WithLoss(model).eval()
    with torch.no_grad():
        together = learner(**rows.collate(lessons))["loss"]
        alone = sum(learner(**rows.collate([lesson]))["loss"] for lesson in lessons)
    assert len(lessons) == 4 and together.item() == pytest.approx(alone.item(), rel=1e-4)


def test_only_what_the_recipe_names_moves(twins, built, tmp_path):
    told = recipe(twins, built, tmp_path, trained=("projector",), language_epochs=1.0)
    model, processor, lessons = made(told, tmp_path)
    before = {name: value.clone() for name, value in model.named_parameters()}
    instruct(told, model, processor, lessons, tmp_path / "stage")
    after = {name.replace("base_model.model.", "").replace("base_layer.", ""): value for name, value in model.named_parameters()}
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert moved and all("projector" in name and "region" not in name for name in moved)
    assert all(value.any() for name, value in after.items() if "lora_B" in name)


def test_an_adapter_on_the_base_alone_finds_the_base_as_it_was(twins, built, tmp_path):
    told = recipe(twins, built, tmp_path, adapter_tasks=("spoof",), language_epochs=1.0)
    model, processor, lessons = made(told, tmp_path)
    before = {name: value.clone() for name, value in model.language_model.named_parameters()}
    instruct(told, model, processor, lessons, tmp_path / "stage")
    model.language_model = model.language_model.unload()
    task_adapters(told, model, processor, lessons, tmp_path)
    after = dict(model.language_model.named_parameters())
    assert (tmp_path / "adapters" / "spoof" / "adapter_model.safetensors").is_file()
    assert after.keys() == before.keys() and all(torch.equal(value, before[name]) for name, value in after.items())


def test_the_parts_that_rest_stay_in_evaluation_mode(twins, built, tmp_path):
    model, _ = started(recipe(twins, built, tmp_path), load_checkpoint(str(twins / "light")).perceiver.encoder)
    rest(model, ("projector",))
    model.train()
    assert not model.language_model.training and not model.vision.tower.training and model.projector.training
    assert {value.dtype for value in model.projector.parameters()} == {torch.float32}


def test_the_table_tells_stages_parameters_and_memory(twins, built, tmp_path):
    told = recipe(twins, built, tmp_path, adapter_tasks=("spoof",), trained=("projector", "guidance"))
    encoder = load_checkpoint(told.encoder_from).perceiver.encoder.config
    rows = outline(told, encoder, *base_configs(told))
    assert [(row["stage"], row["learns"]) for row in rows] == [
        ("align", "projector, guidance"),
        ("instruct", "LoRA, projector, guidance"),
        ("adapter spoof", "LoRA"),
    ]
    model, _ = started(told, load_checkpoint(told.encoder_from).perceiver.encoder)
    groups = {name: sum(value.numel() for value in values) for name, values in model.parameter_groups().items()}
    assert rows[0]["parameters"] == f"{groups['projector'] + groups['guidance']:,}"
    assert rows[2]["parameters"] == str(2 * 2 * (32 + 32 + 32 + 16))  # 2 layers, rank 2: q 32 -> 32, v 32 -> 16
    assert table(rows).count("\n") == 4 and "MB at 512 tokens" in table(rows)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("lora_targets", "query", "lora_targets holds 'query', and the language model has no such layer"),
        ("adapter_tasks", "walking", "adapter_tasks holds 'walking', neither a task nor a dataset"),
        ("llm", "no-such-folder/at all", "neither a folder nor a model that can be fetched"),
        ("rows", "no-such-set", "facewise build"),
        ("max_length", "10", "max_length 10 has no room for a face"),
        ("max_length", "90", "tokens and"),
    ],
)
def test_what_cannot_be_trained_is_one_line_before_any_training(twins, built, tmp_path, capsys, field, value, words):
    path = tmp_path / "recipe.yaml"
    path.write_text("")
    assert main(["train", str(path), *flags(recipe(twins, built, tmp_path / "out")), f"--{field}", value]) == 2
    told = capsys.readouterr().err.splitlines()
    assert words in told[-1] and not list((tmp_path / "out").glob("stage-[ai]*"))


def test_lessons_of_an_adapter_are_those_of_its_task_or_dataset(twins, built, tmp_path):
    _, _, lessons = made(recipe(twins, built, tmp_path), tmp_path)
    assert [lesson.id for lesson in lessons_of("spoof", lessons)] == ["a", "b"] and len(lessons_of("drawn", lessons)) == 4
    with pytest.raises(FacewiseError, match="no row is of such a task or dataset"):
        lessons_of("micro", lessons)


# Media


def test_a_picture_is_shown_as_the_processor_shows_it(twins, examples, tmp_path):
    _, processor = started(recipe(twins, tmp_path, tmp_path), tiny_encoder())
    eyes = Eyes(processor, SeenStore(tmp_path / "seen"))
    seen = eyes._picture(read_picture(examples / "invented-face.jpg"))
    eyes.store.keep("key", lambda: seen)
    asked = processor(images=[examples / "invented-face.jpg"], text="<image>")
    assert asked["input_ids"][0].tolist() == processor.tokenizer.encode(seen.shown.words, add_special_tokens=False)
    assert torch.equal(asked["face_features"], seen.shown.features) and torch.equal(asked["face_kinds"], seen.shown.kinds)
    eyes.store.flush()
    kept = SeenStore(tmp_path / "seen")["key"].shown.faces[0]
    assert (kept.images == seen.shown.faces[0].images).all() and kept.has_landmarks


@pytest.mark.slow
def test_a_clip_is_shown_as_the_server_shows_it_and_a_part_of_it_is_a_clip(twins, built, tmp_path):
    _, processor = started(recipe(twins, tmp_path, tmp_path), tiny_encoder())
    eyes = Eyes(processor, SeenStore(tmp_path / "seen"))
    clip = row("v", "micro", "What moved?", "The brows.", "invented-clip.mp4")
    shutil.copytree(built, tmp_path / "clips")
    (tmp_path / "clips" / "rows.jsonl").write_text(row_line(clip))
    (taught,) = taught_rows((str(tmp_path / "clips"),))
    (key,) = eyes.keys(taught)
    asked = processor(videos=[built / "invented-clip.mp4"], text="<video>")
    shown = eyes.store[key].shown
    assert asked["input_ids"][0].tolist() == processor.tokenizer.encode(shown.words, add_special_tokens=False)
    assert torch.equal(asked["face_features"], shown.features) and eyes.store[key].is_clip


def test_a_part_of_a_clip_is_numbered_and_timed_anew(examples):
    part = section(open_clip(examples / "invented-clip.mp4"), 10, 14)
    frames = list(part.frames())
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4] and frames[0].time_s == 0 and part.frames_told == 5
    assert frames[1].time_s == pytest.approx(1 / 30, abs=1e-3)
