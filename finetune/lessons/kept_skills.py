"""What is learned beside faces, so that a small model neither forgets nor oversteps: the base model's own replies to general questions, and declines.

docs/science.md §7: 10 % of the rows and 5 %. The replies are greedy, are made before anything is trained, and are kept in the cache under the base
model; they are also written into the run, as a folder that another recipe may name in its `rows`.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...data_builders.instructions.chat_questions import DECLINED_QUESTIONS
from ...data_builders.records import write_whole
from ...data_builders.rows import Row, row_line, turn
from ...model.base_llm import cache_dir
from ...model.errors import FacewiseError
from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.processing import FacewiseProcessor
from ...model.refusals import refusal
from ..processes import tell
from ..recipe import Recipe
from ..recipe_values import shares
from .conversations import Conversation, Turn
from .general_questions import GENERAL_QUESTIONS
from .lesson import Lesson, Showing, prompt_ids, tokenised
from .sampler import task_mass

FOLDER = "kept-skills"  # of the run and of the cache
KEPT, DECLINED = "kept skill", "decline"  # stand for tasks: their shares are their own, whatever the tasks weigh
NEW_TOKENS = 96
AT_ONCE = 16
WITH_FACE = 0.5  # of the declines; the others are asked about no picture
Replies = dict[str, str]


def beside_faces(
    recipe: Recipe,
    model: FacewiseForConditionalGeneration,
    processor: FacewiseProcessor,
    lessons: Sequence[Lesson],
    out: Path,
) -> list[Lesson]:
    """Lessons that make up `kept_skills` and `declines` of all draws; the model is still the base. Written to `out`/FOLDER/rows.jsonl.

    Raises FacewiseError where the base model has no whole reply to give.
    """
    wanted = {KEPT: recipe.kept_skills, DECLINED: recipe.declines}
    mass = sum(task_mass(lessons, shares(recipe.task_weights, "task_weights")).values()) / (1 - sum(wanted.values()))
    counts = {name: math.ceil(share * mass) for name, share in wanted.items()}
    rng = np.random.default_rng(recipe.seed)
    rows = []
    if counts[KEPT]:
        rows += kept_rows(model, processor, chosen(general(), counts[KEPT], rng))
    if counts[DECLINED]:
        rows += [decline_row(topic, question) for topic, question in chosen(declined(), counts[DECLINED], rng)]
    if rows:
        write_rows(out / FOLDER, rows)
    times = {name: share * mass / max(1, sum(row.meta["kind"] == name for row in rows)) for name, share in wanted.items()}
    faces = [lesson.showings[0] for lesson in lessons if len(lesson.showings) == 1]
    return [lesson_of(row, times[row.meta["kind"]], faces, processor, rng) for row in rows]


def general() -> list[tuple[str, str]]:
    """(topic, question) of all."""
    return [(topic, question) for topic, questions in GENERAL_QUESTIONS.items() for question in questions]


def declined() -> list[tuple[str, str]]:
    return [(topic, question) for topic, questions in DECLINED_QUESTIONS.items() for question in questions]


def chosen(asked: Sequence[tuple[str, str]], count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """At most `count`, every topic as often as another while it has questions left."""
    by_topic: dict[str, list[tuple[str, str]]] = {}
    for place in rng.permutation(len(asked)):
        by_topic.setdefault(asked[place][0], []).append(asked[place])
    found: list[tuple[str, str]] = []
    while by_topic and len(found) < count:
        found += [questions.pop() for questions in by_topic.values()]
        by_topic = {topic: questions for topic, questions in by_topic.items() if questions}
    return found[:count]


def kept_rows(
    model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, asked: Sequence[tuple[str, str]]
) -> list[Row]:
    """The base model's replies as rows. Raises FacewiseError where it gives none that is whole."""
    replies = replies_to([question for _, question in asked], model, processor)
    rows = [_row(KEPT, topic, question, replies[question]) for topic, question in asked if replies[question]]
    if not rows:
        raise FacewiseError(
            f"the language model gave no whole reply to {len(asked)} general questions, so none of its skills can be kept; "
            f"give --kept_skills 0, or another language model"
        )
    return rows


def decline_row(topic: str, question: str) -> Row:
    return _row(DECLINED, topic, question, str(refusal(question)))


def _row(kind: str, topic: str, question: str, answer: str) -> Row:
    name = f"{kind}/{hashlib.sha256(question.encode()).hexdigest()[:12]}"
    meta = {"task": "chat", "kind": kind, "label": topic, "split": "train", "subject": name, "dataset": FOLDER, "writer": kind}
    return Row(name, [turn("user", question), turn("assistant", answer)], meta=meta)


