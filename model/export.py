"""One whole folder of a model: what transformers' Auto classes and vLLM load, tokenizer, processor and all weights in it.

A light folder (own weights, the base language model by name) becomes one; `prepared_whole` keeps a cached one for `facewise serve`, and
`vllm_line` says how vLLM serves one without us. The verb, with its card and its self-test, is export_run.py's.
"""

import hashlib
import json
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from .base_llm import cache_dir, prepared_folder, scratch_folder
from .checkpoint import ADAPTER, OWN_WEIGHTS, Checkpoint
from .errors import FacewiseError

FORMAT = "1"  # raise when the cached files change meaning


def export(checkpoint: Checkpoint, out: Path) -> Path:
    """Writes the whole model to `out`, adapter merged, in the base's own number type (the embedded one's is float32). Raises FacewiseError when
    `out` holds files or cannot be written; then there is never half a folder."""
    with new_folder(out) as scratch:
        write_whole(checkpoint.model(stored_dtype(checkpoint)), checkpoint, scratch)
    return out


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out`, which takes its name when all is written and is gone when not. Raises FacewiseError as `export` does."""
    refuse_existing(out)
    scratch = scratch_folder(out.absolute())
    try:
        yield scratch
        for path in (scratch, *scratch.rglob("*")):  # a scratch folder is its owner's alone, and so is what safetensors writes
            path.chmod(0o755 if path.is_dir() else 0o644)
        if out.is_dir():
            out.rmdir()
        scratch.rename(out)
    except OSError as error:
        raise FacewiseError(f"{out}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def refuse_existing(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FacewiseError(f"{out}: exists already; give a new folder")


def stored_dtype(checkpoint: Checkpoint) -> str:
    """The number type of a whole model's weights: its base's."""
    return str(checkpoint.config.text_config.dtype or "float32").removeprefix("torch.")


def write_whole(model: Any, checkpoint: Checkpoint, folder: Path, is_calibrated: bool = True) -> None:
    """Weights as they are in `model`, config without bases, processor. Not `is_calibrated`: the run's calibration is another's, and is left out."""
    model.config = deepcopy(model.config)  # the checkpoint goes on naming its bases
    model.config.base_llm = model.config.base_tower = None
    model.config.calibration = model.config.calibration if is_calibrated else None
    model.config.architectures = [type(model).__name__]
    model.save_pretrained(folder)
    checkpoint.processor.save_pretrained(folder)


def prepared_whole(checkpoint: Checkpoint) -> Path:
    """The model's own folder if it is whole, else its cached whole form, made on first use (half a minute, 540 MB for the embedded default)."""
    if checkpoint.config.base_llm is None:
        return checkpoint.folder
    target = cache_dir() / f"{checkpoint.name}-{_fingerprint(checkpoint)}-{FORMAT}"
    if target.is_dir():
        return target
    try:
        return export(checkpoint, target)
    except FacewiseError:
        if target.is_dir():  # another process was faster
            return target
        raise


def vllm_line(folder: Path, more: Sequence[str] = ()) -> str:
    """The shell's line by which vLLM alone serves a whole model on a machine like this one, with `more` flags; with its own defaults it does not
    come up on a processor, or answers in another number type."""
    from .engines.vllm import CPU_KV_CACHE_GB, settings

    chosen = settings()
    space = f"VLLM_CPU_KVCACHE_SPACE={CPU_KV_CACHE_GB} " if "block_size" in chosen else ""
    # Not `vllm serve`: the builds for processors alone have another name, and the command does not find it.
    words = ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder), *as_flags(chosen), *more]
    return space + shlex.join(words)


def as_flags(settings: Mapping[str, Any]) -> list[str]:
    """vLLM's settings by name, as words of its command line."""
    flags = []
    for name, value in settings.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, list):
            flags += [flag, *map(str, value)]
        elif isinstance(value, bool):
            flags += [flag] if value else []
        else:
            flags += [flag, json.dumps(value) if isinstance(value, dict) else str(value)]
    return flags


def _fingerprint(checkpoint: Checkpoint) -> str:
    """Of everything that goes into the whole folder: own files, base, and the chat template. What else a training left behind is not read."""
    from .network.processing import EVIDENCE_FOLDER, default_chat_template

    folder, template = checkpoint.folder, default_chat_template(checkpoint.processor.tokenizer)
    bases = [_base_name(base) for base in (checkpoint.config.base_llm, checkpoint.config.base_tower) if base is not None]
    digest = hashlib.sha256("".join(bases).encode() + template.encode())
    parts = [folder / "config.json", folder / OWN_WEIGHTS, *(folder / ADAPTER).glob("*"), *(folder / EVIDENCE_FOLDER).glob("*")]
    for path in sorted(path for path in parts if path.suffix in (".json", ".safetensors") and path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _base_name(base: Mapping[str, str]) -> str:
    """Changes with the base; a folder of the user's has no revision and is known by its files' sizes and times."""
    if "package" in base:
        return prepared_folder(base["file"], base["sha256"]).name
    files = sorted(Path(base["model"]).glob("*.*")) if Path(base["model"]).is_dir() else []
    return repr((base["model"], base["revision"], [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]))
