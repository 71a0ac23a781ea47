"""`facewise eval export`: benchmarks as tasks of lmms-eval, or as TSV of VLMEvalKit, with their pictures: others run them without us.

The words are those that `facewise eval run` asks. lmms-eval's tasks score by a plain parser of their own (task_functions.py beside them), so that
their numbers are near ours and not the same; VLMEvalKit letters classes as multiple choice.
"""

import base64
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from ...data_builders.records import write_whole
from ...model.errors import FacewiseError
from ...model.perception.picture import Picture
from ..asking.items import SYNTH, Item, part
from ..asking.pictures import Projector
from ..asking.strategies import LETTERS, SENTENCES
from ..benchmark import Benchmark

LETTERED = ("class", "spoof")
HELD = (*LETTERED, "units", "number")
PICTURES = "pictures"
FUNCTIONS = "task_functions.py"
TEMPLATE = Path(__file__).with_name("lmms_eval_task.py")
SIDES = {"live": ("live", "spoof"), "genuine": ("real", "fake"), "attacked": ("real", "fake")}
METRICS = {"class": "accuracy", "spoof": "accuracy", "units": "f1", "number": "absolute_error"}


def export_tasks(form: str, benchmarks: Sequence[Benchmark], roots: Mapping[str, Path], out: Path, limit: int | None) -> str:
    """One line that says what was written and how it is run. Raises FacewiseError for a taken folder, and for what a format cannot hold."""
    for benchmark in benchmarks:
        _check(form, benchmark)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FacewiseError(f"--out {out} is there already; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out) as drawn:
        whole = _with_drawn(benchmarks, roots, Path(drawn))
        count = sum(_EXPORTERS[form](benchmark, _items(benchmark, whole, out, limit), out) for benchmark in benchmarks)
    names = [_name(benchmark) for benchmark in benchmarks]
    how = _RUN[form].format(out=out.resolve(), names=",".join(names), first=names[0])
    return f"{count:,} items of {len(names)} benchmarks -> {out}; run them by\n  {how}"


def _with_drawn(benchmarks: Sequence[Benchmark], roots: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    if not any(SYNTH in benchmark.reader.split() for benchmark in benchmarks):
        return dict(roots)
    from ..asking.synth_set import draw

    return {**roots, SYNTH: draw(folder)}


def _check(form: str, benchmark: Benchmark) -> None:
    if benchmark.task not in HELD or (form == "vlmevalkit" and benchmark.task not in LETTERED):
        fitting = ", ".join(LETTERED if form == "vlmevalkit" else HELD)
        raise FacewiseError(f"{benchmark.name} asks for {benchmark.task}; {form} holds {fitting} here, leave it out")


def _items(benchmark: Benchmark, roots: Mapping[str, Path], out: Path, limit: int | None) -> Iterator[tuple[Item, list[str]]]:
    """Each with the paths of its pictures, relative to `out`."""
    chosen = part(benchmark, {name: roots[name] for name in benchmark.reader.split()}, benchmark.chosen, limit)
    projector = Projector()
    folder = out / PICTURES / _name(benchmark)
    folder.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(chosen.items):
        pictures = projector.shown(item, benchmark)
        yield (
            item,
            [_kept(picture, folder / f"{number:06d}-{nth}").relative_to(out).as_posix() for nth, picture in enumerate(pictures)],
        )


def _kept(picture: Picture, path: Path) -> Path:
    """Upright pixels without loss."""
    path = path.with_suffix(".png")
    Image.fromarray(picture.pixels).save(path)
    return path


def _name(benchmark: Benchmark) -> str:
    return f"facewise_{benchmark.name.replace('-', '_').replace('.', '_')}"


def _target(item: Item, benchmark: Benchmark) -> str:
    if benchmark.task == "units":
        there = [code for code, level in item.truth.items() if level is not None and level >= benchmark.positive_at]
        return ", ".join(there) or "none"
    return SIDES[benchmark.truth][item.truth == "spoof"] if benchmark.task == "spoof" else str(item.truth)


# lmms-eval


def _lmms_eval(benchmark: Benchmark, items: Iterator[tuple[Item, list[str]]], out: Path) -> int:
    name = _name(benchmark)
    labels = SIDES[benchmark.truth] if benchmark.task == "spoof" else benchmark.labels
    rows = [
        {
            "id": item.name,
            "pictures": pictures,
            "question": benchmark.question,
            "target": _target(item, benchmark),
            "labels": list(labels),
            "task": benchmark.task,
        }
        for item, pictures in items
    ]
    write_whole(out / f"{name}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    write_whole(out / f"{name}.yaml", _YAML.format(name=name, **_yaml_values(benchmark, out / f"{name}.jsonl")).encode())
    write_whole(out / FUNCTIONS, TEMPLATE.read_bytes())
    return len(rows)


def _yaml_values(benchmark: Benchmark, data: Path) -> dict[str, Any]:
    domain = "simulated" if benchmark.simulated else "real"
    return {
        "data": json.dumps(str(data.resolve())),
        "metric": METRICS[benchmark.task],
        "better": "false" if benchmark.task == "number" else "true",
        "about": json.dumps(f"{benchmark.protocol}; {domain}"),
        "version": benchmark.version,
    }


_YAML = """\
# {about}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
task: {name}
test_split: test
output_type: generate_until
doc_to_visual: !function task_functions.visuals
doc_to_text: !function task_functions.text
doc_to_target: target
process_results: !function task_functions.results
generation_kwargs:
  max_new_tokens: 256
  temperature: 0
  do_sample: false
metric_list:
  - metric: {metric}
    aggregation: mean
    higher_is_better: {better}
metadata:
  - version: {version}
"""


# VLMEvalKit


def _vlmevalkit(benchmark: Benchmark, items: Iterator[tuple[Item, list[str]]], out: Path) -> int:
    """Pictures lie in the table: it can be handed on alone."""
    sides = SENTENCES[benchmark.truth] if benchmark.task == "spoof" else benchmark.labels
    letters = LETTERS[: len(sides)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(["index", "image", "question", *letters, "answer", "category", "split"])
    count = 0
    for number, (item, pictures) in enumerate(items):
        place = int(item.truth == "spoof") if benchmark.task == "spoof" else benchmark.labels.index(item.truth)
        coded = [base64.b64encode((out / picture).read_bytes()).decode() for picture in pictures]
        image = coded[0] if len(coded) == 1 else repr(coded)
        asked = benchmark.question.partition(" Answer with")[0]
        writer.writerow([number, image, asked, *sides, letters[place], benchmark.task, "test"])
        count += 1
    write_whole(out / f"{_name(benchmark)}.tsv", text.getvalue().encode())
    return count


_EXPORTERS = {"lmms-eval": _lmms_eval, "vlmevalkit": _vlmevalkit}
_RUN = {
    "lmms-eval": "python -m lmms_eval --model MODEL --tasks {names} --include_path {out}",
    "vlmevalkit": "LMUData={out} python run.py --data {first} --model MODEL",
}
