"""`facewise train RECIPE.yaml [--field value ...]`: from a pack to a folder that `facewise ask --model` loads.

Stages that are done are skipped, a stage that was cut off goes on from its last checkpoint; so a folder belongs to one recipe, and another one
is refused. The folder is light: own weights, and the base language model by name (model/checkpoint.py).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from ..model.base_llm import prepared
from ..model.checkpoint import fast_dtype
from ..model.network.encoder import FaceEncoder
from ..model.network.loading import load_strict
from ..model.network.perceive import Perceiver
from ..model.network.processing import EVIDENCE_FOLDER, FacewiseProcessor
from ..model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN
from .encoder_stage import train_encoder
from .language_stage import Seen, train_language
from .measure import calibration, measure, row, share, verdict_log_odds
from .packed import Packed, read_pack
from .recipe import Recipe, claim, read_recipe


def main(argv: list[str]) -> None:
    recipe = read_recipe(argv)
    pack = read_pack(recipe.pack, recipe.limit)
    pack.refuse_gaps()
    out = Path(recipe.output_dir)
    claim(recipe, out)
    if (out / "config.json").is_file():  # written last
        print(f"{out}: trained already by this recipe; delete the folder to train anew", file=sys.stderr)
        return
    encoder = evidence_encoder(recipe, pack, out)
    others = pack.where(~pack.split("train"))
    seen = Seen(encoder, others)
    say(out, measure(others, seen), "heads.json")
    answers(recipe, others, seen, out)


def evidence_encoder(recipe: Recipe, pack: Packed, out: Path) -> FaceEncoder:
    folder = out / EVIDENCE_FOLDER
    if not folder.is_dir():
        encoder = train_encoder(recipe, pack, out / "stage-encoder")
        encoder.half().save_pretrained(out / "stage-encoder" / EVIDENCE_FOLDER)
        (out / "stage-encoder" / EVIDENCE_FOLDER).rename(folder)  # never half a folder
    return load_strict(FaceEncoder, folder, dtype=torch.float32)


def answers(recipe: Recipe, pack: Packed, seen: Seen, out: Path) -> None:
    """On faces that the encoder was not trained on: projector and LoRA, then the calibration of the verdict on its half of `val` and its worth on `test`."""
    from transformers import AutoTokenizer

    base = prepared(**recipe.base_llm, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN))
    processor = FacewiseProcessor(AutoTokenizer.from_pretrained(base), Perceiver(seen.encoder))
    model = train_language(recipe, pack, seen, processor, base, out / "stage-language")
    save_adapter(model.language_model, recipe.base_llm_package, out / "adapter")
    model.language_model = model.language_model.merge_and_unload()
    save_own(model, out)
    model.config.calibration, rows = calibrated(model.to(getattr(torch, fast_dtype())), processor, pack, seen)
    say(out, rows, "verdict.json")
    model.config.save_pretrained(out)


def save_own(model, out: Path) -> None:
    """The projector in float16: half the bytes, a rounding far below the training noise."""
    own = {name: tensor.half().contiguous() for name, tensor in model.own_state_dict().items()}
    save_file(own, out / "model.safetensors", metadata={"format": "pt"})


def save_adapter(language, base_name: str, folder: Path) -> None:
    """A plain PEFT folder in float16 that names its base by package, not by where this machine keeps it."""
    language.peft_config["default"].base_model_name_or_path = base_name
    language.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty form
    weights = folder / "adapter_model.safetensors"
    save_file({name: tensor.half() for name, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"})


def calibrated(model, processor: FacewiseProcessor, pack: Packed, seen: Seen) -> tuple[dict, list[dict]]:
    live = pack.tensors["live"].numpy()
    odds = {}
    for split, chosen in (("val", pack.halves()[1]), ("test", pack.split("test"))):
        indices = np.flatnonzero(chosen.numpy() & (live >= 0))
        llm = verdict_log_odds(model, processor, pack, seen, indices)
        head = np.array([seen.evidence[i].spoof_logit for i in indices])
        odds[split] = (llm, head, live[indices], pack.tensors["subject"].numpy()[indices])
    fitted = calibration(*odds["val"][:3])
    return fitted, verdict_rows(fitted, *odds["test"])


def verdict_rows(fitted: dict, llm: np.ndarray, head: np.ndarray, spoof: np.ndarray, subjects: np.ndarray) -> list[dict]:
    """The joined score and each log-odds alone, then the shares that ISO 30107 asks for."""
    from sklearn.metrics import roc_auc_score

    domain = "simulated attacks, real live"
    score = 1 / (1 + np.exp(-(fitted["llm"] * llm + fitted["head"] * head + fitted["bias"])))
    rows = [
        row(f"{name}, AUC", domain, roc_auc_score, spoof, values, subjects, 0.5)
        for name, values in (("score", score), ("language model alone", llm), ("head alone", head))
    ]
    called = np.where(score > fitted["high"], 1, np.where(score < fitted["low"], 0, -1))
    shares = (("attacks called live", spoof == 1, 0), ("live called spoof", spoof == 0, 1), ("uncertain", spoof >= 0, -1))
    for name, use, verdict in shares:
        rows.append(share(name, domain, called[use] == verdict))
    return rows


def say(out: Path, rows: list[dict], name: str) -> None:
    (out / name).write_text(json.dumps(rows, indent=1))
    for found in rows:
        chance = "" if found["chance"] is None else f", chance {found['chance']:.2f}"
        span = f"[{found['low']:.2f}, {found['high']:.2f}]"
        print(f"{found['what']:28} {found['value']:.3f} {span} n = {found['n']}{chance} ({found['domain']})", file=sys.stderr)
