"""`facewise data push`: a built set on the Hugging Face hub, through `datasets`, with its card.

Whose licences keep data back is told by the rows, and the user has to say that they may be passed on. Media stay here unless they are asked for:
rows then name them below the folder that all media of their dataset lie in, so that nobody reads where a disk keeps them.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...model.errors import FacewiseError
from ..records import SPLITS
from ..rows import Row
from .export import built_rows
from .redistribution import may_be_passed_on

if TYPE_CHECKING:
    from datasets import DatasetDict

CARD = "README.md"
NAMED = "No media were uploaded: `images` and `videos` name them as DATASET/PATH, below the folder that all media of that dataset lie in."
EMBEDDED = "The pictures are in the Parquet files; clips were not uploaded: `videos` names them as DATASET/PATH, below the folder of that dataset."


@dataclass
class Survey:
    """Of all rows: how many a split holds, the licences of each dataset, and the folder above all of its media."""

    rows: Counter[str] = field(default_factory=Counter)
    licences: dict[str, set[str]] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        dataset = row.meta.get("dataset", "")
        self.rows[row.meta["split"]] += 1
        self.licences.setdefault(dataset, set()).add(row.meta.get("licence", ""))
        for path in filter(os.path.isabs, (*row.images, *row.videos)):
            above = os.path.dirname(path)
            self.roots[dataset] = os.path.commonpath([above, self.roots.get(dataset, above)])

    def name(self, row: Row, path: str) -> str:
        """What a medium is called where it does not lie. Where its dataset lies all over a disk, the file alone names it."""
        if not os.path.isabs(path):
            return path
        dataset = row.meta.get("dataset", "")
        root = self.roots[dataset]
        return f"{dataset}/{os.path.basename(path) if root == os.sep else os.path.relpath(path, root)}"


@dataclass(frozen=True)
class PushReport:
    url: str
    rows: dict[str, int]


def push_rows(folder: Path, repo_id: str, private: bool, embed: bool, may_redistribute: bool) -> PushReport:
    """Uploads all rows, and the card. Raises FacewiseError where licences forbid it, nobody is logged in, or the hub says no."""
    folder = folder.resolve()
    if embed and not may_redistribute:
        raise FacewiseError("--embed uploads pictures of faces; add --i-may-redistribute if you have the right to pass them on")
    if not (folder / CARD).is_file():
        raise FacewiseError(f"{folder / CARD}: no such card; a set is not uploaded without one, build it again")
    survey = Survey()
    for row in built_rows(folder):
        survey.add(row)
        if embed and (gone := next((path for path in row.images if not (folder / path).is_file()), None)):
            raise FacewiseError(f"{folder / gone}: the picture of row {row.id} is not there; build the set again")
    if not survey.rows:
        raise FacewiseError(f"{folder}: the set has no rows")
    _check_licences(survey, may_redistribute)
    return PushReport(_upload(folder, repo_id, private, embed, survey), dict(survey.rows))


def _check_licences(survey: Survey, may_redistribute: bool) -> None:
    kept_back = {
        dataset: sorted(licence or "no licence is told" for licence in licences)
        for dataset, licences in survey.licences.items()
        if not all(map(may_be_passed_on, licences))
    }
    if kept_back and not may_redistribute:
        told = "; ".join(f"{dataset or 'one without a name'} ({', '.join(licences)})" for dataset, licences in kept_back.items())
        raise FacewiseError(
            f"not uploaded: the licences of these do not say that they may be passed on: {told}; add --i-may-redistribute if you have the right"
        )


def _upload(folder: Path, repo_id: str, private: bool, embed: bool, survey: Survey) -> str:
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import HFValidationError, HTTPError, OfflineModeIsEnabled

    try:
        repo = _repository(repo_id, private)
        with TemporaryDirectory(prefix="facewise-push-") as cache, _quiet():
            sets = _sets(folder, embed, survey, cache)
            _upload_card(folder, repo, embed)
            sets.push_to_hub(repo, embed_external_files=embed)
    except HFValidationError as error:
        raise FacewiseError(f"{repo_id!r} is no name of a repository, as in ORGANISATION/NAME: {error}") from None
    except OfflineModeIsEnabled:
        raise FacewiseError("not uploaded: HF_HUB_OFFLINE is set") from None
    except HTTPError as error:
        raise FacewiseError(f"not uploaded to {repo_id}: {error}") from None
    return f"{ENDPOINT}/datasets/{repo}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Progress bars on a terminal only, and no warnings about the number of processes."""
    import datasets
    import huggingface_hub.utils as hub

    level = datasets.logging.get_verbosity()
    datasets.logging.set_verbosity_error()
    shown = [library for library in (datasets, hub) if not library.are_progress_bars_disabled() and not sys.stderr.isatty()]
    for library in shown:
        library.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        for library in shown:
            library.enable_progress_bars()


def _repository(repo_id: str, private: bool) -> str:
    """Its full name; it is made if it is not there. What was to be private does not go to a public one."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_id)
    if get_token() is None:
        raise FacewiseError("not uploaded: nobody is logged in; run `hf auth login`, or set HF_TOKEN")
    api = HfApi()
    repo = api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True).repo_id
    if private and not api.repo_info(repo, repo_type="dataset").private:
        raise FacewiseError(
            f"{repo} is there and public, which --private does not change; choose another name, or make it private first"
        )
    return repo


def _upload_card(folder: Path, repo: str, embed: bool) -> None:
    """First, because what `datasets` knows of the files is added to it afterwards."""
    from huggingface_hub import HfApi

    text = f"{(folder / CARD).read_text(encoding='utf-8').rstrip()}\n\n## On the hub\n\n{EMBEDDED if embed else NAMED}\n"
    HfApi().upload_file(path_or_fileobj=text.encode(), path_in_repo=CARD, repo_id=repo, repo_type="dataset")


def _sets(folder: Path, embed: bool, survey: Survey, cache: str) -> "DatasetDict":
    """The splits, on disk in `cache` and not in memory."""
    from datasets import Dataset, DatasetDict, Features, List, NamedSplit, Value

    from ..build.shards import SCHEMA

    features = Features.from_arrow_schema(SCHEMA)
    if not embed:
        features["images"] = List(Value("string"))
    return DatasetDict(
        {
            split: Dataset.from_generator(
                partial(_columns, folder, survey, embed, split), features=features, cache_dir=cache, split=NamedSplit(split)
            )
            for split in SPLITS
            if survey.rows[split]
        }
    )


def _columns(folder: Path, survey: Survey, embed: bool, split: str) -> Iterator[dict[str, Any]]:
    """As in the set's own Parquet files, media by their names; pictures that are uploaded are read by their paths."""
    for row in built_rows(folder, (split,)):
        yield {
            "id": row.id,
            "messages": row.messages,
            "images": [str(folder / path) if embed else survey.name(row, path) for path in row.images],
            "videos": [survey.name(row, path) for path in row.videos],
            "objects": row.objects,
            "meta": json.dumps(row.meta, ensure_ascii=False),
        }
