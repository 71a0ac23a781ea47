"""The network, Hugging Face native: configs, the evidence encoder, the assistant and its processor.

Nothing happens on import; `register()` makes the Auto classes know us and is called by whoever loads a model.
"""


def register() -> None:
    """Registers our classes with transformers' Auto classes; calling it again changes nothing."""
    from transformers import AutoConfig, AutoModel, AutoModelForImageTextToText, AutoProcessor

    from .configuration import FaceEncoderConfig, FacewiseConfig
    from .encoder import FaceEncoder
    from .modeling import FacewiseForConditionalGeneration
    from .processing import FacewiseProcessor

    for config in (FaceEncoderConfig, FacewiseConfig):
        AutoConfig.register(config.model_type, config, exist_ok=True)
    AutoModel.register(FaceEncoderConfig, FaceEncoder, exist_ok=True)
    AutoModelForImageTextToText.register(FacewiseConfig, FacewiseForConditionalGeneration, exist_ok=True)
    AutoProcessor.register(FacewiseConfig, FacewiseProcessor, exist_ok=True)
