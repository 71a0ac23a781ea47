"""The data set's card, README.md: a head that the hub and `datasets` read, and what one has to know before training."""

import re
from html import escape
from typing import Any

from ..readers.sources import SOURCES
from .report import associations, printable
from .settings import Settings

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
MEDIA = {
    "reference": "Media stay where they were: rows name absolute paths of the machine that built the set.",
    "copy": "Media were copied into `media/`; sections of longer videos were cut out and encoded anew, nearly without loss (H.264, rate factor 12).",
    "crop": "Media were cropped to the largest face, four inter-ocular distances wide, not scaled; boxes and points moved with them. "
    "Cropped JPEG files were encoded anew (quality 98, 4:4:4), cropped videos with H.264 at a rate factor of 12.",
}
LIMITS = """\
- Emotion words describe an appearance, never what a person feels; micro-expressions are candidates with a score and no evidence
  of deception.
- No row names a person, matches identities, or tells health, religion, orientation, race or honesty from a face.
- Not for work, school, hiring, policing, border or lie detection: the EU AI Act forbids emotion inference at work and in
  education. Who deploys a model that learnt from these rows informs the people shown.
- Left and right are the person's own (FACS). A mirrored selfie cannot be known as such: its sides are wrong in the labels, too.
- A source's mistakes are in the rows; known errors are put right beside each reader, and the source's own words stay in
  `records.jsonl`."""


def card(report: dict[str, Any], settings: Settings) -> str:
    counts = report["counts"]
    parts = (
        _head(report),
        f"# Instruction data about faces\n\nBuilt by Facewise (`facewise build`): {counts['rows']:,} conversations about {counts['records']:,} labelled "
        f"pictures and clips.",
        _sources(report, settings),
        _use(settings),
        _counts(report),
        _checks(report),
        f"## Limits\n\n{LIMITS}",
    )
    return "\n\n".join(parts) + "\n"


def _head(report: dict[str, Any]) -> str:
    rows = report["counts"]["rows"]
    size = next((name for most, name in SIZES if rows < most), "n>10M")
    files = "".join(f"  - split: {split}\n    path: data/{split}-*.parquet\n" for split in report["files"])
    return (
        "---\n"
        "license: other\n"
        "license_name: terms-of-each-source\n"
        "license_link: README.md\n"
        "pretty_name: Instruction data about faces\n"
        "task_categories:\n- image-text-to-text\n- visual-question-answering\n"
        "language:\n- en\n"
        "tags:\n- faces\n- facial-action-units\n- presentation-attack-detection\n- facewise\n"
        f"size_categories:\n- {size}\n"
        f"configs:\n- config_name: default\n  data_files:\n{files}"
        "---"
    )


def _sources(report: dict[str, Any], settings: Settings) -> str:
    lines = ["## Sources", "", "| dataset | terms | records | rows |", "|---|---|---|---|"]
    for name, told in report["counts"]["datasets"].items():
        records, rows = (sum(told[what].values()) for what in ("records", "rows"))
        lines.append(f"| {_cell(name or 'not named')} | {_cell(told['licence'] or 'not told')} | {records:,} | {rows:,} |")
    lines += ["", "The terms of every source hold for what was made of it: rows, and media even more."]
    for origin in settings.origins:
        source = SOURCES.get(origin.name)
        if source is not None and source.unverified:
            lines.append(
                f"{source.title}: no file of it was seen when its reader was written, in part: {source.unverified.rstrip('.')}."
            )
        if origin.options:
            lines.append(
                f"Read as asked: {', '.join(f'{name}={value}' for name, value in origin.options.items())} ({origin.name})."
            )
    return "\n".join(lines)


def _cell(text: str) -> str:
    """As text of a table or a line: no markup, no HTML, and nothing that a terminal obeys."""
    return re.sub(r"([\\`*\[\]|])", r"\\\1", escape(printable(" ".join(text.splitlines())), quote=False))


def _use(settings: Settings) -> str:
    images = (
        "hold the pictures themselves"
        if settings.embed
        else "name the pictures by absolute paths, which `datasets` opens; after a move build again, or with `--embed`"
    )
    return "\n".join(
        (
            "## Use",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            'rows = load_dataset("path/of/this/folder", split="train")',
            "```",
            "",
            f"A row is a conversation in TRL's message format. The Parquet files {images}; `rows.jsonl` has the same rows with paths relative to this "
            "folder where media were copied. Where a text says `<bbox>`, the next box of `objects` belongs, in pixels of the upright picture; "
            "`facewise data export` writes boxes as each trainer spells them. `meta` is JSON: record, dataset, licence, subject, split, task, label, "
            f"writer and wording (here: {settings.wording}).",
            "",
            MEDIA[settings.media],
        )
    )


def _counts(report: dict[str, Any]) -> str:
    counts = report["counts"]
    lines = ["## Counts", "", "| split | records | rows |", "|---|---|---|"]
    lines += [f"| {split} | {told['records']:,} | {told['rows']:,} |" for split, told in counts["splits"].items()]
    lines += ["", "| task | rows | classes |", "|---|---|---|"]
    for task, rows in counts["tasks"].items():
        classes = list(counts["classes"].get(task, {}).items())
        told = ", ".join(f"{name} {count:,}" for name, count in classes[:12]) + (
            f" and {len(classes) - 12} more" if len(classes) > 12 else ""
        )
        lines.append(f"| {task} | {rows:,} | {_cell(told)} |")
    return "\n".join(lines)


def _checks(report: dict[str, Any]) -> str:
    counts, checks = report["counts"], report["checks"]
    people, pictures = checks["subjects"], checks["near_duplicates"]
    faults = ", ".join(f"{kind} {count:,}" for kind, count in report["faults"]["counts"].items()) or "none"
    rejected = ", ".join(f"{_cell(kind)} {count:,}" for kind, count in counts["rejected rows"].items()) or "none"
    left_out = ", ".join(f"{_cell(reason)} {count:,}" for reason, count in report["left out"].items()) or "nothing"
    near = f"{pictures['rejected']:,} records" if pictures["looked"] else "not looked for"
    return "\n".join(
        (
            "## What the checks found",
            "",
            f"- Items that could not be used: {faults} ({100 * report['loss']:.2f} % of all).",
            f"- Left out by the sources' own rules: {left_out}.",
            f"- Texts that did not hold against their labels, and were rejected, by the first fault of each: {rejected}.",
            f"- People in two splits: {people['leaks']:,}; {people['rejected']:,} records of the lesser split were rejected.",
            f"- Nearly the same picture in two splits, rejected from the lesser one: {near}.",
            "- Every media file was decoded (of a clip: its first frame) and has its sha256 in `records.jsonl`."
            if pictures["looked"]
            else "- Nobody looked at the media: they may be missing or unreadable.",
            "- What was rejected is in `rejects.jsonl` with the reason; `report.json` has all numbers.",
            *(f"- Of demographic words: {line}." for line in associations(checks["demographics"])),
        )
    )
