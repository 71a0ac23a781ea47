"""The two configs of the network: the face encoder that gives every number, and the assistant around it.

Both are plain Hugging Face configs, so a folder says all that is needed to rebuild a model. The point statistics live in the
encoder's config because they belong to the detector it was trained with (docs: two backends are two models).
"""

from copy import deepcopy
from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

BASE_LLM_FIELDS = ("package", "file", "sha256")
BASE_FIELDS = ("model", "revision")  # a folder, or a hub id at a revision
CALIBRATION_FIELDS = ("llm", "head", "bias", "low", "high")
VISUAL_TOKENS = 60  # of a face, at most: its words have 50, a face costs 110
REGION_TOKENS = 10


@strict
class FaceEncoderConfig(PreTrainedConfig):
    """The evidence encoder. `landmark_mean` [68][3] and `landmark_std` [68] standardise canonical points (in IOD).

    `digital` says whether it has a head for generated and manipulated faces; without one that answer is null. `places`: whether action units are
    read at places of the skin as well (places.py). `chosen_on_val`: whether one of its epochs was chosen by people who therefore calibrate nothing.
    """

    model_type = "facewise_encoder"

    image_size: int = 224
    patch_size: int = 16
    hidden_size: int = 192
    num_layers: int = 3
    num_heads: int = 3
    mlp_ratio: int = 4
    views: list[str] | tuple[str, ...] = ("rgb", "spoof")
    tokens_per_view: int = 16
    landmark_mean: list[list[float]] | None = None
    landmark_std: list[float] | None = None
    digital: bool = True
    places: bool = False
    chosen_on_val: bool = False
    initializer_range: float = 0.02

    def __post_init__(self, **kwargs):
        self.views = list(self.views)
        super().__post_init__(**kwargs)
        if self.image_size % self.patch_size:
            raise ValueError(f"image_size {self.image_size} is no multiple of patch_size {self.patch_size}")
        if self.patch_size < 2 or self.patch_size & (self.patch_size - 1):
            raise ValueError(
                f"patch_size must be a power of 2, for views are halved until a pixel is a patch; got {self.patch_size}"
            )
        if self.hidden_size % self.num_heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of num_heads {self.num_heads}")
        if not {"rgb", "spoof"} <= set(self.views):
            raise ValueError(f"views must hold rgb and spoof, got {self.views}")
        if round(self.tokens_per_view**0.5) ** 2 != self.tokens_per_view:
            raise ValueError(f"tokens_per_view must be a square, got {self.tokens_per_view}")

    @property
    def grid(self) -> int:
        """Patches along one side of a view."""
        return self.image_size // self.patch_size


