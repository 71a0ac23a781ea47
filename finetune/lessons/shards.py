"""Tensors by key on disk, for what is expensive to make and asked for again in every epoch and run.

Files of safetensors that are never changed once written, so that processes and runs may share a folder.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ...model.errors import FacewiseError


class Shards:
    """`folder` holds the files; what is new is written with every `a_shard` keys and by `flush`."""

    def __init__(self, folder: Path, a_shard: int):
        self.folder, self.a_shard = folder, a_shard
        self._where: dict[str, tuple[str, list[str]]] = {}
        self._open: dict[str, safe_open] = {}
        self._new: dict[str, dict[str, Tensor]] = {}
        for path in sorted(folder.glob("*.safetensors")):
            self._enter(path.name)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._where, **self._new})

    def __contains__(self, key: str) -> bool:
        return key in self._where or key in self._new

    def __getitem__(self, key: str) -> dict[str, Tensor]:
        if key in self._new:
            return self._new[key]
        shard, names = self._where[key]
        if shard not in self._open:
            self._open[shard] = safe_open(self.folder / shard, framework="pt")
        return {name: self._open[shard].get_tensor(f"{key}/{name}") for name in names}

    def keep(self, key: str, tensors: dict[str, Tensor]) -> None:
        self._new[key] = tensors
        if len(self._new) >= self.a_shard:
            self.flush()

    def flush(self) -> None:
        """Raises FacewiseError where the folder cannot be written."""
        if not self._new:
            return
        tensors = {f"{key}/{name}": value for key, parts in self._new.items() for name, value in parts.items()}
        name = f"{hashlib.sha256(' '.join(self._new).encode()).hexdigest()[:16]}.safetensors"
        part = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file(tensors, part)
            part.replace(self.folder / name)
        except (OSError, SafetensorError) as error:  # a full disk is either, as the library that met it has it
            reason = getattr(error, "strerror", None) or error
            raise FacewiseError(f"{self.folder}: cannot be written ({reason}); free some space there") from None
        finally:
            part.unlink(missing_ok=True)
        self._new = {}
        self._enter(name)

    def _enter(self, shard: str) -> None:
        """Raises FacewiseError for a shard that is damaged."""
        try:
            with safe_open(self.folder / shard, framework="pt") as file:
                names = list(file.keys())
        except (OSError, SafetensorError) as error:
            raise FacewiseError(f"{self.folder / shard}: a damaged cache ({error}); delete it, and it is made anew") from None
        for key, _, name in (name.rpartition("/") for name in names):
            self._where.setdefault(key, (shard, []))[1].append(name)
