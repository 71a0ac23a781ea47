"""What the fields of a recipe may say together. One line about the first fault, before anything is read or made."""

from ..model.errors import FacewiseError
from ..model.presets import preset
from ..model.taxonomy import ATTACKS, TASKS
from .recipe import Recipe
from .recipe_values import shares

STAGES = ("encoder", "align", "instruct", "calibrate")
WORDS = ("align", "instruct")
ANSWERS = ("labels", "evidence")
SHOWN = ("both", "tokens", "words", "noised")  # of evidence_mix
PARTS = ("tower", "guidance", "projector")
ADAPTERS_ON = ("main", "base")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
CHOICES = {"answers": ANSWERS, "adapters_on": ADAPTERS_ON, "precision": PRECISIONS}
NAMES = {"stages": STAGES, "trained": PARTS, "experimental": ATTACKS, "left_out": ATTACKS}
AT_MOST_ONE = ("verdict_weight", "lora_dropout", "pvtm_keep", "pvtm_drop", "kept_skills", "declines", "val_share", "flips")

MOST_BESIDE = 0.5  # of all draws
MOST_SEED = 2**32 - 1  # NumPy's


def check(recipe: Recipe) -> None:
    """Raises FacewiseError with the field, what it says, and what it may say."""
    for name, choices in CHOICES.items():
        if (value := getattr(recipe, name)) not in choices:
            raise FacewiseError(f"{name} is {value!r}, expected one of {', '.join(choices)}")
    for name, choices in NAMES.items():
        if unknown := next((word for word in getattr(recipe, name) if word not in choices), None):
            raise FacewiseError(f"{name} holds {unknown!r}, expected some of {', '.join(choices)}")
    for name in AT_MOST_ONE:
        if (value := getattr(recipe, name)) > 1:
            raise FacewiseError(f"{name} is {value}, expected a share, at most 1")
    if recipe.kept_skills + recipe.declines > MOST_BESIDE:
        raise FacewiseError(
            f"kept_skills {recipe.kept_skills} and declines {recipe.declines} leave too little for faces; at most {MOST_BESIDE} together"
        )
    if recipe.val_share == 1:
        raise FacewiseError("val_share is 1.0, and nobody would be left to learn from; give a share below 1")
    if recipe.seed > MOST_SEED:
        raise FacewiseError(f"seed is {recipe.seed}, expected at most {MOST_SEED}")
    preset(recipe.preset)
    check_reports(recipe.report_to)
    check_stages(recipe)
    check_shares(recipe)


def check_stages(recipe: Recipe) -> None:
    order = tuple(stage for stage in STAGES if stage in recipe.stages)
    if not order or recipe.stages != order:
        raise FacewiseError(
            f"stages are {', '.join(recipe.stages) or 'none'}; expected some of {', '.join(STAGES)}, in this order"
        )
    has_words = any(stage in recipe.stages for stage in WORDS)
    if "calibrate" in recipe.stages and has_words:
        raise FacewiseError("align and instruct calibrate the verdict themselves; leave calibrate out")
    if "calibrate" in recipe.stages and not (recipe.encoder_from and recipe.pack):
        raise FacewiseError(
            "calibrate wants a model whose words stay and a pack to calibrate on; give --encoder_from default --pack"
        )
    if "encoder" not in recipe.stages and not recipe.encoder_from:
        raise FacewiseError("no stage trains an encoder and none is named; give --encoder_from default, or a folder")
    check_encoder(recipe)
    if "encoder" in recipe.stages and not recipe.encoder_epochs and not (recipe.encoder_from and recipe.authenticity_epochs):
        raise FacewiseError(
            "encoder_epochs is 0, and nothing of the encoder would learn; name one that goes on (encoder_from) and give authenticity_epochs"
        )
    if has_words and not recipe.rows and not recipe.pack_rows:
        raise FacewiseError(
            "the recipe names nothing to learn words from; give --rows DIR, written by `facewise build`, or --pack_rows N"
        )
    if recipe.base_tower is None and (unknown := {"tower", "guidance"} & {*recipe.trained}):
        raise FacewiseError(
            f"trained holds {', '.join(sorted(unknown))}, and the model has no tower; give --tower, or a larger --preset"
        )
    if recipe.adapter_tasks and "instruct" not in recipe.stages:
        raise FacewiseError("adapter_tasks need the stage instruct")
    check_hardware(recipe)


def check_encoder(recipe: Recipe) -> None:
    if recipe.encoder_frozen and not ("encoder" in recipe.stages and recipe.encoder_from and recipe.encoder_epochs):
        raise FacewiseError(
            "encoder_frozen wants an encoder that has learned, the stage encoder and epochs; give --encoder_from default --encoder_epochs N"
        )
    if recipe.encoder_frozen and recipe.authenticity_epochs:
        raise FacewiseError("encoder_frozen lets the expression head alone learn; leave it or authenticity_epochs out")


def check_reports(name: str) -> None:
    """The Trainer's own integrations, which raise only once a training begins."""
    if name in ("none", "all"):
        return
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK, get_available_reporting_integrations

    if name not in INTEGRATION_TO_CALLBACK:
        raise FacewiseError(f"report_to is {name!r}, expected none, all, or one of {', '.join(sorted(INTEGRATION_TO_CALLBACK))}")
    if name not in get_available_reporting_integrations():
        raise FacewiseError(f"report_to is {name!r}, which is not installed; install it, or give none")


def check_shares(recipe: Recipe) -> None:
    for field, names in (("evidence_mix", SHOWN), ("task_weights", TASKS)):
        told = shares(getattr(recipe, field), field)
        if unknown := next((name for name in told if name not in names), None):
            raise FacewiseError(f"{field} holds {unknown!r}, expected some of {', '.join(names)}")
        if told and not any(told.values()):
            raise FacewiseError(f"{field} is {getattr(recipe, field)!r}: one number at least must be above 0")
    if not shares(recipe.evidence_mix, "evidence_mix"):
        raise FacewiseError("evidence_mix is empty; both=1 shows every face by evidence in words and tokens")


def check_hardware(recipe: Recipe) -> None:
    """QLoRA's kernels and half floats with scaled losses run on a GPU, the former in a library of their own."""
    from importlib.util import find_spec

    import torch

    if recipe.load_in_4bit and find_spec("bitsandbytes") is None:
        raise FacewiseError(
            "load_in_4bit needs bitsandbytes, which is not installed; pip install bitsandbytes, or leave it false"
        )
    if recipe.load_in_4bit and not torch.cuda.is_available():
        raise FacewiseError("load_in_4bit needs a CUDA device and there is none; leave it false to train in full numbers")
    if recipe.precision == "float16" and not torch.cuda.is_available():
        raise FacewiseError("precision float16 needs a CUDA device and there is none; give auto, float32 or bfloat16")