def write_rows(folder: Path, rows: Sequence[Row]) -> None:
    """A folder as `rows` of a recipe names it: about no pictures, so there are no records."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "rows.jsonl", "".join(map(row_line, rows)).encode())
    write_whole(folder / "records.jsonl", b"")


def lesson_of(
    row: Row, weight: float, faces: Sequence[Showing], processor: FacewiseProcessor, rng: np.random.Generator
) -> Lesson:
    """A decline is asked about one of the faces at times."""
    question, answer = (message["content"][0]["text"] for message in row.messages)
    is_shown = row.meta["kind"] == DECLINED and faces and rng.random() < WITH_FACE
    showings = (faces[int(rng.integers(len(faces)))],) if is_shown else ()
    told = Conversation((Turn(question, answer),), ("image",) * len(showings))
    ids, counts = tokenised(told, [showing.shown().words for showing in showings], processor, 0.0)
    meta = row.meta
    return Lesson(row.id, ids, counts, showings, meta["kind"], meta["label"], meta["subject"], FOLDER, weight)


def replies_to(questions: Sequence[str], model: FacewiseForConditionalGeneration, processor: FacewiseProcessor) -> Replies:
    """Greedy replies by question, cut back to their last whole sentence; "" where there is none. What is in the cache is not asked again."""
    file = cache_dir() / FOLDER / f"{_print(model, processor)}.json"
    known: Replies = json.loads(file.read_text()) if file.is_file() else {}
    new = [question for question in questions if question not in known]
    file.parent.mkdir(parents=True, exist_ok=True)
    with fast(model.language_model) as language:
        for start in range(0, len(new), AT_ONCE):
            tell(f"the base model replies to general questions, which keeps its skills: {start} of {len(new)}")
            batch = new[start : start + AT_ONCE]
            known |= dict(zip(batch, _asked(batch, language, processor), strict=True))
            write_whole(file, json.dumps(known, indent=1).encode())
    return known


def _print(model: FacewiseForConditionalGeneration, processor: FacewiseProcessor) -> str:
    """Of what decides a reply: some of the weights, the prompt, and how many tokens there may be."""
    weights = next(model.language_model.parameters()).detach().flatten()[:4096].float().cpu().numpy()
    config = {key: value for key, value in model.config.text_config.to_dict().items() if key != "_name_or_path"}
    told = json.dumps([config, str(model.config.base_llm), processor.render([turn("user", "?")]), NEW_TOKENS], default=str)
    return hashlib.sha256(told.encode() + weights.tobytes()).hexdigest()[:16]


@contextmanager
def fast(language: Any) -> Iterator[Any]:
    """On the GPU for as long, if there is one; a model in 4 bits lies there already."""
    home = language.device
    moves = torch.cuda.is_available() and not getattr(language, "is_quantized", False)
    try:
        yield language.eval().to("cuda") if moves else language.eval()
    finally:
        if moves:
            language.to(home)


@torch.inference_mode()
def _asked(questions: Sequence[str], language: Any, processor: FacewiseProcessor) -> list[str]:
    prompts = [prompt_ids(Conversation((Turn(question, ""),)), [], processor).long() for question in questions]
    longest, pad = max(map(len, prompts)), processor.tokenizer.pad_token_id
    ids = torch.stack([torch.cat([torch.full((longest - len(each),), pad), each]) for each in prompts])
    mask = torch.stack([torch.arange(longest) >= longest - len(each) for each in prompts]).long()
    there = {"input_ids": ids.to(language.device), "attention_mask": mask.to(language.device)}
    said = language.generate(**there, do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=pad)[:, longest:]
    return [whole(tokens.tolist(), processor.tokenizer) for tokens in said]


def whole(tokens: Sequence[int], tokenizer: Any) -> str:
    """What was said up to its end token, or, where there was no room for one, up to the last end of a sentence."""
    ends = [place for place, token in enumerate(tokens) if token == tokenizer.eos_token_id]
    text = tokenizer.decode(tokens[: ends[0]] if ends else tokens, skip_special_tokens=True).strip()
    sentences = text if ends else text[: max(text.rfind(mark) for mark in ".!?\n") + 1]
    return re.sub(r"(?:\s*\n\s*(?:\d+\.|[-*]))?\s*$", "", sentences)  # a list's next number is no sentence
