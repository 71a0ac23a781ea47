"""`make bench`, sixth part: instruction tuning of the embedded model, as tokens a second and as a ratio within one run.

    python tests/bench_training.py [--rounds N]      rounds of 16 rows a side (default: 3)

Template rows about the two example pictures in many lights. By turns, the same rows: transformers' Trainer as it comes (rows in any order, padded,
every picture perceived whenever a row shows it, logits of all tokens) and ours (lengths grouped, rows packed, pictures perceived once before, logits of
what counts). Same model, weights, batch, precision and loss. Tokens are those of rows, padding is none. On a GPU the share of its peak is told, too.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_build import Here, unlooked, with_all

PICTURES, ROWS, ROUNDS = 24, 16, 3
EXAMPLES = Path(__file__).parent.parent / "examples"
# Dense bfloat16 FLOPs a second, from the makers' data sheets, by what torch calls the device.
PEAK = {
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "H200": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L40": 181e12,
    "A10G": 70e12,
    "A10": 125e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    quiet()
    with TemporaryDirectory() as folder:
        compare(Path(folder), args.rounds)


def quiet() -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def compare(folder: Path, rounds: int) -> None:
    from facewise.finetune.lessons.built_rows import taught_rows
    from facewise.finetune.recipe import Recipe

    recipe = Recipe(rows=(str(drawn_set(folder)),), encoder_from="default", evidence_mix="both=3,tokens=1,words=1")
    bench = Bench(recipe, folder)
    rows = taught_rows(recipe.rows)
    random.Random(0).shuffle(rows)
    chunks = [rows[start : start + ROWS] for start in range(0, rounds * ROWS, ROWS)]
    looked, lessons = spent_s(lambda: [bench.lessons(chunk) for chunk in chunks])
    bench.check_same_loss(lessons[0], chunks[0])
    plain, ours = Tally(), Tally()
    for chunk, learned in zip(chunks, lessons, strict=True):  # by turns: what else the machine does meets both
        bench.plain(chunk, plain)
        bench.ours(learned, ours)
    report(plain, ours, looked)
    utilisation(bench, ours, [one for learned in lessons for one in learned])


class Tally:
    """Tokens that were trained, the seconds that it took, and those of all cores."""

    def __init__(self) -> None:
        self.tokens, self.wall_s, self.cpu_s = 0, 0.0, 0.0

    def counting(self, collate: Callable) -> Callable:
        def counted(rows: list) -> dict:
            batch = collate(rows)
            self.tokens += int(batch["attention_mask"].sum())
            return batch

        return counted

    def time(self, work: Callable[[], object]) -> None:
        cpu = time.process_time()
        wall_s, _ = spent_s(work)
        self.wall_s, self.cpu_s = self.wall_s + wall_s, self.cpu_s + time.process_time() - cpu

    @property
    def rate(self) -> float:
        return self.tokens / self.wall_s

    @property
    def cpu_rate(self) -> float:
        return self.tokens / self.cpu_s


class Bench:
    """One model that both sides train."""

    def __init__(self, recipe: Any, folder: Path):
        from facewise.finetune.language.adapters import with_lora
        from facewise.finetune.language.assistant_start import started
        from facewise.finetune.language.stages import rest
        from facewise.finetune.training_arguments import precision
        from facewise.model.checkpoint import load_checkpoint

        self.recipe, self.folder = recipe, folder
        self.model, self.processor = started(recipe, load_checkpoint(recipe.encoder_from).perceiver.encoder.float())
        rest(self.model, (*recipe.trained, "language model"))
        self.model.language_model = with_lora(self.model.language_model.float(), recipe)
        self.model.train()
        self.is_half = precision(recipe) == "bfloat16"

    def lessons(self, rows: list) -> list:
        """Perceived once and kept."""
        return self._teacher(self.processor.perceiver, self.folder / "seen").lessons(rows, print)

    def anew(self, rows: list) -> list:
        """Nothing is remembered, as when there are more pictures than a memory holds."""
        from facewise.model.network.perceive import Perceiver

        perceiver = Perceiver(self.processor.perceiver.encoder, remembered=1)
        teacher = self._teacher(perceiver, self.folder / "nowhere")
        return [teacher.lesson(row, teacher.eyes.keys(row), [row]) for row in rows]

    def _teacher(self, perceiver: Any, store: Path) -> Any:
        from facewise.finetune.lessons.media import Eyes
        from facewise.finetune.lessons.row_lessons import RowTeacher
        from facewise.finetune.lessons.seen_store import SeenStore
        from facewise.model.network.processing import FacewiseProcessor

        processor = FacewiseProcessor(self.processor.tokenizer, perceiver)
        return RowTeacher(self.recipe, Eyes(processor, SeenStore(store)), lambda person: None)

    def plain(self, rows: list, tally: Tally) -> None:
        from transformers import Trainer

        collate = lambda rows: self._batches([]).collate(self.anew(rows))  # noqa: E731
        data = {"train_dataset": rows, "data_collator": tally.counting(collate)}
        self._run(Trainer(model=all_logits(self.model), args=self._arguments(), **data), tally)

    def ours(self, lessons: list, tally: Tally) -> None:
        from facewise.finetune.language.answer_trainer import AnswerTrainer
        from facewise.finetune.lessons.sampler import sampler_of

        rows = self._batches(lessons)
        data = {"train_dataset": rows, "data_collator": tally.counting(rows.collate)}
        sampler = sampler_of(self.recipe, lessons)
        self._run(AnswerTrainer(sampler, model=self._learner(), args=self._arguments(), **data), tally)

    def check_same_loss(self, lessons: list, rows: list) -> None:
        import torch

        ours, plain = self._batches(lessons[:4]).collate(lessons[:4]), self._batches([]).collate(self.anew(rows[:4]))
        with torch.no_grad():
            found = float(self._learner()(**ours)["loss"]) / 4, float(all_logits(self.model)(**plain)["loss"])
        if abs(found[0] - found[1]) > 1e-3 * found[1]:
            raise SystemExit(f"the two sides learn different things: losses {found}")

    def _learner(self) -> Any:
        from facewise.finetune.language.answer_loss import WithLoss

        return WithLoss(self.model, packing=self.recipe.packing)

    def _batches(self, lessons: list) -> Any:
        from facewise.finetune.lessons.batches import Lessons

        return Lessons(lessons, self.processor.tokenizer.pad_token_id)

    def _arguments(self) -> Any:
        import torch
        from transformers import TrainingArguments

        return TrainingArguments(
            output_dir=str(self.folder / "out"),
            per_device_train_batch_size=self.recipe.language_batch,
            num_train_epochs=1,
            learning_rate=1e-5,
            bf16=self.is_half,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            remove_unused_columns=False,
            disable_tqdm=True,
        )

    def _run(self, trainer: Any, tally: Tally) -> None:
        from transformers import PrinterCallback

        trainer.remove_callback(PrinterCallback)
        tally.time(trainer.train)


def all_logits(model: Any) -> Any:
    """The same loss as a Trainer without our ways has it: of the logits of all tokens."""
    from torch import nn

    from facewise.finetune.language.answer_loss import counted

    class AllLogits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, counts, face_features=None, face_kinds=None) -> dict:
            given = {"input_ids": input_ids, "face_features": face_features, "face_kinds": face_kinds}
            logits = self.model(**given, attention_mask=attention_mask, use_cache=False).logits
            return {"loss": counted(logits[:, :-1], input_ids[:, 1:], counts[:, 1:]) / len(input_ids)}

    return AllLogits()


def report(plain: Tally, ours: Tally, looked_s: float) -> None:
    first = ours.tokens / (ours.wall_s + looked_s)
    print(f"instruction tuning, plain Trainer    {plain.rate:8.0f} tokens/s ({plain.cpu_rate:.0f} a CPU second)", flush=True)
    print(f"instruction tuning, ours             {ours.rate:8.0f} tokens/s ({ours.cpu_rate:.0f} a CPU second)", flush=True)
    print(
        f"ours / plain                         {ours.rate / plain.rate:8.2f} ({ours.cpu_rate / plain.cpu_rate:.2f} by CPU seconds)"
    )
    print(
        f"with one epoch that perceives first  {first / plain.rate:8.2f} ({looked_s:.1f} s, {PICTURES} pictures at most)",
        flush=True,
    )


def utilisation(bench: Bench, ours: Tally, lessons: list) -> None:
    """Of a GPU: FLOPs that the model itself asks for, over the device's peak. What is frozen has no gradient of its own: 4 a weight and token, not 6;
    the vocabulary's weights work for the tokens that count alone."""
    import torch

    if not torch.cuda.is_available():
        return
    config = bench.model.language_model.config
    body = sum(value.numel() for name, value in bench.model.language_model.named_parameters() if ".layers." in name)
    head, width = config.vocab_size * config.hidden_size, config.num_hidden_layers * config.hidden_size
    tokens = sum(len(lesson) for lesson in lessons)
    asked = sum(4 * (body * len(one) + head * int((one.counts > 0).sum())) + 6 * width * len(one) ** 2 for one in lessons)
    achieved, name = asked / tokens * ours.rate, torch.cuda.get_device_name()
    peak = next((peak for known, peak in PEAK.items() if known in name), None)
    share = (
        f"{achieved / peak:.1%} of {peak / 1e12:.0f}, model FLOPs utilisation" if peak else "whose peak this table does not know"
    )
    print(f"model FLOPs on {name:22}{achieved / 1e12:8.1f} TFLOP/s, {share}", flush=True)


