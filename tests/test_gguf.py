"""A GGUF gives the language model that went into it: names, rotary order and numbers, from a tiny Llama written by the gguf library."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from transformers import LlamaConfig, LlamaForCausalLM

from facewise.model.base_llm import _LLAMA_NAMES, _dequantised, _unpermuted

HEADS, KV_HEADS, WIDTH = 4, 2, 32


def permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """As llama.cpp's convert_hf_to_gguf.py stores the query and key weights of a Llama."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {
        "vocab_size": 40,
        "hidden_size": WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "max_position_embeddings": 64,
    }
    heads = {"num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "tie_word_embeddings": True}
    return LlamaForCausalLM(LlamaConfig(**shape, **heads, initializer_range=0.3, rms_norm_eps=1e-5)).eval()


def written(model: LlamaForCausalLM, path: Path, kind: GGMLQuantizationType) -> Path:
    """The model as a GGUF; `kind` holds for the matrices, norms stay float32."""
    writer = GGUFWriter(path, "llama")
    config = model.config
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    ggml_names = {theirs: ours for ours, theirs in _LLAMA_NAMES.items()}
    for name, value in model.model.state_dict().items():
        values, (stem, part) = value.numpy(), name.rsplit(".", 1)
        layer = stem.removeprefix("layers.").partition(".") if stem.startswith("layers.") else None
        ggml = f"blk.{layer[0]}.{ggml_names[layer[2]]}.{part}" if layer else f"{ggml_names['model.' + stem]}.{part}"
        if "q_proj" in name or "k_proj" in name:
            values = permuted(values, HEADS if "q_proj" in name else KV_HEADS)
        of = kind if values.ndim == 2 else GGMLQuantizationType.F32
        writer.add_tensor(ggml, quantize(np.ascontiguousarray(values), of), raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_halves_of_a_rotary_head_come_apart_again():
    interleaved = torch.tensor([[0.0], [2], [1], [3], [4], [6], [5], [7]])  # two heads of four rows
    assert _unpermuted(interleaved, heads=2).flatten().tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_a_gguf_in_float32_gives_the_same_model_back(tmp_path):
    model = tiny_llama()
    config, tensors = _dequantised(written(model, tmp_path / "tiny.gguf", GGMLQuantizationType.F32))
    again = LlamaForCausalLM(LlamaConfig(**config)).eval()
    missing, unexpected = again.load_state_dict(tensors, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected  # tied
    ids = torch.arange(40)[None]
    with torch.inference_mode():
        assert torch.allclose(again(ids).logits, model(ids).logits, atol=1e-4)


@pytest.mark.parametrize(("kind", "steps"), [(GGMLQuantizationType.Q8_0, 254), (GGMLQuantizationType.Q4_1, 15)])
def test_what_was_rounded_comes_back_within_half_a_step(tmp_path, kind, steps):
    model = tiny_llama()
    _, tensors = _dequantised(written(model, tmp_path / "tiny.gguf", kind))
    for name, value in model.model.state_dict().items():
        found, true = tensors[f"model.{name}"], value
        assert found.dtype == torch.float32 and found.is_contiguous() and found.shape == true.shape
        span = 2 * true.abs().max() if kind == GGMLQuantizationType.Q8_0 else true.max() - true.min()
        assert (found - true).abs().max() <= 0.51 * span / steps + 2e-3 * (true.ndim == 2), name  # scales are float16
