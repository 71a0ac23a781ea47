"""The stages of a build, each of which goes on where it was stopped: listed, looked at, compared, written, taught, finished."""

import errno
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from .comparing import compare
from .engines import Engine
from .files import left_overs
from .ledger import WORKSHOP, Ledger, damaged
from .listing import LISTED, list_records
from .looking import look_at_media
from .record_rows import ROWS, RecordRows, record_rows
from .settings import Settings, check, claim, make_folder
from .stills import MEDIA
from .writing import write_rows

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def build_set(out: Path, settings: Settings, engine: Engine) -> dict[str, Any]:
    """Makes the set, or what is missing of it; its report.

    Raises FacewiseError for a folder of another set, a source that cannot be read or has changed, a disk that takes no more and
    a worker that died; what was made until then stays, and the same call goes on.
    """
    check(out, settings)
    with _disk_faults_told(out):
        told = settings.told()
        make_folder(out)
        ledger = Ledger(out)
        try:
            is_listed = ledger.told(LISTED) is not None
            claim(out, told, is_listed, (out / ROWS).exists())
            if not is_listed:  # copies that lie there would be taken for those of media that have changed since
                shutil.rmtree(out / MEDIA, ignore_errors=True)
            left_overs(out / MEDIA)
            return _staged(out, settings, ledger, engine)
        finally:
            ledger.close()


def _staged(out: Path, settings: Settings, ledger: Ledger, engine: Engine) -> dict[str, Any]:
    list_records(ledger, settings, out)
    total = ledger.count()
    with _progress(total, "looking at media") as progress:
        look_at_media(ledger, settings, out, engine, progress)
    checks, found, rows_file = compare(ledger, settings), write_rows(ledger, settings, out, engine), ROWS
    if settings.teacher is not None:
        from .teaching import MERGED, teach_rows  # aiohttp is needed by nobody else

        with _progress(total, "writing rows") as progress:
            for _ in found:
                progress(1)
        checks, rows_file = checks | teach_rows(ledger, settings.teacher, out), MERGED
        found = record_rows(out / WORKSHOP, MERGED)
    # Arrow comes only now: the arrays of the comparison are gone, and the two never lie in memory together.
    from .finishing import finish

    with _progress(total, "writing, counting, packing") as progress:
        return finish(ledger, settings, out, checks, _told(found, progress), rows_file)


def _told(found: Iterator[RecordRows], progress: Callable[[int], None]) -> Iterator[RecordRows]:
    for each in found:
        progress(1)
        yield each


@contextmanager
def _progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit=" records", file=sys.stderr, disable=None, mininterval=0.5, leave=False) as bar:
        yield bar.update


@contextmanager
def _disk_faults_told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = "the disk is full" if error.errno in FULL else f"a file cannot be written or read ({error})"
        raise FacewiseError(f"{out}: {what}; what was made is kept, run the same command again when it is mended") from None
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            raise damaged(out / WORKSHOP, str(error)) from None
        what = "the disk is full" if "full" in str(error) else f"the ledger cannot be written or read ({error})"
        raise FacewiseError(f"{out}: {what}; what was made is kept, run the same command again when it is mended") from None