def spent_s(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the clock, and what was made."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def drawn_set(folder: Path) -> Path:
    """Rows of every task that templates write, about the example pictures in many lights."""
    rng = random.Random(0)
    (folder / "in").mkdir()
    records = [replace(record, media=save(folder / "in", number, rng)) for number, record in enumerate(labelled(rng))]
    from facewise.data_builders.records import write_records

    write_records(folder / "in" / "records.jsonl", records)
    unlooked(folder / "in" / "records.jsonl", folder / "set", Here())
    return folder / "set"


def labelled(rng: random.Random) -> Iterator[Any]:
    from facewise.data_builders.records import Record

    for number in range(PICTURES):
        told = json.loads(json.dumps(with_all(rng)))
        told["aus"] = {code: tuple(levels) for code, levels in told["aus"].items()}
        yield Record(f"drawn/{number}", "", dataset="Drawn", licence="none", subject=f"drawn/{number}", split="train", **told)


def save(folder: Path, number: int, rng: random.Random) -> str:
    from PIL import Image, ImageEnhance

    name = ("invented-face.jpg", "printed-face.jpg")[number % 2]
    ImageEnhance.Brightness(Image.open(EXAMPLES / name)).enhance(rng.uniform(0.7, 1.2)).save(folder / f"{number}.jpg")
    return f"{number}.jpg"


if __name__ == "__main__":
    main()
