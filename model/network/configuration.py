"""The two configs of the network: the face encoder that gives every number, and the assistant around it.

Both are plain Hugging Face configs, so a folder says all that is needed to rebuild a model. The point statistics live in the
encoder's config because they belong to the detector it was trained with (docs: two backends are two models).
"""

from copy import deepcopy
from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

BASE_LLM_FIELDS = ("package", "file", "sha256")
CALIBRATION_FIELDS = ("llm", "head", "bias", "low", "high")


@strict
class FaceEncoderConfig(PreTrainedConfig):
    """The evidence encoder. `landmark_mean` [68][3] and `landmark_std` [68] standardise canonical points (in IOD).

    `digital` says whether it has a head for generated and manipulated faces; without one that answer is null.
    """

    model_type = "facewise_encoder"

    image_size: int = 112
    patch_size: int = 8
    hidden_size: int = 192
    num_layers: int = 6
    num_heads: int = 3
    mlp_ratio: int = 4
    views: list[str] | tuple[str, ...] = ("rgb", "spoof")
    tokens_per_view: int = 16
    landmark_mean: list[list[float]] | None = None
    landmark_std: list[float] | None = None
    digital: bool = True
    initializer_range: float = 0.02

    def __post_init__(self, **kwargs):
        self.views = list(self.views)
        super().__post_init__(**kwargs)
        if self.image_size % self.patch_size:
            raise ValueError(f"image_size {self.image_size} is no multiple of patch_size {self.patch_size}")
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

    `base_llm` {package, file, sha256} names where the LM's weights come from when the folder does not hold them;
    `verdict_ids` are the first tokens of "Live" and "Spoof"; `calibration` {llm, head, bias, low, high} joins both log-odds of a verdict
    (readings.py, spoof_score and verdict). Raises ValueError for parts that are missing in these.
    """

    model_type = "facewise"
    sub_configs: ClassVar = {"encoder_config": FaceEncoderConfig, "text_config": AutoConfig}

    encoder_config: dict | PreTrainedConfig | None = None
    text_config: dict | PreTrainedConfig | None = None
    base_llm: dict | None = None
    image_token_id: int = 0
    verdict_ids: list[int] | tuple[int, ...] = ()
    max_faces: int = 8
    projector_hidden: int = 256
    calibration: dict | None = None
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs):
        # Copies: the outer config sets the attention of its parts, and a language model whose own config it took would lose its causal mask.
        self.encoder_config, self.text_config = deepcopy(self.encoder_config), deepcopy(self.text_config)
        if not isinstance(self.encoder_config, PreTrainedConfig):
            self.encoder_config = FaceEncoderConfig(**(self.encoder_config or {}))
        if not isinstance(self.text_config, PreTrainedConfig):
            text = {"model_type": "llama", **(self.text_config or {})}
            self.text_config = CONFIG_MAPPING[text["model_type"]](**text)
        # The language model ties its own weights; the outer flag must agree or saving would write the tied copy.
        self.tie_word_embeddings = bool(self.text_config.tie_word_embeddings)
        self.verdict_ids = list(self.verdict_ids)
        super().__post_init__(**kwargs)
        if self.max_faces < 1:
            raise ValueError(f"max_faces must be at least 1, got {self.max_faces}")
        _check_fields("base_llm", self.base_llm, BASE_LLM_FIELDS, str)
        _check_fields("calibration", self.calibration, CALIBRATION_FIELDS, int | float)


def _check_fields(name: str, value: dict | None, fields: tuple[str, ...], kind: Any) -> None:
    if value is not None and not (value.keys() == set(fields) and all(isinstance(part, kind) for part in value.values())):
        raise ValueError(f"{name} must hold {', '.join(fields)} and nothing else, got {value}")
