"""FSDP2 around a stage: which stages it shards, and the whole model again after one, because the next stage, the calibration and the folder that
is written want plain modules.

torch has no way back from `fully_shard`, so each sharded module gives its parts to a plain one of its own class.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor

ASKED = "ACCELERATE_USE_FSDP"  # accelerate's launcher tells its processes so
MARKS = "__composable_api"  # of fully_shard in a module's dict


@contextmanager
def unsharded() -> Iterator[None]:
    """A stage in here is DDP's under every launch config of FSDP: the encoder is small, and is looked at between its epochs."""
    asked = os.environ.pop(ASKED, None)
    try:
        yield
    finally:
        if asked is not None:
            os.environ[ASKED] = asked


def make_whole(model: nn.Module) -> None:
    """Every process gets all weights, in place; `model` itself is not sharded, parts of it may be. Nothing where no part is."""
    parts = list(model.modules())
    for part in parts:
        if isinstance(part, FSDPModule):
            part.reshard()
    whole: dict[int, nn.Parameter] = {}  # weights that are tied stay so
    for part in parts:
        for name, value in part._parameters.items():
            if isinstance(value, DTensor):
                if id(value) not in whole:
                    whole[id(value)] = nn.Parameter(value.full_tensor().detach(), requires_grad=value.requires_grad)
                part._parameters[name] = whole[id(value)]
    for part in parts:
        for name, child in part._modules.items():
            if isinstance(child, FSDPModule):
                part._modules[name] = plain(child)


def plain(part: FSDPModule) -> nn.Module:
    """The same parts in a module of the class that it had, without FSDP's marks and hooks."""
    cls: Any = type(part).__mro__[2]
    made = cls.__new__(cls)
    made.__dict__.update({name: value for name, value in vars(part).items() if not name.startswith(MARKS)})
    for name in [name for name in vars(made) if name.startswith(("_forward_hooks", "_forward_pre_hooks"))]:
        vars(made)[name] = OrderedDict()
    return made
