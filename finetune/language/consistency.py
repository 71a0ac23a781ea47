"""The verdict must not hang on how it is asked for: the symmetric KL between its distributions over two paraphrases of a row (docs/science.md §7).

A row with a verdict has a `twin`, the prompt with another question from the pool; own prompt and twin go through the language model as far as the
answer's first token, beside the row itself; where rows are packed, what both have in common once. `consistency` of a recipe is the weight of this loss; 0 makes no twins. A pack has no two camera copies
of a picture, so it is the questions that differ.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax, pad

from ...data_builders.instructions.evidence_answers import QUESTIONS
from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.processing import FacewiseProcessor
from ...model.questions import DEFAULT_QUESTIONS
from ..lessons.conversations import Conversation, Turn
from ..lessons.lesson import VERDICTS, Lesson, prompt_ids
from .packing import logits_of, shared_heads

_FACE = re.compile(r"^Face \d+: ")
POOL = tuple(dict.fromkeys((DEFAULT_QUESTIONS["spoof"], *QUESTIONS["spoof"])))


def twin_of(told: Conversation, words: Sequence[str], processor: FacewiseProcessor, name: str) -> Tensor | None:
    """The ids of the prompt with another question; None of a row that does not open with a verdict of its own. `name` settles which question."""
    first = told.turns[0]
    if first.settled or not first.answer.startswith(VERDICTS):
        return None
    question = _FACE.sub("", first.question)
    face = first.question.removesuffix(question)
    rng = np.random.default_rng(list(blake2b(name.encode(), digest_size=8).digest()))
    other = str(rng.choice([text for text in POOL if text != question]))
    return prompt_ids(replace(told, turns=(Turn(face + other, ""),)), words, processor)


def pairs_of(
    rows: Sequence[Lesson], pad_id: int, faces: Callable[[Sequence[Lesson]], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """{"pairs": the own prompt and the twin of each row that has one, in turn, as a model takes a batch}; nothing where none has. `faces`: what
    lessons show."""
    asked = [
        each
        for row in rows
        if row.twin is not None and row.counts.any()
        for each in (replace(row, ids=own_prompt(row)), replace(row, ids=row.twin))
    ]
    if not asked:
        return {}
    ids = torch.full((len(asked), max(map(len, asked))), pad_id)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(asked):
        ids[place, : len(row)], mask[place, : len(row)] = row.ids, 1
    return {"pairs": {"input_ids": ids, "attention_mask": mask, **faces(asked)}}


def own_prompt(row: Lesson) -> Tensor:
    """What precedes the first token that is learned."""
    return row.ids[: int((row.counts > 0).nonzero()[0])]


def consistency_loss(model: FacewiseForConditionalGeneration, pairs: dict[str, Any], is_packed: bool = False) -> Tensor:
    """Summed over pairs, as a row's loss is over rows. `is_packed`: see packing.py; it changes no loss."""
    embeds = model.embed(**{name: value for name, value in pairs.items() if name != "attention_mask"})
    logits = (packed_ends if is_packed else padded_ends)(model, embeds, pairs["input_ids"], pairs["attention_mask"])
    verdicts = logits[:, list(model.config.verdict_ids)].float()
    return symmetric_kl(verdicts[0::2], verdicts[1::2]).sum()


def padded_ends(model: FacewiseForConditionalGeneration, embeds_BTD: Tensor, _ids_BT: Tensor, attention_BT: Tensor) -> Tensor:
    """Logits [B, V] after the last token of each row."""
    lasts = attention_BT.sum(1) - 1
    places, which = lasts.unique(return_inverse=True)
    given = {"inputs_embeds": embeds_BTD, "attention_mask": attention_BT, "logits_to_keep": places}
    logits = model.language_model(**given, use_cache=False).logits
    return logits[torch.arange(len(lasts), device=logits.device), which]


def packed_ends(model: FacewiseForConditionalGeneration, embeds_BTD: Tensor, ids_BT: Tensor, attention_BT: Tensor) -> Tensor:
    """The same; own prompt and twin show the same faces."""
    stays = attention_BT.bool()
    ends = stays & ~pad(stays[:, 1:], (0, 1))
    pairs = torch.arange(len(ids_BT), device=ids_BT.device) // 2
    heads = shared_heads(ids_BT, stays & ~ends, ids_BT == model.config.image_token_id, pairs)
    return logits_of(model.language_model, embeds_BTD, stays, ends, heads)


def symmetric_kl(one_P2: Tensor, other_P2: Tensor) -> Tensor:
    """[P]: the mean of KL(p, q) and KL(q, p) of softmax distributions; 0 where they are equal."""
    log_p, log_q = log_softmax(one_P2, -1), log_softmax(other_P2, -1)
    return 0.5 * ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)
