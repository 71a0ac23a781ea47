"""The loss over the steps of every stage: its numbers as loss.json beside the run, and drawn as loss.png.

They come from the Trainer's own log, which a checkpoint keeps, so that a run which goes on draws the whole curve. Drawn with Pillow: training needs
no library for plots.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from transformers import TrainerCallback

from ..data_builders.records import write_whole
from .encoder.progress import lines
from .processes import is_main

LOSSES = "losses.json"  # of a stage's folder
NUMBERS, PICTURE = "loss.json", "loss.png"  # of the run's
STAGE = "stage-"
FIRST = ("encoder", "align", "instruct")
POINTS = 50  # of the training loss, at least, where there are as many steps
LOOKS, APART = 8, 4  # at the held-out rows; steps between two of them, at least
Curve = list[tuple[float, float]]  # (step, loss)
Curves = dict[str, dict[str, Curve]]  # stage -> "train", "validation"


class LossCurve(TrainerCallback):
    """Has a short training logged often enough to be drawn, has the Trainer look at its held-out rows if it has any, and writes it all down."""

    def __init__(self, has_validation: bool):
        self.has_validation = has_validation

    def on_train_begin(self, args, state, control, **kwargs):
        state.logging_steps = max(1, min(state.logging_steps, state.max_steps // POINTS))

    def on_step_end(self, args, state, control, **kwargs):
        every = max(APART, state.max_steps // LOOKS)
        left = state.max_steps - state.global_step
        control.should_evaluate |= self.has_validation and (left == 0 or (left >= every / 2 and state.global_step % every == 0))

    def on_log(self, args, state, control, **kwargs):
        if is_main():
            folder = Path(args.output_dir)
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / LOSSES, json.dumps(of_log(state.log_history)).encode())

    def on_save(self, args, state, control, **kwargs):
        self._drawn(Path(args.output_dir))

    def on_train_end(self, args, state, control, **kwargs):
        self._drawn(Path(args.output_dir))

    def _drawn(self, folder: Path) -> None:
        if is_main() and folder.name.startswith(STAGE):
            write_curves(folder.parent)


def of_log(history: Sequence[dict[str, Any]]) -> dict[str, Curve]:
    """ "train" and "validation" of a Trainer's log."""
    names = {"train": "loss", "validation": "eval_loss"}
    return {name: [(told["step"], told[key]) for told in history if key in told] for name, key in names.items()}


def curves(run: Path) -> Curves:
    """Of the stages that a run's folder holds, in their order; the encoder's validation is that of its epochs."""
    found = {}
    for path in run.glob(f"{STAGE}*/{LOSSES}"):
        told = json.loads(path.read_text())
        told["validation"] += [(line["step"], line["loss"]) for line in lines(path.parent) if "loss" in line]
        found[path.parent.name.removeprefix(STAGE)] = told
    places = {name: place for place, name in enumerate(FIRST)}
    return {name: found[name] for name in sorted(found, key=lambda name: (places.get(name, len(FIRST)), name))}


def write_curves(run: Path) -> None:
    """loss.json and loss.png; nothing where no stage has told a loss yet."""
    found = {name: told for name, told in curves(run).items() if any(told.values())}
    if not found:
        return
    write_whole(run / NUMBERS, json.dumps(found, indent=1).encode())
    part = run / f".{PICTURE}"
    drawn(found).save(part, format="PNG")
    part.replace(run / PICTURE)


# The picture

SCALE = 3  # drawn larger and made smaller: smooth lines
PANEL, GAP, ACROSS = (400, 280), 16, 3  # px; panels a row
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 58, 44  # of a panel, around its axes
INK, FAINT, PAPER = (40, 44, 52), (222, 225, 230), (255, 255, 255)
COLOURS = {"train": (44, 110, 184), "validation": (214, 98, 22)}
DOT = 2.6


