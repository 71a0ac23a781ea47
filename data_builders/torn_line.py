"""The last line of an append-only file that a killed run left half written: it is cut off, and what it held is asked for again."""

import os
from typing import BinaryIO

BLOCK = 65536  # bytes read at a time, from the end


def cut_torn_line(file: BinaryIO) -> None:
    """Ends the file, open for reading and writing, after its last line break."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - BLOCK)
        file.seek(start)
        last = file.read(end - start).rfind(b"\n")
        if last >= 0:
            file.truncate(start + last + 1)
            return
        end = start
    file.truncate(0)
