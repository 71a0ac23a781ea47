"""FacewiseProcessor: messages, whole pictures and clips in, token ids and face tokens out.

One placeholder stands for one picture, however many faces it holds, another for one clip. What takes their place (shown.py) is evidence in
words and the faces' visual tokens. The evidence encoder runs here, so every engine gets the same numbers.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BatchFeature, ProcessorMixin

from ..errors import FacewiseError
from ..perception.moments import Moments
from ..perception.picture import Picture, as_picture
from ..perception.video import Clip, open_clip
from ..perception.views import FaceViews, face_views
from .configuration import FacewiseConfig
from .encoder import FaceEncoder
from .loading import load_config, load_strict
from .looks import FACE_INPUTS, Look, look_of, tower_inputs
from .perceive import Perceived, Perceiver
from .seen_clip import SeenClip, look_at, read_moments
from .shown import IMAGE_TOKEN, VIDEO_TOKEN, Shown, shown_clip, shown_picture

EVIDENCE_FOLDER = "evidence"
PLACEHOLDER = re.compile(f"({re.escape(IMAGE_TOKEN)}|{re.escape(VIDEO_TOKEN)})")
CLIPS_REMEMBERED = 8
PICTURES_REMEMBERED = 16  # of a tower's crops: 8 faces at 384 px are 3.5 MB


class FacewiseProcessor(ProcessorMixin):
    """Tokenizer and perceiver, travelling together. `save_pretrained` writes the evidence encoder into `evidence/`. `look`: how a model with
    a tower of its own sees a face (looks.look_of its config)."""

    def __init__(self, tokenizer, perceiver: Perceiver | None = None, chat_template: str | None = None, look: Look | None = None):
        super().__init__(tokenizer, chat_template=chat_template or default_chat_template(tokenizer))
        self.look = look
        self.perceiver: Any = perceiver  # a Perceiver; None only while a processor is being loaded
        self.image_token_id, self.video_token_id = tokenizer.convert_tokens_to_ids([IMAGE_TOKEN, VIDEO_TOKEN])
        self._clips: OrderedDict[int, tuple[Clip | Moments, SeenClip]] = OrderedDict()
        self._crops: OrderedDict[str, list[FaceViews]] = OrderedDict()

    def __call__(
        self,
        images: Sequence[Any] | Any | None = None,
        text: str | Sequence[str] | None = None,
        videos: Sequence[Any] | Any | None = None,
        return_tensors: str | None = "pt",
        landmarks: Any = None,
        add_special_tokens: bool = False,
        truncation: bool = False,
        **padding: Any,
    ) -> BatchFeature:
        """`text` with one placeholder a picture or clip; `images` (Picture, PIL, uint8 array, path or bytes) and `videos` (Clip, Moments, path or
        bytes) in order, flat or, as trainers hand them over, a list a text.

        Returns input_ids, attention_mask, and face_features [T, C], face_kinds [T] over all image tokens of the batch in order; with a `look`
        also what the tower sees of the batch's faces (looks.tower_inputs). Without `text`,
        for an engine that has tokenised its prompt and puts in what a placeholder stands for: per kind of medium its face tokens, their number
        and the ids of its words (`apart`). `landmarks` [68, 2] in pixels of the picture, iBUG order, stand for what the detector would find.
        Raises FacewiseError when placeholders and media do not match in number, and for special tokens or truncation.
        """
        if add_special_tokens or truncation:
            raise FacewiseError(
                "no special tokens are added and nothing is cut here: a picture would lose tokens; pass max_length=None"
            )
        encoder = self.perceiver.encoder.config
        width, most = encoder.hidden_size, self.perceiver.max_faces
        pictures = [self._shown(as_picture(one), landmarks) for one in _listed(images)]
        clips = [shown_clip(self._seen(one), width, most, self.look, encoder.views) for one in _listed(videos)]
        if text is None:
            return BatchFeature(self.apart("image", pictures) | self.apart("video", clips))
        texts = [text] if isinstance(text, str) else list(text)
        ids, order = self._expand(texts, pictures, clips)
        data = dict(self.tokenizer.pad({"input_ids": ids}, return_tensors=return_tensors, **padding))
        if order:
            data["face_features"] = torch.cat([shown.features for shown in order])
            data["face_kinds"] = torch.cat([shown.kinds for shown in order])
            if self.look is not None:
                data |= tower_inputs([face for shown in order for face in shown.faces], self.look)
        return BatchFeature(data)

    def apart(self, medium: str, shown: Sequence[Shown]) -> dict[str, torch.Tensor]:
        """`medium`_features [T, C] and _kinds [T], _counts [n] of face tokens each; _ids of the words, flat, and _lengths [n]; with a `look`
        what the tower sees, flat, under the names of looks.LOOKED, and _faces [n] of how many each."""
        if not shown:
            return {}
        words = [self._ids(one.words) for one in shown]
        seen = {} if self.look is None else tower_inputs([face for one in shown for face in one.faces], self.look)
        numbers = {"faces": torch.tensor([len(one.faces) for one in shown])} if seen else {}
        return {
            **{f"{medium}_{name}": values for name, values in (seen | numbers).items()},
            f"{medium}_features": torch.cat([one.features for one in shown]),
            f"{medium}_kinds": torch.cat([one.kinds for one in shown]),
            f"{medium}_counts": torch.tensor([len(one.kinds) for one in shown]),
            f"{medium}_ids": torch.tensor([token for ids in words for token in ids]),
            f"{medium}_lengths": torch.tensor([len(ids) for ids in words]),
        }

    def render(self, messages: Sequence[dict], prefix: str = "") -> str:
        """The prompt up to and with the first words of the answer, one placeholder a picture."""
        return self.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + prefix

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any):
        if self.perceiver is not None:
            self.perceiver.encoder.save_pretrained(Path(save_directory) / EVIDENCE_FOLDER)
        return super().save_pretrained(save_directory, **kwargs)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **kwargs: Any):
        processor = super().from_pretrained(pretrained_model_name_or_path, **kwargs)
        folder = Path(pretrained_model_name_or_path)
        # Stored in float16, run in float32: without hardware for halves a face took five times as long.
        encoder = load_strict(FaceEncoder, folder / EVIDENCE_FOLDER, dtype="float32")
        has_model = (folder / "config.json").is_file()  # a processor may be saved by itself
        config = load_config(FacewiseConfig, folder) if has_model else FacewiseConfig()
        processor.perceiver, processor.look = Perceiver(encoder, config.max_faces), look_of(config)
        return processor

    def to_dict(self) -> dict[str, Any]:
        mine = ("perceiver", "look", "image_token_id", "video_token_id", "_clips", "_crops")
        return {key: value for key, value in super().to_dict().items() if key not in mine}

    @property
    def model_input_names(self) -> list[str]:
        return [*self.tokenizer.model_input_names, *(FACE_INPUTS if self.look is not None else FACE_INPUTS[:2])]

    def _expand(self, texts: list[str], pictures: list[Shown], clips: list[Shown]) -> tuple[list[list[int]], list[Shown]]:
        """Token ids with what is shown in its place, and what is shown in that order. Every piece is encoded by itself, as in an engine that
        gets the prompt's ids first: no token ever spans a user's words and ours."""
        for token, shown, what in ((IMAGE_TOKEN, pictures, "image"), (VIDEO_TOKEN, clips, "video")):
            wanted = sum(text.count(token) for text in texts)
            if wanted != len(shown):
                things = "pictures" if what == "image" else "clips"
                raise FacewiseError(f"the text has {wanted} {what} placeholders, {len(shown)} {things} were given")
        queues = {IMAGE_TOKEN: iter(pictures), VIDEO_TOKEN: iter(clips)}
        expanded, order = [], []
        for text in texts:
            ids: list[int] = []
            for piece in PLACEHOLDER.split(text):
                if piece in queues:
                    order.append(next(queues[piece]))
                ids += self._ids(order[-1].words if piece in queues else piece)
            expanded.append(ids)
        return expanded, order

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def _shown(self, picture: Picture, landmarks: Any) -> Shown:
        found, width = self.perceiver.perceive(picture, landmarks), self.perceiver.encoder.config.hidden_size
        if self.look is None:
            return shown_picture(found, width)
        # Whoever gives points gives other ones next time.
        cut = self._cropped if landmarks is None else _crops
        return shown_picture(found, width, self.look, cut(picture, found, self.look))

    def _cropped(self, picture: Picture, found: Perceived, look: Look) -> list[FaceViews]:
        """The tower's crops of a picture's faces; a picture that was asked about lately is not cut again."""
        if (known := self._crops.pop(picture.sha256, None)) is None:
            known = _crops(picture, found, look)
        self._crops[picture.sha256] = known
        while len(self._crops) > PICTURES_REMEMBERED:
            self._crops.popitem(last=False)
        return known

    def _seen(self, source: Any) -> SeenClip:
        """A clip that was asked about lately is not read again; `Moments` were watched by whoever gives them."""
        clip = source if isinstance(source, Clip | Moments) else open_clip(source)
        if id(clip) not in self._clips:
            seen = read_moments(clip, self.perceiver.encoder) if isinstance(clip, Moments) else look_at(clip, self.perceiver)
            self._clips[id(clip)] = (clip, seen)
            while len(self._clips) > CLIPS_REMEMBERED:
                self._clips.popitem(last=False)
        return self._clips[id(clip)][1]


def _crops(picture: Picture, found: Perceived, look: Look) -> list[FaceViews]:
    return [face_views(picture.pixels, face, look.image_size, look.views) for face in found.detected]


def _listed(media: Any) -> Sequence[Any]:
    if not isinstance(media, list | tuple):
        return () if media is None else [media]
    return [one for part in media for one in (part if isinstance(part, list | tuple) else [part])]


def default_chat_template(tokenizer) -> str:
    """Ours, told the tokenizer's special tokens: a user's words may not open a turn or claim a picture, whoever renders the prompt."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    special = sorted({IMAGE_TOKEN, VIDEO_TOKEN, *tokenizer.all_special_tokens, *added})
    return (Path(__file__).parent / "chat_template.jinja").read_text().replace("SPECIAL_TOKENS", json.dumps(special))
