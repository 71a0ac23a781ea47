"""From what --model names to a model: `default` or a folder of ours, a server's URL, a folder of transformers, a .jsonl of predictions,
or a .csv, or a folder, of a tool's tables. Told in one line, before any work, if it is none of these."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...model.checkpoint import DEFAULT, names_server
from ...model.errors import FacewiseError
from .protocol import Model

KINDS = "`default`, a model folder, http://host:8000/v1, predictions.jsonl, or OpenFace's or py-feat's tables"
OURS = "facewise"


@dataclass(frozen=True)
class Asked:
    """`served`: which of a server's models; its first one without. `at_once`: requests that a server gets together. `engine`: of checkpoint.ENGINES,
    what runs a folder of ours."""

    name: str
    strategy: str = "direct"
    served: str | None = None
    at_once: int = 64
    engine: str = "hf"


def check_model(asked: Asked) -> str:
    """Which kind it is; nothing is loaded. Raises FacewiseError for what is no model, and for an engine that has nothing to run."""
    kind = _kind(asked)
    if asked.engine != "hf" and kind != "facewise":
        raise FacewiseError(f"--engine {asked.engine} runs a model folder of ours, and {asked.name} is none; leave it out")
    return kind


def _kind(asked: Asked) -> str:
    if names_server(asked.name):
        return "server"
    if asked.served is not None:
        raise FacewiseError(f"--served-model {asked.served} is of a server, and {asked.name} is none; leave it out")
    path = Path(asked.name)
    if asked.name in ("default", DEFAULT):
        return "facewise"
    if path.is_file() and path.suffix == ".jsonl":
        return "given"
    if (path.is_file() and path.suffix == ".csv") or (
        path.is_dir() and not (path / "config.json").is_file() and any(path.rglob("*.csv"))
    ):
        return "tables"
    if (path / "config.json").is_file():
        return "facewise" if _type(path / "config.json") == OURS else "transformers"
    raise FacewiseError(f"--model {asked.name}: no model; give {KINDS}")


def model_of(asked: Asked) -> Model:
    """Loads it, or says hello to the server. Raises FacewiseError as check_model does."""
    kind = check_model(asked)
    if kind == "facewise":
        return _facewise(asked)
    if kind == "server":
        return _served(asked)
    if kind == "transformers":
        from ...model.engines.image_text import ImageTextEngine
        from .chat import ChatModel

        return ChatModel(ImageTextEngine(Path(asked.name)), Path(asked.name).resolve().name, asked.strategy, at_once=1)
    if kind == "given":
        from .given import GivenModel

        return GivenModel(Path(asked.name), asked.strategy == "choice")
    from .tool_tables import TableModel

    return TableModel(Path(asked.name))


def _facewise(asked: Asked) -> Model:
    from ...model.assistant import load
    from .ahead import shared
    from .facewise import FacewiseModel

    return FacewiseModel(shared(load(asked.name, asked.engine)))


def _served(asked: Asked) -> Model:
    """Ours is asked by the path of `facewise ask`, with numbers of the embedded encoder; a peer by OpenAI's protocol alone."""
    from ...model.engines.http import HttpEngine
    from .chat import ChatModel

    engine = HttpEngine(asked.name, at_once=asked.at_once)
    if engine.server.ours and asked.served in (None, engine.server.model):
        return _served_facewise(asked, engine)
    if asked.served:
        engine.server = replace(engine.server, model=asked.served)
    return ChatModel(engine, engine.server.model, asked.strategy, asked.at_once)


def _served_facewise(asked: Asked, engine: Any) -> Model:
    """By `engine`, which lets as many requests out together as were asked for, in whole groups of items."""
    from ...model.assistant import load
    from .ahead import shared
    from .facewise import TOGETHER, FacewiseModel

    assistant = load(asked.name)
    assistant.engine = engine
    return FacewiseModel(shared(assistant), at_once=max(1, asked.at_once // TOGETHER))


def _type(config: Path) -> str:
    try:
        told = json.loads(config.read_text(encoding="utf-8"))
        return str(told["model_type"])
    except (OSError, ValueError, TypeError, KeyError):
        raise FacewiseError(f"{config}: no configuration of a model (model_type is not told)") from None
