"""A tiny language model in the place of SmolLM2, with its tokenizer, a tiny encoder, and perceivers of drawn pictures, for the tests of training."""

import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from facewise.finetune.recipe import Recipe
from facewise.model.base_llm import prepared
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder
from facewise.model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN


def tiny_encoder() -> FaceEncoder:
    torch.manual_seed(0)
    return FaceEncoder(FaceEncoderConfig(hidden_size=16, num_heads=2, num_layers=1, digital=False)).eval()


def tiny_language(folder: Path) -> Path:
    """Two layers, sixteen wide."""
    for file in prepared(**Recipe().base_llm, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN)).glob("*token*"):
        shutil.copy(file, folder)
    shape = {"vocab_size": 49152, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True, eos_token_id=2, pad_token_id=2)).save_pretrained(folder)
    return folder
