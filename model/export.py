"""One whole folder of a model: what transformers' Auto classes and vLLM load, tokenizer, processor and all weights in it.

A light folder (own weights, the base language model by name) becomes one; `prepared_whole` keeps a cached one for `facewise serve`.
"""

import hashlib
import shutil
from copy import deepcopy
from pathlib import Path

from .base_llm import cache_dir, prepared_folder, scratch_folder
from .checkpoint import Checkpoint
from .errors import FacewiseError

FORMAT = "1"  # raise when the cached files change meaning


def export(checkpoint: Checkpoint, out: Path) -> Path:
    """Writes the whole model to `out`, adapter merged, float32. Raises FacewiseError when `out` holds files or cannot be written; then there is
    never half a folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FacewiseError(f"{out}: exists already; give a new folder")
    scratch = scratch_folder(out.absolute())
    try:
        _write(checkpoint, scratch)
        scratch.chmod(0o755)  # a scratch folder is its owner's alone
        if out.is_dir():
            out.rmdir()
        scratch.rename(out)
    except OSError as error:
        raise FacewiseError(f"{out}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out


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


def _write(checkpoint: Checkpoint, folder: Path) -> None:
    model = checkpoint.model("float32")
    model.config = deepcopy(model.config)  # the checkpoint goes on naming its base
    model.config.base_llm = None
    model.config.architectures = [type(model).__name__]
    model.save_pretrained(folder)
    checkpoint.processor.save_pretrained(folder)


def _fingerprint(checkpoint: Checkpoint) -> str:
    """Of everything that goes into the whole folder: own files, base, and the chat template."""
    from .network.processing import default_chat_template

    folder, base = checkpoint.folder, checkpoint.config.base_llm
    template = default_chat_template(checkpoint.processor.tokenizer)
    digest = hashlib.sha256(prepared_folder(base["file"], base["sha256"]).name.encode() + template.encode())
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".safetensors")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
