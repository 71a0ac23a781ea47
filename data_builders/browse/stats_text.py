"""The counts of a set as a page for a terminal."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from ...model.wording import listed
from ..records import SPLITS
from .tables import aligned, bars, p_value, percent

WIDEST = 8  # groups that a table has columns for
WIDTH = 110  # of sentences
DOUBTS = "doubtful"


def readable(found: Mapping[str, Any]) -> str:
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _head(found)
    yield from _by_split("rows by task", found["tasks_by_split"])
    yield from _by_split("records by dataset", found["datasets"])
    for kind, counts in found["classes"].items():
        yield f"\nrecords by {kind}"
        yield from bars(counts)
    yield from _units(found["action_units"])
    for name in ("level", "writer", "wording"):
        if len(counts := found["rows_by"].get(name, {})) > 1:
            yield f"\nrows by {name}"
            yield from bars(counts)
    yield from _lengths(found)
    if found["rejected"]:
        yield "\nrejected, by reason"
        yield from bars(found["rejected"])
    if "by" in found:
        yield from _groups(found["by"])
    if DOUBTS in found:
        yield from _doubts(found[DOUBTS])


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    people = found["people"]
    who = f"{people.get('all', 0):,} people" if people else "nobody told apart"
    media = " and ".join(f"{n:,} {name}" for name, n in found["media"].items() if n)
    yield f"{found['set']}: {found['rows']:,} rows of {found['records']:,} records, {who}; {media or 'no media'} shown"
    splits = [f"{split} {people[split]:,}" for split in SPLITS if split in people]
    if splits:
        yield f"  people: {', '.join(splits)}" + (
            f"; {found['records_without_a_person']:,} records tell nobody" if found["records_without_a_person"] else ""
        )


def _by_split(title: str, counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if not counts:
        return
    splits = [split for split in SPLITS if any(split in row for row in counts.values())]
    rows = [[title, *splits, "all"]]
    rows += [[name, *(f"{row.get(split, 0):,}" for split in splits), f"{sum(row.values()):,}"] for name, row in counts.items()]
    if len(counts) > 1:
        sums = [sum(row.get(split, 0) for row in counts.values()) for split in splits]
        rows.append(["all", *(f"{n:,}" for n in sums), f"{sum(sums):,}"])
    yield ""
    head, *body = aligned([[f"  {row[0]}" if number else row[0], *row[1:]] for number, row in enumerate(rows)], indent=0)
    yield head
    yield from body


def _units(levels: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Silent, by level, active without one."""
    if not levels:
        return
    named = ["0", "1", "2", "3", "4", "5", "active"]
    used = [name for name in named if any(name in counts for counts in levels.values())]
    head = {"0": "silent", "active": "active, no level"}
    rows = [["action unit", *(head.get(name, f"level {name}") for name in used), "active"]]
    for code, counts in levels.items():
        total = sum(counts.values())
        rows.append([f"  {code}", *(f"{counts.get(name, 0):,}" for name in used), percent(total - counts.get("0", 0), total)])
    yield ""
    yield from aligned(rows, indent=0)


