"""Text of label files, in whatever encoding it was saved: UTF-8, with or without a mark in front, or UTF-16 as Excel saves
"Unicode text". Bytes that are neither become U+FFFD: such a name is then missing, and is told with its line."""

from pathlib import Path

UTF16 = (b"\xff\xfe", b"\xfe\xff")


def encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in UTF16 else "utf-8-sig"


def text(path: Path) -> str:
    return path.read_text(encoding=encoding(path), errors="replace")
