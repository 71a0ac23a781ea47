"""What the name of a presentation's file tells; several datasets label by nothing else, and frame lists of others repeat their names."""

from typing import NamedTuple


class Told(NamedTuple):
    """`attack` None: a person, or an instrument that is none of our classes; `words` are the source's own."""

    subject: str
    live: bool
    attack: str | None
    words: dict[str, str]
