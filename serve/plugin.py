"""The entry point of vLLM's `vllm.general_plugins`: it runs in every process of vLLM, more than once, so it only names things."""

import os

from .limits import VARIABLE


def register() -> None:
    """Makes vLLM know our architecture, and uvicorn how a server of ours reads its connections. Both are imported when they are wanted."""
    from vllm import ModelRegistry

    from ..model.network import register as register_with_transformers

    register_with_transformers()
    ModelRegistry.register_model("FacewiseForConditionalGeneration", "facewise.serve.vllm_model:FacewiseForVllm")
    if VARIABLE in os.environ:  # not in a `vllm serve` of something else, beside which we are installed
        from uvicorn.config import HTTP_PROTOCOLS

        HTTP_PROTOCOLS["auto"] = "facewise.serve.transport:Bounded"  # vLLM passes no other name on