@strict
class FacewiseConfig(PreTrainedConfig):
    """The assistant: any causal LM (`text_config`) that reads the encoder's tokens through a small projector.

    `base_llm` {package, file, sha256}, or {model, revision} of a folder or a hub id, names where the LM's weights come from when the folder
    does not hold them; `verdict_ids` are the first tokens of "Live" and "Spoof"; `calibration` {llm, head, bias, low, high} joins both
    log-odds of a verdict (readings.py, spoof_score and verdict).

    `vision_config` is a larger preset's own tower, any Hugging Face vision model of square patches; None: the encoder's tokens alone. It sees
    `vision_views` (of the encoder's) at its own image_size, normalised by `vision_mean` and `vision_std` (of pixels in 0..1), and gives the LM
    `vision_tokens` a view. `base_tower` {model, revision} is to it what `base_llm` is to the LM. Raises ValueError for what does not fit.
    """

    model_type = "facewise"
    sub_configs: ClassVar = {"encoder_config": FaceEncoderConfig, "text_config": AutoConfig, "vision_config": AutoConfig}

    encoder_config: dict | PreTrainedConfig | None = None
    text_config: dict | PreTrainedConfig | None = None
    base_llm: dict | None = None
    image_token_id: int = 0
    verdict_ids: list[int] | tuple[int, ...] = ()
    max_faces: int = 8
    projector_hidden: int = 256
    calibration: dict | None = None
    vision_config: dict | PreTrainedConfig | None = None
    vision_views: list[str] | tuple[str, ...] = ("rgb",)
    vision_tokens: int = 16
    vision_mean: list[float] | tuple[float, ...] = (0.5, 0.5, 0.5)
    vision_std: list[float] | tuple[float, ...] = (0.5, 0.5, 0.5)
    base_tower: dict | None = None
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs):
        # Copies: the outer config sets the attention of its parts, and a language model whose own config it took would lose its causal mask.
        self.encoder_config, self.text_config = deepcopy(self.encoder_config), deepcopy(self.text_config)
        if not isinstance(self.encoder_config, PreTrainedConfig):
            self.encoder_config = FaceEncoderConfig(**(self.encoder_config or {}))
        if not isinstance(self.text_config, PreTrainedConfig):
            self.text_config = _built({"model_type": "llama", **(self.text_config or {})})
        self.vision_config = deepcopy(self.vision_config)
        if isinstance(self.vision_config, dict):
            self.vision_config = _built(self.vision_config)
        # The language model ties its own weights; the outer flag must agree or saving would write the tied copy.
        self.tie_word_embeddings = bool(self.text_config.tie_word_embeddings)
        for name in ("verdict_ids", "vision_views", "vision_mean", "vision_std"):
            setattr(self, name, list(getattr(self, name)))
        super().__post_init__(**kwargs)
        if self.max_faces < 1:
            raise ValueError(f"max_faces must be at least 1, got {self.max_faces}")
        has_model = self.base_llm is not None and "model" in self.base_llm
        _check_fields("base_llm", self.base_llm, BASE_FIELDS if has_model else BASE_LLM_FIELDS, str)
        _check_fields("base_tower", self.base_tower, BASE_FIELDS, str)
        _check_fields("calibration", self.calibration, CALIBRATION_FIELDS, int | float)
        if self.vision_config is not None:
            self._check_vision()

    @property
    def vision_grid(self) -> int:
        """Patches along one side of what the tower sees; what is left over at the edge, it does not see."""
        return self.vision_config.image_size // self.vision_config.patch_size

    def _check_vision(self) -> None:
        vision, views = self.vision_config, self.vision_views
        for name in ("image_size", "patch_size", "hidden_size", "num_attention_heads"):
            if not isinstance(getattr(vision, name, None), int):
                raise ValueError(f"a tower of square patches is wanted; {vision.model_type} has no {name} that is a number")
        if not views or len({*views}) < len(views) or not {*views} <= {*self.encoder_config.views}:
            raise ValueError(f"vision_views must be of {', '.join(self.encoder_config.views)}, got {views}")
        if round(self.vision_tokens**0.5) ** 2 != self.vision_tokens or not 0 < self.vision_tokens <= self.vision_grid**2:
            raise ValueError(f"vision_tokens must be a square of at most {self.vision_grid**2}, got {self.vision_tokens}")
        if not len(self.vision_mean) == len(self.vision_std) == 3:
            raise ValueError(f"vision_mean and vision_std must be three numbers, got {self.vision_mean} and {self.vision_std}")
        encoder = self.encoder_config
        tokens = REGION_TOKENS + len(encoder.views) * encoder.tokens_per_view + len(views) * self.vision_tokens
        if tokens > VISUAL_TOKENS:
            raise ValueError(
                f"a face would cost {tokens} visual tokens, {VISUAL_TOKENS} at most; lower vision_tokens or vision_views"
            )


def _built(told: dict) -> PreTrainedConfig:
    """Raises ValueError for a model_type that transformers does not know."""
    if (kind := told.get("model_type")) not in CONFIG_MAPPING:
        raise ValueError(f"transformers knows no model_type {kind!r}")
    return CONFIG_MAPPING[kind](**told)


def _check_fields(name: str, value: dict | None, fields: tuple[str, ...], kind: Any) -> None:
    if value is not None and not (value.keys() == set(fields) and all(isinstance(part, kind) for part in value.values())):
        raise ValueError(f"{name} must hold {', '.join(fields)} and nothing else, got {value}")
