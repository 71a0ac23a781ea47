"""Who is trained on and who is tested on, by a hash of the person's name: the same on every machine and in every set."""

import hashlib
from bisect import bisect
from itertools import accumulate

from .records import SPLITS

SPLIT_SHARES = (0.7, 0.15, 0.15)


def split_of(subject: str, shares: tuple[float, float, float] = SPLIT_SHARES) -> str:
    """train, val or test, in these shares. A file name that is no text in UTF-8 may be a subject, too."""
    place = int.from_bytes(hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
    return SPLITS[bisect(list(accumulate(shares[:-1])), place)]
