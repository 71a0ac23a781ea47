"""`facewise data export`: the rows of a built folder, streamed into the files of another tool."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...model.errors import FacewiseError
from ..rows import Row, read_rows
from .exporter import ExportReport, NotHeldError
from .exporters import EXPORTERS
from .files import new_folder
from .media import forget

ROWS = "rows.jsonl"
NEEDED = ("record", "split", "task")


def export_rows(name: str, folder: Path, out: Path, splits: Sequence[str] | None = None) -> ExportReport:
    """All rows of the folder that `facewise build` wrote, or of some splits, in the format `name` of EXPORTERS, in the new folder `out`.

    Raises FacewiseError where there is no such folder, `out` is taken, or not one row can be held.
    """
    exporter = EXPORTERS[name]
    folder = folder.resolve()
    forget()
    left_out: Counter[str] = Counter()
    written = objects = 0
    with new_folder(out, exporter.suffix) as files:
        convert = exporter.start(folder)
        for row in built_rows(folder, splits):
            try:
                items = list(convert(row))
            except NotHeldError as reason:
                left_out[str(reason)] += 1
                continue
            for stem, item in items:
                files.write(stem, item)
            written, objects = written + 1, objects + len(items)
        if not written:
            raise FacewiseError(f"{folder}: no row can be exported to {name} ({reasons(left_out) or 'there is none'})")
        stems = tuple(sorted(files.writes))
        for beside, text in exporter.beside(stems).items():
            (files.folder / beside).write_text(text, encoding="utf-8")
    return ExportReport(written, left_out, tuple(sorted(path.name for path in out.iterdir())), stems, objects)


def reasons(left_out: Counter[str]) -> str:
    """ "12: a clip, where the format takes pictures; 3: ..."."""
    return "; ".join(f"{count}: {reason}" for reason, count in left_out.most_common())


def built_rows(folder: Path, splits: Sequence[str] | None = None) -> Iterator[Row]:
    for row in read_rows(folder / ROWS):
        if missing := [name for name in NEEDED if name not in row.meta]:
            raise FacewiseError(f"{folder / ROWS}: row {row.id} has no {', '.join(missing)} in its meta; build the set again")
        if splits is None or row.meta["split"] in splits:
            yield row
