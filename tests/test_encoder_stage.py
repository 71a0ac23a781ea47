"""The encoder stage on noise: it trains, goes on where it was stopped, watches `val` and never `test`, and goes without what an ablation drops."""

import json
import math

import pytest
import torch
from noise_pack import INPUTS, noise, tiny_encoder, written
from safetensors.torch import load_file
from transformers import TrainerCallback

from facewise.finetune import stage_trainer
from facewise.finetune.encoder import folds
from facewise.finetune.encoder import stage as encoder_stage
from facewise.finetune.encoder.ablation import another_face
from facewise.finetune.encoder.folds import dealt, fold_encoders, read_by
from facewise.finetune.encoder.lesson import EncoderLesson
from facewise.finetune.encoder.losses import AUTHENTICITY, WEIGHTS, weights_of
from facewise.finetune.encoder.packed import read_pack
from facewise.finetune.encoder.progress import auc
from facewise.finetune.encoder.stage import (
    check_parts,
    emotion_prior,
    encoder_config,
    learned_encoder,
    started_encoder,
    train_authenticity,
    train_encoder,
)
from facewise.finetune.recipe import Recipe
from facewise.finetune.stage_trainer import check_fits
from facewise.finetune.watch import last_checkpoint
from facewise.model.errors import FacewiseError
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder
from facewise.model.network.regions import guiding_mask

TWIN = {"hidden_size": 16, "num_layers": 1, "encoder_epochs": 2, "encoder_batch": 4, "encoder_weights": "contrast=0"}


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """Eight rows of each split, two of each person, one driven and the other what it was before."""
    tensors = noise(24) | {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    tensors["pair"] = torch.where(torch.arange(24) % 2 == 0, torch.arange(24) + 1, -1)
    tensors["change"][::2] = 1.0
    return read_pack(written(tensors, tmp_path_factory.mktemp("pack") / "noise.safetensors"))


def recipe(**fields) -> Recipe:
    return Recipe(**(TWIN | fields))


def weights(encoder: FaceEncoder) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in encoder.state_dict().items()}


@pytest.fixture(scope="module")
def trained(pack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return train_encoder(recipe(), pack, folder), folder


def told(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]


def test_it_trains_the_tiny_twin(trained):
    before, (encoder, _) = tiny_encoder().state_dict(), trained
    moved = [name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])]
    assert len(moved) > 0.9 * len(before) and all(torch.isfinite(value).all() for value in encoder.state_dict().values())
    assert json.loads(encoder.config.to_json_string())["landmark_mean"] and not encoder.training


def test_each_epoch_tells_its_losses_and_what_is_told_apart_on_val(trained):
    lines = told(trained[1])
    assert [line["epoch"] for line in lines] == [1, 2] and [line["step"] for line in lines] == [2, 4]
    heads = WEIGHTS.keys() - {"contrast", "digital"}
    assert all(line["train"].keys() == line["val"].keys() == heads for line in lines)
    assert all(line["metrics"].keys() == {"AU12 AUC", "spoof AUC"} and 0 <= line["metrics"]["spoof AUC"] <= 1 for line in lines)
    by_hand = sum(WEIGHTS[name] * value for name, value in lines[0]["val"].items())
    assert lines[0]["loss"] == pytest.approx(by_hand, abs=1e-4) and lines[0]["train"]["change"] > 0


def test_people_of_test_and_those_who_calibrate_are_never_looked_at(pack, trained, tmp_path):
    unseen = pack.split("test") | pack.halves()[1]
    poisoned = {name: values.clone() if name == "canonical" else values for name, values in pack.tensors.items()}
    poisoned["canonical"][unseen] = math.nan
    again = train_encoder(recipe(), type(pack)(poisoned, pack.about), tmp_path)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in trained[0].state_dict().items())
    assert told(tmp_path) == told(trained[1])


class Killed(TrainerCallback):
    def on_save(self, args, state, control, **kwargs):
        if state.global_step == 1:
            raise KeyboardInterrupt


def test_a_run_that_was_killed_ends_in_the_very_same_weights_noise_and_all(pack, trained, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(stage_trainer, "StopOnBadLoss", lambda rate: Killed())
        train_encoder(recipe(), pack, tmp_path)
    assert last_checkpoint(tmp_path).endswith("checkpoint-1")
    resumed = train_encoder(recipe(), pack, tmp_path)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in trained[0].state_dict().items())
    assert [line["val"] for line in told(tmp_path)] == [line["val"] for line in told(trained[1])]