def _lengths(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["words"]:
        return
    names = list(next(iter(found["words"].values())))
    rows = [
        ["words", *names],
        *([f"  {text}", *(f"{values[name]:g}" for name in names)] for text, values in found["words"].items()),
    ]
    yield ""
    yield from aligned(rows, indent=0)
    several = sum(n for turns, n in found["turns"].items() if turns != "1")
    yield f"  {percent(several, found['rows'])} of the rows are conversations of several turns"


def _groups(by: Mapping[str, Any]) -> Iterator[str]:
    group, sizes = by["group"], by["sizes"]
    yield f"\nby {group}: {len(sizes):,} groups. Cramér's V: 0 the label does not depend on the group, 1 the group tells it;"
    yield "  p holds for all tables together (Holm)"
    units = {kind: table for kind, table in by["tables"].items() if kind.startswith("AU")}
    for kind, table in by["tables"].items():
        if kind not in units:
            yield f"\n{kind} by {group}: {_strength(table)}"
            yield from _shares(table, sizes)
            yield from _skewed(table, group)
    if units:
        yield from _unit_groups(units, group, sizes)
    if not by["tables"]:
        yield "  no label has two classes in two groups"


def _strength(table: Mapping[str, Any]) -> str:
    low, high = table["interval"]
    worth = f", worth {table['effective_n']:,.0f} independent ones" if table["effective_n"] < 0.95 * table["n"] else ""
    thin = "; few in some cells, so take it with care" if table["is_thin"] else ""
    return f"V {table['cramers_v']:.2f} [{low:.2f}, {high:.2f}], {p_value(table['p_of_all'])}, {table['n']:,} labels{worth}{thin}"


def _shares(table: Mapping[str, Any], sizes: Mapping[str, int]) -> Iterator[str]:
    """The classes of each group in percent."""
    groups = list(next(iter(table["counts"].values())))
    if len(groups) > WIDEST:
        yield f"  {len(groups)} groups are too many for a table; --json has it"
        return
    totals = {group: sum(row[group] for row in table["counts"].values()) for group in groups}
    rows = [["", *groups]]
    rows += [[label, *(percent(row[group], totals[group]) for group in groups)] for label, row in table["counts"].items()]
    rows.append(["labels", *(f"{totals[group]:,}" for group in groups)])
    yield from aligned(rows)


def _skewed(table: Mapping[str, Any], group: str) -> Iterator[str]:
    pairs = [pair for pair in table["skewed"] if abs(pair["residual"]) >= 2][:3]
    if pairs:
        told = [f"{pair['label']} with {pair['group']} {pair['observed']:,} (expected {pair['expected']:,.0f})" for pair in pairs]
        yield f"  out of proportion: {'; '.join(told)}"


def _unit_groups(units: Mapping[str, Any], group: str, sizes: Mapping[str, int]) -> Iterator[str]:
    """One line a unit: the share of each group in which it is active."""
    order = sorted(units, key=lambda code: -units[code]["cramers_v"])
    groups = list(sizes)[:WIDEST]
    rows = [["", *groups, "V", "interval", ""]]
    for code in order:
        counts, (low, high) = units[code]["counts"], units[code]["interval"]
        shares = [percent(counts["active"].get(name, 0), sum(row.get(name, 0) for row in counts.values())) for name in groups]
        rows.append(
            [code, *shares, f"{units[code]['cramers_v']:.2f}", f"[{low:.2f}, {high:.2f}]", p_value(units[code]["p_of_all"])]
        )
    yield f"\naction units by {group}: how often each is active" + (f"; the first {WIDEST} groups" if len(sizes) > WIDEST else "")
    yield from aligned(rows)


def _doubts(found: Mapping[str, Any]) -> Iterator[str]:
    many = f"{found['doubtful_in_all']:,} labels in the {found['looked_at']:,} records that were looked at"
    yield f"\nlikely mislabelled, by {found['model']}: {many}"
    yield from textwrap.wrap(found["skill"], WIDTH, initial_indent="  ", subsequent_indent="  ")
    if found["left_out"]:
        yield f"  not looked at: {listed([f'{n:,} {reason}' for reason, n in found['left_out'].items()])}"
    rows = [["question", "labels", "agrees", "doubts", "unsure", "recall", "chance", ""]]
    for question, judge in found["questions"].items():
        cells = [f"{judge[name]:,}" for name in ("n", "agreed", "doubted", "unsure")]
        verdict = "" if judge["is_judge"] else "no judge of it"
        rows.append([question, *cells, f"{judge['skill']:.2f}", f"{judge['chance']:.2f}", verdict])
    yield from aligned(rows) if found["questions"] else ()
    for doubt in found["doubtful"]:
        weak = "" if found["questions"][doubt["question"]]["is_judge"] else ", no judge of it"
        labelled, read = (
            f"{doubt[name]} ({doubt[p]:.2f})" for name, p in (("label", "label_confidence"), ("reading", "confidence"))
        )
        yield f"  {doubt['record']}  {doubt['question']}: labelled {labelled}, read as {read}{weak}"
        yield f"    {doubt['media']}"
