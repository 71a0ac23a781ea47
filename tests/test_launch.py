"""The launch configs that are shipped: accelerate's own loader and launcher read them, and build the plugins that they ask for."""

import os
from pathlib import Path

import pytest
from test_answer_loss import tiny_model

from facewise.finetune.language.answer_loss import WithLoss

LAUNCH = Path(__file__).parent.parent / "finetune" / "launch"


@pytest.mark.parametrize(("name", "kind"), [("ddp", "MULTI_GPU"), ("fsdp", "FSDP"), ("deepspeed", "DEEPSPEED")])
def test_accelerate_reads_the_launch_configs_as_what_they_are(name, kind):
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(LAUNCH / f"{name}.yaml"))
    assert config.distributed_type.value == kind and config.num_processes == 2 and config.mixed_precision == "no"


def environment_of(name: str, monkeypatch) -> None:
    """What accelerate's launcher would tell the processes."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

    words = ["--config_file", str(LAUNCH / f"{name}.yaml"), "-m", "facewise.cli", "train", "recipe.yaml"]
    args, defaults, _ = _validate_launch_command(launch_command_parser().parse_args(words))
    args.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
    told = prepare_multi_gpu_env(args) if name == "fsdp" else prepare_deepspeed_cmd_env(args)[1]
    for key, value in told.items():
        monkeypatch.setenv(key, value)


def test_the_fsdp_config_builds_its_plugin_and_names_layers_that_the_model_has(monkeypatch):
    from accelerate.utils import FullyShardedDataParallelPlugin

    environment_of("fsdp", monkeypatch)
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2 and plugin.reshard_after_forward and plugin.state_dict_type.name == "FULL_STATE_DICT"
    learner = WithLoss(tiny_model())
    plugin.set_auto_wrap_policy(learner)
    wraps = plugin.auto_wrap_policy.keywords["transformer_layer_cls"]
    assert {layer.__name__ for layer in wraps} == {"LlamaDecoderLayer"}


def test_the_deepspeed_config_is_whole_and_its_plugin_is_built_where_deepspeed_is(monkeypatch):
    from accelerate.utils import DeepSpeedPlugin, is_deepspeed_available

    environment_of("deepspeed", monkeypatch)
    assert os.environ["ACCELERATE_DEEPSPEED_ZERO_STAGE"] == "2"
    if not is_deepspeed_available():
        pytest.skip("deepspeed is not installed: its config was read and its environment made, and no plugin was built")
    assert DeepSpeedPlugin().zero_stage == 2