@pytest.mark.slow
def test_another_seed_is_another_training(pack, trained, tmp_path):
    assert not torch.equal(
        train_encoder(recipe(seed=1), pack, tmp_path).sight.looks[0].positions, trained[0].sight.looks[0].positions
    )


class Spoilt(EncoderLesson):
    """Its third loss is no number."""

    def forward(self, **batch):
        self.calls = getattr(self, "calls", 0) + 1
        loss = super().forward(**batch)["loss"]
        return {"loss": loss * math.nan if self.calls == 3 else loss}


def test_a_loss_that_is_no_number_stops_with_the_last_good_checkpoint(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_stage, "EncoderLesson", Spoilt)
    with pytest.raises(
        FacewiseError, match=r"no number at step 3; .*checkpoint-2 is the last good .* lower --encoder_rate"
    ) as caught:
        train_encoder(recipe(), pack, tmp_path)
    assert "\n" not in str(caught.value) and last_checkpoint(tmp_path).endswith("checkpoint-2")
    assert all(value.isfinite().all() for value in load_file(tmp_path / "checkpoint-2" / "model.safetensors").values())


def test_a_loss_that_is_no_number_at_once_says_that_nothing_is_kept(pack, tmp_path, monkeypatch):
    spoilt = {name: values.clone() if name == "canonical" else values for name, values in pack.tensors.items()}
    spoilt["canonical"][pack.split("train")] = math.inf
    with pytest.raises(FacewiseError, match="no number at step 1; there was no checkpoint yet"):
        train_encoder(recipe(), type(pack)(spoilt, pack.about), tmp_path)


def test_the_best_epoch_is_kept_and_nobody_waits_longer_than_told(pack, tmp_path):
    encoder = train_encoder(recipe(encoder_epochs=6, encoder_rate=0.05, encoder_patience=2), pack, tmp_path)
    lines = told(tmp_path)
    best = min(lines, key=lambda line: line["loss"])
    assert best["best"] and (len(lines) == best["epoch"] + 2 or len(lines) == 6)
    kept = load_file(tmp_path / "best.safetensors")
    assert all(torch.equal(value, kept[name]) for name, value in encoder.state_dict().items())
    assert encoder.config.chosen_on_val


def test_patience_without_anybody_to_wait_for_is_refused(pack, tmp_path):
    with pytest.raises(FacewiseError, match="no faces of val to wait for"):
        train_encoder(recipe(encoder_patience=1), pack.where(pack.split("train")), tmp_path)


def test_pairs_told_apart_are_counted_by_hand():
    assert auc(torch.tensor([2.0, 1.0]), torch.tensor([1.0, 0.0])) == (1 + 1 + 0.5 + 1) / 4
    assert auc(torch.tensor([2.0]), torch.tensor([])) is None


def test_the_contrast_is_trained_with_words_and_leaves_nothing_in_the_encoder(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_stage, "region_words", lambda recipe: torch.randn(23, 8))
    encoder = train_encoder(recipe(encoder_weights="", encoder_epochs=1), pack, tmp_path)
    assert told(tmp_path)[0]["train"]["contrast"] > 0 and encoder.state_dict().keys() == tiny_encoder().state_dict().keys()


@pytest.mark.parametrize("name", ["au", "spoof", "change"])
def test_a_loss_of_weight_0_is_not_even_told(pack, name):
    lesson = EncoderLesson(tiny_encoder(), weights_of(f"{name}=0"))
    batch = pack.collate([pack[0], pack[1]])
    assert name not in lesson.losses(**batch)[1]


def test_a_common_emotion_is_not_likelier_by_itself(pack):
    prior = emotion_prior(pack)
    shown = pack.tensors["emotion"]
    counts = shown[shown >= 0].bincount(minlength=9)
    common, rare = int(counts.argmax()), int(counts.argmin())
    expected = 0.5 * math.log(counts[common] / max(1, counts[rare]))
    assert (prior[common] - prior[rare]).item() == pytest.approx(expected)
    lesson = EncoderLesson(tiny_encoder(), weights_of("contrast=0"), emotion_prior=prior)
    batch = pack.collate([pack[0], pack[1]])
    plain = EncoderLesson(lesson.encoder, weights_of("contrast=0"))
    assert lesson.losses(**batch)[1]["emotion"] != plain.losses(**batch)[1]["emotion"]


