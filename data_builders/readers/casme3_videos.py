"""The long videos of CAS(ME)^3 part A: part_A/data/.../spNo.1/a/color/116.jpg, one record each with all expressions that are labelled in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .action_codes import action_codes
from .expression_events import COARSE, in_order, placed, span, word
from .faults import Faults
from .frame_folder import inside, leaves, positions


@dataclass(frozen=True)
class VideoLabel:
    """A row of the micro or macro sheet with the columns of the micro one; `fix`: known errors of it (Span.corrected)."""

    where: str
    kind: str
    row: dict[str, str]
    fix: Mapping[str, int] | None = None

    @property
    def video(self) -> tuple[str, str]:
        return self.row["Subject"].lower(), self.row["Filename"].lower()


def video_records(root: Path, labels: list[VideoLabel], terms: str, faults: Faults) -> Iterator[Record]:
    by_video: dict[tuple[str, str], list[VideoLabel]] = {}
    for label in labels:
        by_video.setdefault(label.video, []).append(label)
    for subject, person in _people(root).items():
        for folder in leaves(person, 1):
            frames, name = inside(folder, "color"), folder.name.lower()
            if frames is None:
                continue
            told = _events(by_video.pop((subject, name), []), frames, faults)
            if not told:
                faults.add("no label", frames.relative_to(root), "no expression in the sheets is this video's")
                continue
            events, source = in_order(told)
            yield Record(
                f"casme3/{subject}/{name}",
                frames.relative_to(root).as_posix(),
                dataset="CAS(ME)^3 A",
                licence=terms,
                subject=f"casme3/{subject}",
                clip={"fps": 30, "events": events},
                protocols={"LOSO": subject},
                source=source,
            )
    for (subject, name), left in by_video.items():
        for label in left:
            faults.add("no media", label.where, f"{subject}/{name}/color")


def video_folder(root: Path, subject: str, name: str) -> Path | None:
    """The frames of a long video, in a folder of CAS(ME)^3."""
    return inside(_people(root).get(subject.lower(), root / "none"), name, "color")


def _events(labels: list[VideoLabel], frames: Path, faults: Faults) -> list[tuple[dict, str]]:
    at, told = positions(frames), []
    for label in labels:
        row, units = label.row, label.row.get("AU", "")
        right = span(row["Onset"], row["Apex"], row["Offset"]).corrected(label.fix, at)
        if word(row["emotion"]) not in COARSE:
            faults.add("unknown class", label.where, repr(row["emotion"]))
        elif event := placed(right, at, label.kind, row["emotion"], action_codes(units)):
            told.append((event, "; ".join((label.kind, units, row["emotion"]))))
        else:
            faults.add(
                "unreadable label", label.where, f"{row['Onset']} to {row['Offset']} are no frames of {frames.parent.name}"
            )
    return told


def _people(root: Path) -> dict[str, Path]:
    """Subject in small letters -> its folder, at most two below part_A/data."""
    data = inside(root, "part_A", "data") or inside(root, "data")
    if data is None:
        raise FacewiseError(f"{root}: no folder part_A/data; give the folder that holds part_A/, or length=cut")
    found: dict[str, Path] = {}
    for depth in (1, 2, 3):
        found = found or {path.name.lower(): path for path in leaves(data, depth) if path.name.lower().startswith("spno.")}
    if not found:
        raise FacewiseError(f"{data}: no folder spNO.1 in it or two below; unpack part A there")
    return found
