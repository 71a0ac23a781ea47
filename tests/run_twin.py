"""The folder of a training run with adapters of two tasks, tiny and with random weights that vLLM's kernels take, for the tests of its export."""

import json
import shutil
from pathlib import Path

import peft
import torch
import yaml
from test_processing import tiny_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from facewise.finetune.language.adapters import save_adapter
from facewise.model.assembly import assembled, write_light
from facewise.model.network import register
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
TASKS = ("spoof", "au")
SCORE = {"what": "spoof head, AUC", "domain": "simulated attacks", "value": 0.75, "low": 0.5, "high": 0.9, "n": 12, "chance": 0.5}
BAND = {"llm": 1.0, "head": 1.0, "bias": 0.0, "low": 0.25, "high": 0.5}


def base(folder: Path, **changes) -> Path:
    """A language model as a hub has it, its weights loud enough that a LoRA changes words."""
    folder.mkdir(parents=True)
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    ends = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = LlamaConfig(**SIZES | ends | {"initializer_range": 0.3, "tie_word_embeddings": True} | changes)
    LlamaForCausalLM(config).to(config.dtype or torch.float32).save_pretrained(folder)
    return folder


def encoder() -> FaceEncoder:
    torch.manual_seed(0)
    return FaceEncoder(FaceEncoderConfig(hidden_size=16, num_heads=2, num_layers=1, digital=False)).eval()


def lora(language_folder: Path, out: Path, seed: int, **changes) -> Path:
    torch.manual_seed(seed)
    settings = {"r": 4, "target_modules": ["q_proj", "v_proj"], "init_lora_weights": False, "task_type": "CAUSAL_LM"}
    language = LlamaForCausalLM.from_pretrained(language_folder)
    save_adapter(peft.get_peft_model(language, peft.LoraConfig(**settings | changes)), str(language_folder), out)
    return out


def run(folder: Path, **changes) -> Path:
    """folder/run, light; its base is folder/llm."""
    register()
    llm, out = base(folder / "llm", **changes), folder / "run"
    model, processor = assembled(str(llm), None, encoder())
    model.config.calibration = BAND
    write_light(model, processor, out)
    lora(llm, out / "adapter", 1)
    for seed, task in enumerate(TASKS):
        lora(llm, out / "adapters" / task, 2 + seed)
    told = {"pack": str(folder / "faces.safetensors"), "pack_rows": 7, "rows": [f"{folder}/built:2"], "lora_rank": 4}
    (out / "recipe.yaml").write_text(yaml.safe_dump(told | {"adapter_tasks": [*TASKS], "adapters_on": "main"}))
    (out / "heads.json").write_text(json.dumps([SCORE]))
    return out


def on_base(source: Path, out: Path) -> Path:
    """The same run, its adapters on the base alone."""
    shutil.copytree(source, out)
    text = (out / "recipe.yaml").read_text()
    (out / "recipe.yaml").write_text(text.replace("adapters_on: main", "adapters_on: base"))
    return out
