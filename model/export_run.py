"""`facewise export RUN OUT [--adapters]`: one whole folder with a model card, written only if it answers as the run does.

The run is asked with its LoRA apart, then the LoRA is folded in and written, then the folder is read from disk and asked again. With
--adapters PEFT folders stay apart, for vLLM's --lora-modules: OUT holds the base that they were trained on.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpoint import ADAPTER, Checkpoint, device, load_checkpoint, merged, recipe_of
from .errors import FacewiseError
from .export import new_folder, refuse_existing, stored_dtype, vllm_line, write_whole
from .fit import check_fit
from .model_card import CARD, model_card, this_folder
from .peft_folder import adapted, base_name, copy_adapter, lora_flags
from .self_test import Outcome, Said, answers, compared, ten_questions, tolerance

ADAPTERS = "adapters"  # a run's folder of them, and OUT's
MAIN = "main"  # the run's own LoRA where it stays apart


@dataclass(frozen=True)
class Plan:
    """What becomes of a run's LoRAs: `main`, its own, is folded into the language model or kept apart as one of `kept`; `tasks` are the others
    that are kept. `left` are those that stay in the run."""

    main: Path | None
    is_folded: bool
    tasks: dict[str, Path]
    left: tuple[str, ...] = ()

    @property
    def kept(self) -> dict[str, Path]:
        apart = {} if self.main is None or self.is_folded else {MAIN: self.main}
        return apart | self.tasks

    @property
    def where(self) -> str:
        """Where `main` goes, as the card has it."""
        return "" if self.main is None else "folded" if self.is_folded else "apart"


@dataclass(frozen=True)
class Exported:
    """`adapters` are the folders of LoRAs in `folder`; `left` the names of those that were not asked for."""

    folder: Path
    outcome: Outcome
    adapters: tuple[Path, ...]
    left: tuple[str, ...]


def export_run(name: str, out: Path, keeps_adapters: bool = False) -> Exported:
    """Raises FacewiseError for a run that is unfinished or whose parts do not belong together, before anything large is read; for an `out`
    that exists; and for a folder that answers otherwise than the run, which is not written then."""
    refuse_existing(out)
    checkpoint = load_checkpoint(name)
    plan = planned(checkpoint, keeps_adapters)
    check_fit(checkpoint, list(plan.tasks.values()))
    card = model_card(checkpoint, out.name)
    with new_folder(out) as scratch:
        before = written(checkpoint, plan, scratch, named_base(checkpoint, plan, out))
        outcome = compared(before, asked_again(scratch, plan), tolerance(stored_dtype(checkpoint)))
        if not outcome.is_passed:
            raise FacewiseError(f"{out}: not written, it would answer otherwise than {name}; {outcome}")
        card += this_folder(sorted(plan.kept), plan.where, str(outcome))
        (scratch / CARD).write_text(card, encoding="utf-8")
    return Exported(out, outcome, tuple(out / ADAPTERS / adapter for adapter in sorted(plan.kept)), plan.left)


def planned(checkpoint: Checkpoint, keeps_adapters: bool) -> Plan:
    """Adapters of tasks were trained on the main one or on the base alone, as the recipe says; their base is what is written. A run without
    them keeps its main one. Raises FacewiseError where there is none to keep, or two of a name."""
    tasks = {folder.name: folder for folder in sorted((checkpoint.folder / ADAPTERS).glob("*")) if folder.is_dir()}
    main = checkpoint.adapter
    if not keeps_adapters:
        return Plan(main, True, {}, tuple(tasks))
    if not tasks and main is None:
        raise FacewiseError(f"{checkpoint.folder}: no LoRA to keep apart, neither {ADAPTER} nor {ADAPTERS}; leave --adapters out")
    is_folded = bool(tasks) and recipe_of(checkpoint.folder).get("adapters_on", "main") == "main"
    if MAIN in tasks and main is not None and not is_folded:
        raise FacewiseError(f"{tasks[MAIN]}: the run's own adapter is kept as {MAIN!r}; give this folder another name")
    return Plan(main, is_folded, tasks)


def named_base(checkpoint: Checkpoint, plan: Plan, out: Path) -> str:
    """What kept adapters name as theirs: the base as the world knows it, or the folder beside them; never a place on this machine."""
    name = base_name(checkpoint.config.base_llm)
    is_the_worlds = name and not plan.is_folded and not Path(name).is_dir()
    return name if is_the_worlds else out.name


def written(checkpoint: Checkpoint, plan: Plan, folder: Path, base: str) -> dict[str, Said]:
    """Fills the folder; returns what the run says meanwhile, by the name of each adapter that it wears."""
    import torch

    stored = stored_dtype(checkpoint)
    model, processor = checkpoint.unmerged().to(device(), dtype(stored)), checkpoint.processor
    asked = ten_questions(processor)
    said = {MAIN: wearing(plan.main, model, processor, asked)}
    if plan.main is not None and plan.is_folded:
        model.language_model = merged(model.language_model, plan.main)
    said |= {name: wearing(adapter, model, processor, asked) for name, adapter in plan.tasks.items()}
    write_whole(model.to(getattr(torch, stored)), checkpoint, folder, is_calibrated=plan.where != "apart")
    for name, adapter in plan.kept.items():
        copy_adapter(adapter, folder / ADAPTERS / name, base)
    return said


def asked_again(folder: Path, plan: Plan) -> dict[str, Said]:
    """The same of what lies in the folder, read from there alone."""
    from .network.loading import load_strict
    from .network.modeling import FacewiseForConditionalGeneration
    from .network.processing import FacewiseProcessor

    model: Any = load_strict(FacewiseForConditionalGeneration, folder)
    model, processor = (
        model.to(device(), dtype(str(model.dtype).removeprefix("torch."))),
        FacewiseProcessor.from_pretrained(folder),
    )
    asked = ten_questions(processor)
    worn = {MAIN: None} | {name: folder / ADAPTERS / name for name in plan.kept}
    return {name: wearing(adapter, model, processor, asked) for name, adapter in worn.items()}


def wearing(adapter: Path | None, model: Any, processor: Any, asked: dict[str, Any]) -> Said:
    """What the model says with a LoRA put on, and taken off again."""
    if adapter is None:
        return answers(model, processor, asked)
    lora = adapted(model.language_model, adapter)
    model.language_model = lora.get_base_model()
    said = answers(model, processor, asked)
    model.language_model = lora.unload()
    return said


def dtype(stored: str) -> Any:
    """What the answers are computed in: halves are emulated on a processor, many times slower."""
    import torch

    return getattr(torch, stored) if device() == "cuda" else torch.float32


def told(done: Exported) -> list[str]:
    """What the user is told: what was written, that it answers as before, and how it is served."""
    flags = lora_flags(done.adapters) if done.adapters else []
    lines = [f"{done.folder}: a whole model. Self-test: {done.outcome}."]
    if done.left:
        lines.append(f"Its adapters {', '.join(done.left)} were left in the run; --adapters keeps them.")
    lines.append("It is served by ours, or, where Facewise is installed beside it, by vLLM alone:")
    return [*lines, f"  {shlex.join(['facewise', 'serve', str(done.folder), *flags])}", f"  {vllm_line(done.folder, flags)}"]
