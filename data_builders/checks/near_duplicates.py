"""Pictures of one split that lie, nearly the same, in another one: 256-bit perceptual hashes a few bits apart.

64 bits, as pHash has them, do not tell aligned faces apart: of 431 people two were 4 bits from each other, so that in CelebA a
picture in five would be taken for another. Of d + 2 bands of a hash two are untouched when d bits differ, so only hashes that
agree in two bands are compared, and no pair is missed. A record is told once, with the nearest of a split that matters more: a
thousand black frames would otherwise be a million pairs.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np

from ..records import SPLITS
from .packed_names import PackedNames

# Of 256. A picture after JPEG at quality 20, halved or blurred is up to 10 away, made brighter by a quarter up to 19; the nearest
# two of 526 people 43.
SAME_PICTURE_BITS = 16
SIDE = 16  # frequencies each way
HASH_BITS = SIDE * SIDE
_WORDS = HASH_BITS // 64
_AGREEING = 2  # bands
AT_ONCE = 65_536  # hashes that are unpacked together


class Pair(NamedTuple):
    """`record` of a split that matters less (train less than val, val less than test) is nearly the same picture as `other`."""

    record: str
    split: str
    other: str
    other_split: str
    distance: int


def perceptual_hash(pixels: np.ndarray) -> int:
    """The 256 lowest frequencies of a uint8 picture [h, w] or RGB [h, w, 3], above or below their median: an integer of
    HASH_BITS bits."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    small = cv2.resize(grey, (4 * SIDE, 4 * SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:SIDE, :SIDE].ravel()
    return int.from_bytes(np.packbits(low > np.median(low[1:])).tobytes())


def near_duplicates(entries: Iterable[tuple[str, str, int]], bits: int = SAME_PICTURE_BITS) -> Iterator[Pair]:
    """Records (id, split, hash) that another split has, too, at most `bits` apart, in the order of the entries. Some 150 bytes
    an entry are held."""
    names, splits, hashes = PackedNames(), array("b"), bytearray()
    for name, split, mark in entries:
        names.add(name)
        splits.append(SPLITS.index(split))
        hashes += mark.to_bytes(HASH_BITS // 8)
    if len(names):
        yield from _pairs(names, np.frombuffer(splits, np.int8), np.frombuffer(hashes, ">u8").reshape(-1, _WORDS), bits)


def _pairs(names: PackedNames, splits: np.ndarray, hashes: np.ndarray, bits: int) -> Iterator[Pair]:
    order = np.lexsort((splits, *hashes.T))  # stable: of equal ones the first comes first
    fresh = np.ones(len(order), bool)
    fresh[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(1) | (splits[order[1:]] != splits[order[:-1]])
    owners = order[fresh]  # the first entry of each hash in each split
    partner, distance = _nearest(splits[owners], hashes[owners].astype(np.uint64), bits)
    place = np.empty(len(order), np.int64)  # of each entry: where its hash is in `owners`
    place[order] = np.cumsum(fresh) - 1
    for entry in np.flatnonzero(partner[place] >= 0).tolist():
        own = place[entry]
        other = int(owners[partner[own]])
        yield Pair(names[entry], SPLITS[splits[entry]], names[other], SPLITS[splits[other]], int(distance[own]))


def _nearest(splits: np.ndarray, hashes: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each hash: the place of the nearest one in a split that matters more (-1: none within `bits`) and its distance."""
    partner = np.full(len(hashes), -1, np.int64)
    distance = np.full(len(hashes), bits + 1, np.int64)
    for first, second in combinations(_bands(hashes, bits + _AGREEING), _AGREEING):
        keys = first.astype(np.uint32) << 16 | second
        order = np.argsort(keys)
        for one, other in _together(keys[order], order):
            apart = splits[one] != splits[other]
            low, high = np.where(splits[one] < splits[other], (one, other), (other, one))[:, apart]
            differ = np.bitwise_count(hashes[low] ^ hashes[high]).sum(1, dtype=np.int64)
            near = differ <= bits
            _keep(partner, distance, low[near], high[near], differ[near])
    return partner, distance


def _bands(hashes: np.ndarray, count: int) -> list[np.ndarray]:
    """uint16 [n] each: every so-many-th bit, for neighbouring frequencies are alike in all faces."""
    places = [np.arange(first, HASH_BITS, count) for first in range(count)]
    bands = [np.empty(len(hashes), np.uint16) for _ in places]
    for start in range(0, len(hashes), AT_ONCE):
        bits = np.unpackbits(hashes[start : start + AT_ONCE].view(np.uint8), axis=1)
        for band, place in zip(bands, places, strict=True):
            band[start : start + AT_ONCE] = bits[:, place] @ (1 << np.arange(len(place), dtype=np.uint16))
    return bands


def _keep(partner: np.ndarray, distance: np.ndarray, low: np.ndarray, high: np.ndarray, differ: np.ndarray) -> None:
    """The nearest; of equally near ones that with the smallest hash, whatever the order of the entries."""
    order = np.lexsort((high, differ, low))
    low, high, differ = low[order], high[order], differ[order]
    first = np.ones(len(low), bool)
    first[1:] = low[1:] != low[:-1]
    low, high, differ = low[first], high[first], differ[first]
    better = (differ < distance[low]) | ((differ == distance[low]) & (high < partner[low]))
    partner[low[better]], distance[low[better]] = high[better], differ[better]


def _together(keys: np.ndarray, order: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of places whose sorted keys are equal, a batch for each distance in the sorted order, so that memory stays that of
    one array."""
    at, step = np.arange(len(keys)), 1
    while len(at := at[at + step < len(keys)]) and len(at := at[keys[at] == keys[at + step]]):
        yield order[at], order[at + step]
        step += 1