# Attacks alone


def test_what_tells_of_attacks_learns_alone_and_leaves_what_expressions_are_read_from(pack, trained, tmp_path):
    before = weights(trained[0])
    encoder = FaceEncoder(trained[0].config)
    encoder.load_state_dict(before)
    after = weights(train_authenticity(recipe(authenticity_epochs=2), encoder, pack, tmp_path))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    learns = ("authenticity.", "sight.looks.1.", "sight.looks.2.")
    assert all(name.startswith(learns) for name in changed)
    assert all(any(name.startswith(part) for name in changed) for part in learns)


def test_before_that_expressions_learn_alone(pack, tmp_path):
    torch.manual_seed(recipe().seed)
    before = weights(started_encoder(recipe(), pack))
    after = weights(train_encoder(recipe(authenticity_epochs=2), pack, tmp_path))
    assert {name for name in before if torch.equal(before[name], after[name])} >= {
        name for name in before if name.startswith(("authenticity.", "sight.looks.1.", "sight.looks.2."))
    }
    assert not torch.equal(before["sight.looks.0.stem.0.weight"], after["sight.looks.0.stem.0.weight"])


def test_of_a_frozen_encoder_the_expression_head_learns_alone_and_is_given_places(pack, tmp_path):
    start = tiny_encoder(places=False)
    start.save_pretrained(tmp_path / "start" / "evidence")
    before = weights(start)
    frozen = recipe(encoder_from=str(tmp_path / "start"), encoder_frozen=True)
    after = weights(train_encoder(frozen, pack, tmp_path / "run"))
    changed = {name for name in after if name not in before or not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("expression.") for name in changed)
    assert after["expression.places.read.2.weight"].abs().max() > 0
    plain = train_encoder(recipe(encoder_from=str(tmp_path / "start"), places=False), pack, tmp_path / "plain")
    assert plain.expression.places is None and not plain.config.places


def test_only_rows_that_tell_of_attacks_teach_it(pack):
    assert pack.tells_of_attacks().tolist() == [row % 2 == 0 for row in range(24)]


def test_of_a_change_the_face_before_it_teaches_too_though_it_has_no_label(pack):
    assert pack.tells_of_expressions().all()
    tensors = pack.tensors | {"pair": torch.full((24,), -1)}
    assert type(pack)(tensors, pack.about).tells_of_expressions().tolist() == [row % 2 == 0 for row in range(24)]
    lesson = EncoderLesson(tiny_encoder(), weights_of("contrast=0") | dict.fromkeys(AUTHENTICITY, 0.0))
    batch = pack.collate([pack[0], pack[1]])
    change = lesson.losses(**batch)[1]["change"]
    batch["views"][1, 0] = 0.0
    assert lesson.losses(**batch)[1]["change"] != change


def test_the_first_part_is_not_trained_again_when_the_second_was_stopped(pack, tmp_path, monkeypatch):
    def stopped(*args):
        raise KeyboardInterrupt

    both = recipe(encoder_epochs=1, authenticity_epochs=3)  # the first step has a rate of 0
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(encoder_stage, "train_authenticity", stopped)
        learned_encoder(both, pack, tmp_path)
    monkeypatch.setattr(encoder_stage, "train_encoder", stopped)
    resumed = weights(learned_encoder(both, pack, tmp_path))
    before = load_file(tmp_path / "stage-encoder" / "evidence" / "model.safetensors")
    assert torch.equal(resumed["guidance.gate"], before["guidance.gate"].float())
    assert not torch.equal(resumed["authenticity.spoof.weight"], before["authenticity.spoof.weight"].float())


@pytest.mark.parametrize(
    ("fields", "unknown", "words"),
    [
        ({}, ("au", "change"), "encoder_epochs is 2, but no row"),
        (
            {"encoder_weights": "spoof=0,attack=0,cues=0,map=0,digital=0"},
            (),
            "authenticity_epochs is 1, but encoder_weights has 0",
        ),
    ],
)
def test_a_part_that_nothing_would_teach_is_refused(pack, fields, unknown, words):
    nothing = {name: torch.full_like(pack.tensors[name], math.nan) for name in unknown}
    nothing |= {"emotion": torch.full((24,), -1)} if unknown else {}
    with pytest.raises(FacewiseError, match=words):
        check_parts(recipe(authenticity_epochs=1, **fields), type(pack)(pack.tensors | nothing, pack.about))


