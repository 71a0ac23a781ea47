"""Questions of the MEGC challenges on micro-expressions: me_vqa_*.jsonl (clips) and me_lvqa_*.jsonl (long videos), one record a row.

Question and answer stay in `source`, letter by letter; a file *_test_to_answer is the test set and has no answers. Media are looked for in folders
beside the files, as each dataset was handed out: CASME2/, SAMM/, SMIC/, SAMM_LV/, CASME3/, and the test videos in a folder *Test*/. A dataset whose
folder is not there gives records whose `media` is "". Subjects have the names of the datasets' own readers. Rows as participants' programs use them
(read); which column names the test videos is not settled: `video`, then `video_id`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from . import casme2, samm, samm_lv, smic
from .casme3_videos import video_folder
from .expression_events import emotion
from .faults import Faults
from .frame_folder import inside, leaves
from .source import Source
from .text_file import text

FILES = ("me_vqa_*.jsonl", "me_lvqa_*.jsonl")
FOLDERS = {"casme2": "CASME2", "samm": "SAMM", "smic": "SMIC", "samm_lv": "SAMM_LV", "casme3": "CASME3"}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    files = sorted(path for pattern in FILES for path in root.glob(pattern) if not path.stem.endswith("_pred"))
    if not files:
        raise FacewiseError(f"{root}: no file {' or '.join(FILES)}; lay the challenge's questions there")
    for file in files:
        for number, line in enumerate(text(file).split("\n"), start=1):
            if line.strip() and (row := _row(line, f"{file.name}:{number}", faults)):
                yield from _record(root, file, number, row, faults)


def _row(line: str, where: str, faults: Faults) -> dict[str, str] | None:
    try:
        row = json.loads(line)
        told = {name: str(value) for name, value in row.items() if value is not None}
    except (ValueError, AttributeError) as error:
        faults.add("unreadable label", where, f"no JSON object ({error})")
        return None
    if not told.get("question") or not (told.get("dataset") or told.get("video") or told.get("video_id")):
        faults.add("unreadable label", where, f"a question and its dataset or video were looked for among {', '.join(told)}")
        return None
    return told


def _record(root: Path, file: Path, number: int, row: dict[str, str], faults: Faults) -> Iterator[Record]:
    test, long = file.stem.endswith("_test_to_answer"), file.stem.startswith("me_lvqa")
    subject, name = _clip(row)
    folder = _folder(root, test, long, row)
    media = _media(folder, long, row, subject, name) if folder else None
    if folder and media is None:
        faults.add("no media", f"{file.name}:{number}", f"{name} in {folder.name}/")
        return
    fine = "fine-grained expression" in row["question"] and not long
    yield Record(
        f"megc/{file.stem}/{number}",
        media.relative_to(root).as_posix() if media else "",
        dataset="MEGC ME-LVQA" if long else "MEGC ME-VQA",
        licence=MEGC.terms,
        subject=subject or f"megc/{name}",
        split="test" if test else "train",
        emotion=emotion(row["answer"]) if fine and row.get("answer") else None,
        source=row,
    )


def _clip(row: dict[str, str]) -> tuple[str, str]:
    """(subject in the words of its dataset's reader, or "", name of the clip)."""
    dataset = row.get("dataset", "").lower()
    head, _, tail = row.get("image_id", "").replace("\\", "/").rpartition("/")
    name = row.get("filename") or tail or row.get("video") or row.get("video_id", "")
    person = (row.get("subject") or head).lower().removeprefix(f"{dataset}_")
    if not person or not dataset:
        return "", name
    digits = "".join(filter(str.isdigit, person))
    spelled = {"casme2": f"sub{digits.zfill(2)}", "samm": digits.zfill(3), "smic": f"s{int(digits or 0)}"}
    return f"{dataset}/{spelled.get(dataset, person)}", name


def _folder(root: Path, test: bool, long: bool, row: dict[str, str]) -> Path | None:
    if test:
        return next((path for path in leaves(root, 1) if "test" in path.name.lower()), None)
    dataset = row.get("dataset", "").lower()
    return inside(root, FOLDERS.get("samm_lv" if long and dataset == "samm" else dataset, dataset))


def _media(folder: Path, long: bool, row: dict[str, str], subject: str, name: str) -> Path | None:
    dataset, person = row.get("dataset", "").lower(), subject.partition("/")[2]
    if "test" in folder.name.lower():
        videos = (path for depth in (0, 1) for below in leaves(folder, depth) for path in sorted(below.glob(f"{name}*")))
        return next((path for path in videos if path.stem == name), None)
    if dataset == "samm":
        return samm_lv.clip_folder(folder, name) if long else samm.clip_folder(folder, person, name)
    if dataset == "casme3":
        return video_folder(folder, person, name) if long else inside(folder, "Part_A_ME_clip", "frame", f"{person}_{name}")
    if dataset == "casme2":
        return casme2.clip_folder(folder, person, name)
    return smic.clip_folder(folder, person, name) if dataset == "smic" else None


MEGC = Source(
    "megc",
    "MEGC ME-VQA and ME-LVQA (questions)",
    "questions public; clips under their datasets' agreements",
    _read,
    unverified="No row of the files was seen: the columns are those that three participants' programs use; image_id, where there is no filename, is "
    "taken as subject/clip or as the clip alone.",
)
