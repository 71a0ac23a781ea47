"""The entry point of vLLM's `vllm.general_plugins`: it runs in every process of vLLM, more than once, so it only names things."""


def register() -> None:
    """Makes vLLM know our architecture. vLLM imports the model itself when it loads one."""
    from vllm import ModelRegistry

    from ..model.network import register as register_with_transformers

    register_with_transformers()
    ModelRegistry.register_model("FacewiseForConditionalGeneration", "facewise.serve.vllm_model:FacewiseForVllm")
