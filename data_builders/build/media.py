"""One record's medium, whatever it is: a row of a table, a picture, or a clip. What cannot be opened is a fault of the item."""

from pathlib import Path

from ...model.errors import FacewiseError
from ...model.perception.video import is_clip
from ..records import Record
from .clip_media import clip, is_single
from .stills import Handling, MediaError, drawn, picture, unreadable
from .table_pictures import table_picture, table_row


def settled(record: Record, handling: Handling) -> tuple[Record, int | None]:
    """The record with the medium that its rows are to name, and the medium's perceptual hash, if it was looked at. Raises
    MediaError."""
    if not record.media:
        dataset = record.source.get("dataset")
        raise MediaError(
            "no media", f"the folder of {dataset or 'the dataset that it asks about'} does not lie beside its questions"
        )
    try:
        record.media.encode()
    except UnicodeEncodeError:
        raise MediaError("unreadable media", "its name is no text in UTF-8, as JSON needs it; rename the file") from None
    if cell := table_row(record.media):
        with unreadable():
            pixels = table_picture(*cell)
        return drawn(record, pixels, handling)
    path = Path(record.media)
    if not handling.look:
        if is_single(record) and is_clip(path):
            raise FacewiseError(
                f"{path}: single frames of videos are written out as pictures, which needs looking; build without --no-look"
            )
        return record, None
    if not path.exists():
        raise MediaError("no media", "no such file")
    return clip(record, path, handling) if is_clip(path) else picture(record, path, handling)
