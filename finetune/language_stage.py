"""Stages (b) and (c) in one: projector and a LoRA on the language model learn to put evidence into words, encoder frozen.

Exactly the assistant's tokens carry loss; in a verdict's answer the first token weighs `verdict_weight`, the rest what is left (I-FAS). Rows are
mixed so that neither the evidence in words nor the face tokens can be ignored: both, tokens alone, words alone.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import Dataset
from transformers import AutoModelForCausalLM

from ..data_builders.instructions.evidence_answers import instruction
from ..model.network.configuration import FacewiseConfig
from ..model.network.encoder import FaceEncoder
from ..model.network.evidence import Evidence
from ..model.network.modeling import FacewiseForConditionalGeneration
from ..model.network.processing import FacewiseProcessor
from ..model.network.shown import IMAGE_TOKEN, face_text
from ..model.wording import CHOICES, VERDICT_SENTENCES, evidence_text
from .encoder_stage import fit, training_arguments
from .packed import Packed
from .recipe import Recipe

MIX = {"both": 0.6, "tokens": 0.2, "words": 0.2}
TASK_SHARE = {"spoof": 0.4, "au": 0.25, "emotion": 0.15, "describe": 0.2}
LORA_TARGETS = ("q_proj", "v_proj")
UNCERTAIN_SHARE = 0.1  # of the verdicts: how to go on after "Uncertain.", a word that is settled and never predicted
UNSCORED = -100


class Rows(Dataset):
    """Tokenised instruction rows with the face tokens that belong to them."""

    def __init__(self, rows: Sequence[dict], pad_id: int):
        self.rows, self.pad_id = rows, pad_id

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        return self.rows[index]

    def collate(self, rows: list[dict]) -> dict[str, Tensor]:
        """Right-padded ids and labels; face features flat over the batch."""
        longest = max(len(row["input_ids"]) for row in rows)
        batch = {
            "input_ids": [row["input_ids"] + [self.pad_id] * (longest - len(row["input_ids"])) for row in rows],
            "labels": [row["labels"] + [UNSCORED] * (longest - len(row["labels"])) for row in rows],
            "attention_mask": [[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows],
            "is_verdict": [row["is_verdict"] for row in rows],
        }
        return {
            **{name: torch.tensor(values) for name, values in batch.items()},
            "face_features": torch.cat([row["face_features"] for row in rows]),
            "face_kinds": torch.cat([row["face_kinds"] for row in rows]),
        }


class WithLoss(nn.Module):
    """The generating model and the judgement-weighted loss as one module, as the Trainer wants it."""

    def __init__(self, model: FacewiseForConditionalGeneration, verdict_weight: float):
        super().__init__()
        self.model, self.verdict_weight = model, verdict_weight

    def state_dict(self, *args, **kwargs) -> dict[str, Tensor]:
        """What trains, and nothing else: a checkpoint without the frozen 135M is two hundred times smaller."""
        return {name: value for name, value in super().state_dict(*args, **kwargs).items() if name in self._trained}

    def load_state_dict(self, state_dict: Mapping[str, Tensor], *args, **kwargs):
        """The counterpart: strict in what trains, while what is frozen stays as it was built."""
        frozen = {name: value for name, value in super().state_dict().items() if name not in self._trained}
        return super().load_state_dict({**frozen, **state_dict})

    @property
    def _trained(self) -> set[str]:
        return {name for name, parameter in self.named_parameters() if parameter.requires_grad}

    def forward(self, labels: Tensor, is_verdict: Tensor, **inputs: Tensor) -> dict[str, Tensor]:
        logits = self.model(**inputs).logits
        return {"loss": judgement_weighted(logits, labels, is_verdict, self.verdict_weight)}


def judgement_weighted(logits_BTV: Tensor, labels_BT: Tensor, is_verdict_B: Tensor, weight: float) -> Tensor:
    """Mean over rows of: the answer's mean cross-entropy, or weight * first token + (1 - weight) * mean of the rest."""
    targets = labels_BT[:, 1:]
    losses = cross_entropy(logits_BTV[:, :-1].float().mT, targets, reduction="none", ignore_index=UNSCORED)
    scored = targets != UNSCORED
    first = scored & (scored.cumsum(1) == 1)
    rest = scored & ~first
    share = torch.where(is_verdict_B, weight, 1 / scored.sum(1))
    mean_rest = (losses * rest).sum(1) / rest.sum(1).clamp(min=1)
    return (share * (losses * first).sum(1) + (1 - share) * mean_rest).mean()


