"""Numbers for people: columns that line up, shares as bars, and p-values as they are printed."""

from collections.abc import Iterator, Mapping, Sequence

BAR = 24  # characters of the largest share
BLOCKS = " ▏▎▍▌▋▊▉█"


def aligned(rows: Sequence[Sequence[str]], indent: int = 2) -> Iterator[str]:
    """Lines of cells: the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(max(map(len, rows), default=0))]
    for row in rows:
        cells = [cell.ljust(widths[0]) if column == 0 else cell.rjust(widths[column]) for column, cell in enumerate(row)]
        yield " " * indent + "  ".join(cells).rstrip()


def bars(counts: Mapping[str, int], most: int = 12, indent: int = 2) -> Iterator[str]:
    """A line for each of the `most` largest counts, and one for the rest."""
    total, largest = sum(counts.values()), max(counts.values(), default=1)
    shown = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    lines = [[name, f"{n:,}", percent(n, total), bar(n / largest)] for name, n in shown[:most]]
    if rest := shown[most:]:
        many = sum(n for _, n in rest)
        lines.append([f"{len(rest)} more", f"{many:,}", percent(many, total), ""])
    names, numbers = max((len(line[0]) for line in lines), default=0), max((len(line[1]) for line in lines), default=0)
    for name, number, share, drawn in lines:
        yield f"{' ' * indent}{name.ljust(names)}  {number.rjust(numbers)}  {share:>5}  {drawn}".rstrip()


def bar(share: float) -> str:
    """Of full width at 1, in eighths of a character."""
    eighths = round(8 * BAR * share)
    return BLOCKS[8] * (eighths // 8) + BLOCKS[eighths % 8].strip()


def percent(part: float, whole: float) -> str:
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 1 or share == 0 else "<1 %"


def p_value(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")