# What an ablation goes without


@pytest.mark.parametrize("authenticity_epochs", [0, 1])
def test_frgca_off_shuts_the_gate_for_good(pack, tmp_path, authenticity_epochs):
    asked = recipe(encoder_drop="frgca", encoder_epochs=1, authenticity_epochs=authenticity_epochs)
    encoder = learned_encoder(asked, pack, tmp_path)
    assert encoder.guidance.gate.item() == 0
    batch = pack.collate([pack[0]])
    patches = encoder.sight(batch["views"].contiguous())[0][:, :2]
    assert torch.equal(encoder(**{name: batch[name] for name in INPUTS}).guided, patches)


def test_without_the_mask_every_patch_may_ask_every_region_alike(pack):
    batch = pack.without("mask").collate([pack[0], pack[2]])
    guidance = tiny_encoder().guidance
    mask = guiding_mask(batch["points"], batch["pose"], batch["has_landmarks"], 14, guidance.log_tau)
    assert mask.abs().max() < 1e-3 and torch.equal(batch["canonical"], pack.collate([pack[0], pack[2]])["canonical"])


def test_landmarks_are_anothers_and_all_else_is_the_own(pack):
    strange = pack.without("landmarks")
    for row in (0, 7, 23):
        other = another_face(pack.tensors["subject"], row)
        assert pack.tensors["subject"][other] != pack.tensors["subject"][row]
        assert torch.equal(strange[row]["points"], pack[other]["points"]) and torch.equal(
            strange[row]["pose"], pack[other]["pose"]
        )
        assert torch.equal(strange[row]["views"], pack[row]["views"])


@pytest.mark.parametrize(("view", "place"), [("rgb", 0), ("spoof", 1)])
def test_a_dropped_view_is_the_neutral_fill(pack, view, place):
    whole, without = (rows.collate([rows[3]])["views"] for rows in (pack, pack.without(view)))
    assert not without[:, place].any() and torch.equal(whole[:, 1 - place], without[:, 1 - place])


def test_without_points_no_landmark_moves_a_number(pack):
    encoder, rows = tiny_encoder(), pack.without("points")
    batch = rows.collate([rows[0], rows[2]])
    other = batch | {name: batch[name] + 0.1 for name in ("canonical", "points", "mesh", "pose")}
    told = [encoder(**{name: seen[name] for name in (*INPUTS, "has_landmarks")}) for seen in (batch, other)]
    assert torch.equal(told[0].au, told[1].au) and torch.equal(told[0].spoof, told[1].spoof)


@pytest.mark.slow
@pytest.mark.parametrize("drop", ["frgca", "mask", "landmarks", "points", "rgb", "spoof"])
def test_an_ablation_is_another_training(pack, trained, tmp_path, drop):
    other = train_encoder(recipe(encoder_drop=drop), pack, tmp_path)
    assert not torch.equal(other.expression.geometry[0].weight, trained[0].expression.geometry[0].weight)


@pytest.mark.parametrize(
    ("drop", "words"), [("eyes", "expected nothing or one of frgca, mask"), ("motion", "its views are rgb, spoof")]
)
def test_what_cannot_be_dropped_is_told_before_training(pack, tmp_path, drop, words):
    with pytest.raises(FacewiseError, match=words):
        train_encoder(recipe(encoder_drop=drop), pack, tmp_path)
    assert not list(tmp_path.iterdir())


# What it starts from


def test_a_head_for_digital_faces_is_there_when_both_kinds_teach_it(pack):
    rows = pack.where(pack.split("train"))
    assert not encoder_config(recipe(), rows).digital
    rows.tensors["digital"] = torch.tensor([0, 1, -1, -1, -1, -1, -1, -1])
    assert encoder_config(recipe(), rows).digital


def test_the_views_are_those_of_the_pack(tmp_path):
    tensors = noise(4)
    tensors["views"], tensors["points"] = tensors["views"][:, [0, 1, 1]], tensors["points"][:, [0, 1, 1]]
    rows = read_pack(written(tensors, tmp_path / "set.safetensors", ("rgb", "spoof", "spectrum")))
    assert started_encoder(recipe(), rows).config.views == ["rgb", "spoof", "spectrum"]
    with pytest.raises(
        FacewiseError, match="its encoder sees rgb, spoof at 224 px, the pack holds rgb, spoof, spectrum at 112 px"
    ):
        started_encoder(recipe(encoder_from="default"), rows)


