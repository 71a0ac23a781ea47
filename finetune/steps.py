"""What a stage tells while it trains: its name, the step, the loss, and how long is left, one line a log, to stderr."""

import time
from pathlib import Path

from transformers import TrainerCallback

from .curves import STAGE
from .processes import tell


class ToldSteps(TrainerCallback):
    """In the place of the Trainer's own dicts, which name no stage."""

    def on_train_begin(self, args, state, control, **kwargs):
        self.stage = Path(args.output_dir).name.removeprefix(STAGE)
        self.began, self.first = time.monotonic(), state.global_step
        tell(f"{self.stage}: {state.max_steps} steps" + (f", going on after step {self.first}" if self.first else ""))

    def on_log(self, args, state, control, logs=None, **kwargs):
        logs = logs or {}
        done = f"{self.stage}, step {state.global_step} of {state.max_steps}"
        if "loss" in logs:
            tell(f"{done}; loss {logs['loss']:.3f}{self._left(state)}")
        if "eval_loss" in logs:
            tell(f"{done}; held-out loss {logs['eval_loss']:.3f}")

    def _left(self, state) -> str:
        steps, spent_s = state.global_step - self.first, time.monotonic() - self.began
        left_s = spent_s / max(1, steps) * (state.max_steps - state.global_step)
        return f"; {duration(left_s)} left" if left_s >= 1 else ""


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "3 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
