"""What a frozen tower makes of faces, kept on disk: the same loss and gradients as without, each face looked at once, and room for it asked first."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from test_tower import ENCODER, IMAGE, TOWERS, seen_face, tiny_model

from facewise.finetune.language import kept_patches
from facewise.finetune.language.answer_loss import WithLoss
from facewise.finetune.language.kept_patches import check_room, face_bytes, face_count, keep_patches
from facewise.finetune.language.tower_store import TowerStore, tower_print
from facewise.finetune.lessons.batches import Lessons
from facewise.finetune.lessons.lesson import Lesson, Showing
from facewise.finetune.recipe import Recipe
from facewise.model.errors import FacewiseError
from facewise.model.network.looks import look_of, with_tower
from facewise.model.network.modeling import FacewiseForConditionalGeneration
from facewise.model.network.shown import Shown

ASKED = {"pack_rows": 1, "precision": "float32"}


class Drawn:
    """ "12": a picture of the faces 1 and 2, "": of nobody."""

    def __init__(self, model: FacewiseForConditionalGeneration):
        self.look = look_of(model.config)

    def shown(self, key: str) -> Shown:
        if not key:
            return Shown("", torch.zeros(1, 16), torch.zeros(1, dtype=torch.long))
        tokens = with_tower(torch.ones(ENCODER, 16), torch.arange(1, ENCODER + 1).clamp(max=12), self.look)
        features, kinds = (part.repeat(len(key), *[1] * (part.ndim - 1)) for part in tokens)
        return Shown("", features, kinds, tuple(seen_face(int(number)) for number in key))


def rows_of(model: FacewiseForConditionalGeneration) -> Lessons:
    drawn = Drawn(model)

    def lesson(key: str | None, has_tokens: bool = True) -> Lesson:
        showings = () if key is None else (Showing(drawn, key, has_tokens),)
        places = sum(len(showing.shown().kinds) for showing in showings)
        ids = torch.cat([torch.full((places,), IMAGE), torch.arange(20, 27)]).int()
        counts = torch.cat([torch.zeros(places + 4), torch.full((3,), 1 / 3)])
        return Lesson(f"{key}", ids, counts, showings)

    return Lessons([lesson("1"), lesson("12"), lesson("1", False), lesson(""), lesson(None)], 0, drawn.look)


def resting(**options) -> FacewiseForConditionalGeneration:
    model = tiny_model(**options)
    model.freeze("tower", "language model")
    return model


def learned(model: FacewiseForConditionalGeneration, rows: Lessons) -> tuple[float, list[torch.Tensor]]:
    model.zero_grad()
    loss = WithLoss(model, packing=True).train()(**rows.collate(rows.lessons))["loss"]
    loss.backward()
    return loss.item(), [value.grad for value in model.parameters() if value.requires_grad]


def alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """But for the order of sums of float32: what is lost there is a part of the largest number of the tensor, not of each."""
    return (one - other).abs().max() <= 1e-5 * other.abs().max()


@pytest.mark.parametrize("vision", TOWERS.values(), ids=TOWERS)
def test_with_what_is_kept_a_batch_has_the_loss_and_the_gradients_that_it_has_without(vision, tmp_path):
    model = resting(vision=vision)
    rows = rows_of(model)
    loss, grads = learned(model, rows)
    keep_patches(Recipe(**ASKED), model, rows, (), tmp_path)
    assert rows.collate(rows.lessons)["pixel_values"].shape == (4, 1, 64, 32)
    kept_loss, kept_grads = learned(model, rows)
    assert kept_loss == pytest.approx(loss, rel=1e-6) and any(value.any() for value in grads)
    assert all(alike(one, two) for one, two in zip(kept_grads, grads, strict=True))


def test_a_face_is_looked_at_once_and_by_another_tower_again(tmp_path, monkeypatch):
    model = resting()
    looked = count_looks(model, monkeypatch)
    for _ in range(2):
        keep_patches(Recipe(**ASKED), model, rows_of(model), (), tmp_path)
    assert looked == [3]  # two faces, and the grey picture of a row whose words alone are shown
    with torch.no_grad():
        next(model.vision.tower.parameters()).add_(1e-3)
    keep_patches(Recipe(**ASKED), model, rows_of(model), (), tmp_path)
    assert looked == [3, 3]


def count_looks(model: FacewiseForConditionalGeneration, monkeypatch) -> list[int]:
    looked: list[int] = []
    own = model.vision.patches
    monkeypatch.setattr(model.vision, "patches", lambda pixels: (looked.append(len(pixels)), own(pixels))[1])
    return looked


def test_nothing_is_kept_of_a_tower_that_learns_or_where_it_is_not_wanted(tmp_path):
    model = resting()
    rows = rows_of(model)
    keep_patches(Recipe(**ASKED, cache_tower=False), model, rows, (), tmp_path)
    model.freeze("language model")
    keep_patches(Recipe(**ASKED), model, rows, (), tmp_path)
    assert rows.kept is None and not list(tmp_path.iterdir())


def test_half_floats_are_kept_where_training_computes_in_them(tmp_path):
    model = resting()
    rows = rows_of(model)
    keep_patches(Recipe(pack_rows=1, precision="bfloat16"), model, rows, (), tmp_path)
    look, faces = rows.look, Drawn(model).shown("1").faces
    assert rows.kept.print != tower_print(model.vision, look, "float32")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(rows.kept.patches(faces), model.vision.patches(Lessons([], 0, look)._looked(faces)["pixel_values"]))


def test_the_size_is_told_before_the_tower_looks(tmp_path, capsys, monkeypatch):
    model = resting()
    rows = rows_of(model)
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "cache"))
    keep_patches(Recipe(**ASKED), model, rows, rows.lessons, tmp_path / "run")
    assert face_count(rows.lessons, model.config) == 4 and face_bytes(model.config, "float32") == 64 * 32 * 4
    told = capsys.readouterr().err
    assert "what the frozen tower makes of 4 faces takes up to 0.00 GB in " in told and "cache" in told
    assert not (tmp_path / "run").exists()


def test_a_disk_without_room_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_patches.shutil, "disk_usage", lambda place: SimpleNamespace(free=1_000_000_000))
    store = TowerStore(Path(tmp_path) / "not" / "yet", "x")
    with pytest.raises(
        FacewiseError, match=r"2,000 faces takes up to 3\.40 GB in .*, and 1\.00 GB are free; .*--cache_tower false"
    ):
        check_room(store, 2000, 1_700_000)
    check_room(store, 500, 1_700_000)