def test_a_checkpoint_of_another_shape_is_one_line(pack, trained, tmp_path):
    checkpoint = last_checkpoint(trained[1])
    wider = EncoderLesson(
        FaceEncoder(
            FaceEncoderConfig(image_size=112, patch_size=8, hidden_size=32, num_heads=2, num_layers=1, digital=False, places=True)
        ),
        WEIGHTS,
    )
    with pytest.raises(
        FacewiseError, match="written by another recipe: the weights do not fit the model; of another shape"
    ) as caught:
        check_fits(wider, trained[1] / checkpoint / "model.safetensors")
    assert "\n" not in str(caught.value)


# Folds


def test_people_are_dealt_so_that_folds_are_of_like_size():
    counts = torch.tensor([8, 1, 1, 1, 1, 2, 2, 4, 4])
    fold = dealt(counts, 3, seed=0)
    assert [int(counts[fold == number].sum()) for number in range(3)] == [8, 8, 8]
    assert torch.equal(fold, dealt(counts, 3, seed=0)) and not torch.equal(fold, dealt(counts, 3, seed=1))


def test_no_encoder_reads_a_person_whom_it_was_trained_on(pack, tmp_path, monkeypatch, capsys):
    seen = {}

    def remembered(recipe, rows, folder):
        encoder = tiny_encoder()
        train = rows.tensors["subject"][rows.split("train")]
        seen[folder.name] = {pack.about["subjects"][subject] for subject in train.tolist()}
        return encoder

    monkeypatch.setattr(folds, "learned_encoder", remembered)
    readers = fold_encoders(recipe(encoder_folds=4), pack, tmp_path)
    assert "4 encoders, each on 3/4 of 8 rows: 3 times the training of one" in capsys.readouterr().err
    for subject in pack.about["subjects"]:
        assert subject not in seen[f"fold-{readers.encoders.index(readers.of(subject))}"]
    people = {pack.about["subjects"][subject] for subject in range(4)}
    assert set.union(*seen.values()) == people and all(len(names) == 3 for names in seen.values())


def test_folds_that_are_done_are_not_trained_again(pack, tmp_path, monkeypatch):
    trained_in = []

    def failing(recipe, rows, folder):
        trained_in.append(folder.name)
        if trained_in.count("fold-1") == 1 and folder.name == "fold-1":
            raise KeyboardInterrupt
        return tiny_encoder()

    monkeypatch.setattr(folds, "learned_encoder", failing)
    with pytest.raises(KeyboardInterrupt):
        fold_encoders(recipe(encoder_folds=2), pack, tmp_path)
    fold_encoders(recipe(encoder_folds=2), pack, tmp_path)
    assert trained_in == ["fold-0", "fold-1", "fold-1"]


@pytest.mark.parametrize("number", [1, 5])
def test_more_folds_than_people_are_refused(pack, tmp_path, number):
    with pytest.raises(FacewiseError, match=f"encoder_folds is {number}, expected 2 to 4, the people to train on"):
        fold_encoders(recipe(encoder_folds=number), pack, tmp_path)


def test_every_row_is_read_by_the_encoder_that_is_named_for_it(pack):
    one, other = tiny_encoder(), tiny_encoder()
    with torch.no_grad():
        other.authenticity.spoof.bias += 7
    few = pack.where(torch.arange(24) < 4)
    read = read_by(few, lambda row: other if row in (1, 2) else one)
    alone = read_by(few, lambda row: one)
    difference = [found.spoof_logit - plain.spoof_logit for found, plain in zip(read, alone, strict=True)]
    assert difference == pytest.approx([0, 7, 7, 0], abs=1e-4)


@pytest.mark.slow
def test_two_folds_are_trained_and_read_the_whole_pack(pack, tmp_path):
    readers = fold_encoders(recipe(encoder_folds=2), pack, tmp_path)
    names = [pack.about["subjects"][subject] for subject in pack.tensors["subject"].tolist()]
    read = read_by(pack, lambda row: readers.of(names[row]))
    assert len(read) == len(pack) and all(math.isfinite(found.spoof_logit) for found in read)
