"""Where the projector starts: what it makes of each kind of face token is, on the average, what the language model itself calls it.

Closed form: the last layer gets the smallest change that takes the mean of each kind's hidden values to the mean embedding of its head words;
how the tokens of a kind differ from one another is left as it was. A language model then reads familiar words before it learns any.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ...model.network.looks import TOWER_KIND
from ...model.network.modeling import NO_FACE_KIND, REGION_KIND, VIEW_KIND, FacewiseForConditionalGeneration
from ...model.taxonomy import REGIONS

VIEW_WORDS = {"rgb": " face skin", "spoof": " texture", "spectrum": " frequency pattern", "motion": " motion"}
GLOBAL_WORDS, NO_FACE_WORDS = " whole face", " no face"


def head_words(views: Sequence[str], tower_views: Sequence[str] = ()) -> dict[int, str]:
    """Kind of face token -> what it is called."""
    regions = {REGION_KIND + i: f" {name}" for i, name in enumerate(REGIONS)}
    seen = {VIEW_KIND + i: VIEW_WORDS[name] for i, name in enumerate(views)}
    of_tower = {TOWER_KIND + i: VIEW_WORDS[name] for i, name in enumerate(tower_views)}
    return {NO_FACE_KIND: NO_FACE_WORDS, **regions, VIEW_KIND - 1: GLOBAL_WORDS, **seen, **of_tower}


@torch.no_grad()
def start_projector(model: FacewiseForConditionalGeneration, tokenizer: Any, batches: Iterable[dict[str, Tensor]]) -> None:
    """Over some batches of lessons, as batches.py makes them. What none of them shows is left as it is."""
    config = model.config
    views = config.vision_views if config.vision_config is not None else ()
    wanted = {
        kind: word_embedding(model, tokenizer, words) for kind, words in head_words(config.encoder_config.views, views).items()
    }
    model.projector.no_face.copy_(wanted[NO_FACE_KIND])
    hidden = hidden_means(model, batches)
    for layer, is_its in (
        (model.projector.down, lambda kind: kind < TOWER_KIND),
        (tower_layer(model), lambda kind: kind >= TOWER_KIND),
    ):
        if layer is not None and (kinds := sorted(filter(is_its, hidden))):
            turn(layer, torch.stack([hidden[kind] for kind in kinds]), torch.stack([wanted[kind] for kind in kinds]))


def turn(layer: nn.Linear, hidden_KH: Tensor, wanted_KD: Tensor) -> None:
    """The smallest change of weight and bias after which `layer` gives what is wanted: W += R (H^+)^T, with a column of ones for the bias."""
    rest = wanted_KD - layer(hidden_KH)
    with_bias = torch.cat([hidden_KH, hidden_KH.new_ones(len(hidden_KH), 1)], dim=1)
    change = torch.linalg.pinv(with_bias.double()) @ rest.double()
    layer.weight += change[:-1].T.to(layer.weight.dtype)
    layer.bias += change[-1].to(layer.bias.dtype)


def hidden_means(model: FacewiseForConditionalGeneration, batches: Iterable[dict[str, Tensor]]) -> dict[int, Tensor]:
    """Kind -> the mean of what the projectors' last layers are given of its tokens."""
    given: dict[int, list[Tensor]] = {}
    for batch in batches:
        if (kinds := batch.get("face_kinds")) is None:
            continue
        faces = {name: value for name, value in batch.items() if name not in ("attention_mask", "counts")}
        with inputs_of(model.projector.down) as own, inputs_of(tower_layer(model)) as of_tower:
            model.embed(**faces)
        is_own, is_towers = (kinds > NO_FACE_KIND) & (kinds < TOWER_KIND), kinds >= TOWER_KIND
        seen = [(kinds[is_own], own[0][is_own])]
        seen += [(kinds[is_towers], hidden.flatten(0, -2)) for hidden in of_tower]
        for these, hidden in seen:
            for kind in these.unique().tolist():
                given.setdefault(kind, []).append(hidden[these == kind].double())
    return {kind: torch.cat(parts).mean(0).float() for kind, parts in given.items()}


def tower_layer(model: FacewiseForConditionalGeneration) -> nn.Linear | None:
    return None if model.vision is None else model.vision.projector.down


@contextmanager
def inputs_of(layer: nn.Module | None) -> Iterator[list[Tensor]]:
    """What a layer is given while this is open."""
    given: list[Tensor] = []
    if layer is None:
        yield given
        return
    hook = layer.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    try:
        yield given
    finally:
        hook.remove()


def word_embedding(model: FacewiseForConditionalGeneration, tokenizer: Any, words: str) -> Tensor:
    """The mean of the language model's own embeddings of the words' tokens."""
    ids = torch.tensor(tokenizer.encode(words, add_special_tokens=False), device=model.device)
    return model.get_input_embeddings()(ids).float().mean(0)