def train_language(
    recipe: Recipe, pack: Packed, seen: "Seen", processor: FacewiseProcessor, base: Path, folder: Path
) -> FacewiseForConditionalGeneration:
    """Returns the model with its LoRA still apart (a PEFT model as language_model). Resumes from its last checkpoint."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)
    language = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = FacewiseForConditionalGeneration.from_base(assistant_config(recipe, seen.encoder, processor, language), language)
    lora = LoraConfig(
        r=recipe.lora_rank, lora_alpha=2 * recipe.lora_rank, target_modules=list(LORA_TARGETS), task_type="CAUSAL_LM"
    )
    model.language_model = get_peft_model(model.language_model, lora)
    rows = Rows(training_rows(recipe, pack, seen, processor, folder.parent / "rows.jsonl"), processor.tokenizer.pad_token_id)
    arguments = training_arguments(recipe, folder, recipe.language_epochs, recipe.language_batch, recipe.language_rate)
    fit(WithLoss(model, recipe.verdict_weight), rows, arguments)
    return model.cpu().eval()


def assistant_config(recipe: Recipe, encoder: FaceEncoder, processor: FacewiseProcessor, language) -> FacewiseConfig:
    encoder.config.name_or_path, language.config.name_or_path = "", recipe.base_llm_package  # no path of this machine
    first = [processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in CHOICES]
    return FacewiseConfig(
        encoder_config=encoder.config,
        text_config=language.config,
        base_llm=recipe.base_llm,
        image_token_id=processor.image_token_id,
        verdict_ids=first,
    )


class Seen:
    """A pack through the frozen encoder: evidence and face tokens of every row."""

    def __init__(self, encoder: FaceEncoder, pack: Packed, batch: int = 64):
        from ..model.network.encoder import evidence
        from ..model.network.perceive import face_tokens

        self.encoder = encoder.eval()
        self.evidence: list[Evidence] = []
        features = []
        with torch.inference_mode():
            for start in range(0, len(pack), batch):
                rows = pack.collate([pack[i] for i in range(start, min(len(pack), start + batch))])
                inputs = {name: rows[name] for name in ("views", "points", "canonical", "pose", "has_landmarks")}
                output = encoder(**inputs)
                self.evidence += evidence(output)
                tokens, self.kinds = face_tokens(output)
                features.append(tokens)
        self.features = torch.cat(features).clone()


def training_rows(recipe: Recipe, pack: Packed, seen: Seen, processor: FacewiseProcessor, log: Path) -> list[dict]:
    """`recipe.rows` rows over faces that the encoder was not trained on; written to `log` as a human reads them."""
    rng = np.random.default_rng(recipe.seed)
    train = torch.nonzero(pack.halves()[0]).flatten().numpy()
    labelled = train[(pack.tensors["live"][train] >= 0).numpy()]
    tasks = rng.choice(list(TASK_SHARE), size=recipe.rows, p=list(TASK_SHARE.values()))
    written, rows = [], []
    for task in tasks:
        index = int(rng.choice(labelled if task == "spoof" else train))
        live = None if rng.random() < UNCERTAIN_SHARE else live_of(pack, index)
        row = instruction(f"pack/{index}", str(task), seen.evidence[index], live, rng)
        row["meta"]["shown"] = str(rng.choice(list(MIX), p=list(MIX.values())))
        written.append(row)
        rows.append(tokenised(row, seen, index, processor))
    log.write_text("".join(json.dumps(row) + "\n" for row in written))
    return rows


def live_of(pack: Packed, index: int) -> bool | None:
    return {-1: None, 0: True, 1: False}[int(pack.tensors["live"][index])]


def tokenised(row: dict, seen: Seen, index: int, processor: FacewiseProcessor) -> dict:
    """Ids and labels of one row: the prompt carries no loss, the assistant's text and its end token do."""
    shown = row["meta"]["shown"]
    *question, reply = row["messages"]
    text = reply["content"][0]["text"]
    settled = VERDICT_SENTENCES["uncertain"] if text.startswith(VERDICT_SENTENCES["uncertain"]) else ""
    encode = processor.tokenizer.encode
    prompt = prompt_ids(processor, question, seen, index, words=shown != "tokens") + encode(settled, add_special_tokens=False)
    answer = encode(text.removeprefix(settled) + processor.tokenizer.eos_token, add_special_tokens=False)
    return {
        "input_ids": prompt + answer,
        "labels": [UNSCORED] * len(prompt) + answer,
        "is_verdict": row["meta"]["task"] == "spoof" and not settled,
        "face_features": seen.features[index] * (shown != "words"),
        "face_kinds": seen.kinds,
    }


def prompt_ids(processor: FacewiseProcessor, messages: list[dict], seen: Seen, index: int, words: bool = True) -> list[int]:
    """The prompt of one face as the processor writes it, with or without its evidence in words."""
    line = face_text(1, evidence_text(seen.evidence[index]) if words else None, len(seen.kinds))
    text = processor.render(messages).replace(IMAGE_TOKEN, line, 1)
    return processor.tokenizer.encode(text, add_special_tokens=False)