def drawn(found: Curves) -> Image.Image:
    """A panel a stage."""
    across = min(ACROSS, len(found))
    down = math.ceil(len(found) / across)
    width, height = (across * PANEL[0] + (across + 1) * GAP, down * PANEL[1] + (down + 1) * GAP)
    page = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
    pen = ImageDraw.Draw(page)
    for number, (stage, told) in enumerate(found.items()):
        row, column = divmod(number, across)
        _panel(pen, (GAP + column * (PANEL[0] + GAP), GAP + row * (PANEL[1] + GAP)), stage, told)
    return page.resize((width, height), Image.Resampling.LANCZOS)


def _panel(pen: ImageDraw.ImageDraw, corner: tuple[int, int], stage: str, told: dict[str, Curve]) -> None:
    x0, y0 = corner[0] + LEFT, corner[1] + TOP
    x1, y1 = corner[0] + PANEL[0] - RIGHT, corner[1] + PANEL[1] - BOTTOM
    points = [point for curve in told.values() for point in curve]
    steps = ticks(0, max(step for step, _ in points), whole=True)
    losses = ticks(min(loss for _, loss in points), max(loss for _, loss in points))

    def place(step: float, loss: float) -> tuple[float, float]:
        across = (step - steps[0]) / (steps[-1] - steps[0])
        up = (loss - losses[0]) / (losses[-1] - losses[0])
        return x0 + across * (x1 - x0), y1 - up * (y1 - y0)

    _text(pen, (corner[0] + LEFT, corner[1] + 14), stage, 15, "lm")
    for loss in losses:
        _, y = place(steps[0], loss)
        _line(pen, [(x0, y), (x1, y)], FAINT, 1)
        _text(pen, (x0 - 7, y), f"{loss:.10g}", 11, "rm")
    for step in steps:
        x, _ = place(step, losses[0])
        _line(pen, [(x, y1), (x, y1 + 4)], INK, 1)
        _text(pen, (x, y1 + 7), f"{step:.10g}", 11, "mt")
    _line(pen, [(x0, y0), (x0, y1), (x1, y1)], INK, 1)
    _text(pen, ((x0 + x1) / 2, y1 + 24), "step", 11, "mt")
    _text(pen, (x0 - 7, y0 - 16), "loss", 11, "rm")
    _legend(pen, (x1, corner[1] + 14), [name for name, curve in told.items() if curve])
    for name, curve in told.items():
        at = [place(*point) for point in sorted(curve)]
        _line(pen, at, COLOURS[name], 1.8)
        if name == "validation" or len(at) <= POINTS // 3:
            for x, y in at:
                box = [SCALE * value for value in (x - DOT, y - DOT, x + DOT, y + DOT)]
                pen.ellipse(box, fill=COLOURS[name])


def _legend(pen: ImageDraw.ImageDraw, right: tuple[float, float], names: Sequence[str]) -> None:
    x, y = right
    for name in reversed(names):
        _text(pen, (x, y), name, 11, "rm")
        x -= _font(11).getlength(name) / SCALE + 6
        _line(pen, [(x - 16, y), (x, y)], COLOURS[name], 2.4)
        x -= 16 + 14


def ticks(low: float, high: float, whole: bool = False, most: int = 6) -> list[float]:
    """Round numbers from at most `low` to at least `high`; `whole`: none between two whole ones."""
    if high - low <= 1e-3 * abs(high):  # one value, or as good as one
        low, high = low - (0.1 * abs(low) or 1.0), high + (0.1 * abs(high) or 1.0)
    raw = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    step = max(1.0, math.ceil(step)) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _line(pen: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], colour: tuple[int, int, int], width: float) -> None:
    if len(points) > 1:
        scaled = [(SCALE * x, SCALE * y) for x, y in points]
        pen.line(scaled, fill=colour, width=round(SCALE * width), joint="curve")


def _text(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, anchor: str) -> None:
    pen.text((SCALE * at[0], SCALE * at[1]), text, fill=INK, font=_font(size), anchor=anchor)


def _font(size: int) -> Any:
    return ImageFont.load_default(SCALE * size)  # Pillow's own, no file of the machine's
