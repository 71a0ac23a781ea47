"""A picture is prefilled once: what the model remembers of a prompt up to its last face token serves every face and question about it.

The prompt's beginning is known by its token ids and its faces; its keys and values are kept for the last few pictures. A batch of
prompts whose beginnings differ in length lies in two blocks, each padded on its left, and the attention mask has a hole between them.
"""

import hashlib
from collections import OrderedDict

import torch
from torch import Tensor
from transformers import DynamicCache

from ..network.looks import FACE_INPUTS, row_sizes
from ..network.modeling import FacewiseForConditionalGeneration

Layers = list[tuple[Tensor, Tensor]]  # keys and values [heads, T, D] of each layer


class Prefill:
    """Remembers the last `remembered` beginnings. `prefilled` counts those that were really computed."""

    def __init__(self, model: FacewiseForConditionalGeneration, remembered: int = 16):
        self.model = model
        self.prefilled = 0
        self._memory: OrderedDict[str, Layers] = OrderedDict()
        self._remembered = remembered

    def begun(self, inputs: dict[str, Tensor]) -> dict[str, Tensor | DynamicCache]:
        """Left-padded `inputs` of the processor -> the same prompts with their beginnings in `past_key_values`; unchanged without a picture."""
        if "face_features" not in inputs:
            return inputs
        rows = [ids[mask.bool()] for ids, mask in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)]
        lengths = [_beginning(ids, self.model.config.image_token_id) for ids in rows]
        counts = [int((ids == self.model.config.image_token_id).sum()) for ids in rows]
        faces = {name: inputs[name] for name in FACE_INPUTS if name in inputs}
        sizes = row_sizes(faces, counts, self.model.config.vision_tokens)
        parts = {name: values.split(sizes[name]) for name, values in faces.items()}
        begun = [
            self._layers(ids[:length], {name: parts[name][row] for name in faces})
            for row, (ids, length) in enumerate(zip(rows, lengths, strict=True))
        ]
        first, first_mask = _left_padded([ids[:length] for ids, length in zip(rows, lengths, strict=True)])
        rest, rest_mask = _left_padded([ids[length:] for ids, length in zip(rows, lengths, strict=True)])
        return {
            "input_ids": torch.cat([first, rest], dim=1),
            "attention_mask": torch.cat([first_mask, rest_mask], dim=1),
            "past_key_values": _cache(begun, max(lengths)),
        }

    def _layers(self, ids: Tensor, faces: dict[str, Tensor]) -> Layers:
        digest = hashlib.sha256(ids.cpu().numpy().tobytes())
        for values in faces.values():
            digest.update(values.float().cpu().numpy().tobytes())
        key = digest.hexdigest()
        if key not in self._memory:
            self._memory[key] = self._computed(ids, faces)
            self.prefilled += len(ids) > 0
            while len(self._memory) > self._remembered:
                self._memory.popitem(last=False)
        self._memory.move_to_end(key)
        return self._memory[key]

    def _computed(self, ids: Tensor, faces: dict[str, Tensor]) -> Layers:
        cache = DynamicCache()
        faces = faces if len(faces["face_features"]) else {}
        # At least one token, so that a text without a picture has layers of the right shape; it is cut off again.
        tokens = ids if len(ids) else torch.zeros(1, dtype=ids.dtype, device=ids.device)
        self.model(input_ids=tokens[None], past_key_values=cache, use_cache=True, logits_to_keep=1, **faces)
        return [(layer.keys[0, :, : len(ids)], layer.values[0, :, : len(ids)]) for layer in cache.layers]


def next_positions(attention_mask: Tensor, length: int) -> Tensor:
    """Positions [B, length] of the last tokens of masked prompts: holes are not counted."""
    return (attention_mask.cumsum(1) - 1).clamp(min=0)[:, -length:]


def _beginning(ids: Tensor, image_token_id: int) -> int:
    """Tokens up to and with the last face token; 0 without one."""
    places = torch.nonzero(ids == image_token_id)
    return int(places[-1]) + 1 if len(places) else 0


def _left_padded(rows: list[Tensor]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    ids = torch.stack([torch.nn.functional.pad(row, (longest - len(row), 0)) for row in rows])
    mask = torch.stack([torch.nn.functional.pad(torch.ones_like(row), (longest - len(row), 0)) for row in rows])
    return ids, mask


def _cache(begun: list[Layers], longest: int) -> DynamicCache:
    cache = DynamicCache()
    for number in range(len(begun[0])):
        keys, values = (
            torch.stack(
                [
                    torch.nn.functional.pad(layers[number][part], (0, 0, longest - layers[number][part].shape[1], 0))
                    for layers in begun
                ]
            )
            for part in (0, 1)
        )
        cache.update(keys, values, number)
    return cache
