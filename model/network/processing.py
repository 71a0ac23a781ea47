"""FacewiseProcessor: messages and whole pictures in, token ids and face tokens out.

One image placeholder stands for one picture, however many faces it holds. It becomes, per face, a line of evidence in words and the face's
visual tokens; without a face, a sentence and one learned token. The evidence encoder runs here, so every engine gets the same numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BatchFeature, ProcessorMixin

from ..errors import FacewiseError
from ..perception.picture import as_picture
from ..taxonomy import NO_FACE
from ..wording import evidence_text
from .encoder import FaceEncoder
from .loading import load_strict
from .perceive import Perceived, Perceiver

IMAGE_TOKEN = "<image>"
EVIDENCE_FOLDER = "evidence"


class FacewiseProcessor(ProcessorMixin):
    """Tokenizer and perceiver, travelling together. `save_pretrained` writes the evidence encoder into `evidence/`."""

    def __init__(self, tokenizer, perceiver: Perceiver | None = None, chat_template: str | None = None):
        super().__init__(tokenizer, chat_template=chat_template or default_chat_template())
        self.perceiver = perceiver
        self.image_token_id = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)

    def __call__(
        self,
        images: Sequence[Any] | Any | None = None,
        text: str | Sequence[str] | None = None,
        return_tensors: str | None = "pt",
        **tokenizer_kwargs: Any,
    ) -> BatchFeature:
        """`text` with one placeholder a picture, `images` flat and in order (Picture, PIL, uint8 array, path or bytes).

        Returns input_ids, attention_mask, and face_features [T, C], face_kinds [T] over all image tokens of the batch in order.
        Raises FacewiseError when placeholders and pictures do not match in number.
        """
        texts = [text] if isinstance(text, str) else list(text or ())
        pictures = [] if images is None else images if isinstance(images, list | tuple) else [images]
        seen = [self.perceiver.perceive(as_picture(picture)) for picture in pictures]
        expanded = self._expand(texts, seen)
        data = dict(self.tokenizer(expanded, return_tensors=return_tensors, add_special_tokens=False, **tokenizer_kwargs))
        if seen:
            tokens = [self._tokens(perceived) for perceived in seen]
            data["face_features"] = torch.cat([features for features, _ in tokens])
            data["face_kinds"] = torch.cat([kinds for _, kinds in tokens])
        return BatchFeature(data)

    def render(self, messages: Sequence[dict], prefix: str = "") -> str:
        """The prompt up to and with the first words of the answer, one placeholder a picture."""
        special = (IMAGE_TOKEN, *self.tokenizer.all_special_tokens)
        plain = [{**message, "content": [_harmless(part, special) for part in message["content"]]} for message in messages]
        return self.apply_chat_template(plain, tokenize=False, add_generation_prompt=True) + prefix

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any):
        if self.perceiver is not None:
            self.perceiver.encoder.save_pretrained(Path(save_directory) / EVIDENCE_FOLDER)
        return super().save_pretrained(save_directory, **kwargs)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **kwargs: Any):
        processor = super().from_pretrained(pretrained_model_name_or_path, **kwargs)
        folder = Path(pretrained_model_name_or_path) / EVIDENCE_FOLDER
        # Stored in float16, run in float32: without hardware for halves a face took five times as long.
        processor.perceiver = Perceiver(load_strict(FaceEncoder, folder, dtype="float32"))
        return processor

    def to_dict(self) -> dict[str, Any]:
        return {key: value for key, value in super().to_dict().items() if key not in ("perceiver", "image_token_id")}

    @property
    def model_input_names(self) -> list[str]:
        return [*self.tokenizer.model_input_names, "face_features", "face_kinds"]

    def _expand(self, texts: list[str], seen: list[Perceived]) -> list[str]:
        wanted = sum(text.count(IMAGE_TOKEN) for text in texts)
        if wanted != len(seen):
            raise FacewiseError(f"the text has {wanted} image placeholders, {len(seen)} pictures were given")
        queue = iter(seen)
        expanded = []
        for text in texts:
            first, *rest = text.split(IMAGE_TOKEN)
            expanded.append(first + "".join(picture_text(next(queue)) + part for part in rest))
        return expanded

    def _tokens(self, perceived: Perceived) -> tuple[torch.Tensor, torch.Tensor]:
        if not perceived.faces:
            width = self.perceiver.encoder.config.hidden_size
            return torch.zeros(1, width), torch.zeros(1, dtype=torch.long)
        features = torch.cat([face.features for face in perceived.faces])
        return features, torch.cat([face.kinds for face in perceived.faces])


def picture_text(perceived: Perceived) -> str:
    """What stands in the prompt for one picture."""
    if not perceived.faces:
        return f"{NO_FACE} {IMAGE_TOKEN}\n"
    faces = enumerate(perceived.faces, start=1)
    return "".join(face_text(k, evidence_text(face.evidence), len(face.kinds)) for k, face in faces)


def face_text(number: int, words: str | None, n_tokens: int) -> str:
    """One face's lines: its evidence in words, if it is shown, and the places of its tokens."""
    return f"Face {number} (evidence): {words or 'not given'}\n{IMAGE_TOKEN * n_tokens}\n"


def _harmless(part: dict, special: Sequence[str]) -> dict:
    """A part whose text holds no special token: a user's words may not open a turn or claim a picture."""
    text = part.get("text")
    for token in special if text else ():
        text = text.replace(token, f"< {token[1:]}")
    return {**part, "text": text} if text else part


def default_chat_template() -> str:
    return (Path(__file__).parent / "chat_template.jinja").read_text()
