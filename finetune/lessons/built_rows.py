"""The rows of folders that `facewise build` wrote, each with what its record tells of the person and of where the face is.

Rows of the split `test` never teach; who of `val` does, unseen.py says. What no training could use is told before any begins: an empty set, a task without its picture, a file
that is gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...data_builders.browse.built import built_records, built_rows, media_path
from ...data_builders.rows import BOX, Row, texts
from ...model.answer import Box
from ...model.errors import FacewiseError
from ...model.taxonomy import TASKS

WITHOUT_MEDIA = ("chat",)
TAUGHT = ("train", "val")


@dataclass(frozen=True, eq=False)
class TaughtRow:
    """`weight`: of its folder; `face`: where the source sees the face, in pixels; `fps` of a folder of frames; `live` None: not told;
    `is_mirrored`: its words and boxes are those of the mirrored picture (mirror.py)."""

    row: Row
    folder: Path
    weight: float = 1.0
    face: Box | None = None
    fps: float | None = None
    live: bool | None = None
    is_mirrored: bool = False

    @property
    def task(self) -> str:
        return self.row.meta.get("task", "")

    @property
    def subject(self) -> str:
        """A row that names nobody stands for itself."""
        return self.row.meta.get("subject") or self.row.meta.get("record") or self.row.id

    def media(self) -> list[tuple[str, Path]]:
        """("image" or "video", path), in the order of the parts; a single frame of a video is shown as a picture."""
        images, videos = iter(self.row.images), iter(self.row.videos)
        parts = [part["type"] for message in self.row.messages for part in message["content"] if part["type"] != "text"]
        return [(kind, media_path(self.folder, next(images if kind == "image" else videos))) for kind in parts]

    @property
    def frames(self) -> tuple[int, int] | None:
        first_last = self.row.meta.get("frames")
        return (first_last[0], first_last[1]) if first_last else None


def taught_rows(folders: tuple[str, ...]) -> list[TaughtRow]:
    """The rows of folders, DIR or DIR:WEIGHT, whose split is one of TAUGHT. Raises FacewiseError for what no training could use."""
    rows = [taught for told in folders for taught in _of_folder(*folder_and_weight(told))]
    if not rows:
        raise FacewiseError(
            f"{', '.join(folders)}: no row of the split {' or '.join(TAUGHT)} is there; give another set as --rows"
        )
    for taught in rows:
        check_row(taught)
    return rows


def folder_and_weight(told: str) -> tuple[Path, float]:
    """ "DIR" or "DIR:2"; a colon that no number follows belongs to the name."""
    name, colon, number = told.rpartition(":")
    try:
        weight = float(number) if colon else 1.0
    except ValueError:
        return Path(told), 1.0
    if not 0 < weight < float("inf"):
        raise FacewiseError(f"rows holds {told!r}: the weight behind the colon must be a number above 0")
    return Path(name if colon else told), weight


def _of_folder(folder: Path, weight: float) -> Iterator[TaughtRow]:
    rows = [row for row in built_rows(folder) if row.meta.get("split") in TAUGHT]
    records = {record.id: record for record in built_records(folder)}
    for row in rows:
        record = records.get(row.meta.get("record", ""))
        if record is None:
            yield TaughtRow(row, folder, weight)
        else:
            yield TaughtRow(row, folder, weight, record.face, (record.clip or {}).get("fps"), record.live)


def check_form(row: Row, where: str) -> None:
    """Raises FacewiseError for what is not in the form of `data_builders.rows.Row`, which a file of other origin may not be."""
    messages = [message for message in row.messages if isinstance(message, dict) and isinstance(message.get("content"), list)]
    parts = [part for message in messages for part in message["content"]]
    if len(messages) < len(row.messages) or not all(isinstance(part, dict) and is_part(part) for part in parts):
        raise FacewiseError(
            f'{where}: a message is wanted as {{"role": ..., "content": [{{"type": "image"}}, {{"type": "text", "text": ...}}]}}'
        )
    if not all(isinstance(path, str) for path in (*row.images, *row.videos)):
        raise FacewiseError(f"{where}: `images` and `videos` must hold paths")
    if row.objects is not None and not (isinstance(row.objects, dict) and all(map(is_box, row.objects.get("bbox", ())))):
        raise FacewiseError(f'{where}: `objects` is wanted as {{"ref": [...], "bbox": [[x1, y1, x2, y2], ...]}}')
    frames = row.meta.get("frames")
    if frames and not (isinstance(frames, list) and len(frames) == 2 and all(type(number) is int for number in frames)):
        raise FacewiseError(f"{where}: its frames are {frames!r}, expected [first, last]")


def is_part(part: dict) -> bool:
    return part.get("type") in ("image", "video") or (part.get("type") == "text" and isinstance(part.get("text"), str))


def is_box(box: object) -> bool:
    return isinstance(box, list | tuple) and len(box) == 4 and all(type(value) in (int, float) for value in box)


def check_row(taught: TaughtRow) -> None:
    """Raises FacewiseError for a row that is no conversation, lacks its picture or a box, or whose medium is gone."""
    row, where = taught.row, f"{taught.folder}: row {taught.row.id!r}"
    check_form(row, where)
    if taught.task not in TASKS:
        raise FacewiseError(f"{where}: its task is {taught.task!r}, expected one of {', '.join(TASKS)}")
    roles = [message.get("role") for message in row.messages]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    if not spoken or spoken != ["user", "assistant"] * (len(spoken) // 2):
        raise FacewiseError(f"{where}: user and assistant must take turns, and the assistant speak last")
    parts = [part for message in row.messages for part in message["content"]]
    kinds = [part["type"] for part in parts]
    if kinds.count("image") != len(row.images) or kinds.count("video") != len(row.videos):
        raise FacewiseError(f"{where}: it names other media than its messages have places for")
    if not row.images and not row.videos and taught.task not in WITHOUT_MEDIA:
        raise FacewiseError(
            f"{where}: a question of the task {taught.task} about no picture; leave the row out, or name its picture"
        )
    first = next(number for number, role in enumerate(roles) if role == "user")
    if any(part["type"] != "text" for message in row.messages[first + 1 :] for part in message["content"]):
        raise FacewiseError(f"{where}: pictures and clips must come with the first question")
    told = sum(part.get("text", "").count(BOX) for part in parts)
    if told != len((row.objects or {}).get("bbox", ())):
        raise FacewiseError(f"{where}: its texts have {told} places for a box, and `objects` holds another number")
    if any(not text.strip() for text in texts(row)):
        raise FacewiseError(f"{where}: an answer of the assistant is empty, and nothing could be learned of it")
    if gone := next((path for _, path in taught.media() if not path.exists()), None):
        raise FacewiseError(f"{where}: {gone} is not there; build the set anew, or bring its media back")
