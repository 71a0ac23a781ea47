"""Whether a model was trained on people whom a benchmark tests: by the names that its training material and the test items share.

A folder that `facewise train` or `export` wrote names its material in recipe.yaml: packs, records or built rows. What of it cannot be
read here is told, because "not checked" is not "no leak".
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...model.checkpoint import load_checkpoint, recipe_of
from ...model.errors import FacewiseError

SHOWN = 5


@dataclass(frozen=True)
class Trained:
    """`subjects` of the material that could be read; `unread`: what could not, or why there is none."""

    subjects: frozenset[str]
    unread: tuple[str, ...]


def trained_on(model: str) -> Trained:
    """Of `default` or a folder of ours, and of the model whose encoder it went on with."""
    folder = load_checkpoint(model).folder
    recipe = recipe_of(folder)
    if not recipe:
        return Trained(frozenset(), ("the folder holds no recipe.yaml",))
    named = [each.strip() for each in str(recipe.get("pack") or "").split(",") if each.strip()]
    named += [each.rpartition(":")[0] or each for each in map(str, recipe.get("rows") or ()) if each]
    subjects: set[str] = set()
    unread = []
    for name in dict.fromkeys(named):
        found = _subjects(next((place / name for place in (Path(), folder) if (place / name).exists()), Path(name)))
        subjects |= found or set()
        if found is None:
            unread.append(name)
    if earlier := str(recipe.get("encoder_from") or ""):
        try:
            before = trained_on(earlier)
        except FacewiseError:
            before = Trained(frozenset(), (earlier,))
        subjects |= before.subjects
        unread += before.unread
    return Trained(frozenset(subjects), tuple(unread) or (() if subjects else ("the recipe names no material",)))


def shared(trained: Trained, subjects: Iterable[str]) -> dict[str, Any]:
    """For run.json: how many of the tested people were trained on, the first of them, and what was not checked."""
    tested = set(subjects) - {""}
    both = sorted(tested & trained.subjects)
    return {"tested": len(tested), "trained on": len(both), "first": both[:SHOWN], "not checked": list(trained.unread)}


def told(leaks: dict[str, Any]) -> str:
    """In a sentence; "" of a model whose training nobody here can know."""
    if not leaks:
        return ""
    checked = f"{leaks['trained on']} of {leaks['tested']} test subjects are in the model's training material"
    first = (
        f" ({', '.join(leaks['first'])}{' ...' if leaks['trained on'] > len(leaks['first']) else ''})" if leaks["first"] else ""
    )
    unread = f"; not checked: {', '.join(leaks['not checked'])}" if leaks["not checked"] else ""
    return checked + first + unread


def _subjects(path: Path) -> set[str] | None:
    """Of a pack, a file of records, or a folder of built rows; None of what is none."""
    try:
        if path.suffix == ".safetensors":
            return set(map(str, json.loads(path.with_suffix(".json").read_text())["subjects"]))
        file = path / "rows.jsonl" if path.is_dir() else path
        with file.open(encoding="utf-8") as lines:
            told = [values.get("meta", values) for values in map(json.loads, lines)]
        return {str(each["subject"]) for each in told if each.get("split", "train") == "train"}
    except (OSError, ValueError, KeyError, TypeError):
        return None
