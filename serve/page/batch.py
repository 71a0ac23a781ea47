"""Many files at once: a row a face, as a table on the page, as CSV, and as the JSON lines of `facewise ask --json`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model.answer import ActionUnitReading
from ...model.clips import Filmed
from ...model.errors import FacewiseError
from ...model.perception.picture import read_picture
from ...model.perception.video import Frame, is_clip
from ...model.readings import is_active
from .sources import check_length, short_clip
from .stopping import IsStopped, StoppedError, nobody_stops

if TYPE_CHECKING:
    from .models import Models

COLUMNS = ("input", "face", "quality", "label", "score", "attack", "appearance", "action units", "text")
HEADINGS = {
    "label": "verdict",
    "score": "probability of spoof",
    "text": "answer",
}  # on the page; the CSV keeps the names of `ask --json`
MOST = 200


@dataclass(eq=False)
class Run:
    """Files that are being answered: what was `told` until now, and whether the visitor stopped it."""

    told: list[dict[str, Any]] = field(default_factory=list)
    is_stopped: bool = False


def replies(paths: Sequence[str], task: str, models: Models, is_stopped: IsStopped = nobody_stops) -> Iterator[dict[str, Any]]:
    """One object a file, in order, until it `is_stopped`; a bad one carries its error. The files are deleted. Raises FacewiseError for
    what concerns all."""
    try:
        if len(paths) > MOST:
            raise FacewiseError(f"{len(paths)} files; at most {MOST} at once, `facewise ask` takes any number")
        models.assistant()
        for path in paths:
            yield _reply(Path(path), task, models, is_stopped)
    except StoppedError:
        return
    finally:
        for path in paths:
            Path(path).unlink(missing_ok=True)


def _reply(file: Path, task: str, models: Models, is_stopped: IsStopped) -> dict[str, Any]:
    try:
        source = _clip(file, models, is_stopped) if is_clip(file) else read_picture(_bytes(file), file.name)
        return models.ask(source, task, is_stopped).to_dict()
    except StoppedError:
        raise
    except FacewiseError as error:
        return {"input": file.name, "error": str(error)}


def _clip(file: Path, models: Models, is_stopped: IsStopped) -> Filmed:
    clip = short_clip(_bytes(file), file.name)

    def seen(frame: Frame) -> None:
        if is_stopped():
            raise StoppedError(f"{clip.name}: stopped")
        check_length(clip, frame)

    return Filmed(clip, models.watch(clip, seen).result())


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FacewiseError(f"{file.name}: cannot be read ({error.strerror})") from None


def rows(reply: dict[str, Any]) -> list[dict[str, str]]:
    if not reply.get("faces"):
        return [dict.fromkeys(COLUMNS, "") | {"input": reply["input"], "text": reply.get("error") or reply.get("note") or ""}]
    return [_row(reply["input"], face) for face in reply["faces"]]


def _row(name: str, face: dict[str, Any]) -> dict[str, str]:
    answer = face["answer"]
    active = [code for code, unit in (answer.get("aus") or {}).items() if is_active(ActionUnitReading(**unit))]
    score = answer.get("score")
    values = (
        name,
        str(face["id"] + 1),
        "; ".join(face["quality"]["reasons"]) or "good",
        answer.get("label") or "",
        "" if score is None else f"{score:.3f}",
        answer.get("attack") or "",
        (answer.get("emotion") or {}).get("label", ""),
        " ".join(active),
        answer["text"],
    )
    return dict(zip(COLUMNS, values, strict=True))


def table(told: Sequence[dict[str, Any]]) -> str:
    """HTML; columns that are empty everywhere are left out."""
    lines = [row for reply in told for row in rows(reply)]
    kept = [name for name in COLUMNS if any(line[name] for line in lines)] or list(COLUMNS)
    head = "".join(f'<th scope="col">{HEADINGS.get(name, name)}</th>' for name in kept)
    body = "".join(
        "<tr>" + "".join(f'<td class="c-{name.split()[0]}">{escape(line[name])}</td>' for name in kept) + "</tr>"
        for line in lines
    )
    caption = f"{len(told)} file{'s' if len(told) != 1 else ''}, {sum(bool(reply.get('faces')) for reply in told)} with faces"
    return f'<div class="fw-table" role="region" aria-label="Answers" tabindex="0"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def as_csv(told: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for reply in told:
        writer.writerows({name: _inert(cell) for name, cell in row.items()} for row in rows(reply))
    return out.getvalue()


def as_lines(told: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(reply) + "\n" for reply in told)


def _inert(cell: str) -> str:
    """A spreadsheet runs what begins like a formula; names of files are other people's words."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and not cell.replace(".", "").lstrip("-").isdigit() else cell
