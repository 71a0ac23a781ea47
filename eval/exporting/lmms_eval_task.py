"""What lmms-eval calls for a task that `facewise eval export` wrote; copied beside its YAML, and needs nothing of Facewise.

An answer is right if it names the target and no other label of the question, as whole words.
"""

import re
from pathlib import Path

from PIL import Image


def visuals(doc: dict, lmms_eval_specific_kwargs: dict | None = None) -> list:
    return [Image.open(Path(__file__).parent / name).convert("RGB") for name in doc["pictures"]]


def text(doc: dict, lmms_eval_specific_kwargs: dict | None = None) -> str:
    return doc["question"]


def results(doc: dict, answers: list) -> dict:
    said = str(answers[0]).lower()
    if doc["task"] == "number":
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", said)]
        return {"absolute_error": abs(numbers[0] - float(doc["target"])) if numbers else 120.0}
    named = {label for label in doc["labels"] if re.search(rf"(?<![\w-]){re.escape(label.lower())}(?![\w-])", said)}
    if doc["task"] == "units":
        return {"f1": f1(named, set(doc["target"].split(", ")) - {"none"})}
    return {"accuracy": float(named == {doc["target"]})}


def f1(named: set, there: set) -> float:
    """Of one picture; 1 where nothing is there and nothing is named."""
    return 2 * len(named & there) / (len(named) + len(there)) if named or there else 1.0
