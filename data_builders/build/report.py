"""What came of a build: report.json, and the same in lines for people. Times and machines are not in it: a set has one report."""

from collections.abc import Iterator
from typing import Any

from ..readers.faults import Faults

REPORT = "report.json"
CLASSES_SHOWN = 8


def report_of(
    usable: int, faults: Faults, counts: dict[str, Any], checks: dict[str, Any], files: dict[str, int]
) -> dict[str, Any]:
    """`loss`: the share of faults among them and the `usable` records; what the datasets' own rules leave out is none, nor is
    what checks reject."""
    lost = sum(faults.counts.values())
    return {
        "counts": counts,
        "lost": lost,
        "loss": lost / (usable + lost) if lost else 0.0,
        "faults": {"counts": dict(faults.counts.most_common()), "examples": faults.examples},
        "left out": dict(faults.left_out.most_common()),
        "checks": checks,
        "files": files,
    }


def worst(faults: Faults) -> str:
    """The most frequent kinds, with an example each."""
    return "; ".join(f"{kind} {count:,} ({faults.examples[kind][0]})" for kind, count in faults.counts.most_common(3))


def readable(report: dict[str, Any]) -> str:
    """In lines; what datasets call themselves moves no cursor."""
    return "\n".join(map(printable, _lines(report)))


def printable(text: str) -> str:
    """With escapes for what a terminal obeys, and for what is no UTF-8."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _lines(report: dict[str, Any]) -> Iterator[str]:
    counts = report["counts"]
    yield f"{counts['records']:,} records gave {counts['rows']:,} rows"
    for name, told in counts["datasets"].items():
        parts = ", ".join(f"{split} {told['records'][split]:,} / {told['rows'][split]:,}" for split in told["records"])
        yield f"  {name}: {parts} (records / rows)"
    yield f"  tasks: {_listed(counts['tasks'])}"
    for task, classes in counts["classes"].items():
        shown = list(classes.items())[:CLASSES_SHOWN]
        more = f" and {len(classes) - len(shown)} more" if len(classes) > len(shown) else ""
        yield f"  {task}: {_listed(dict(shown))}{more}"
    yield from _checks(report)
    for kind, count in report["faults"]["counts"].items():
        yield f"fault, {kind}: {count:,}"
        yield from (f"    {example}" for example in report["faults"]["examples"][kind])
    for reason, count in report["left out"].items():
        yield f"left out, {reason}: {count:,}"


def _checks(report: dict[str, Any]) -> Iterator[str]:
    counts, checks = report["counts"], report["checks"]
    rejected = counts["rejected rows"]
    yield f"checks: {sum(rejected.values()):,} texts rejected{f' ({_listed(rejected)})' if rejected else ''}"
    people, pictures = checks["subjects"], checks["near_duplicates"]
    yield f"  subjects in two splits: {people['leaks']:,}, records rejected for it: {people['rejected']:,}"
    looked = f"records rejected for it: {pictures['rejected']:,}" if pictures["looked"] else "not looked for (--no-look)"
    yield f"  pictures in two splits: {looked}"
    for example in (*people["examples"], *pictures["examples"]):
        yield f"    {example}"
    yield from (f"  {line}" for line in associations(checks["demographics"]))
    for asked in ("teacher", "judge"):
        if told := checks.get(asked):
            cost = f", cost {told['cost']:.2f}" if "cost" in told else ""
            over = "; the budget is used up: a larger one goes on" if told["over budget"] else ""
            yield f"{asked}: {told['answered']:,} rows answered, {told['failed']:,} failed, {told['tokens']:,} tokens{cost}{over}"
            yield from (f"    {line}" for line in (*told["notes"], *told["errors"]))
    if counts["boxes outside the picture"]:
        yield f"  boxes outside their pictures, taken away: {counts['boxes outside the picture']:,}"
    if counts["crops without a face"]:
        yield f"  pictures in which no face was found, left whole: {counts['crops without a face']:,}"


def associations(audit: dict[str, Any]) -> Iterator[str]:
    """What the audit of demographic words found, in lines."""
    yield f"answers that tie a demographic word to an emotion: {audit['ties']:,}"
    for topic, groups in audit["answers"].items():
        if groups:
            yield f"answers with words of {topic}: {_listed(groups)}"
    for table in audit["tables"]:
        low, high = table["interval"]
        yield f"words of {table['words']} by {table['label']}: Cramer's V {table['cramers_v']:.3f} [{low:.3f}, {high:.3f}], n {table['n']:,}"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
